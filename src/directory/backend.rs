//! What a studio's backend sees of a room and does with it.

use greenroom_proto::PlayerId;
use tokio::sync::oneshot;

use super::words::{Heard, NotTold, Words};
use super::{RoomRecord, lock};
use crate::account::AccountId;
use crate::game::Signal;
use crate::room::conduct::{Measure, Ruling};

/// Whom the backend means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whom {
    /// Whose seat this is.
    Player(PlayerId),
    /// An account, whether it is here or not.
    Account(AccountId),
}

/// Why nothing was decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotRuled {
    /// There is no such player.
    UnknownPlayer,
    /// Too many decisions wait already.
    Busy,
    /// The room is over.
    Over,
}

/// Seats of a room.
#[derive(Clone, Copy, Debug)]
pub struct Occupancy {
    /// Its match is not over.
    pub open: bool,
    /// The game takes nobody now.
    pub locked: bool,
    /// All there are.
    pub seats: u32,
    /// Somebody has them, or is about to.
    pub taken: u32,
    /// Neither taken nor kept for somebody.
    pub free: u32,
}

impl RoomRecord {
    /// Who is in the room, by numbers.
    pub fn occupancy(&self) -> Occupancy {
        let seating = &lock(&self.booking).seating;
        Occupancy {
            open: seating.is_open(),
            locked: seating.is_locked(),
            seats: seating.seats(),
            taken: seating.taken(),
            free: seating.free(),
        }
    }

    /// Tells the game a word of the studio's backend. What it says to it comes after its next step;
    /// an error then: the room is over.
    pub fn tell(&self, body: Vec<u8>) -> Result<oneshot::Receiver<Heard>, NotTold> {
        let epoch = lock(&self.work).epoch();
        let (id, answer) = self.words.ask(epoch)?;
        self.inbox().signal(Signal::Word { id, body });
        self.wake();
        Ok(answer)
    }

    /// Words that wait for what the game says to them.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// Takes a player's seat away, and closes its connection. `false`: there is no such player.
    pub fn kick(&self, player: PlayerId) -> bool {
        // Nobody comes back to a seat while it is given up.
        let mut members = self.members();
        let known = members.kick(player);
        if known {
            self.give_up(player);
        }
        drop(members);
        self.wake();
        known
    }

    /// Bans, mutes, or takes that back, in the room's next step and as a part of its log. Returns whom.
    pub fn rule(&self, whom: Whom, measure: Measure) -> Result<AccountId, NotRuled> {
        let members = self.members();
        let account = match whom {
            Whom::Account(account) => account,
            Whom::Player(player) => members.account_of(player).ok_or(NotRuled::UnknownPlayer)?,
        };
        if !self.occupancy().open {
            return Err(NotRuled::Over);
        }
        let ruling = Ruling { account: account.clone(), measure };
        let taken = self.inbox().rule(ruling);
        drop(members);
        self.wake();
        taken.map(|()| account).map_err(|_| NotRuled::Busy)
    }

    /// The match is to end after the step that is being made, with this result as JSON. The first
    /// one counts.
    pub fn end(&self, result: String) {
        lock(&self.end).get_or_insert(result);
        self.wake_in_any_case();
    }

    /// The result with which the match is to end.
    pub fn is_to_end(&self) -> Option<String> {
        lock(&self.end).clone()
    }
}
