//! Frames with something wrong in them, and what a decoder says to them.

use greenroom_proto::{Layout, Replica};
use serde_json::{Value, json};

use crate::random::Random;
use crate::scenarios;

/// Frames before the broken one at most.
const BEFORE: u64 = 10;

/// One frame of a stream, broken, after those before it; and then the next as it was.
struct Broken<'a> {
    /// Of the stream.
    messages: &'a [Vec<u8>],
    frame: usize,
    message: Vec<u8>,
}

impl Broken<'_> {
    /// For the broken frame and the next: the hash of the rows, or `null` where it is refused.
    fn verdicts(&self, layout: &Layout) -> Vec<Value> {
        let mut replica = Replica::new(layout.clone());
        for message in &self.messages[..self.frame] {
            replica.apply(message).expect("a frame of ours");
        }
        let next = self.messages.get(self.frame + 1);
        let mut verdict = |message: &[u8]| match replica.apply(message) {
            Ok(_) => json!(replica.rows().hash()),
            Err(_) => Value::Null,
        };
        [Some(&self.message), next].into_iter().flatten().map(|it| verdict(it)).collect()
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

/// So many of each scenario. `flips` are bytes and what to flip in them; `cut` is how many bytes
/// are left; `tail` is what comes after those.
pub fn vectors(each: u64) -> Vec<Value> {
    let mut out = Vec::new();
    for scenario in scenarios::all() {
        let layout = Layout::new(&scenario.schema).expect("a schema of ours");
        let mut random = Random(scenario.name.len() as u64);
        let streams: Vec<Vec<Vec<u8>>> = scenario
            .run()
            .iter()
            .map(|(_, frames)| {
                let frames = frames.iter().take(BEFORE as usize + 2);
                frames.map(|frame| unhex(frame["message"].as_str().unwrap())).collect()
            })
            .collect();
        for _ in 0..each {
            let stream = random.below(streams.len() as u64) as usize;
            let messages = &streams[stream];
            let frame = random.below(BEFORE.min(messages.len() as u64)) as usize;
            let (case, message) = break_it(messages, frame, &mut random);
            let verdicts = Broken { messages, frame, message }.verdicts(&layout);
            let mut case = case;
            case["of"] = json!([scenario.name, stream, frame]);
            case["verdicts"] = json!(verdicts);
            out.push(case);
        }
    }
    out
}

fn break_it(messages: &[Vec<u8>], frame: usize, random: &mut Random) -> (Value, Vec<u8>) {
    let mut message = messages[frame].clone();
    let length = message.len() as u64;
    let state = 12.min(length - 1);
    let mut case = json!({});
    match random.below(12) {
        0 => {
            message.truncate(random.below(length) as usize);
            case["cut"] = json!(message.len());
        }
        1 => {
            // Goes on as another frame.
            let other = &messages[random.below(messages.len() as u64) as usize];
            message.truncate((state + random.below(length - state)) as usize);
            let from = other.len().saturating_sub(1 + random.below(40) as usize);
            case["cut"] = json!(message.len());
            case["tail"] = json!(crate::hex(&other[from..]));
            message.extend_from_slice(&other[from..]);
        }
        _ => {
            let flips: Vec<(u64, u8)> = (0..=random.below(3))
                .map(|_| {
                    let start = if random.percent(95) { state } else { 0 };
                    (start + random.below(length - start), 1 << random.below(8))
                })
                .collect();
            flips.iter().for_each(|(at, flip)| message[*at as usize] ^= flip);
            case["flips"] = json!(flips);
        }
    }
    (case, message)
}
