//! Pellets: what creatures live on. They never move: told once when they come into sight, they
//! cost nothing until they are gone.

use greenroom_proto::Replicate;
use serde::{Deserialize, Serialize};

use crate::rng::Rng;

/// From the middle of a pellet to its edge.
pub const PELLET_RADIUS: f32 = 2.0;
/// One pellet in so many is a rich one.
const RICH: u32 = 20;

/// Something to eat.
#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
#[sync(near = (x, y))]
pub struct Pellet {
    /// From the left wall.
    #[sync(step = 1.0)]
    pub x: f32,
    /// From the upper wall.
    #[sync(step = 1.0, join)]
    pub y: f32,
    /// Whether it is one of the few that are worth more.
    pub rich: bool,
}

impl Pellet {
    /// One somewhere in a square world with this side.
    #[must_use]
    pub fn somewhere(side: f32, rng: &mut Rng) -> Self {
        let x = rng.between(0.0, side).floor();
        let y = rng.between(0.0, side).floor();
        Pellet { x, y, rich: rng.below(RICH) == 0 }
    }

    /// What it adds to the mass of whoever eats it.
    #[must_use]
    pub fn worth(&self) -> f32 {
        if self.rich { 5.0 } else { 1.0 }
    }
}
