//! A hundred people in a lobby: names, statuses and a chat, in several scripts.

use super::random::Random;
use super::{LaneInfo, Stream, lane};

const SLOTS: usize = 100;
const LINES: usize = 20;
const LANES: [LaneInfo; 4] =
    [lane("x", 0, 1_023), lane("y", 0, 1_023), lane("level", 1, 99), lane("score", 0, 1_000_000)];

const SYLLABLES: [&str; 24] = [
    "ka", "ri", "mo", "zen", "Ål", "bør", "né", "stra", "ши", "ро", "Ма", "λο", "γος", "明", "月",
    "さ", "くら", "한", "별", "أم", "ير", "🦊", "x", "99",
];
const STATUSES: [&str; 10] = [
    "ready",
    "away – back in 5",
    "looking for a group",
    "in a match",
    "čaká na partiu",
    "準備完了",
    "готов",
    "☕ coffee",
    "",
    "please do not disturb",
];
const WORDS: [&str; 24] = [
    "hello",
    "anyone",
    "for",
    "a",
    "game",
    "good",
    "luck",
    "have",
    "fun",
    "who",
    "needs",
    "one",
    "more",
    "gg",
    "привет",
    "よろしく",
    "安",
    "naïve",
    "über",
    "nice",
    "shot",
    "again?",
    "ok",
    "😀",
];

struct Person {
    name: String,
    status: &'static str,
    lanes: [i32; 4],
}

impl Person {
    fn new(random: &mut Random) -> Self {
        let name = (0..2 + random.below(3)).map(|_| random.pick(&SYLLABLES)).collect();
        let [x, y] = [0, 0].map(|_: i32| random.below(1_024) as i32);
        let lanes = [x, y, 1 + random.below(99) as i32, random.below(100_000) as i32];
        Person { name, status: random.pick(&STATUSES), lanes }
    }

    fn step(&mut self, random: &mut Random) {
        if random.chance(0.005) {
            self.status = random.pick(&STATUSES);
        }
        if random.chance(0.01) {
            self.lanes[3] += random.below(500) as i32;
            self.lanes[2] = (self.lanes[2] + i32::from(random.chance(0.1))).min(99);
        }
        // One in five strolls.
        if self.lanes[2] % 5 == 0 {
            for at in &mut self.lanes[..2] {
                *at = (*at + random.below(5) as i32 - 2).clamp(0, 1_023);
            }
        }
    }

    fn says(&self, random: &mut Random) -> String {
        let words: Vec<&str> = (0..1 + random.below(9)).map(|_| random.pick(&WORDS)).collect();
        format!("{}: {}", self.name, words.join(" "))
    }
}

/// The stream.
pub fn stream(frames: usize) -> Stream {
    let mut random = Random::new(3);
    let mut stream = Stream::new("texts", 10, SLOTS, &LANES);
    (stream.texts, stream.lists) = (&["name", "status"], &["chat"]);
    let mut people: Vec<Option<Person>> =
        (0..SLOTS).map(|_| Some(Person::new(&mut random))).collect();
    let mut chat = Vec::new();
    for _ in 0..frames {
        let slot = random.below(SLOTS);
        if random.chance(0.02) {
            people[slot] = None;
        } else if random.chance(0.1)
            && let Some(person) = &people[slot]
        {
            chat.push(person.says(&mut random));
        }
        // Whoever finds room comes, but not into the place of one who just went.
        let empty = people.iter().position(Option::is_none).filter(|empty| *empty != slot);
        if let Some(empty) = empty.filter(|_| random.chance(0.3)) {
            people[empty] = Some(Person::new(&mut random));
        }
        chat.drain(..chat.len().saturating_sub(LINES));
        let frame = stream.push();
        for (slot, person) in people.iter_mut().enumerate() {
            if let Some(person) = person {
                person.step(&mut random);
                frame.put(slot, &person.lanes, &[&person.name, person.status]);
            }
        }
        frame.lists[0].clone_from(&chat);
    }
    stream
}
