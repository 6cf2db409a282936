//! Rooms that panic, and what others notice: 50 rooms of 8 clients over wss, of which 20 rooms are
//! made to panic at random moments, several at once, from inputs, requests, timers and ticks.
//!
//! `cargo bench --bench crashes`; `GREENROOM_BENCH_SECS` is the length of each half. Server and
//! clients share the cores of this process. Prints how many connections closed and clients lost
//! step (none), the time between the last frame before a panic and the first after it, and the
//! lateness of the other rooms' ticks in the half without panics and the half with them.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::disallowed_types)]

mod inside;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use greenroom::prelude::*;
use greenroom::{NoOptions, Rng};
use greenroom_client::{Client, Join, Update};
use serde_json::json;

use self::inside::{Inside, Lateness, percentiles, setting};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Replicate, Serialize, Deserialize, Clone, Copy)]
struct Thing {
    x: i32,
    y: i32,
}

#[derive(Replicate, Serialize, Deserialize, Default)]
struct World {
    steps: u32,
    things: Table<Thing>,
}

/// An input that the tick does not survive.
const POISON: i32 = 666;

#[derive(Message, Clone, Copy, Serialize, Deserialize)]
enum Harm {
    Now,
    InTicks,
    InTimer,
}

macro_rules! game {
    ($Game:ident, $name:literal) => {
        #[derive(Serialize, Deserialize, Default)]
        struct $Game {
            world: World,
            failing: bool,
        }

        impl Game for $Game {
            const NAME: &'static str = $name;
            type Options = NoOptions;
            type State = World;
            type Input = i32;
            type Request = Harm;
            type Reply = ();
            type Event = Never;
            type Result = ();

            fn pace(_: &NoOptions) -> Pace {
                Pace::Fixed { tick_hz: 20, send_every: 1 }
            }
            fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
                let mut game = Self::default();
                for x in 0..50 {
                    game.world.things.insert(Thing { x, y: 0 });
                }
                game
            }
            fn state(&self) -> &World {
                &self.world
            }
            fn tick(&mut self, ctx: &mut Ctx<Self>) {
                self.world.steps += 1;
                let inputs: Vec<i32> = ctx.players().map(|player| ctx.input(player)).collect();
                assert!(!self.failing && !inputs.contains(&POISON), "as a client asked");
                for thing in self.world.things.values_mut() {
                    thing.x += ctx.rng().below(9) as i32 - 4;
                    thing.y += ctx.rng().below(9) as i32 - 4;
                }
            }
            fn request(&mut self, _: PlayerId, harm: Harm, ctx: &mut Ctx<Self>) {
                match harm {
                    Harm::Now => panic!("as a client asked"),
                    Harm::InTicks => self.failing = true,
                    Harm::InTimer => ctx.timer(Duration::from_millis(120), 1),
                }
            }
            fn timer(&mut self, _: u32, _: &mut Ctx<Self>) {
                panic!("as a client asked");
            }
            fn recovered(&mut self, _: &mut Ctx<Self>) {
                self.failing = false;
            }
        }
    };
}

game!(Calm, "calm");
game!(Rough, "rough");

#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    /// Whether rough rooms are made to panic.
    harm: AtomicBool,
    closed: AtomicU32,
    desyncs: AtomicU32,
    /// Seconds from the last frame before a panic to the first after it.
    gaps: Mutex<Vec<f64>>,
    frames: AtomicU32,
}

