//! The games that come with Greenroom, each in a file or folder of its own.

pub mod arena;
pub mod cards;
pub mod connect4;
pub mod swarm;

use crate::registry::Games;

impl Games {
    /// The games that come with Greenroom.
    pub fn builtin() -> Self {
        Games::new()
            .add::<arena::Arena>()
            .bot("hunter", arena::bots::Hunter::new)
            .bot("random", arena::bots::Random::new)
            .training::<arena::Arena>()
            .add::<cards::Cards>()
            .bot("careful", cards::bots::Careful::new)
            .bot("random", cards::bots::Random::new)
            .training::<cards::Cards>()
            .add::<connect4::Connect4>()
            .bot("planner", connect4::bots::Planner::new)
            .bot("random", connect4::bots::Random::new)
            .training::<connect4::Connect4>()
            .add::<swarm::Swarm>()
            .bot("grazer", swarm::bots::Grazer::new)
            .bot("hunter", swarm::bots::Hunter::new)
            .bot("random", swarm::bots::Random::new)
            .training::<swarm::Swarm>()
    }
}
