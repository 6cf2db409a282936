//! The seats of a room as its operator sees them.

use std::time::Duration;

use greenroom_proto::PlayerId;

use super::{Member, Members};
use crate::net::link::{Backlog, Link, Standing};

/// A seat, and how its client keeps up.
#[derive(Clone, Debug)]
pub struct SeenMember {
    /// Whose.
    pub player: PlayerId,
    /// What they call themselves: theirs to choose, and not to be trusted.
    pub name: String,
    /// Who they are.
    pub account: String,
    /// How the client keeps up.
    pub pace: ClientPace,
    /// How long its last ping took to come back; `None`: a client that speaks is not pinged.
    pub latency: Option<Duration>,
    /// What waits for its socket.
    pub backlog: Backlog,
}

/// How a client keeps up with its room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientPace {
    /// It waits to be let in, or back in.
    Joining,
    /// It gets every frame.
    InStep,
    /// Its socket is full: it is skipped until it is not.
    Behind,
    /// It is being closed.
    Closing,
    /// Its seat is held.
    Away,
}

impl ClientPace {
    /// In words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ClientPace::Joining => "joining",
            ClientPace::InStep => "in step",
            ClientPace::Behind => "behind",
            ClientPace::Closing => "closing",
            ClientPace::Away => "away",
        }
    }
}

impl Members {
    /// Everybody, in the order of asking.
    #[must_use]
    pub fn seen(&self) -> Vec<SeenMember> {
        self.members.iter().map(seen).collect()
    }

    /// The clients of those who have one.
    pub fn links(&self) -> impl Iterator<Item = (PlayerId, &Link)> {
        let clients = self.members.iter().filter_map(|m| Some((m.player, m.client.as_ref()?)));
        clients.map(|(player, client)| (player, &**client.line.link()))
    }
}

fn seen(member: &Member) -> SeenMember {
    let link = member.client.as_ref().map(|client| client.line.link());
    let pace = match link.map(|link| link.standing()) {
        None => ClientPace::Away,
        Some(Standing::Closing) => ClientPace::Closing,
        Some(_) if member.asked.is_some() => ClientPace::Joining,
        Some(Standing::Stuck) => ClientPace::Behind,
        Some(Standing::Free) => ClientPace::InStep,
    };
    SeenMember {
        player: member.player,
        name: member.person.profile.name.to_string(),
        account: member.person.account.id().to_string(),
        pace,
        latency: link.and_then(|link| link.latency()),
        backlog: link.map(|link| link.backlog()).unwrap_or_default(),
    }
}
