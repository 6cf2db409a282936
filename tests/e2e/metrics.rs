//! What a scraper gets, held against the table of metrics.

use std::collections::{BTreeMap, BTreeSet};

use greenroom::ops::meters::{Kind, METERS};
use greenroom_client::Update;

use crate::ops::on_a_free_port;
use crate::support::http::get;
use crate::support::{TestServer, find, new_room, probe, within};

/// What happens in accidents and at limits only, or after some seconds, or on some systems.
const SELDOM: [&str; 27] = [
    "greenroom_actor_panics_total",
    "greenroom_actors_stuck",
    "greenroom_actors_stuck_total",
    "greenroom_auth_denied_total",
    "greenroom_child_exits_total",
    "greenroom_connections_closed_total",
    "greenroom_connections_refused_total",
    "greenroom_floats_clamped_total",
    "greenroom_journal_disk_bytes",
    "greenroom_journal_fsync_seconds",
    "greenroom_journal_lag_seconds",
    "greenroom_journal_queue_bytes",
    "greenroom_journal_segments",
    "greenroom_journal_sound",
    "greenroom_journal_write_seconds",
    "greenroom_outbox_overflows_total",
    "greenroom_players_moved_total",
    "greenroom_recovery_decisions_total",
    "greenroom_replays_lost_total",
    "greenroom_rooms_crashed_total",
    "greenroom_rooms_restored_total",
    "greenroom_rooms_taken_over_total",
    "greenroom_states_too_large_total",
    "process_open_fds",
    "process_resident_memory_bytes",
    "greenroom_spectator_frames_skipped_total",
    "greenroom_spectator_frames_total",
];

/// The names that a text says the kinds of, and the labels of their samples.
fn exported(text: &str) -> BTreeMap<&str, (&str, BTreeSet<&str>)> {
    let kinds: BTreeMap<_, _> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let mut exported: BTreeMap<_, _> =
        kinds.iter().map(|(name, kind)| (*name, (*kind, BTreeSet::new()))).collect();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name = line.split(['{', ' ']).next().unwrap();
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let name = base.filter(|base| kinds.get(base) == Some(&"histogram")).unwrap_or(name);
        let labels = line.split_once('{').map_or("", |(_, rest)| rest.split('}').next().unwrap());
        let labels = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0));
        let (_, known) = exported.get_mut(name).unwrap_or_else(|| panic!("no type of {line}"));
        known.extend(labels.filter(|label| *label != "le"));
    }
    exported
}

/// The value of a sample.
fn value(text: &str, sample: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in {text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_exported_is_what_the_table_says() {
    let server = TestServer::start(on_a_free_port).await;
    let ops = server.server.ops().unwrap();
    let (mut client, _) = server.seated(new_room("")).await;
    client.input(&probe::Input::default()).unwrap();
    for _ in 0..3 {
        find(&mut client, |update| matches!(update, Update::Frame { .. }).then_some(())).await;
    }
    let answer = get(ops, "/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    let text = answer.text;
    let exported = exported(&text);
    for (name, (kind, labels)) in &exported {
        let meter = METERS.iter().find(|meter| meter.name == *name);
        let meter = meter.unwrap_or_else(|| panic!("{name} is not in the table"));
        let known = match meter.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        assert_eq!(*kind, known, "{name}");
        assert_eq!(*labels, meter.labels.iter().copied().collect(), "{name}");
        assert!(text.contains(&format!("# HELP {name} {}", meter.meaning)), "{name}");
    }
    let missing: Vec<_> = METERS
        .iter()
        .map(|meter| meter.name)
        .filter(|name| !exported.contains_key(name) && !SELDOM.contains(name))
        .collect();
    assert!(missing.is_empty(), "not exported after a match: {missing:?}");

    // This process hosts other tests' servers, too.
    let probe = |name: &str, more: &str| value(&text, &format!("{name}{{game=\"probe\"{more}}}"));
    assert!(probe("greenroom_rooms", "") >= 1.0 && probe("greenroom_players", "") >= 1.0);
    assert!(probe("greenroom_inputs_total", ",fate=\"queued\"") >= 1.0);
    assert!(probe("greenroom_frames_total", ",kind=\"full\"") >= 1.0);
    assert!(probe("greenroom_frame_bytes_total", ",kind=\"step\"") >= 1.0);
    assert!(probe("greenroom_tick_seconds_count", "") >= 3.0);
    assert!(value(&text, "greenroom_handshake_seconds_count{transport=\"tls\"}") >= 1.0);
    assert!(value(&text, "greenroom_connections{state=\"seated\"}") >= 1.0);
    within("the end", client.close()).await;
}
