//! Rooms that hog their threads, and how late the ticks of the others are.
//!
//! `cargo bench --bench hogs`: 40 small rooms at 60 Hz, a client in each; then with one room that
//! burns 400 ms in every tick, then with as many as there are cores. Everything is in one process:
//! server, clients and hogs share the cores. Prints percentiles of the lateness of the small rooms'
//! ticks, in milliseconds, for each of the three.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::disallowed_types)]

mod inside;

use std::time::{Duration, Instant};

use greenroom::NoOptions;
use greenroom::prelude::*;
use greenroom_client::{Client, Connect, Join};
use serde_json::json;

use self::inside::{Inside, Lateness, percentiles};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a hog burns in each tick.
const BURNS: Duration = Duration::from_millis(400);

#[derive(Replicate, Serialize, Deserialize, Default)]
struct Steps {
    steps: u32,
}

/// A game whose tick takes so many milliseconds.
macro_rules! game {
    ($Game:ident, $name:literal, $hz:literal, $burns:expr) => {
        #[derive(Serialize, Deserialize, Default)]
        struct $Game(Steps);

        impl Game for $Game {
            const NAME: &'static str = $name;
            type Options = NoOptions;
            type State = Steps;
            type Input = ();
            type Request = Never;
            type Reply = ();
            type Event = Never;
            type Result = ();

            fn pace(_: &NoOptions) -> Pace {
                Pace::Fixed { tick_hz: $hz, send_every: 2 }
            }
            fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
                Self::default()
            }
            fn state(&self) -> &Steps {
                &self.0
            }
            fn tick(&mut self, _: &mut Ctx<Self>) {
                self.0.steps += 1;
                let began = Instant::now();
                while began.elapsed() < $burns {
                    std::hint::spin_loop();
                }
            }
        }
    };
}

game!(Small, "small", 60, Duration::from_micros(20));
game!(Hog, "hog", 20, BURNS);

/// Plays in a room of its own until the end.
async fn play(connect: Connect, game: &'static str) {
    let mut client = Client::connect(connect).await.unwrap();
    client.join(Join::Create { game, options: "" }).await.unwrap();
    tokio::spawn(async move {
        loop {
            client.next().await;
        }
    });
}

fn main() {
    let check = std::env::args().any(|argument| argument == "--test");
    let (rooms, secs) = if check { (4, 1) } else { (40, 10) };
    let secs = Duration::from_secs(secs);
    let samples = Lateness::of("small");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let games = Games::new().add::<Small>().add::<Hog>();
        let inside = Inside::start(games, |_| {}).await;
        for _ in 0..rooms {
            play(inside.connect(), "small").await;
        }
        let cores = std::thread::available_parallelism().map_or(1, |count| count.get());
        let mut lateness = Vec::new();
        for hogs in [0, 1, cores - 1] {
            for _ in 0..hogs {
                play(inside.connect(), "hog").await;
            }
            // The first long turn of a hog is not known to be one: that is in what is measured.
            samples.take();
            tokio::time::sleep(secs).await;
            lateness.push(percentiles(samples.take()));
        }
        let load = inside.server.load();
        println!(
            "{}",
            json!({
                "rooms": rooms, "cores": cores, "secs_each": secs.as_secs(),
                "lateness_ms": {"no_hog": lateness[0], "one": lateness[1], "one_per_core": lateness[2]},
                "slow_rooms": load.slow_tasks, "threads_replaced": load.replaced,
            })
        );
        assert_eq!(load.slow_tasks, cores.max(2), "the hogs are not where they belong");
    });
    // A hog holds its thread for a while yet: nobody waits for that.
    std::process::exit(0);
}
