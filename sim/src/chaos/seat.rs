//! One seat, from the server's side: who has it, what is owed to them.

use std::sync::Arc;

use greenroom::account::Person;
use greenroom::answers::Answers;
use greenroom::outbox::{Outbox, OutboxLimits};
use greenroom::proto::{Head, PlayerId, Tick};
use greenroom::resume::Generations;
use greenroom::room::saved::SavedMember;

/// Names a connection.
pub(super) type ConnId = u32;

/// A client that waits for its seat.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// Of the question.
    pub(super) id: u32,
    /// If it comes back: the tick of its state, and its newest event.
    pub(super) back: Option<(Option<Tick>, Option<u32>)>,
}

pub(super) struct Seat {
    pub(super) player: PlayerId,
    pub(super) person: Arc<Person>,
    pub(super) conn: Option<ConnId>,
    pub(super) asked: Option<Asked>,
    /// `None` until the game has let the player in.
    pub(super) outbox: Option<Outbox>,
    pub(super) answers: Answers,
    pub(super) head: Head,
    pub(super) tokens: Generations,
    pub(super) away_since: Option<u64>,
    /// The newest token that the client showed to have.
    pub(super) shown: u32,
}

impl Seat {
    pub(super) fn new(player: PlayerId, person: Arc<Person>) -> Self {
        Seat {
            player,
            person,
            conn: None,
            asked: None,
            outbox: None,
            answers: Answers::default(),
            head: Head::default(),
            tokens: Generations::default(),
            away_since: None,
            shown: 0,
        }
    }

    /// Out of the journal.
    pub(super) fn restored(saved: SavedMember, limits: OutboxLimits, now: u64) -> Self {
        Seat {
            outbox: Some(Outbox::restore(limits, saved.mail)),
            answers: saved.answers,
            tokens: Generations::restored(saved.generation, saved.confirmed),
            away_since: Some(now),
            ..Seat::new(saved.player, saved.person)
        }
    }

    /// For the journal.
    pub(super) fn saved(&self, asked: u32) -> Option<SavedMember> {
        Some(SavedMember {
            player: self.player,
            person: Arc::clone(&self.person),
            generation: self.tokens.newest(),
            confirmed: self.tokens.confirmed(),
            asked,
            mail: self.outbox.as_ref()?.mail().clone(),
            answers: self.answers.clone(),
            origins: Vec::new(),
        })
    }

    /// The connection that frames go to.
    pub(super) fn playing(&self) -> Option<ConnId> {
        self.conn.filter(|_| self.asked.is_none() && self.outbox.is_some())
    }

    /// The client is gone, perhaps to come back.
    pub(super) fn leave_for_now(&mut self, now: u64) {
        self.conn = None;
        self.asked = None;
        self.away_since.get_or_insert(now);
        if let Some(outbox) = &mut self.outbox {
            outbox.leave();
        }
    }
}
