//! What a step said.

use std::marker::PhantomData;

use greenroom::game::Said;
use greenroom::proto::{PlayerId, wire};
use greenroom::{Game, To};

/// What a step of a [`Match`](super::Match) said. Read only where it is asked for: a search that looks
/// at states pays nothing for it.
pub struct Told<G: Game> {
    said: Vec<Said>,
    of: PhantomData<fn() -> G>,
}

impl<G: Game> Told<G> {
    pub(super) fn new(said: Vec<Said>) -> Self {
        Told { said, of: PhantomData }
    }

    /// The answers to requests, in order.
    pub fn replies(&self) -> impl Iterator<Item = (PlayerId, G::Reply)> {
        self.said.iter().filter_map(|said| match said {
            Said::Reply { player, body, .. } => Some((*player, wire::decode(body).ok()?)),
            _ => None,
        })
    }

    /// What players are told, in order, and who.
    pub fn events(&self) -> impl Iterator<Item = (&To, G::Event)> {
        self.said.iter().filter_map(|said| match said {
            Said::Event { to, body } => Some((to, wire::decode(body).ok()?)),
            _ => None,
        })
    }

    /// All of it, as the room said it.
    #[must_use]
    pub fn said(&self) -> &[Said] {
        &self.said
    }

    /// The answer to the request of this number.
    pub(super) fn reply(&self, number: u32) -> Option<G::Reply> {
        self.said.iter().find_map(|said| match said {
            Said::Reply { id, body, .. } if *id == number => wire::decode(body).ok(),
            _ => None,
        })
    }
}
