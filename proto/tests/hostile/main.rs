//! What a stranger may send in place of a message: nothing of it may panic, or take more memory or
//! time than a message may.

#![allow(missing_docs, clippy::unwrap_used)]

mod checks;
mod makes;
#[path = "../vectors/random.rs"]
mod random;
#[path = "../vectors/room.rs"]
#[allow(dead_code)]
mod room;
#[path = "../vectors/scenarios.rs"]
mod scenarios;
#[path = "../vectors/schemas.rs"]
#[allow(dead_code)]
mod schemas;
#[path = "../vectors/world.rs"]
mod world;

use greenroom_proto::{Layout, Replica, Text, wire};
use proptest::prelude::*;

use random::Random;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

/// How many seeds to try: `usual` many, or `GREENROOM_SEEDS` times as many.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    let times = std::env::var("GREENROOM_SEEDS").ok().and_then(|text| text.parse().ok());
    0..usual * times.unwrap_or(1)
}

/// Bytes that start as some message does, so that more than the first variant is reached.
fn almost_a_message() -> impl Strategy<Value = Vec<u8>> {
    (0u8..24, prop::collection::vec(any::<u8>(), 0..200)).prop_map(|(variant, mut rest)| {
        rest.insert(0, variant);
        rest
    })
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in almost_a_message()) {
        checks::control(&bytes);
    }

    #[test]
    fn any_bytes_are_a_frame_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 1..90)) {
        bytes[0] = 2 | bytes[0] & 1;
        checks::frame_head(&bytes);
    }

    #[test]
    fn any_text_within_its_bound_arrives_whole(text in ".{0,64}") {
        let text = Text::<64>::cut(&text);
        prop_assert_eq!(wire::decode::<Text<64>>(&wire::encode(&text)).unwrap(), text);
    }
}

#[test]
fn sound_schemas_are_accepted_and_no_others() {
    let mut accepted = 0;
    for seed in seeds(2000) {
        let random = &mut Random(seed);
        let schema = makes::schema(random);
        accepted += u32::from(Layout::new(&schema).is_ok());
        let mut bytes = wire::encode(&schema);
        checks::schema(&bytes);
        makes::flip(&mut bytes, 0, random);
        checks::schema(&bytes);
    }
    assert!(accepted > 100, "{accepted}");
}

#[test]
fn any_bits_are_a_state_or_an_error() {
    let mut taken = 0;
    for seed in seeds(2000) {
        let random = &mut Random(seed);
        let Ok(layout) = Layout::new(&makes::schema(random)) else { continue };
        let messages: Vec<Vec<u8>> = (0..6).map(|place| makes::frame(place, random)).collect();
        let messages = messages.iter().map(Vec::as_slice);
        taken += checks::frames(Replica::new(layout), messages);
    }
    assert!(taken > 10, "{taken}");
}

#[test]
fn broken_frames_are_frames_or_errors() {
    for scenario in scenarios::all() {
        let layout = Layout::new(&scenario.schema).unwrap();
        let streams = scenario.run();
        let streams: Vec<Vec<Vec<u8>>> = streams
            .iter()
            .map(|(_, frames)| {
                let frames = frames.iter().take(14);
                frames.map(|frame| unhex(frame["message"].as_str().unwrap())).collect()
            })
            .collect();
        for seed in seeds(60) {
            let random = &mut Random(seed);
            let mut messages = streams[random.below(streams.len() as u64) as usize].clone();
            for _ in 0..=random.below(4) {
                let place = random.below(messages.len() as u64) as usize;
                let other = messages[random.below(messages.len() as u64) as usize].clone();
                makes::damage(&mut messages[place], &other, random);
            }
            let messages = messages.iter().map(Vec::as_slice);
            checks::frames(Replica::new(layout.clone()), messages);
        }
    }
}

#[test]
fn a_stream_in_one_piece_is_taken() {
    let scenario = scenarios::all().remove(0);
    let mut bytes = Vec::new();
    let mut put = |part: &[u8]| {
        bytes.extend_from_slice(&(part.len() as u16).to_le_bytes());
        bytes.extend_from_slice(part);
    };
    put(&wire::encode(&scenario.schema));
    let (_, frames) = scenario.run().remove(0);
    frames.iter().for_each(|frame| put(&unhex(frame["message"].as_str().unwrap())));
    assert_eq!(checks::replica(&bytes), frames.len());
}
