//! Clients that say whatever the protocol has, on all of their channels at once, with tokens, codes and
//! rooms of each other: those who play notice nothing, and when they are gone nothing of them is left.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use greenroom::Rng;
use greenroom::proto::frame::{self, CHANNELS_MAX};
use greenroom::proto::{
    JoinTarget, PlayerId, Profile, Query, RoomId, SeatCode, Text, Tick, ToClient, ToServer, Token,
    wire,
};
use greenroom_client::Join;

use crate::channels;
use crate::support::probe::Request;
use crate::support::raw::{Got, Raw, Target};
use crate::support::{DEADLINE, new_room, setting, within};

const CLIENTS: u64 = 24;
const ROUNDS: u32 = 150;
/// Seats are held for a moment.
const SHORT: &str = r#"{"hold_ms":20,"seats":4,"waiting":2,"tick_hz":60}"#;

/// What each has seen, for all to try.
#[derive(Default)]
struct Loot {
    tokens: Vec<Token>,
    codes: Vec<SeatCode>,
    rooms: Vec<RoomId>,
    players: Vec<PlayerId>,
}

struct Wild {
    target: Arc<Target>,
    loot: Arc<Mutex<Loot>>,
    rng: Rng,
}

impl Wild {
    fn any<T: Clone>(&mut self, of: impl Fn(&Loot) -> &Vec<T>, none: T) -> T {
        let loot = self.loot.lock().unwrap();
        let list = of(&loot);
        match list.len() {
            0 => none,
            len => list[self.rng.below(len as u32) as usize].clone(),
        }
    }

    fn target(&mut self) -> JoinTarget {
        let (party, probe) = (Text::cut("party"), Text::cut("probe"));
        match self.rng.below(6) {
            0 => JoinTarget::Create { game: probe, options: Text::cut(SHORT) },
            1 => JoinTarget::OpenOrCreate { game: probe, options: Text::cut(SHORT) },
            2 => JoinTarget::Room(self.any(|loot| &loot.rooms, RoomId(7))),
            3 => JoinTarget::Reserved(self.any(|loot| &loot.codes, SeatCode::default())),
            _ => JoinTarget::OpenOrCreate { game: party, options: Text::new() },
        }
    }

    fn message(&mut self) -> ToServer {
        let id = self.rng.below(9);
        let number = self.rng.below(40);
        match self.rng.below(16) {
            0..=3 => {
                ToServer::Join { id, to: self.target(), schema: None, profile: Profile::default() }
            }
            4 | 5 => ToServer::Leave,
            6 => {
                let token = self.any(|loot| &loot.tokens, Token::default());
                let (tick, events) =
                    (Some(Tick(number)), number.is_multiple_of(2).then_some(number));
                ToServer::Resume { id, token, attempt: number.into(), tick, events, schema: None }
            }
            7 => {
                let body = match self.rng.below(2) {
                    0 => wire::encode(&Request::Add(1)),
                    _ => wire::encode(&5i32),
                };
                ToServer::Request { id, body: body.try_into().unwrap() }
            }
            8 => ToServer::Spectate {
                id,
                room: self.any(|loot| &loot.rooms, RoomId(7)),
                schema: None,
            },
            9 => ToServer::Ack { events: number, replies: number },
            10 => ToServer::Reserve { id, to: self.target(), seats: number % 5 },
            11 => ToServer::Unreserve { code: self.any(|loot| &loot.codes, SeatCode::default()) },
            12 => ToServer::Arrived {
                room: self.any(|loot| &loot.rooms, RoomId(7)),
                player: self.any(|loot| &loot.players, PlayerId(1)),
            },
            13 => ToServer::Chat { id, scope: number as u8, text: Text::cut("hello") },
            14 => ToServer::Watch {
                id,
                query: Query { game: Text::cut("probe"), ..Query::default() },
            },
            _ => ToServer::Resync,
        }
    }

    fn keep(&self, got: Got) {
        let Got::Control(message) = (match got {
            Got::On(_, got) => *got,
            got => got,
        }) else {
            return;
        };
        let mut loot = self.loot.lock().unwrap();
        match message {
            ToClient::Joined(joined) => {
                loot.tokens.push(joined.token);
                loot.rooms.push(joined.room);
                loot.players.push(joined.player);
            }
            ToClient::Reserved { codes, .. } => loot.codes.extend(codes),
            _ => {}
        }
    }

    /// Hears what has come. `false`: the server has closed the connection.
    async fn hear(&self, raw: &mut Raw, patience: Duration) -> bool {
        while let Ok(got) = tokio::time::timeout(patience, raw.next()).await {
            match got {
                Got::Close(..) | Got::End { .. } => return false,
                got => self.keep(got),
            }
        }
        true
    }

    async fn runs(mut self) {
        let mut raw = self.target.greeted().await;
        for _ in 0..ROUNDS {
            // Those that only the first channel may say close the connection on others.
            let channel = self.rng.below(u32::from(CHANNELS_MAX) + 1) as u8;
            let message = self.message();
            let sent = match self.rng.below(8) {
                0 => {
                    let tick = self.rng.below(256) as u8;
                    raw.message(&[frame::CHANNEL, channel.max(1), frame::INPUT, tick, 0, 3]).await
                }
                _ => raw.say_on(channel, &message).await,
            };
            let patience = Duration::from_millis(self.rng.below(12).into());
            if !sent || !self.hear(&mut raw, patience).await || self.rng.below(24) == 0 {
                // Without a word.
                raw = self.target.greeted().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_clients_that_say_whatever_there_is() {
    let seed = setting("GREENROOM_SEED", 5);
    println!("GREENROOM_SEED={seed}");
    let server = channels::server().await;
    let (mut witness, seat) = server.seated(new_room(r#"{"seats":2}"#)).await;
    let loot = Arc::new(Mutex::new(Loot::default()));
    let target = Arc::new(Target::of(&server));
    let storm: Vec<_> = (0..CLIENTS)
        .map(|n| {
            let rng = Rng::new(seed.wrapping_mul(1_000_003).wrapping_add(n));
            let wild = Wild { target: Arc::clone(&target), loot: Arc::clone(&loot), rng };
            tokio::spawn(wild.runs())
        })
        .collect();
    let mut sum = 0;
    let mut play_on = async || {
        let answer: i32 =
            within("an answer", witness.request(&Request::Add(1), DEADLINE)).await.unwrap();
        sum += 1;
        assert_eq!(answer, sum);
    };
    for client in storm {
        while !client.is_finished() {
            play_on().await;
        }
        within("a client", client).await.unwrap();
    }
    play_on().await;
    let seats = loot.lock().unwrap().tokens.len();
    assert!(seats > 100, "only {seats} seats were had: that was no storm");
    assert_eq!(server.restarts(seat.room), 0);
    assert!(server.crash_files().is_empty(), "{:?}", server.crash_files());
    let directory = server.server.directory();
    let is_empty = || {
        let others = directory.all().into_iter().filter(|room| room.id != seat.room);
        others.map(|room| room.as_found()).all(|found| found.players == 0)
    };
    within("their seats are free and their connections gone", async {
        while !(is_empty() && server.server.connections() == 1) {
            play_on().await;
        }
    })
    .await;
    let (another, _) = server.seated(Join::Create { game: "party", options: "" }).await;
    drop(another);
    server.stopped().await;
}
