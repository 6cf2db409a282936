//! Rooms that hog their threads, and how late the ticks of the others are.
//!
//! `cargo bench --bench hogs`: 40 small rooms at 60 Hz, a client in each; then with one room that
//! burns 400 ms in every tick, then with as many as there are cores. Everything is in one process:
//! server, clients and hogs share the cores. Prints percentiles of the lateness of the small rooms'
//! ticks, in milliseconds, for each of the three.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::disallowed_types)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use greenroom::config::Config;
use greenroom::prelude::*;
use greenroom::server::{Server, ServerSpec};
use greenroom::{NoOptions, certs};
use greenroom_client::{Client, Connect, Join, Trust};
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use serde_json::json;

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

/// Keeps the samples of one histogram of one game.
#[derive(Default)]
struct Samples(Mutex<Vec<f64>>);

impl HistogramFn for Samples {
    fn record(&self, value: f64) {
        self.0.lock().unwrap().push(value);
    }
}

struct Lateness(Arc<Samples>);

impl Recorder for Lateness {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let labels: HashMap<_, _> = key.labels().map(|l| (l.key(), l.value())).collect();
        match (key.name(), labels.get("game")) {
            ("greenroom_tick_lateness_seconds", Some(&"small")) => {
                Histogram::from_arc(Arc::clone(&self.0))
            }
            _ => Histogram::noop(),
        }
    }
}

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

fn percentiles(samples: &Samples) -> serde_json::Value {
    let mut samples = std::mem::take(&mut *samples.0.lock().unwrap());
    samples.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (samples.len() as f64 * share) as usize;
        samples.get(place.min(samples.len() - 1)).map(|seconds| seconds * 1e3)
    };
    json!({"ticks": samples.len(), "p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "max": at(1.0)})
}

fn main() {
    let check = std::env::args().any(|argument| argument == "--test");
    let (rooms, secs) = if check { (4, 1) } else { (40, 10) };
    let secs = Duration::from_secs(secs);
    let samples = Arc::new(Samples::default());
    metrics::set_global_recorder(Lateness(Arc::clone(&samples))).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let paths = certs::ensure(&dir.path().join("certs"), false).unwrap().paths;
        let identity = certs::load(&paths.server, &paths.server_key).unwrap();
        let mut config = Config::default();
        config.listen.bind = "127.0.0.1:0".parse().unwrap();
        config.listen.plain = None;
        let games = Games::new().add::<Small>().add::<Hog>();
        let spec = ServerSpec { config, games, identity, results: None };
        let server = Server::start(spec).await.unwrap();
        let trust = Trust::CaFile(paths.ca).prepare().unwrap();
        let url = format!("wss://{}", server.wss());
        let connect = || Connect { trust: trust.clone(), ..Connect::to(&url) };
        for _ in 0..rooms {
            play(connect(), "small").await;
        }
        let cores = std::thread::available_parallelism().map_or(1, |count| count.get());
        let mut lateness = Vec::new();
        for hogs in [0, 1, cores - 1] {
            for _ in 0..hogs {
                play(connect(), "hog").await;
            }
            // The first long turn of a hog is not known to be one: that is in what is measured.
            samples.0.lock().unwrap().clear();
            tokio::time::sleep(secs).await;
            lateness.push(percentiles(&samples));
        }
        let load = server.load();
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
