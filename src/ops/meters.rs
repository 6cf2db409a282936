//! All metrics there are, in one place: what is described to the recorder and what stands in the
//! documentation is made from this table, and tests hold it against the source and against what a
//! server exports.
//!
//! No label is a stranger's to choose: games, reasons, kinds and classes are few and known when the
//! program is built. Rooms and players are none; what happens to a single one is in the log.

use metrics::Unit;

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    /// Its name.
    pub name: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// What it counts.
    pub unit: Unit,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub meaning: &'static str,
}

/// The kinds of metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Only ever grows.
    Counter,
    /// As it is now.
    Gauge,
    /// How often which values came.
    Histogram,
}

macro_rules! meters {
    ($($name:literal $kind:ident $unit:ident [$($label:literal),*] $meaning:literal;)+) => {
        /// All metrics.
        ///
        /// | name | kind | unit | labels | meaning |
        /// |---|---|---|---|---|
        $(#[doc = concat!("| `", $name, "` | ", stringify!($kind), " | ", stringify!($unit), " | ",
            $("`", $label, "` ",)* "| ", $meaning, " |")])+
        pub static METERS: &[Meter] = &[$(Meter {
            name: $name,
            kind: Kind::$kind,
            unit: Unit::$unit,
            labels: &[$($label),*],
            meaning: $meaning,
        }),+];
    };
}