/// Plays; one of each rough room does harm now and then, for the first time within `harmful`.
async fn play(mut client: Client, harmful: Option<Duration>, seed: u64, seen: Arc<Seen>) {
    let (mut random, mut last, mut next_harm) = (Rng::new(seed), Instant::now(), None);
    while !seen.stop.load(Ordering::Relaxed) {
        match client.next().await {
            Update::Frame { full, .. } => {
                seen.frames.fetch_add(1, Ordering::Relaxed);
                if full && client.stats().frames_full > 1 {
                    seen.gaps.lock().unwrap().push(last.elapsed().as_secs_f64());
                }
                last = Instant::now();
                let _ = client.input(&(random.below(100) as i32));
                if let Some(first) = harmful.filter(|_| seen.harm.load(Ordering::Relaxed)) {
                    let mut within = |ms| last + Duration::from_millis(random.below(ms).into());
                    let first = first.as_millis() as u32;
                    if last < *next_harm.get_or_insert_with(|| within(first)) {
                        continue;
                    }
                    // Within the budget of three restarts in ten seconds.
                    next_harm = Some(within(2_000) + Duration::from_secs(11));
                    let deadline = Duration::from_secs(5);
                    match random.below(4) {
                        0 => drop(client.input(&POISON)),
                        1 => drop(client.start(&Harm::Now, deadline)),
                        2 => drop(client.start(&Harm::InTicks, deadline)),
                        _ => drop(client.start(&Harm::InTimer, deadline)),
                    }
                }
            }
            Update::Broken { .. } | Update::Closed(_) => {
                seen.closed.fetch_add(1, Ordering::Relaxed);
                return;
            }
            _ => {}
        }
    }
    seen.desyncs.fetch_add(client.stats().desyncs as u32, Ordering::Relaxed);
}

fn main() {
    let check = std::env::args().any(|argument| argument == "--test");
    let secs = Duration::from_secs(if check { 2 } else { setting("GREENROOM_BENCH_SECS", 20) });
    let (rooms, rough, seats) = if check { (6, 3, 2) } else { (50, 20, 8) };
    std::panic::set_hook(Box::new(|_| {})); // The server logs what panics.
    let lateness = Lateness::of("calm");
    let seen = Arc::new(Seen::default());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let inside = Inside::start(Games::new().add::<Calm>().add::<Rough>(), |_| {}).await;
        let (mut players, mut ids) = (Vec::new(), Vec::new());
        for room in 0..rooms {
            let game = if room < rough { "rough" } else { "calm" };
            let mut to = Join::Create { game, options: "" };
            for seat in 0..seats {
                let mut client = Client::connect(inside.connect()).await.unwrap();
                let id = client.join(to).await.unwrap().room;
                to = Join::Room(id);
                let harmful = (room < rough && seat == 0).then_some(secs / 2);
                let seed = (room * seats + seat) as u64;
                players.push(tokio::spawn(play(client, harmful, seed, Arc::clone(&seen))));
                if seat == 0 {
                    ids.push(id);
                }
            }
        }
        let restarts = || -> u64 {
            ids.iter().filter_map(|id| inside.server.room(*id)).map(|room| room.restarts()).sum()
        };
        tokio::time::sleep(Duration::from_secs(1)).await;
        lateness.take();
        tokio::time::sleep(secs).await;
        let quiet = percentiles(lateness.take());
        seen.harm.store(true, Ordering::Relaxed);
        tokio::time::sleep(secs).await;
        let with_panics = percentiles(lateness.take());
        seen.harm.store(false, Ordering::Relaxed);
        // A timer may still be about to panic; after that all must be as if nothing had been.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = seen.frames.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(2)).await;
        let alive = seen.frames.load(Ordering::Relaxed) - before;
        seen.stop.store(true, Ordering::Relaxed);
        for player in players {
            player.await.unwrap();
        }
        let (closed, desyncs) =
            (seen.closed.load(Ordering::Relaxed), seen.desyncs.load(Ordering::Relaxed));
        let gaps = std::mem::take(&mut *seen.gaps.lock().unwrap());
        println!(
            "{}",
            json!({
                "rooms": rooms, "rough": rough, "clients": rooms * seats, "secs_each": secs.as_secs(),
                "restarts": restarts(), "closed": closed, "desyncs": desyncs,
                "lateness_of_others_ms": {"quiet": quiet, "with_panics": with_panics},
                "gap_between_frames_ms": percentiles(gaps.clone()),
                "frames_afterwards_per_sec": f64::from(alive) / 2.0,
            })
        );
        assert_eq!((closed, desyncs), (0, 0), "somebody noticed more than a whole state");
        assert!(restarts() > 0 && !gaps.is_empty(), "nothing panicked");
    });
}
