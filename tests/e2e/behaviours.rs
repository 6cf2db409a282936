//! What goes wrong elsewhere: behaviours of servers of this kind that broke somebody's game once.
//!
//! | behaviour | here, or in |
//! |---|---|
//! | joins at capacity and at the same time | `lobby`, `seat_storm` |
//! | leaving while joining | `half_open` |
//! | a hook that fails, and each hook's crash leaving other rooms untouched | `crashes`, `coming_back` |
//! | an ack sent twice | here |
//! | abnormal close and resume; messages queued during a drop | `coming_back` |
//! | a stale connection replaced by its resume; a wrong token | `coming_back` |
//! | an unparsable, oversized or too frequent message | `hostile` |
//! | a late joiner after changes with nobody in the room | here |
//! | the second viewer of a filtered entity | here |
//! | delete and add of the same key in one tick | here |
//! | ghosts after a resume | here |
//! | a stalled client converging bit for bit | `slow_client` |
//! | a stop waiting for the last save | here |

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use greenroom::prelude::*;
use greenroom::proto::{Rows, ToClient, ToServer, frame};
use greenroom_client::{Client, Connect, Join, Update};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::support::probe::{self, Probe, Request};
use crate::support::proxy::Proxy;
use crate::support::raw::{Got, Target, create};
use crate::support::{DEADLINE, TestServer, find, handler, new_room, within};

/// Things under keys, and things that one team sees.
#[derive(Serialize, Deserialize, Default)]
struct Shelf {
    state: Things,
}

#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
struct Things {
    step: u32,
    by_key: Map<u32, Thing, 8>,
    things: Table<Secret>,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Thing {
    value: i32,
    name: Text<16>,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[sync(seen = Seen::Teams(Teams::of(self.team)))]
struct Secret {
    value: i32,
    team: u8,
}

#[derive(Message, Clone, Debug, Serialize, Deserialize)]
enum Ask {
    /// Puts something under a key.
    Put(u32, i32),
    /// Takes it away and puts something else there, in one step.
    Replace(u32, i32),
    /// Something that one team sees.
    Hide(u8, i32),
    /// Takes away all that one team sees, and what is under keys.
    Clear(u8),
    /// Saves something outside, and ends the match in the same step.
    SaveAndEnd,
}

impl Game for Shelf {
    const NAME: &'static str = "shelf";
    type Options = NoOptions;
    type State = Things;
    type Input = ();
    type Request = Ask;
    type Reply = ();
    type Event = ();
    type Result = ();

    fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
        Shelf::default()
    }

    fn state(&self) -> &Things {
        &self.state
    }

    fn sight(&self, player: PlayerId) -> Sight {
        Sight::of(player).with_teams(Teams::of(player.0 as u8 % 2))
    }

    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        self.state.step = ctx.tick().0;
        for secret in self.state.things.values_mut() {
            secret.value += 1;
        }
    }

    fn request(&mut self, _: PlayerId, ask: Ask, ctx: &mut Ctx<Self>) {
        let thing = |value| Thing { value, name: Text::cut(&value.to_string()) };
        match ask {
            Ask::Put(key, value) => drop(self.state.by_key.insert(key, thing(value))),
            Ask::Replace(key, value) => {
                self.state.by_key.remove(&key);
                let _ = self.state.by_key.insert(key, thing(value));
            }
            Ask::Hide(team, value) => drop(self.state.things.insert(Secret { value, team })),
            Ask::Clear(team) => {
                self.state.things.retain(|secret| secret.team != team);
                self.state.by_key.clear();
            }
            Ask::SaveAndEnd => {
                ctx.effect(&1u8);
                ctx.end(&());
            }
        }
    }
}

const SHELF: Join<'_> = Join::OpenOrCreate { game: "shelf", options: "" };

async fn server() -> TestServer {
    TestServer::hosting(probe::games().add::<Shelf>(), |_| {}).await
}

async fn ask(client: &mut Client, ask: Ask) {
    within("an answer", client.request::<_, ()>(&ask, DEADLINE)).await.unwrap();
}

/// Drives clients until they hold states of one step; returns them as rows.
async fn of_one_step<const N: usize>(mut clients: [&mut Client; N]) -> [Rows; N] {
    within("one step", async {
        loop {
            let ticks = clients.each_ref().map(|client| client.rows().map(|(tick, _)| tick));
            let newest = ticks.iter().max().copied().flatten();
            match newest {
                Some(_) if ticks.iter().all(|tick| *tick == newest) => {
                    return clients.each_ref().map(|client| client.rows().unwrap().1.clone());
                }
                _ => {
                    let slowest = (0..N).min_by_key(|place| ticks[*place]).unwrap();
                    if let Update::Closed(closed) = clients[slowest].next().await {
                        panic!("no such step comes any more: {closed}");
                    }
                }
            }
        }
    })
    .await
}

