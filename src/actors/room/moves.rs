//! Finds places for players whom a room's game wants moved, as tasks beside it.

use std::sync::Arc;

use greenroom_proto::PlayerId;

use crate::actors::actor::Mailbox;
use crate::actors::lobby::{LobbyMsg, seats_together};
use crate::directory::RoomRecord;
use crate::game::MoveTo;
use crate::supervision::Slot;

/// A move that the game has asked for.
pub(super) struct Move {
    pub(super) number: u32,
    pub(super) players: Vec<PlayerId>,
    pub(super) to: Box<MoveTo>,
}

impl Move {
    /// Starts it. What comes of it returns to the room's inbox.
    pub(super) fn start(
        self,
        record: &Arc<RoomRecord>,
        lobby: &Slot<Mailbox<LobbyMsg>>,
        runtime: &tokio::runtime::Handle,
    ) {
        let Move { number, players, to } = self;
        let movers = record.begin_move(number, &players);
        if movers.is_empty() {
            return;
        }
        let (record, lobby) = (Arc::clone(record), lobby.clone());
        runtime.spawn(async move {
            let seats = movers.len() as u32;
            match seats_together(&lobby, &to, record.id, seats).await {
                Ok(booked) => {
                    for (player, booked) in movers.into_iter().zip(booked) {
                        record.send_on(number, player, booked);
                    }
                }
                Err((why, text)) => {
                    tracing::debug!(room = %record.id, "players are not moved: {text}");
                    for player in movers {
                        record.moved(number, player, Err(why));
                    }
                }
            }
        });
    }
}
