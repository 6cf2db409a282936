//! Hundreds of clients at once who come, go, vanish, keep seats and wait for some: no seat is given
//! twice, and none is lost.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use greenroom::Rng;
use greenroom::directory::Directory;
use greenroom::proto::{JoinTarget, PlayerId, Profile, Refusal, RoomId};
use greenroom_client::{CallError, Client, Connect, Join, SeatInfo};

use crate::support::{TestServer, setting, until, within};

const CLIENTS: u64 = 200;
const ROUNDS: u32 = 12;
const SEATS: u32 = 4;
const OPTIONS: &str = r#"{"seats":4,"tick_hz":0,"waiting":3}"#;
const GAME: Join<'_> = Join::OpenOrCreate { game: "probe", options: OPTIONS };

/// What all of them know.
struct Common {
    connect: Connect,
    directory: Arc<Directory>,
    /// Every seat that was ever given.
    given: Mutex<BTreeSet<(RoomId, PlayerId)>>,
    /// Codes for whoever wants to use one.
    codes: Mutex<Vec<String>>,
}

impl Common {
    fn sat(&self, seat: &SeatInfo) {
        let new = self.given.lock().unwrap().insert((seat.room, seat.player));
        assert!(new, "{:?} was given twice", (seat.room, seat.player));
    }

    fn code(&self) -> Option<String> {
        self.codes.lock().unwrap().pop()
    }

    /// A room that is there, if any.
    fn room(&self, rng: &mut Rng) -> Option<RoomId> {
        let rooms = self.directory.all();
        (!rooms.is_empty()).then(|| rooms[rng.below(rooms.len() as u32) as usize].id)
    }
}

/// An answer that may come in a storm.
fn may_be(answer: Result<SeatInfo, CallError>, common: &Common) -> bool {
    match answer {
        Ok(seat) => {
            common.sat(&seat);
            true
        }
        Err(CallError::Refused { why, .. }) => {
            // The last: a seat that nobody waited for any more is being given back.
            let fine = matches!(
                why,
                Refusal::RoomFull
                    | Refusal::UnknownRoom
                    | Refusal::BadCode
                    | Refusal::WaitingFull
                    | Refusal::AlreadySeated
            );
            assert!(fine, "{why:?}");
            false
        }
        Err(CallError::Deadline(_)) => false,
        Err(other) => panic!("{other}"),
    }
}

/// One client's part of it.
async fn wild(common: Arc<Common>, seed: u64) {
    let mut rng = Rng::new(seed);
    let connect = || Client::connect(common.connect.clone());
    let mut client = connect().await.unwrap();
    for _ in 0..ROUNDS {
        let seated = match rng.below(8) {
            0..=2 => may_be(client.join(GAME).await, &common),
            3 => match client.reserve(GAME, 1 + rng.below(3)).await {
                Ok(kept) => {
                    common.codes.lock().unwrap().extend(kept.codes);
                    false
                }
                Err(CallError::Refused { .. }) => false,
                Err(other) => panic!("{other}"),
            },
            4 => match common.room(&mut rng) {
                // For a moment only: some are over before anybody comes.
                Some(room) => {
                    let expiry = Duration::from_millis(rng.below(40).into());
                    let kept = common.directory.reserve(room, 1 + rng.below(2), expiry);
                    let codes = kept.into_iter().flat_map(|kept| kept.codes);
                    common.codes.lock().unwrap().extend(codes.map(|code| code.to_string()));
                    false
                }
                None => false,
            },
            5 => match common.code() {
                Some(code) if rng.below(4) == 0 => {
                    common.directory.cancel_reservation(&code);
                    false
                }
                Some(code) => may_be(client.join(Join::Reserved(&code)).await, &common),
                None => false,
            },
            _ => match common.room(&mut rng) {
                Some(room) => {
                    let patience = Duration::from_millis(1 + u64::from(rng.below(60)));
                    may_be(
                        client.wait_for_seat(room, Profile::default(), patience, |_| ()).await,
                        &common,
                    )
                }
                None => false,
            },
        };
        tokio::time::sleep(Duration::from_millis(rng.below(10).into())).await;
        match rng.below(3) {
            // Vanishes, in the middle of whatever passes.
            0 => client = connect().await.unwrap(),
            _ if seated => client.leave().await.unwrap(),
            _ => {}
        }
        if rng.below(6) == 0 {
            let join = tokio::time::timeout(Duration::from_micros(500), client.join(GAME)).await;
            if let Ok(answer) = join
                && may_be(answer, &common)
            {
                client.leave().await.unwrap();
            }
        }
        if client.seat().is_some() {
            client.leave().await.unwrap();
        }
    }
    client.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_storm_no_seat_is_given_twice_and_none_is_lost() {
    let seed = setting("GREENROOM_SEED", 11);
    println!("GREENROOM_SEED={seed}");
    let server = TestServer::start(|config| {
        config.rooms.room_empty = Duration::from_secs(600);
        config.rooms.reservation = Duration::from_secs(1);
    })
    .await;
    let directory = Arc::clone(server.server.directory());
    let common = Arc::new(Common {
        connect: server.connect_with(),
        directory: Arc::clone(&directory),
        given: Mutex::default(),
        codes: Mutex::default(),
    });
    // Somebody looks all the time.
    let (done, looked) = (Arc::new(AtomicBool::new(false)), Arc::clone(&directory));
    let ended = Arc::clone(&done);
    let looks = tokio::spawn(async move {
        while !ended.load(Ordering::Relaxed) {
            for room in looked.all() {
                let found = room.as_found();
                assert!(found.players + found.free <= SEATS, "{found:?}");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let storm: Vec<_> = (0..CLIENTS)
        .map(|n| {
            tokio::spawn(wild(Arc::clone(&common), seed.wrapping_mul(1_000_003).wrapping_add(n)))
        })
        .collect();
    for client in storm {
        within("a client", client).await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    looks.await.unwrap();
    let given = common.given.lock().unwrap().len();
    assert!(given > 200, "only {given} seats were given: that was no storm");
    // No more rooms than all of them could have filled at once, each with a seat and some kept.
    assert!(directory.len() as u64 <= CLIENTS, "{} rooms", directory.len());
    until("all seats are free again", || {
        directory.all().iter().all(|room| room.as_found().free == SEATS)
    })
    .await;
    // And each can be had.
    let room = directory.all()[0].id;
    let kept = server.server.reserve(JoinTarget::Room(room), SEATS, Duration::from_secs(9)).await;
    assert_eq!(kept.unwrap().codes.len(), SEATS as usize);
}