meters! {
    "greenroom_ready" Gauge Count [] "1 while the server may be sent clients, as /readyz says";
    "greenroom_build_info" Gauge Count ["version"] "1; the version of Greenroom";
    "process_resident_memory_bytes" Gauge Bytes [] "memory of the process (Linux)";
    "process_open_fds" Gauge Count [] "open files and sockets of the process (Linux)";

    "greenroom_connections" Gauge Count ["state"] "connections: arriving (TLS, HTTP), waiting (no seat), seated";
    "greenroom_connections_total" Counter Count [] "connections that came through the handshake";
    "greenroom_connections_refused_total" Counter Count ["why"] "connections that did not: flood, full, tls, origin";
    "greenroom_connections_closed_total" Counter Count ["code"] "connections that ended, by close code";
    "greenroom_handshake_seconds" Histogram Seconds ["transport"] "from the accept to the upgraded connection, over tls or plain";
    "greenroom_accept_errors_total" Counter Count [] "accepts that failed: too many open files, mostly";
    "greenroom_authenticated_total" Counter Count [] "clients of whom it is known who they are";
    "greenroom_auth_denied_total" Counter Count ["code"] "clients whose token was not taken, by close code";
    "greenroom_seats_resumed_total" Counter Count [] "clients that came back to their seat";
    "greenroom_players_moved_total" Counter Count ["outcome"] "players whom a game wanted in another room, by what came of it: moved, stayed";
    "greenroom_desyncs_total" Counter Count [] "clients whose state was not the room's: always a bug";
    "greenroom_outbox_overflows_total" Counter Count ["game"] "clients closed because too many events waited for them";

    "greenroom_rooms" Gauge Count ["game"] "rooms";
    "greenroom_players" Gauge Count ["game"] "seats that are taken, with or without a connection";
    "greenroom_matches_finished_total" Counter Count ["game"] "matches that came to their end";
    "greenroom_tick_seconds" Histogram Seconds ["game"] "how long steps take, with the frames they send";
    "greenroom_tick_lateness_seconds" Histogram Seconds ["game"] "how late steps begin";
    "greenroom_tick_overruns_total" Counter Count ["game"] "steps that took longer than the time between two";
    "greenroom_ticks_missed_total" Counter Count ["game"] "steps that were left out because one before was late or long";
    "greenroom_inputs_total" Counter Count ["game", "fate"] "inputs: queued, and of these merged into a newer one of the same tick";
    "greenroom_requests_total" Counter Count ["game", "fate"] "requests: queued, again (were taken before), refused (too many wait)";
    "greenroom_chat_lines_total" Counter Count ["game"] "lines of chat that were said, by players and by games";
    "greenroom_frames_total" Counter Count ["game", "kind"] "frames sent: step (from the one before), merged (from an older one), full";
    "greenroom_frame_bytes_total" Counter Bytes ["game", "kind"] "bytes of these frames, without TLS and WebSocket";
    "greenroom_frames_skipped_total" Counter Count ["game"] "frames not sent because the client's socket was full";
    "greenroom_spectator_frames_total" Counter Count ["game"] "frames sent to those who look on";
    "greenroom_spectator_frames_skipped_total" Counter Count ["game"] "frames not sent to them because their socket was full";
    "greenroom_floats_clamped_total" Counter Count ["game"] "floats of a state that were outside of their range";
    "greenroom_states_too_large_total" Counter Count ["game"] "steps to a state that clients would not take";

    "greenroom_rooms_crashed_total" Counter Count ["kind"] "panics in rooms, and stalls: steps that never ended";
    "greenroom_threads_lost" Gauge Count [] "threads in steps that were given up and have not ended: each burns a core";
    "greenroom_rooms_restored_total" Counter Count ["from"] "rooms brought back from their log, or from the journal";
    "greenroom_rooms_failed_total" Counter Count [] "rooms that could not be brought back: their match is lost";
    "greenroom_rooms_set_aside_total" Counter Count [] "rooms of another process that this one cannot go on with";
    "greenroom_rooms_rolled_back_total" Counter Count [] "rooms of another process that are back at an earlier point";
    "greenroom_rooms_taken_over_total" Counter Count ["how"] "rooms of another build: as_it_was, or migrated";
    "greenroom_recovery_decisions_total" Counter Count ["decision"] "what was left out of steps that panicked";
    "greenroom_replays_diverged_total" Counter Count [] "steps that came out otherwise when made again: the game is not deterministic";

    "greenroom_child_exits_total" Counter Count ["exit", "next"] "actors that ended, and whether they are started again";
    "greenroom_actors_live" Gauge Count ["class"] "actors";
    "greenroom_actors_started_total" Counter Count ["class"] "actors that were started";
    "greenroom_actors_ended_total" Counter Count ["class"] "actors that have ended";
    "greenroom_actor_panics_total" Counter Count ["class"] "panics in actors";
    "greenroom_actor_messages_total" Counter Count ["class"] "messages that actors have handled";
    "greenroom_actor_busy_microseconds_total" Counter Microseconds ["class"] "time that they took for it";
    "greenroom_mailbox_depth_max" Gauge Count ["class"] "messages in the longest mailbox";
    "greenroom_mailbox_alarms_total" Counter Count ["class"] "mailboxes that grew beyond 1,024, or twice as long again";
    "greenroom_actors_stuck" Gauge Count [] "actors that are on one message for too long";
    "greenroom_actors_stuck_total" Counter Count ["class"] "actors and steps that were found so";

    "greenroom_journal_sound" Gauge Count [] "1 while the journal keeps what rooms do";
    "greenroom_journal_lag_seconds" Gauge Seconds [] "age of the oldest record of the last write when it was written";
    "greenroom_journal_queue_bytes" Gauge Bytes [] "bytes of the last write";
    "greenroom_journal_segments" Gauge Count [] "files of the journal";
    "greenroom_journal_disk_bytes" Gauge Bytes [] "bytes of these files";
    "greenroom_journal_writes_total" Counter Count [] "writes";
    "greenroom_journal_write_seconds" Histogram Seconds [] "how long writes take";
    "greenroom_journal_records_total" Counter Count [] "records written";
    "greenroom_journal_bytes_total" Counter Bytes [] "bytes written";
    "greenroom_journal_fsyncs_total" Counter Count [] "syncs to the disk";
    "greenroom_journal_fsync_seconds" Histogram Seconds [] "how long syncs take";
    "greenroom_journal_errors_total" Counter Count [] "writes and syncs that failed";
    "greenroom_journal_lost_records_total" Counter Count [] "records that were not kept";
    "greenroom_journal_overtaken_total" Counter Count [] "steps made although the journal did not have them yet";

    "greenroom_results_waiting" Gauge Count [] "match results that wait for their file";
    "greenroom_result_errors_total" Counter Count [] "times that the file of results could not be written to";
    "greenroom_results_lost_total" Counter Count [] "match results that are in the log instead: too many waited, or the disk still failed at the stop";

    "greenroom_replays_kept_total" Counter Count [] "replays of finished matches that were kept";
    "greenroom_replays_lost_total" Counter Count ["why"] "replays that were not: disk, queue, or space";
}

