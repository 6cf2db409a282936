//! What benchmarks share that run server and clients in one process: the server, and how late the
//! ticks of one game's rooms were.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use greenroom::Games;
use greenroom::certs;
use greenroom::config::{AddressChoice, Config};
use greenroom::server::{Server, ServerSpec};
use greenroom_client::{Connect, Trust};
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use serde_json::{Value, json};

/// A server on a free port of this process.
pub struct Inside {
    pub server: Server,
    trust: Trust,
    dir: tempfile::TempDir,
}

impl Inside {
    pub async fn start(games: Games, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = certs::ensure(&dir.path().join("certs"), false).unwrap().paths;
        let identity = certs::Identity::of_files(&paths.server, &paths.server_key).unwrap();
        let mut config = Config::default();
        config.listen.bind = "127.0.0.1:0".parse().unwrap();
        config.listen.plain = None;
        config.ops.address = AddressChoice::Off;
        config.rooms.crash_dir = dir.path().join("crashes");
        change(&mut config);
        let spec = ServerSpec { config, games, identity, results: None };
        let server = Server::start(spec).await.unwrap();
        let trust = Trust::CaFile(paths.ca).prepare().unwrap();
        Inside { server, trust, dir }
    }

    /// The file with the CA that signed its certificate.
    #[allow(dead_code)] // not every benchmark has clients elsewhere
    pub fn ca(&self) -> std::path::PathBuf {
        self.dir.path().join("certs/ca.pem")
    }

    pub fn connect(&self) -> Connect {
        let url = format!("wss://{}", self.server.wss());
        Connect { trust: self.trust.clone(), ..Connect::to(url) }
    }
}

/// A number from the environment.
#[allow(dead_code)] // not every benchmark can be set
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// How late the ticks of one game's rooms were, in seconds.
#[derive(Default)]
pub struct Lateness(Mutex<Vec<f64>>);

impl Lateness {
    /// From now on, for the rest of the process, of this game.
    pub fn of(game: &'static str) -> Arc<Self> {
        let lateness = Arc::new(Lateness::default());
        metrics::set_global_recorder(Only { game, lateness: Arc::clone(&lateness) }).unwrap();
        lateness
    }

    /// Those since it was last asked.
    pub fn take(&self) -> Vec<f64> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl HistogramFn for Lateness {
    fn record(&self, value: f64) {
        self.0.lock().unwrap().push(value);
    }
}

struct Only {
    game: &'static str,
    lateness: Arc<Lateness>,
}

impl Recorder for Only {
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
        match key.name() {
            "greenroom_tick_lateness_seconds" if labels.get("game") == Some(&self.game) => {
                Histogram::from_arc(Arc::clone(&self.lateness))
            }
            _ => Histogram::noop(),
        }
    }
}

/// Percentiles of seconds, in milliseconds.
pub fn percentiles(mut seconds: Vec<f64>) -> Value {
    seconds.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (seconds.len() as f64 * share) as usize;
        seconds.get(place.min(seconds.len().saturating_sub(1))).map(|seconds| seconds * 1e3)
    };
    let (p50, p99, p999, max) = (at(0.5), at(0.99), at(0.999), at(1.0));
    json!({"count": seconds.len(), "p50": p50, "p99": p99, "p999": p999, "max": max})
}
