//! The summary, for people and for programs.

use std::io::Write;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::course::Row;
use super::expect::Broken;
use super::staleness::Staleness;

/// This program was the bottleneck if it was later than this itself: a fifth of a tick at 20 Hz.
pub(super) const LATE_MS_MAX: f64 = 10.0;

/// What a run came to. Field names are what scripts read.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Summary {
    /// Bots that were started.
    pub(super) bots: u32,
    /// What they did besides playing.
    pub(super) scenario: &'static str,
    /// Share of them that had a copy of the state; the others cannot notice a desync.
    pub(super) decoded: f64,
    /// Bots that got what they came for at least once: a seat, a place to look on, a connection.
    pub(super) joined: u64,
    /// Matches that ended while a bot was in them.
    pub(super) matches_finished: u64,
    /// State frames.
    pub(super) frames: u64,
    /// Their bytes, without WebSocket and TLS.
    pub(super) bytes: u64,
    /// Frames that held the whole state.
    pub(super) full_frames: u64,
    /// Frames that held the change from an older frame than the one before.
    pub(super) merged_frames: u64,
    /// Inputs.
    pub(super) inputs: u64,
    /// Requests.
    pub(super) requests: u64,
    /// Inputs and requests under way for over a second when their connection or the run ended.
    pub(super) unanswered: u64,
    /// Times that a copy of the state was found to differ.
    pub(super) desyncs: u64,
    /// Connections that ended unexpectedly.
    pub(super) disconnects: u64,
    /// Connections that were made again, with a seat or without.
    pub(super) reconnects: u64,
    /// Bots that came back to their seat at least once.
    pub(super) resumed: u64,
    /// Failed attempts to connect or join.
    pub(super) errors: u64,
    /// How long it took.
    pub(super) seconds: f64,
    /// From the time an input was due to the first frame that acknowledges it.
    pub(super) latency_ms: Latency,
    /// From the time a request was due to its answer.
    pub(super) request_latency_ms: Latency,
    /// From the break of a connection to the seat.
    pub(super) back_ms: Latency,
    /// Age of the newest state that a bot held, over all moments of play.
    pub(super) staleness_ms: Staleness,
    /// How late this program was with what the timetable said, 99th percentile.
    pub(super) generator_late_ms: f64,
    /// Whether that was too late: the times are those of this program then, not of the server.
    pub(super) generator_limited: bool,
    /// What this program took of the machine, on Linux.
    pub(super) generator: Option<Process>,
    /// What the server took of it, if it is on this machine.
    pub(super) server: Option<Process>,
    /// What did not come as `--expect` says.
    pub(super) broken: Vec<Broken>,
    /// How it went, a row every second or every sixtieth of the run.
    pub(super) series: Vec<Row>,
}

impl Summary {
    /// An age, if any was measured.
    pub(super) fn aged(&self, age: f64) -> Option<f64> {
        (self.staleness_ms != Staleness::default()).then_some(age)
    }
}

/// What a process took, after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Process {
    /// CPU, on average.
    pub(super) cores: f64,
    /// That time for each frame that came to a bot; all that the process did is in it.
    pub(super) cpu_us_per_frame: f64,
    /// In MiB.
    pub(super) memory_mb_max: f64,
}

/// Percentiles in milliseconds; all 0 if nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Latency {
    /// How many times were measured.
    pub(super) count: u64,
    pub(super) p50: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    pub(super) max: f64,
}

impl Latency {
    /// Of times in microseconds.
    pub(super) fn of(times: &Histogram<u64>) -> Self {
        let at = |quantile| times.value_at_quantile(quantile) as f64 / 1000.0;
        Latency {
            count: times.len(),
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: times.max() as f64 / 1000.0,
        }
    }

    /// One of the figures, if anything was measured.
    pub(super) fn measured(&self, figure: fn(&Latency) -> f64) -> Option<f64> {
        (self.count > 0).then(|| figure(self))
    }
}