/// Tells the recorder what they are. Those without labels are there from the start, as 0: a rate
/// over something that has not happened yet is 0 and not missing.
pub(super) fn describe() {
    for Meter { name, kind, unit, labels, meaning } in METERS {
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, *unit, *meaning),
            Kind::Gauge => metrics::describe_gauge!(*name, *unit, *meaning),
            Kind::Histogram => metrics::describe_histogram!(*name, *unit, *meaning),
        }
        if labels.is_empty() && *kind == Kind::Counter {
            metrics::counter!(*name).increment(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;

    /// The text of all source files but this one.
    fn sources(dir: &Path, into: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let name = path.display().to_string();
                into.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }

    /// The metrics that a source file names, with the macro that is called with the name.
    fn named(text: &str) -> Vec<(&str, Option<Kind>)> {
        let kinds = [
            ("counter!(", Kind::Counter),
            ("gauge!(", Kind::Gauge),
            ("histogram!(", Kind::Histogram),
        ];
        let mut found = Vec::new();
        for prefix in ["\"greenroom_", "\"process_"] {
            for (start, _) in text.match_indices(prefix) {
                let name = text[start + 1..].split('"').next().unwrap();
                if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
                    continue;
                }
                let before = text[..start].trim_end();
                let kind = kinds.iter().find(|(call, _)| before.ends_with(call));
                found.push((name, kind.map(|(_, kind)| *kind)));
            }
        }
        found
    }

    #[test]
    fn the_table_has_what_the_source_has_and_nothing_else() {
        let known: BTreeMap<_, _> = METERS.iter().map(|meter| (meter.name, meter.kind)).collect();
        assert_eq!(known.len(), METERS.len(), "a name stands twice");
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
        let mut used = BTreeSet::new();
        for (file, text) in files.iter().filter(|(file, _)| !file.ends_with("ops/meters.rs")) {
            for (name, kind) in named(text) {
                let in_table = known.get(name);
                assert!(in_table.is_some(), "{file}: {name} is not in the table");
                assert!(
                    kind.is_none() || kind.as_ref() == in_table,
                    "{file}: {name} is no {kind:?}"
                );
                used.insert(name);
            }
            // A name that is put together could not be found.
            let by_name = ["counter!", "gauge!", "histogram!"].map(|call| {
                let calls = text.match_indices(call).map(|(at, call)| &text[at + call.len()..]);
                calls.filter(|rest| !rest[1..].trim_start().starts_with('"')).count()
            });
            let by_name: usize = by_name.iter().sum();
            assert_eq!(by_name, usize::from(file.ends_with("actor/live.rs")), "{file}");
        }
        let unused: Vec<_> = known.keys().filter(|name| !used.contains(*name)).collect();
        assert!(unused.is_empty(), "nothing counts {unused:?}");
    }

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for Meter { name, kind, unit, meaning, .. } in METERS {
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert_eq!(name.contains("_seconds"), *unit == Unit::Seconds, "{name}");
            assert_eq!(name.contains("_bytes"), *unit == Unit::Bytes, "{name}");
            assert!(!meaning.ends_with('.') && !meaning.contains('|'), "{name}");
        }
    }
}
