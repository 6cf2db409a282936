//! What a run has to come to: `p99<60ms,desyncs=0`.

use std::fmt;

use super::report::Summary;

/// In what a metric is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    /// Milliseconds; may be written in `us` and `s`, too.
    Time,
    Count,
    /// Of a hundred; `%` may be written or left out.
    Percent,
}

struct Metric {
    name: &'static str,
    unit: Unit,
    meaning: &'static str,
    /// `None`: nothing was measured.
    value: fn(&Summary) -> Option<f64>,
}

macro_rules! metrics {
    ($($name:literal $unit:ident $meaning:literal $value:expr;)+) => {
        static METRICS: &[Metric] = &[$(
            Metric { name: $name, unit: Unit::$unit, meaning: $meaning, value: $value }
        ),+];
    };
}

metrics! {
    "p50" Time "input latency" |s| s.latency_ms.measured(|l| l.p50);
    "p95" Time "input latency" |s| s.latency_ms.measured(|l| l.p95);
    "p99" Time "input latency" |s| s.latency_ms.measured(|l| l.p99);
    "p999" Time "input latency, 99.9th percentile" |s| s.latency_ms.measured(|l| l.p999);
    "max" Time "input latency" |s| s.latency_ms.measured(|l| l.max);
    "request_p50" Time "request latency" |s| s.request_latency_ms.measured(|l| l.p50);
    "request_p99" Time "request latency" |s| s.request_latency_ms.measured(|l| l.p99);
    "request_max" Time "request latency" |s| s.request_latency_ms.measured(|l| l.max);
    "stale_p50" Time "age of the newest state that a player holds" |s| s.aged(s.staleness_ms.p50);
    "stale_p99" Time "the same" |s| s.aged(s.staleness_ms.p99);
    "stale_max" Time "the same" |s| s.aged(s.staleness_ms.max);
    "back_p99" Time "from a break of a connection to the seat" |s| s.back_ms.measured(|l| l.p99);
    "back_max" Time "the same" |s| s.back_ms.measured(|l| l.max);
    "joined" Percent "bots that got what they came for" |s| {
        Some(100.0 * s.joined as f64 / f64::from(s.bots.max(1)))
    };
    "frames_per_sec" Count "state frames" |s| Some(s.frames as f64 / s.seconds.max(0.001));
    "desyncs" Count "copies of the state that differ" |s| Some(s.desyncs as f64);
    "disconnects" Count "connections that ended unexpectedly" |s| Some(s.disconnects as f64);
    "errors" Count "failed attempts to connect or join" |s| Some(s.errors as f64);
    "unanswered" Count "inputs and requests without an answer" |s| Some(s.unanswered as f64);
    "late_p99" Time "lateness of this program itself" |s| Some(s.generator_late_ms);
    "server_cpu" Percent "of one core, on average" |s| {
        s.server.as_ref().map(|server| 100.0 * server.cores)
    };
    "server_mb" Count "memory of the server's process at most, in MiB" |s| {
        s.server.as_ref().map(|server| server.memory_mb_max)
    };
}

/// The metrics that there are, for help texts.
pub(crate) fn known() -> String {
    let lines = METRICS.iter().map(|metric| {
        let unit = match metric.unit {
            Unit::Time => "ms",
            Unit::Count => "",
            Unit::Percent => "%",
        };
        format!("\n  {:<16}{unit:<4}{}", metric.name, metric.meaning)
    });
    let head = "Metrics of --expect, compared with < <= > >= = (times in us, ms or s; ms if not \
                said):";
    head.to_owned() + &lines.collect::<String>()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Is {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
}

/// Longest first, so that `<=` is not taken for `<`.
const SIGNS: [(&str, Is); 6] = [
    ("<=", Is::AtMost),
    (">=", Is::AtLeast),
    ("==", Is::Equal),
    ("<", Is::Below),
    (">", Is::Above),
    ("=", Is::Equal),
];

/// One of the things that a run has to come to.
#[derive(Clone)]
pub(crate) struct Expectation {
    /// As it was written.
    text: String,
    metric: &'static Metric,
    is: Is,
    /// In the metric's unit.
    bound: f64,
}

impl fmt::Debug for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An expectation, and what came instead.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub(crate) struct Broken {
    /// What was expected, as it was written.
    pub(super) expected: String,
    /// What was measured, in the metric's unit; `null`: nothing was.
    pub(super) was: Option<f64>,
    #[serde(skip)]
    unit: &'static str,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.was {
            Some(was) => write!(f, "expected {}, and it was {was:.2}{}", self.expected, self.unit),
            None => write!(f, "expected {}, and there was nothing to measure", self.expected),
        }
    }
}

