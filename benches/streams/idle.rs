//! Two thousand entities of six lanes; about ten of them change in one lane in a frame.

use super::random::Random;
use super::{LaneInfo, Stream, lane};

const SLOTS: usize = 2_000;
const LANES: [LaneInfo; 6] = [
    lane("x", 0, 4_095),
    lane("y", 0, 4_095),
    lane("kind", 0, 31),
    lane("owner", 0, 255),
    lane("health", 0, 1_000),
    lane("stock", 0, 65_535),
];

/// The stream: things that stand around, as in a strategy game in which nobody attacks.
pub fn stream(frames: usize) -> Stream {
    let mut random = Random::new(4);
    let mut stream = Stream::new("idle", 20, SLOTS, &LANES);
    let mut rows: Vec<[i32; 6]> = (0..SLOTS)
        .map(|_| LANES.map(|lane| lane.min + random.below((lane.max - lane.min) as usize) as i32))
        .collect();
    for _ in 0..frames {
        for _ in 0..10 {
            let row = &mut rows[random.below(SLOTS)];
            let step = random.between(-20.0, 20.0) as i32;
            // Most changes are of health and stock; things move and change hands now and then.
            let (n, value) = match random.below(20) {
                0 => (0, row[0] + step.signum()),
                1 => (1, row[1] + step.signum()),
                2 => (3, random.below(256) as i32),
                3..10 => (4, row[4] + step),
                _ => (5, row[5] + step),
            };
            row[n] = value.clamp(LANES[n].min, LANES[n].max);
        }
        let frame = stream.push();
        for (slot, row) in rows.iter().enumerate() {
            frame.put(slot, row, &[]);
        }
    }
    stream
}
