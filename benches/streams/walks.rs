//! Five hundred walkers on a field: they walk, turn, stand, are hurt, come and go.

use super::random::Random;
use super::{LaneInfo, Stream, lane};

const SLOTS: usize = 512;
const WALKERS: usize = 500;
const HZ: u32 = 20;
/// The field in metres, and steps of a position lane in a metre.
const FIELD: f64 = 512.0;
const STEPS: f64 = 64.0;
const LANES: [LaneInfo; 5] = [
    lane("x", 0, 32_767),
    lane("y", 0, 32_767),
    lane("heading", 0, 255),
    lane("gait", 0, 3),
    lane("health", 0, 100),
];
/// Metres a second of each gait: stands, limps, walks, runs.
const PACES: [f64; 4] = [0.0, 0.8, 1.6, 4.5];

struct Walker {
    at: [f64; 2],
    /// A unit vector.
    heading: [f64; 2],
    /// How much it turns in a frame.
    bend: f64,
    gait: usize,
    health: i32,
}

impl Walker {
    fn new(random: &mut Random) -> Self {
        let mut walker = Walker {
            at: [0.0; 2].map(|_: f64| random.between(10.0, FIELD - 10.0)),
            heading: [1.0, 0.0],
            bend: 0.0,
            gait: random.below(4),
            health: 100,
        };
        for _ in 0..random.below(64) {
            walker.turn(0.3);
        }
        walker
    }

    fn turn(&mut self, by: f64) {
        let [x, y] = self.heading;
        let turned = [x - y * by, y + x * by];
        let length = (turned[0] * turned[0] + turned[1] * turned[1]).sqrt();
        self.heading = turned.map(|part| part / length);
    }

    fn step(&mut self, random: &mut Random) {
        if random.chance(0.02) {
            self.gait = random.below(4);
        }
        if random.chance(0.01) {
            self.health = (self.health + random.between(-25.0, 15.0) as i32).clamp(1, 100);
        }
        if self.gait == 0 {
            return;
        }
        self.bend = self.bend * 0.9 + random.between(-0.02, 0.02);
        self.turn(self.bend);
        for axis in 0..2 {
            self.at[axis] += self.heading[axis] * PACES[self.gait] / f64::from(HZ);
            let edge = self.at[axis].clamp(0.0, FIELD);
            if edge != self.at[axis] {
                self.at[axis] = edge;
                self.heading[axis] = -self.heading[axis];
            }
        }
    }

    fn lanes(&self, directions: &[[f64; 2]; 256]) -> [i32; 5] {
        let [x, y] = self.at.map(|part| ((part * STEPS) as i32).min(32_767));
        [x, y, nearest(self.heading, directions), self.gait as i32, self.health]
    }
}

/// Unit vectors in equal steps of a whole turn.
fn directions() -> [[f64; 2]; 256] {
    // The cosine and the sine of 1/256 of a turn.
    const STEP: [f64; 2] = [0.999_698_818_696_204_2, 0.024_541_228_522_912_288];
    let mut at = [1.0, 0.0];
    [(); 256].map(|()| {
        let now = at;
        at = [at[0] * STEP[0] - at[1] * STEP[1], at[0] * STEP[1] + at[1] * STEP[0]];
        now
    })
}

fn nearest(heading: [f64; 2], directions: &[[f64; 2]; 256]) -> i32 {
    let along = |n: usize| directions[n][0] * heading[0] + directions[n][1] * heading[1];
    (0..256).fold(0, |best, n| if along(n) > along(best) { n } else { best }) as i32
}

/// The stream.
pub fn stream(frames: usize) -> Stream {
    let mut random = Random::new(2);
    let mut stream = Stream::new("walks", HZ, SLOTS, &LANES);
    let directions = directions();
    let mut walkers: Vec<Option<Walker>> =
        (0..SLOTS).map(|slot| (slot < WALKERS).then(|| Walker::new(&mut random))).collect();
    for _ in 0..frames {
        // About one a second goes and another comes, into a slot that was empty in the last frame.
        if random.chance(0.05)
            && let Some(empty) = walkers.iter().position(Option::is_none)
        {
            let goes = random.below(SLOTS);
            walkers[empty] = Some(Walker::new(&mut random));
            walkers[goes] = None;
        }
        let frame = stream.push();
        for (slot, walker) in walkers.iter_mut().enumerate() {
            if let Some(walker) = walker {
                walker.step(&mut random);
                frame.put(slot, &walker.lanes(&directions), &[]);
            }
        }
    }
    stream
}
