//! The summary, for people and for programs.

use hdrhistogram::Histogram;
use serde::Serialize;

use super::staleness::Staleness;

/// What a run came to. Field names are what scripts read.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Summary {
    /// Bots that were started.
    pub(super) bots: u32,
    /// Bots that got a seat at least once.
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
    /// Age of the newest state that a bot held, over all moments of play.
    pub(super) staleness_ms: Staleness,
    /// How late this program was with what the timetable said, 99th percentile.
    pub(super) generator_late_ms: f64,
}

/// Percentiles in milliseconds; all 0 if nothing was measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    pub(super) max: f64,
}

impl Latency {
    /// Of times in microseconds.
    pub(super) fn of(times: &Histogram<u64>) -> Self {
        let at = |quantile| times.value_at_quantile(quantile) as f64 / 1000.0;
        Latency { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: times.max() as f64 / 1000.0 }
    }
}

/// Prints to standard output; with `json` as one line.
pub(super) fn print(summary: &Summary, json: bool) -> Result<(), String> {
    use std::io::Write;
    let text = if json {
        serde_json::to_string(summary).map_err(|error| error.to_string())?
    } else {
        table(summary)
    };
    writeln!(std::io::stdout(), "{text}").map_err(|error| format!("cannot print: {error}"))
}

fn table(summary: &Summary) -> String {
    let Summary { latency_ms: input, request_latency_ms: request, staleness_ms: age, .. } = summary;
    let per_sec = |count: u64| count as f64 / summary.seconds.max(0.001);
    let times = |l: &Latency| {
        format!("p50 {:.2}  p99 {:.2}  p99.9 {:.2}  max {:.2} ms", l.p50, l.p99, l.p999, l.max)
    };
    let bytes = summary.bytes as f64 / summary.frames.max(1) as f64;
    [
        ("bots", format!("{} of {} got a seat", summary.joined, summary.bots)),
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
        ("staleness", format!("p50 {:.1}  p99 {:.1}  max {:.1} ms", age.p50, age.p99, age.max)),
        ("unanswered", summary.unanswered.to_string()),
        ("desyncs", summary.desyncs.to_string()),
        (
            "disconnects",
            format!(
                "{}, {} reconnects, {} bots came back to their seat",
                summary.disconnects, summary.reconnects, summary.resumed
            ),
        ),
        ("errors", summary.errors.to_string()),
        ("generator late", format!("p99 {:.2} ms", summary.generator_late_ms)),
    ]
    .map(|(name, value)| format!("{name:<18}{value}"))
    .join("\n")
}