/// To three digits behind the point.
pub(super) fn ms(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// A row for people who watch.
pub(super) fn live(row: &Row) -> String {
    let Row { at_secs, connected, seated, frames_per_sec, latency_ms, generator_late_ms, .. } = row;
    let latency = match latency_ms.count {
        0 => String::new(),
        _ => format!("  input p50 {:.1} p99 {:.1} ms", latency_ms.p50, latency_ms.p99),
    };
    let server = match (row.server_cores, row.server_mb) {
        (Some(cores), Some(mb)) => format!("  server {cores:.2} cores {mb:.0} MiB"),
        _ => String::new(),
    };
    format!(
        "{at_secs:>5.0} s  {connected} connected  {seated} seated  {frames_per_sec:.0} frames/s{latency}\
         {server}  generator {:.2} cores, late {generator_late_ms:.1} ms",
        row.generator_cores
    )
}

/// Prints to standard output; with `json` as one line.
pub(super) fn print(summary: &Summary, json: bool) -> Result<(), String> {
    let text = if json {
        serde_json::to_string(summary).map_err(|error| error.to_string())?
    } else {
        table(summary)
    };
    writeln!(std::io::stdout(), "{text}").map_err(|error| format!("cannot print: {error}"))
}

/// The figures as lines of a name and a value.
pub(super) fn lines(summary: &Summary) -> Vec<(&'static str, String)> {
    let Summary { latency_ms: input, request_latency_ms: request, staleness_ms: age, .. } = summary;
    let per_sec = |count: u64| count as f64 / summary.seconds.max(0.001);
    let times = |l: &Latency| match l.count {
        0 => "nothing to measure".to_owned(),
        _ => {
            format!("p50 {:.2}  p99 {:.2}  p99.9 {:.2}  max {:.2} ms", l.p50, l.p99, l.p999, l.max)
        }
    };
    let aged = match summary.aged(age.max) {
        None => "nothing to measure".to_owned(),
        Some(max) => format!("p50 {:.1}  p99 {:.1}  max {max:.1} ms", age.p50, age.p99),
    };
    let bytes = summary.bytes as f64 / summary.frames.max(1) as f64;
    let mut lines = vec![
        ("bots", format!("{} of {} got {}", summary.joined, summary.bots, summary.aim())),
        ("seconds", format!("{:.1}", summary.seconds)),
        ("matches finished", summary.matches_finished.to_string()),
        (
            "frames",
            format!("{} ({:.0}/s, {bytes:.0} bytes each)", summary.frames, per_sec(summary.frames)),
        ),
        (
            "of these",
            format!("{} whole states, {} merged", summary.full_frames, summary.merged_frames),
        ),
        ("inputs", format!("{} ({:.0}/s)", summary.inputs, per_sec(summary.inputs))),
        ("requests", format!("{} ({:.0}/s)", summary.requests, per_sec(summary.requests))),
        ("input latency", times(input)),
        ("request latency", times(request)),
        ("staleness", aged),
        ("unanswered", summary.unanswered.to_string()),
        ("desyncs", summary.desyncs()),
        (
            "disconnects",
            format!(
                "{}, {} reconnects, {} bots came back to their seat",
                summary.disconnects, summary.reconnects, summary.resumed
            ),
        ),
    ];
    if summary.back_ms.count > 0 {
        lines.push(("back after", times(&summary.back_ms)));
    }
    lines.push(("errors", summary.errors.to_string()));
    lines.push(("generator late", format!("p99 {:.2} ms", summary.generator_late_ms)));
    for (name, process) in [("generator took", summary.generator), ("server took", summary.server)]
    {
        let Some(Process { cores, cpu_us_per_frame, memory_mb_max }) = process else { continue };
        let value = format!(
            "{cores:.2} cores, {cpu_us_per_frame:.1} us for each frame, {memory_mb_max:.0} MiB"
        );
        lines.push((name, value));
    }
    lines
}

impl Summary {
    fn aim(&self) -> &'static str {
        match self.scenario {
            "idle" => "a connection or a seat",
            "spectators" => "a seat or a place to look on",
            _ => "a seat",
        }
    }

    fn desyncs(&self) -> String {
        match self.decoded < 1.0 {
            false => self.desyncs.to_string(),
            true => format!("{} (of the {} that looked)", self.desyncs, percent(self.decoded)),
        }
    }

    /// What a reader has to know before the figures are believed.
    pub(super) fn warning(&self) -> Option<String> {
        self.generator_limited.then(|| {
            format!(
                "the generator was the bottleneck: it was {:.1} ms late itself (p99), so the times \
                 hold its own delays. Let fewer bots play, have fewer of them decode (--decode 5%), \
                 or run it on another machine",
                self.generator_late_ms
            )
        })
    }
}

pub(super) fn percent(share: f64) -> String {
    let percent = (share * 1000.0).round() / 10.0;
    format!("{percent} %")
}

fn table(summary: &Summary) -> String {
    let lines = lines(summary).into_iter().map(|(name, value)| format!("{name:<18}{value}"));
    lines.collect::<Vec<_>>().join("\n")
}