/// Reads one.
pub(crate) fn one(text: &str) -> Result<Expectation, String> {
    let text = text.trim();
    // The sign that comes first: names and numbers have none.
    let sign = text.char_indices().find_map(|(place, _)| {
        let rest = &text[place..];
        SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)).map(|(sign, is)| (place, sign, *is))
    });
    let Some((place, sign, is)) = sign else {
        return Err(format!("`{text}` compares nothing: write it as p99<60ms or desyncs=0"));
    };
    let (name, value) = (text[..place].trim(), text[place + sign.len()..].trim());
    let Some(metric) = METRICS.iter().find(|metric| metric.name == name) else {
        let names: Vec<_> = METRICS.iter().map(|metric| metric.name).collect();
        return Err(format!("there is no metric `{name}`: choose from {}", names.join(", ")));
    };
    let bound = metric.unit.read(value).map_err(|why| format!("`{text}`: {why}"))?;
    Ok(Expectation { text: text.to_owned(), metric, is, bound })
}

impl Unit {
    fn read(self, text: &str) -> Result<f64, String> {
        let units: &[(&str, f64)] = match self {
            // `s` last: the others end in it.
            Unit::Time => &[("ms", 1.0), ("us", 0.001), ("s", 1000.0)],
            Unit::Percent => &[("%", 1.0)],
            Unit::Count => &[],
        };
        let unit = units.iter().find_map(|(unit, factor)| {
            text.strip_suffix(unit).map(|number| (number.trim_end(), *factor))
        });
        let (number, factor) = unit.unwrap_or((text, 1.0));
        let number = number.parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(|number| number * factor).ok_or_else(|| {
            let with = match self {
                Unit::Time => "a number with us, ms or s",
                Unit::Percent => "a number with or without %",
                Unit::Count => "a number without a unit",
            };
            format!("`{text}` is not {with}")
        })
    }

    fn shown(self) -> &'static str {
        match self {
            Unit::Time => " ms",
            Unit::Count => "",
            Unit::Percent => " %",
        }
    }
}

/// What did not come as expected. What was not measured did not: a bound that holds because nobody
/// played would say nothing.
pub(super) fn broken(expectations: &[Expectation], summary: &Summary) -> Vec<Broken> {
    let holds = |e: &Expectation, was: f64| match e.is {
        Is::Below => was < e.bound,
        Is::AtMost => was <= e.bound,
        Is::Above => was > e.bound,
        Is::AtLeast => was >= e.bound,
        Is::Equal => was == e.bound,
    };
    let broken = expectations.iter().filter_map(|expectation| {
        let was = (expectation.metric.value)(summary);
        let fits = was.is_some_and(|was| holds(expectation, was));
        (!fits).then(|| Broken {
            expected: expectation.text.clone(),
            was,
            unit: expectation.metric.unit.shown(),
        })
    });
    broken.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::report::Latency;

    fn parse(text: &str) -> Result<Vec<Expectation>, String> {
        text.split(',').map(one).collect()
    }

    #[test]
    fn each_expectation_is_held_against_what_was_measured() {
        let latency_ms =
            Latency { count: 9, p50: 20.0, p95: 40.0, p99: 60.0, p999: 61.0, max: 62.0 };
        let summary = Summary { bots: 4, joined: 3, latency_ms, ..Summary::default() };
        for (text, says) in [
            ("p99<=60, p50 < 0.021s ,max>61999us,desyncs=0,joined>=75%", ""),
            ("p99<60ms", "expected p99<60ms, and it was 60.00 ms"),
            ("joined==100", "expected joined==100, and it was 75.00 %"),
            ("desyncs>0", "expected desyncs>0, and it was 0.00"),
            ("request_p99<1s", "expected request_p99<1s, and there was nothing to measure"),
            ("server_mb<99", "expected server_mb<99, and there was nothing to measure"),
        ] {
            let broken = broken(&parse(text).unwrap(), &summary);
            let said: Vec<_> = broken.iter().map(Broken::to_string).collect();
            assert_eq!(said.join("; "), says, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_in_a_sentence() {
        for (text, says) in [
            ("", "`` compares nothing: write it as p99<60ms or desyncs=0"),
            ("p98<5", "there is no metric `p98`: choose from p50, p95, p99,"),
            ("p99<fast", "`p99<fast`: `fast` is not a number with us, ms or s"),
            ("p99<5h", "`p99<5h`: `5h` is not a number with us, ms or s"),
            ("desyncs=0ms", "`desyncs=0ms`: `0ms` is not a number without a unit"),
            ("p99<NaN", "`p99<NaN`: `NaN` is not a number"),
            ("p99<5,,", "`` compares nothing"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(says), "{text}: {error}");
        }
        // Every metric in the help can be asked for.
        METRICS.iter().for_each(|metric| drop(parse(&format!("{}>=0", metric.name)).unwrap()));
    }
}
