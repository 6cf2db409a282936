//! Players who have each other moved about without end, and what must hold of their seats then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use greenroom::Rng;
use greenroom::proto::{PlayerId, Refusal, RoomId};
use greenroom_client::{CallError, Client, Update};

use super::start_move;
use crate::support::probe::{Goal, Input, Request, State};
use crate::support::{DEADLINE, until, within};

/// How long a bot waits for something to happen before it does something itself.
const BORED: Duration = Duration::from_millis(20);

/// What all bots share.
#[derive(Default)]
pub struct Common {
    pub stop: AtomicBool,
    /// How often one of them was moved.
    pub moved: AtomicU32,
    /// How often one of them came back, and how often that was to another room.
    pub resumed: AtomicU32,
    pub resumed_elsewhere: AtomicU32,
}

/// A player who may be moved by anybody in the same room.
pub struct Bot {
    pub client: Client,
    pub rooms: Vec<RoomId>,
    pub common: Arc<Common>,
    pub rng: Rng,
}

impl Bot {
    /// Plays until it is told to stop, and its connection is up.
    pub async fn play(mut self) -> Client {
        let mut at = self.client.seat().unwrap().room;
        let mut back = false;
        while !self.common.stop.load(Ordering::Relaxed) || !self.client.is_connected() {
            let Ok(update) = tokio::time::timeout(BORED, self.client.next()).await else {
                self.act(at);
                continue;
            };
            let was_back = std::mem::replace(&mut back, false);
            match update {
                Update::Moved { from, seat } => {
                    assert_eq!(from, at, "it was moved from where it never was");
                    at = seat.room;
                    self.common.moved.fetch_add(1, Ordering::Relaxed);
                    self.common.resumed_elsewhere.fetch_add(was_back.into(), Ordering::Relaxed);
                }
                Update::Frame { .. } if self.rng.below(8) == 0 => self.act(at),
                Update::Resumed { .. } => {
                    self.common.resumed.fetch_add(1, Ordering::Relaxed);
                    back = true;
                }
                Update::Reply { .. }
                | Update::Event(_)
                | Update::Frame { .. }
                | Update::Broken { .. } => {}
                other => panic!("in {at}: {other:?}"),
            }
        }
        self.client
    }

    fn act(&mut self, at: RoomId) {
        if self.common.stop.load(Ordering::Relaxed) || !self.client.is_connected() {
            return;
        }
        let _ = self.client.input(&Input { value: 1 });
        let goal = self.rooms[self.rng.below(self.rooms.len() as u32) as usize];
        let player = self.client.seat().unwrap().player;
        match self.rng.below(4) {
            0 if goal != at => start_move(&mut self.client, &[player], Goal::Room(goal.0)),
            // Whoever has that number, if anybody.
            1 => {
                let one = PlayerId(1 + self.rng.below(player.0));
                start_move(&mut self.client, &[one, player], Goal::Room(goal.0));
            }
            _ => {}
        }
    }
}

/// Waits until nobody is on the way any more: each client has one seat, and the rooms know of no other.
pub async fn each_has_one_seat(clients: &mut [Client], rooms: &[RoomId]) {
    // What is under way comes to its end: a room that answers has no move before the answer.
    let mut settled = 0;
    within("all moves are over", async {
        while settled < 3 {
            settled += 1;
            for client in &mut *clients {
                let before = client.seat().unwrap().clone();
                loop {
                    match client.request::<_, i32>(&Request::Add(0), DEADLINE).await {
                        Ok(_) => break,
                        Err(CallError::Refused { why: Refusal::Moved, .. }) => {
                            while let Some(update) = client.try_next() {
                                assert!(!matches!(update, Update::Left), "{before:?}");
                            }
                        }
                        Err(other) => panic!("in {before:?}: {other}"),
                    }
                }
                while client.try_next().is_some() {}
                if client.seat() != Some(&before) {
                    settled = 0;
                }
            }
            tokio::time::sleep(BORED).await;
        }
    })
    .await;
    let mut seats: BTreeMap<RoomId, BTreeSet<PlayerId>> =
        rooms.iter().map(|room| (*room, BTreeSet::new())).collect();
    for client in &*clients {
        let seat = client.seat().unwrap();
        assert!(seats.get_mut(&seat.room).unwrap().insert(seat.player), "{seat:?} twice");
    }
    for client in clients {
        let room = client.seat().unwrap().room;
        let here = seats[&room].len() as u32;
        // A room that steps on commands shows nothing by itself: each question makes a step.
        within("the room knows of these seats only", async {
            while client.state::<State>().unwrap().is_none_or(|state| state.here != here) {
                client.request::<_, i32>(&Request::Add(0), DEADLINE).await.unwrap();
                while client.try_next().is_some() {}
                tokio::time::sleep(BORED).await;
            }
        })
        .await;
    }
}

/// Waits until so many seats are taken in the rooms of a server in this process, and no others.
pub async fn seats_are_taken(server: &crate::support::TestServer, rooms: &[RoomId], count: u32) {
    let taken = || rooms.iter().map(|room| server.server.room(*room).unwrap().taken()).sum::<u32>();
    until("no seat is taken by nobody", || taken() == count).await;
}
