//! What a scraper gets: the recorder's text, and the numbers that are counted only when somebody
//! asks.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use metrics::gauge;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::Site;
use super::fault::{Code, Fault};
use super::meters;
use crate::actors::actor;

/// Upper ends of the histograms' buckets, in seconds: from a small step to one that is given up.
const BUCKETS: [f64; 16] = [
    50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0,
    2.5, 5.0,
];

/// Ours, unless the program has a recorder of its own. A process has one.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The recorder, from now on. Whatever is counted before is not seen.
pub(crate) fn recorder() -> Option<PrometheusHandle> {
    RECORDER.get_or_init(install).clone()
}

fn install() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).ok()?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("/metrics has nothing to say: this program has a metrics recorder already");
        return None;
    }
    meters::describe();
    Some(handle)
}

/// In the text format of Prometheus.
pub(super) async fn metrics(State(site): State<Arc<Site>>) -> Response {
    let Some(recorder) = site.recorder.clone() else {
        let text = "this program has a metrics recorder of its own: ask that one";
        return Fault::new(Code::Unavailable, text).into_response();
    };
    // It looks at all rooms, each under its lock.
    let rendered = tokio::task::spawn_blocking(move || {
        publish(&site);
        recorder.render()
    });
    match rendered.await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
            .into_response(),
        Err(_) => Fault::new(Code::Failed, "the server is stopping").into_response(),
    }
}

/// Sets what nobody counts as it happens.
fn publish(site: &Site) {
    actor::publish_metrics();
    gauge!("greenroom_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let mut games: BTreeMap<&'static str, (usize, usize)> =
        site.hosted.games.names().map(|name| (name, (0, 0))).collect();
    let mut seated = 0;
    for room in site.hosted.directory.all() {
        let (rooms, players) = games.entry(room.entry.game.name()).or_default();
        let members = room.members();
        *rooms += 1;
        *players += members.seats().count();
        seated += members.seats().filter(|seat| seat.connected).count();
    }
    for (game, (rooms, players)) in games {
        gauge!("greenroom_rooms", "game" => game).set(rooms as f64);
        gauge!("greenroom_players", "game" => game).set(players as f64);
    }
    for (state, count) in connections(site, seated) {
        gauge!("greenroom_connections", "state" => state).set(count as f64);
    }
    process();
}

/// Connections of this server by state, when so many have a seat.
pub(super) fn connections(site: &Site, seated: usize) -> [(&'static str, usize); 3] {
    let admission = &site.hosted.admission;
    let connected = admission.connected();
    let arriving = admission.connections().saturating_sub(connected);
    [("arriving", arriving), ("waiting", connected.saturating_sub(seated)), ("seated", seated)]
}

/// What the system says of this process.
#[cfg(target_os = "linux")]
fn process() {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.as_ref().and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok());
    if let Some(pages) = pages {
        let bytes = rustix::param::page_size() as f64;
        gauge!("process_resident_memory_bytes").set(pages * bytes);
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        // One of them is this look.
        gauge!("process_open_fds").set(files.count().saturating_sub(1) as f64);
    }
}

#[cfg(not(target_os = "linux"))]
fn process() {}
