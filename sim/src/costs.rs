//! What matches cost the machine that plays them: the time of a step, CPU, memory. In a file of its own
//! beside the results, which are the same on every machine.
//!
//! A line of JSON says what played, and each further one how far it had come: up to [`ROWS`] of them,
//! however many matches there are.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::load::process;
use crate::results::Made;

/// Version of the format.
const FORMAT: u32 = 1;
/// Lines that are written at most: as many as a picture shows.
const ROWS: u64 = 200;
/// Bytes that are read at most; what is written has some 40 KiB.
const BYTES_MAX: u64 = 1024 * 1024;
/// Times of steps are told apart from 100 ns to a minute, in two digits.
const STEP_NS: (u64, u64) = (100, 60_000_000_000);

/// What time it is, for a reader; no match sees it.
#[allow(clippy::disallowed_methods)] // see above
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How long steps took.
pub(crate) struct StepTimes(Histogram<u32>);

impl StepTimes {
    pub(crate) fn new() -> Self {
        let (least, most) = STEP_NS;
        StepTimes(Histogram::new_with_bounds(least, most, 2).expect("these bounds are valid"))
    }

    /// Makes a step, and takes note of how long it took.
    pub(crate) fn of<T>(&mut self, step: impl FnOnce() -> T) -> T {
        let began = now();
        let made = step();
        let ns = u64::try_from((now() - began).as_nanos()).unwrap_or(u64::MAX);
        self.0.saturating_record(ns);
        made
    }

    fn add(&mut self, other: &StepTimes) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    fn told(&self) -> Steps {
        let us = |ns: u64| ns as f64 / 1000.0;
        let at = |quantile| us(self.0.value_at_quantile(quantile));
        Steps { p50: at(0.5), p99: at(0.99), max: us(self.0.max()) }
    }
}

/// The first line.
#[derive(Serialize, Deserialize)]
pub(crate) struct Header {
    costs: u32,
    #[serde(flatten)]
    pub(crate) made: Made,
    /// Threads that play.
    pub(crate) jobs: usize,
}

/// How far it has come, and what it took.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Row {
    /// So far.
    pub(crate) matches: u64,
    pub(crate) ticks: u64,
    pub(crate) seconds: f64,
    /// CPU time of the whole process since the first match began, where the system tells.
    pub(crate) cpu_seconds: Option<f64>,
    /// Of the whole process now, where the system tells.
    pub(crate) memory_bytes: Option<u64>,
    /// The steps since the row before.
    pub(crate) step_us: Steps,
}

/// Times in microseconds.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Steps {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

/// A file that is written while matches are played.
pub(crate) struct CostsFile {
    path: PathBuf,
    file: File,
    /// Matches from row to row.
    every: u64,
    began: Instant,
    cpu_before: Option<Duration>,
    /// The row that is written next.
    row: Row,
    /// Steps since the last one.
    steps: StepTimes,
}

impl CostsFile {
    /// A new file for so many matches. The error is a sentence.
    pub(crate) fn create(
        path: &Path,
        made: &Made,
        jobs: usize,
        matches: u64,
    ) -> Result<Self, String> {
        let file = File::create(path)
            .map_err(|error| format!("--costs: {} cannot be written: {error}", path.display()))?;
        let mut costs = CostsFile {
            path: path.to_owned(),
            file,
            every: matches.div_ceil(ROWS).max(1),
            began: now(),
            cpu_before: process::cpu(std::process::id()),
            row: Row::default(),
            steps: StepTimes::new(),
        };
        costs.write(&Header { costs: FORMAT, made: made.clone(), jobs })?;
        Ok(costs)
    }

    /// One more match of so many ticks. The error is a sentence.
    pub(crate) fn add(&mut self, ticks: u32, steps: &StepTimes) -> Result<(), String> {
        self.row.matches += 1;
        self.row.ticks += u64::from(ticks);
        self.steps.add(steps);
        match self.row.matches.is_multiple_of(self.every) {
            true => self.tell(),
            false => Ok(()),
        }
    }

    /// There are no more.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        match self.row.matches.is_multiple_of(self.every) {
            true => Ok(()),
            false => self.tell(),
        }
    }

    fn tell(&mut self) -> Result<(), String> {
        let me = std::process::id();
        let cpu = process::cpu(me).zip(self.cpu_before);
        self.row.seconds = secs(now() - self.began);
        self.row.cpu_seconds = cpu.map(|(cpu, before)| secs(cpu.saturating_sub(before)));
        self.row.memory_bytes = process::memory(me);
        self.row.step_us = self.steps.told();
        self.steps = StepTimes::new();
        self.write(&self.row.clone())
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), String> {
        let line = serde_json::to_string(line).map_err(|error| error.to_string())?;
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        let path = self.path.display();
        written.map_err(|error| format!("--costs: {path} cannot be written: {error}"))
    }
}

/// A file that was written.
pub(crate) struct Costs {
    pub(crate) header: Header,
    pub(crate) rows: Vec<Row>,
}

