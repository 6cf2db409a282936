//! Finds places for players who are to be moved to another room, as tasks beside theirs.

use std::sync::Arc;

use greenroom_proto::PlayerId;

use crate::actors::actor::Mailbox;
use crate::actors::lobby::{LobbyMsg, seats_together};
use crate::directory::{Mover, RoomRecord};
use crate::game::MoveTo;
use crate::supervision::Slot;

/// Players of a room who are to be moved.
pub struct Move {
    /// Whoever wants that.
    pub mover: Mover,
    /// Who, each once.
    pub players: Vec<PlayerId>,
    /// Where.
    pub to: MoveTo,
}

impl Move {
    /// Starts it. The mover is told what comes of it.
    pub fn start(
        self,
        record: &Arc<RoomRecord>,
        lobby: &Slot<Mailbox<LobbyMsg>>,
        runtime: &tokio::runtime::Handle,
    ) {
        let Move { mover, players, to } = self;
        let movers = record.begin_move(&mover, &players);
        if movers.is_empty() {
            return;
        }
        let (record, lobby) = (Arc::clone(record), lobby.clone());
        runtime.spawn(async move {
            let seats = movers.len() as u32;
            match seats_together(&lobby, &to, record.id, seats).await {
                Ok(booked) => {
                    for (player, booked) in movers.into_iter().zip(booked) {
                        record.send_on(&mover, player, booked);
                    }
                }
                Err((why, text)) => {
                    tracing::debug!(room = %record.id, "players are not moved: {text}");
                    for player in movers {
                        record.moved(&mover, player, Err(why));
                    }
                }
            }
        });
    }
}
