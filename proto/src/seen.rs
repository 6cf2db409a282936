//! Who may see what.

use serde::{Deserialize, Serialize};

use crate::id::PlayerId;

/// Teams by number, 0 to 63.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize,
)]
pub struct Teams(pub u64);

impl Teams {
    /// No team.
    pub const NONE: Teams = Teams(0);

    /// One team. Its number counts modulo 64.
    #[must_use]
    pub const fn of(team: u8) -> Self {
        Teams(1 << (team % 64))
    }

    /// These and another.
    #[must_use]
    pub const fn and(self, team: u8) -> Self {
        Teams(self.0 | 1 << (team % 64))
    }

    /// Whether a team is in both.
    #[must_use]
    pub const fn meets(self, other: Teams) -> bool {
        self.0 & other.0 != 0
    }
}

/// Who may see an entity or a field. Whoever may not gets byte for byte what they would get if it
/// did not exist.
///
/// Two things are told all the same. What comes into sight says how it moved since the frame
/// before, and, with a tolerance, is where those see it who saw it before. And a value in a list or
/// a map has its place: whoever sees it can tell that the places before it are taken. Where that
/// is too much, entities of a [`crate::Table`] have no places.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Seen {
    /// Everybody.
    #[default]
    All,
    /// Nobody: it stays on the server for now.
    Nobody,
    /// One player.
    Player(PlayerId),
    /// The members of these teams. A set that changes over time is a team of its own.
    Teams(Teams),
}

/// What a player is to the rules of sight.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Sight {
    /// Sees what is for this player alone.
    pub player: Option<PlayerId>,
    /// Sees what is for these teams.
    pub teams: Teams,
    /// Sees, of entities with a position, those around this point only. `None`: all of them.
    pub eye: Option<Eye>,
}

/// The middle of what a player sees.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Eye {
    /// In the units of the game.
    pub x: f64,
    /// In the units of the game.
    pub y: f64,
    /// How far it sees. What was seen before stays until it is a tenth farther away, so that
    /// nothing flickers at the edge.
    pub reach: f64,
    /// Entities of one table at most: the nearest.
    pub most: usize,
}

impl Sight {
    /// What is for everybody, and nothing more: a spectator.
    #[must_use]
    pub fn public() -> Self {
        Sight::default()
    }

    /// What is for everybody and what is for this player.
    #[must_use]
    pub fn of(player: PlayerId) -> Self {
        Sight { player: Some(player), ..Sight::default() }
    }

    /// What is for everybody and for the team: all its members share each frame's bytes.
    #[must_use]
    pub fn of_team(team: u8) -> Self {
        Sight { teams: Teams::of(team), ..Sight::default() }
    }

    /// And what is for these teams.
    #[must_use]
    pub fn with_teams(self, teams: Teams) -> Self {
        Sight { teams, ..self }
    }

    /// Of entities with a position only those around the eye.
    #[must_use]
    pub fn around(self, eye: Eye) -> Self {
        Sight { eye: Some(eye), ..self }
    }

    /// Whether this is for the viewer's eyes.
    #[must_use]
    pub fn sees(&self, seen: Seen) -> bool {
        match seen {
            Seen::All => true,
            Seen::Nobody => false,
            Seen::Player(player) => self.player == Some(player),
            Seen::Teams(teams) => self.teams.meets(teams),
        }
    }
}