impl Costs {
    /// Reads one. A last line that was not written to its end is left out. The error is a sentence.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let wrong = |why: String| format!("--costs: {} {why}", path.display());
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text))
            .map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let first = lines.next().unwrap_or_default();
        let header: Header = serde_json::from_str(first)
            .map_err(|_| wrong("is no file of costs (match --costs writes them)".to_owned()))?;
        if header.costs != FORMAT {
            let other = header.costs;
            return Err(wrong(format!("has the format {other}, and this program reads {FORMAT}")));
        }
        let rows = lines.map(serde_json::from_str).collect::<Result<_, _>>();
        let rows = rows.map_err(|error| wrong(format!("has a line that is wrong: {error}")))?;
        Ok(Costs { header, rows })
    }

    /// All of it together; `None` before the first row.
    pub(crate) fn total(&self) -> Option<Total> {
        let last = *self.rows.last()?;
        let memory = || self.rows.iter().filter_map(|row| row.memory_bytes);
        let median = |of: fn(&Steps) -> f64| {
            let mut values: Vec<f64> = self.rows.iter().map(|row| of(&row.step_us)).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let max = self.rows.iter().map(|row| row.step_us.max).fold(0.0, f64::max);
        Some(Total {
            matches: last.matches,
            ticks: last.ticks,
            seconds: last.seconds,
            cpu_seconds: last.cpu_seconds,
            ticks_per_cpu_second: last
                .cpu_seconds
                .filter(|seconds| *seconds > 0.0)
                .map(|seconds| (last.ticks as f64 / seconds).round()),
            memory_mb: memory()
                .min()
                .zip(memory().max())
                .map(|(least, most)| [mb(least), mb(most)]),
            step_us: Steps { p50: median(|steps| steps.p50), p99: median(|steps| steps.p99), max },
        })
    }
}

/// To the millisecond: more is noise.
fn secs(time: Duration) -> f64 {
    time.as_millis() as f64 / 1000.0
}

/// Bytes as megabytes, with two digits behind the point.
pub(crate) fn mb(bytes: u64) -> f64 {
    (bytes as f64 / 1e4).round() / 100.0
}

/// Of a whole file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Total {
    pub(crate) matches: u64,
    pub(crate) ticks: u64,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) ticks_per_cpu_second: Option<f64>,
    /// The least and the most of all rows.
    pub(crate) memory_mb: Option<[f64; 2]>,
    /// The median of the rows' values; of `max` the largest.
    pub(crate) step_us: Steps,
}

impl Total {
    /// What it came to, as names with their values.
    pub(crate) fn facts(&self) -> Vec<(&'static str, String)> {
        let Total { matches, ticks, seconds, step_us: Steps { p50, p99, max }, .. } = self;
        let mut facts = vec![
            ("Matches", format!("{matches}, of {ticks} ticks together")),
            ("Time", format!("{seconds:.2} s")),
        ];
        if let Some((cpu, each)) = self.cpu_seconds.zip(self.ticks_per_cpu_second) {
            facts.push(("CPU", format!("{cpu:.2} s, a second for every {each:.0} ticks")));
        }
        facts.push(("A step", format!("p50 {p50:.2}, p99 {p99:.2}, at most {max:.1} us")));
        if let Some([least, most]) = self.memory_mb {
            facts.push(("Memory", format!("{least:.1} to {most:.1} MB")));
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Made {
        Made { game: "arena".to_owned(), ..Made::default() }
    }

    fn written(matches: u64) -> Costs {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("costs");
        let mut costs = CostsFile::create(&path, &made(), 2, matches).unwrap();
        for _ in 0..matches {
            let mut steps = StepTimes::new();
            steps.of(|| ());
            costs.add(3, &steps).unwrap();
        }
        costs.end().unwrap();
        Costs::read(&path).unwrap()
    }

    #[test]
    fn however_many_matches_there_are_a_picture_has_room_for_the_rows() {
        for (matches, rows) in [(1, 1), (200, 200), (201, 101), (1000, 200), (1001, 167)] {
            let costs = written(matches);
            assert_eq!(costs.rows.len(), rows, "{matches}");
            let total = costs.total().unwrap();
            assert_eq!((total.matches, total.ticks), (matches, 3 * matches));
            assert!(costs.rows.is_sorted_by_key(|row| row.matches));
            assert!(total.step_us.max >= total.step_us.p50 && total.step_us.p50 > 0.0);
        }
        assert_eq!((written(0).rows.len(), written(0).total()), (0, None));
    }

    #[test]
    fn what_is_no_file_of_costs_is_said_and_a_line_that_was_cut_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("costs");
        CostsFile::create(&path, &made(), 1, 9).unwrap();
        let mut text = std::fs::read_to_string(&path).unwrap();
        text += r#"{"matches":1,"ti"#;
        std::fs::write(&path, &text).unwrap();
        assert!(Costs::read(&path).unwrap().rows.is_empty());
        std::fs::write(&path, text + "\n").unwrap();
        let why = Costs::read(&path).err().unwrap();
        assert!(why.contains("has a line that is wrong"), "{why}");
        std::fs::write(&path, "{}\n").unwrap();
        let why = Costs::read(&path).err().unwrap();
        assert!(why.contains("is no file of costs"), "{why}");
    }
}
