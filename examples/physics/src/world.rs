//! Bodies seen from above: crates that slide and come to rest, pushers that players steer, four walls.

use rapier2d::prelude::{
    ColliderBuilder, PhysicsWorld, RigidBody, RigidBodyBuilder, RigidBodyHandle, Vector,
};
use serde::{Deserialize, Serialize};

/// Half of the field, in metres.
pub const HALF: [f32; 2] = [40.0, 20.0];
/// Half the side of a crate, in metres.
const CRATE: f32 = 0.5;
/// Radius of a pusher, in metres.
const PUSHER: f32 = 0.8;
/// Acceleration of a pusher, in metres a second each second.
const PUSH: f32 = 60.0;

/// A body of the engine.
pub type Body = RigidBodyHandle;

/// All bodies, and all that the engine remembers of them from step to step.
#[derive(Serialize, Deserialize)]
pub struct World {
    physics: PhysicsWorld,
}

impl World {
    /// A field with walls, which is stepped so often in a second.
    #[must_use]
    pub fn new(tick_hz: u16) -> Self {
        let mut physics = PhysicsWorld::new();
        physics.gravity = Vector::ZERO;
        physics.integration_parameters.dt = 1.0 / f32::from(tick_hz);
        let [x, y] = HALF;
        for (at, half) in [
            ([0.0, y + 1.0], [x + 2.0, 1.0]),
            ([0.0, -y - 1.0], [x + 2.0, 1.0]),
            ([x + 1.0, 0.0], [1.0, y]),
            ([-x - 1.0, 0.0], [1.0, y]),
        ] {
            let wall = RigidBodyBuilder::fixed().translation(Vector::from(at));
            physics.insert(wall, ColliderBuilder::cuboid(half[0], half[1]));
        }
        World { physics }
    }

    /// A new crate.
    pub fn crate_at(&mut self, at: [f32; 2], angle: f32) -> Body {
        let body = sliding(at, 1.5).rotation(angle);
        let shape = ColliderBuilder::cuboid(CRATE, CRATE).friction(0.4).restitution(0.2);
        self.physics.insert(body, shape).0
    }

    /// A new pusher.
    pub fn pusher_at(&mut self, at: [f32; 2]) -> Body {
        // Fast, and never to be seen on the other side of a crate.
        let body = sliding(at, 4.0).ccd_enabled(true);
        self.physics.insert(body, ColliderBuilder::ball(PUSHER).density(4.0).friction(0.1)).0
    }

    /// Takes a body out.
    pub fn remove(&mut self, body: Body) {
        self.physics.remove_body(body);
    }

    /// Pushes a pusher for one step; `way` is at most 1 long in each direction.
    pub fn push(&mut self, body: Body, way: [f32; 2]) {
        let dt = self.physics.integration_parameters.dt;
        if let Some(body) = self.physics.bodies.get_mut(body)
            && way != [0.0; 2]
        {
            let impulse = Vector::from(way) * (PUSH * dt * body.mass());
            body.apply_impulse(impulse, true);
        }
    }

    /// One step.
    pub fn step(&mut self) {
        self.physics.step();
    }

    /// Where a body is, and how it is turned.
    #[must_use]
    pub fn at(&self, body: Body) -> Option<([f32; 2], f32)> {
        let body: &RigidBody = self.physics.bodies.get(body)?;
        Some((body.translation().into(), body.rotation().angle()))
    }

    /// How many bodies move.
    #[must_use]
    pub fn awake(&self) -> usize {
        self.physics.active_bodies().count()
    }
}

/// A body that slides on the floor and comes to rest.
fn sliding(at: [f32; 2], damping: f32) -> RigidBodyBuilder {
    RigidBodyBuilder::dynamic()
        .translation(Vector::from(at))
        .linear_damping(damping)
        .angular_damping(damping)
}
