//! 900 small cubes on a plane and a big one that a player drives through them, pulling them along
//! and letting go: the scene of Glenn Fiedler's articles on snapshot compression.

use super::physics::{Body, STEPS_PER_SEC, Vec3, WALL, World};
use super::quaternion::COMPONENT_MAX;
use super::random::Random;
use super::{LaneInfo, Stream, lane};

/// The lanes: position in 1/512 m, then the rotation as its smallest three components.
pub const LANES: [LaneInfo; 7] = [
    lane("x", -16_384, 16_383),
    lane("y", -16_384, 16_383),
    lane("z", 0, 16_383),
    lane("which", 0, 3),
    lane("a", -COMPONENT_MAX, COMPONENT_MAX),
    lane("b", -COMPONENT_MAX, COMPONENT_MAX),
    lane("c", -COMPONENT_MAX, COMPONENT_MAX),
];

const HZ: u32 = 60;
const STEPS: f64 = 512.0;
const SIDE: usize = 30;
const EDGE: f64 = 0.4;
const PLAYER_EDGE: f64 = 1.5;
const PLAYER_MASS: f64 = 60.0;
/// Metres a second.
const PLAYER_SPEED: f64 = 8.0;
/// What is nearer than this, in metres, is pulled.
const PULL_REACH: f64 = 3.5;

/// A player who drives to one point after another.
struct Player {
    random: Random,
    target: Vec3,
}

impl Player {
    /// The player pulls for some seconds, then lets go for some.
    fn pulls(frame: usize) -> bool {
        frame % 300 < 210
    }

    fn drive(&mut self, world: &mut World, secs: f64, pulls: bool) {
        let at = world.bodies[0].at;
        let way = Vec3 { z: 0.0, ..self.target - at };
        let distance = way.dot(way).sqrt();
        if distance < 2.0 {
            let mut part = || self.random.between(-0.5, 0.5) * WALL;
            self.target = Vec3::new(part(), part(), 0.0);
            return;
        }
        let wanted = way * (PLAYER_SPEED / distance);
        let missing = Vec3 { z: 0.0, ..wanted - world.bodies[0].velocity };
        // As far as its grip allows.
        let most = 40.0 * secs;
        let size = missing.dot(missing).sqrt();
        world.bodies[0].accelerate(missing * (most / size.max(most)));
        if pulls {
            for body in &mut world.bodies[1..] {
                let way = at - body.at;
                let distance = way.dot(way).sqrt();
                if distance < PULL_REACH {
                    body.accelerate(way * (30.0 * secs / distance));
                }
            }
        }
    }
}

fn scene(random: &mut Random) -> World {
    let mut bodies =
        vec![Body::cube(Vec3::new(-12.0, -12.0, PLAYER_EDGE), PLAYER_EDGE, PLAYER_MASS)];
    let place = |n: usize| n as f64 - (SIDE - 1) as f64 / 2.0;
    for (x, y) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y))) {
        let aside = [(); 2].map(|()| random.between(-0.1, 0.1));
        let at = Vec3::new(place(x) * 0.8 + aside[0], place(y) * 0.8 + aside[1], EDGE / 2.0);
        bodies.push(Body::cube(at, EDGE, 1.0));
    }
    World::new(bodies)
}

/// The stream.
pub fn stream(frames: usize) -> Stream {
    let mut random = Random::new(1);
    let mut world = scene(&mut random);
    let mut player = Player { random, target: Vec3::default() };
    let mut which = vec![3; world.bodies.len()];
    let mut stream = Stream::new("bodies", HZ, world.bodies.len(), &LANES);
    for n in 0..frames {
        for _ in 0..STEPS_PER_SEC / HZ {
            player.drive(&mut world, 1.0 / f64::from(STEPS_PER_SEC), Player::pulls(n));
            world.step();
        }
        let frame = stream.push();
        for (slot, body) in world.bodies.iter().enumerate() {
            frame.put(slot, &lanes(body, &mut which[slot]), &[]);
        }
    }
    stream
}

fn lanes(body: &Body, which: &mut usize) -> [i32; 7] {
    let (left_out, [a, b, c]) = body.rotation.smallest_three(*which);
    *which = left_out;
    let [x, y, z] = [(0, body.at.x), (1, body.at.y), (2, body.at.z)]
        .map(|(n, part)| ((part * STEPS).round() as i32).clamp(LANES[n].min, LANES[n].max));
    [x, y, z, left_out as i32, a, b, c]
}