async fn shelf_where(client: &mut Client, wanted: impl Fn(&Things) -> bool) -> Things {
    within("such a state", async {
        loop {
            if let Some(state) = client.state::<Things>().unwrap().filter(&wanted) {
                return state;
            }
            client.next().await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ack_sent_twice_late_or_of_what_never_was_does_nothing() {
    let server = server().await;
    let mut raw = Target::of(&server).greeted().await;
    let seat = raw.join(create(r#"{"hold_ms":20000,"chatty":true}"#)).await;
    while last_event(&raw.state().await, seat.tick) < 12 {}
    for (events, replies) in [(5, 0), (5, 0), (3, 7), (0, 0), (u32::MAX, u32::MAX), (5, 0)] {
        raw.say(&ToServer::Ack { events, replies }).await;
    }
    raw.state().await;
    drop(raw);
    // Exactly those after the fifth are there to be sent again.
    let mut raw = Target::of(&server).greeted().await;
    let (token, events) = (seat.token.clone(), Some(5));
    let resume = ToServer::Resume { id: 2, token, attempt: 1, tick: None, events, schema: None };
    raw.say(&resume).await;
    let joined = within("the seat", async {
        loop {
            match raw.next().await {
                Got::Control(ToClient::Joined(joined)) => return joined,
                Got::Control(ToClient::Refused { why, text, .. }) => panic!("{why:?}: {}", &*text),
                _ => {}
            }
        }
    })
    .await;
    assert_eq!((joined.player, joined.events), (seat.player, 5));
    let again = raw.state().await;
    let events = frame::read(&again, joined.tick).unwrap().events;
    assert_eq!(events.first().map(|event| event.number), Some(6));
    assert!(events.windows(2).all(|two| two[1].number == two[0].number + 1));
    server.stopped().await;
}

/// The number of the last event in a frame; 0: there is none.
fn last_event(message: &[u8], newest: Tick) -> u32 {
    frame::read(message, newest).unwrap().events.last().map_or(0, |event| event.number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_after_changes_with_nobody_in_the_room_sees_them() {
    let server = server().await;
    let (mut first, seat) = server.seated(SHELF).await;
    ask(&mut first, Ask::Put(1, 10)).await;
    ask(&mut first, Ask::Put(2, 20)).await;
    let before = shelf_where(&mut first, |state| state.by_key.len() == 2).await;
    ask(&mut first, Ask::Replace(1, 11)).await;
    first.close().await;
    let room = server.server.room(seat.room).unwrap();
    within("steps without anybody", async {
        while room.taken() > 0 || room.any_work().told().0 < before.step + 30 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let (mut late, again) = server.seated(Join::Room(seat.room)).await;
    assert_ne!(again.player, seat.player);
    let state = shelf_where(&mut late, |_| true).await;
    assert!(state.step >= before.step + 30);
    let values: Vec<_> = state.by_key.iter().map(|(key, thing)| (*key, thing.value)).collect();
    assert_eq!(values, [(1, 11), (2, 20)]);
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_viewer_of_a_filtered_entity_sees_what_the_first_sees() {
    let server = server().await;
    let (mut first, seat) = server.seated(SHELF).await;
    let (mut other, _) = server.seated(Join::Room(seat.room)).await;
    for value in [100, 200] {
        ask(&mut first, Ask::Hide(seat.player.0 as u8 % 2, value)).await;
    }
    shelf_where(&mut first, |state| state.things.len() == 2).await;
    // Somebody of the same team comes later, and gets by their own what the first got as it happened.
    let (mut second, of_second) = server.seated(Join::Room(seat.room)).await;
    assert_eq!(of_second.player.0 % 2, seat.player.0 % 2);
    for _ in 0..3 {
        let [a, b, hidden] = of_one_step([&mut first, &mut second, &mut other]).await;
        assert_eq!(a, b);
        assert_ne!(a, hidden);
        first.next().await;
    }
    ask(&mut second, Ask::Hide(seat.player.0 as u8 % 2, 300)).await;
    shelf_where(&mut second, |state| state.things.len() == 3).await;
    let [a, b] = of_one_step([&mut first, &mut second]).await;
    assert_eq!(a, b);
    assert_eq!(other.state::<Things>().unwrap().unwrap().things.len(), 0);
    let desyncs: u64 = [&first, &second, &other].iter().map(|client| client.stats().desyncs).sum();
    assert_eq!(desyncs, 0);
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_deleted_and_added_under_one_key_in_one_tick_is_the_new_one() {
    let server = server().await;
    let (mut one, seat) = server.seated(SHELF).await;
    let (mut two, _) = server.seated(Join::Room(seat.room)).await;
    for round in 0..20 {
        ask(&mut one, Ask::Put(7, round)).await;
        ask(&mut one, Ask::Replace(7, 1000 + round)).await;
        for client in [&mut one, &mut two] {
            let state = shelf_where(client, |state| {
                state.by_key.get(&7).is_some_and(|thing| thing.value == 1000 + round)
            })
            .await;
            let thing = state.by_key.get(&7).unwrap();
            assert_eq!((&*thing.name, state.by_key.len()), (&*(1000 + round).to_string(), 1));
            assert_eq!(client.stats().desyncs, 0);
        }
    }
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_went_while_a_client_was_away_is_there_when_it_is_back() {
    let server = server().await;
    let proxy = Proxy::to(server.server.wss()).await;
    let url = format!("wss://{}", proxy.address);
    let mut away =
        within("it", Client::connect(Connect { url, ..server.connect_with() })).await.unwrap();
    let seat = within("a seat", away.join(SHELF)).await.unwrap();
    let (mut here, _) = server.seated(Join::Room(seat.room)).await;
    let team = seat.player.0 as u8 % 2;
    for value in 0..5 {
        ask(&mut here, Ask::Put(value, 1)).await;
        ask(&mut here, Ask::Hide(team, value as i32)).await;
    }
    shelf_where(&mut away, |state| (state.by_key.len(), state.things.len()) == (5, 5)).await;
    proxy.cut();
    ask(&mut here, Ask::Clear(team)).await;
    // Others in their places, so that a ghost would be one of them.
    ask(&mut here, Ask::Put(99, 2)).await;
    ask(&mut here, Ask::Hide(team, -1000)).await;
    find(&mut away, |update| matches!(update, Update::Resumed { .. }).then_some(())).await;
    let state = shelf_where(&mut away, |state| state.by_key.contains_key(&99)).await;
    assert_eq!((state.by_key.len(), state.things.len()), (1, 1));
    assert!(state.things.values().all(|secret| secret.value < 0));
    // The same as somebody of the team has who was never away.
    let (mut fresh, of_fresh) = server.seated(Join::Room(seat.room)).await;
    assert_eq!(of_fresh.player.0 as u8 % 2, team);
    of_one_step([&mut away, &mut fresh]).await;
    let [a, b] = [&away, &fresh].map(|client| client.state::<Things>().unwrap().unwrap());
    assert_eq!((a.step, a.by_key, away.stats().desyncs), (b.step, b.by_key, 0));
    assert!(a.things.values().eq(b.things.values()));
    server.stopped().await;
}

/// A game host that takes its time to save.
fn saving(millis: u64, saved: &Arc<AtomicU32>) -> Games {
    let saved = Arc::clone(saved);
    let save = handler(move |call| {
        let saved = Arc::clone(&saved);
        async move {
            sleep(Duration::from_millis(millis)).await;
            saved.fetch_add(1, Ordering::SeqCst);
            Some(call.body)
        }
    });
    probe::games().effects::<Probe>(save.clone()).add::<Shelf>().effects::<Shelf>(save)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_the_last_save() {
    let saved = Arc::default();
    let server = TestServer::hosting(saving(400, &saved), |_| {}).await;
    let (mut shelf, _) = server.seated(SHELF).await;
    shelf.start(&Ask::SaveAndEnd, DEADLINE).unwrap();
    find(&mut shelf, |update| matches!(update, Update::Ended { .. }).then_some(())).await;
    // And more than run at once, of a room that is still there.
    let (mut probe, _) = server.seated(new_room("")).await;
    for _ in 0..20 {
        let effect = Request::Effect(Blob::cut(b"save"));
        let _: i32 = within("an answer", probe.request(&effect, DEADLINE)).await.unwrap();
    }
    server.stopped().await;
    assert_eq!(saved.load(Ordering::SeqCst), 21);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_save_that_hangs_holds_the_stop_up_for_its_time_and_no_longer() {
    let saved = Arc::default();
    let server = TestServer::hosting(saving(3_600_000, &saved), |config| {
        config.deadlines.stop_timeout = Duration::from_secs(2);
    })
    .await;
    let (mut shelf, _) = server.seated(SHELF).await;
    shelf.start(&Ask::SaveAndEnd, DEADLINE).unwrap();
    find(&mut shelf, |update| matches!(update, Update::Ended { .. }).then_some(())).await;
    server.stopped().await;
    assert_eq!(saved.load(Ordering::SeqCst), 0);
}
