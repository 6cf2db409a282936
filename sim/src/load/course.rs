//! A run as it goes: a row of figures every so often, and how late this program itself is.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use super::process;
use super::report::{Latency, Process, ms};
use super::tally::{Recent, Tally};

/// So often this program looks whether it is late. Bots wait for their turn in the same queues.
const PULSE: Duration = Duration::from_millis(10);
/// Rows at most: more would be no use to a reader.
const ROWS: f64 = 60.0;

/// What was the case in a stretch of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Row {
    /// When it ended, since the run began.
    pub(super) at_secs: f64,
    /// Bots with a connection at its end.
    pub(super) connected: u64,
    /// Bots with a seat, or that look on.
    pub(super) seated: u64,
    pub(super) frames_per_sec: f64,
    /// Of inputs.
    pub(super) latency_ms: Latency,
    /// How late this program was, 99th percentile.
    pub(super) generator_late_ms: f64,
    /// CPU of this program, in cores.
    pub(super) generator_cores: f64,
    /// CPU of the server, in cores, if it can be seen.
    pub(super) server_cores: Option<f64>,
    pub(super) server_mb: Option<f64>,
}

/// Figures of a process so far.
struct Watched {
    pid: u32,
    began: Duration,
    before: Duration,
    now: Duration,
    memory: u64,
    memory_max: u64,
}

impl Watched {
    fn new(pid: u32) -> Option<Self> {
        let cpu = process::cpu(pid)?;
        let memory = process::memory(pid)?;
        Some(Watched { pid, began: cpu, before: cpu, now: cpu, memory, memory_max: memory })
    }

    /// Looks again. Of a process that is gone the last figures stay.
    fn look(&mut self) {
        self.before = self.now;
        self.now = process::cpu(self.pid).unwrap_or(self.now);
        self.memory = process::memory(self.pid).unwrap_or(self.memory);
        self.memory_max = self.memory_max.max(self.memory);
    }

    /// Since the last look but one, in cores.
    fn cores(&self, over: Duration) -> f64 {
        let cores =
            self.now.saturating_sub(self.before).as_secs_f64() / over.as_secs_f64().max(0.001);
        (cores * 100.0).round() / 100.0
    }

    /// Counts from now on.
    fn begin(&mut self) {
        self.began = process::cpu(self.pid).unwrap_or(self.began);
    }

    fn summary(&self, frames: u64, over: Duration) -> Process {
        let cpu = self.now.saturating_sub(self.began).as_secs_f64();
        Process {
            cores: ms(cpu / over.as_secs_f64().max(0.001)),
            cpu_us_per_frame: ms(1e6 * cpu / frames.max(1) as f64),
            memory_mb_max: mb(self.memory_max),
        }
    }
}

fn mb(bytes: u64) -> f64 {
    (bytes as f64 / f64::from(1 << 20) * 10.0).round() / 10.0
}

/// Notes how late the thread on which it is polled is, beyond what it is meant to be.
pub(super) async fn pulse(tally: &Tally, meant: Duration) {
    let mut due = Instant::now() + PULSE;
    loop {
        sleep_until(due).await;
        let now = Instant::now();
        // One for each that was missed: a stall counts as long as it lasted.
        while due <= now {
            tally.late(0, (now - due).saturating_sub(meant));
            due += PULSE;
        }
    }
}

/// Takes the rows of a run.
pub(super) struct Sampler {
    tally: Arc<Tally>,
    began: Instant,
    /// From when on CPU is counted, and the frames that had come by then.
    measured: (Instant, u64),
    every: Duration,
    warm: Option<Instant>,
    row_at: Instant,
    row_began: Instant,
    frames: u64,
    generator: Option<Watched>,
    server: Option<Watched>,
    rows: Vec<Row>,
}

/// What a run came to, row by row and in all.
pub(super) struct Sampled {
    pub(super) rows: Vec<Row>,
    pub(super) generator: Option<Process>,
    pub(super) server: Option<Process>,
}

impl Sampler {
    /// Of a run that is to take so long; times in the warm-up are forgotten at its end.
    pub(super) fn new(
        tally: Arc<Tally>,
        secs: f64,
        warmup: Option<Duration>,
        server: Option<u32>,
    ) -> Self {
        let (began, me) = (Instant::now(), std::process::id());
        let every = Duration::from_secs_f64((secs / ROWS).ceil().max(1.0));
        Sampler {
            tally,
            began,
            measured: (began, 0),
            every,
            warm: warmup.map(|warmup| began + warmup),
            row_at: began + every,
            row_began: began,
            frames: 0,
            generator: Watched::new(me),
            // A server in this very process cannot be told from its bots.
            server: server.filter(|pid| *pid != me).and_then(Watched::new),
            rows: Vec::new(),
        }
    }

    /// Takes rows for as long as it is polled; `tell` hears of each.
    pub(super) async fn run(&mut self, tell: impl Fn(&Row)) {
        loop {
            sleep_until(self.warm.unwrap_or(self.row_at).min(self.row_at)).await;
            let now = Instant::now();
            if self.warm.take_if(|warm| *warm <= now).is_some() {
                self.warmed_up(now);
            }
            if self.row_at <= now {
                let row = self.row(now);
                tell(&row);
            }
        }
    }

    /// Nothing that was measured so far counts.
    fn warmed_up(&mut self, now: Instant) {
        self.tally.warmed_up();
        self.measured = (now, self.tally.live.frames.load(Relaxed));
        [&mut self.generator, &mut self.server].into_iter().flatten().for_each(Watched::begin);
    }

    fn row(&mut self, now: Instant) -> Row {
        let over = now - self.row_began;
        (self.row_began, self.row_at) = (now, now + self.every);
        [&mut self.generator, &mut self.server].into_iter().flatten().for_each(Watched::look);
        let frames = self.tally.live.frames.load(Relaxed);
        let Recent { inputs, late } = self.tally.recent();
        let row = Row {
            at_secs: ms((now - self.began).as_secs_f64()),
            connected: self.tally.live.connected.get(),
            seated: self.tally.live.seated.get(),
            frames_per_sec: ((frames - self.frames) as f64 / over.as_secs_f64().max(0.001)).round(),
            latency_ms: Latency::of(&inputs),
            generator_late_ms: Latency::of(&late).p99,
            generator_cores: self.generator.as_ref().map_or(0.0, |process| process.cores(over)),
            server_cores: self.server.as_ref().map(|process| process.cores(over)),
            server_mb: self.server.as_ref().map(|process| mb(process.memory)),
        };
        self.frames = frames;
        self.rows.push(row);
        row
    }

    /// What it all came to, as of now.
    pub(super) fn done(mut self) -> Sampled {
        // What is left of a second says little.
        if self.rows.is_empty() || Instant::now() - self.row_began > self.every / 2 {
            self.row(Instant::now());
        }
        [&mut self.generator, &mut self.server].into_iter().flatten().for_each(Watched::look);
        let (since, before) = self.measured;
        let (over, frames) = (since.elapsed(), self.tally.live.frames.load(Relaxed) - before);
        let summary =
            |process: Option<Watched>| process.map(|process| process.summary(frames, over));
        Sampled {
            rows: self.rows,
            generator: summary(self.generator),
            server: summary(self.server),
        }
    }
}
