//! `bench`: what a step of a game costs, alone: no bots, no sockets, one core.
//!
//! One match is played with bots and kept as its log. Then the room makes the same steps again and
//! again, with the same commands and the clock beside it. So what bots think costs nothing here, and
//! two builds of a game are compared by the same work, as long as the match comes out the same.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use greenroom::proto::Tick;
use greenroom::registry::Entry;
use greenroom::room::history::{History, HistoryLimits};
use greenroom::room::log::{Log, Logged};
use greenroom::room::recovery::Progress;
use greenroom::room::views::ViewKey;
use greenroom::{Games, Pace};
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::costs::now;
use crate::headless::Simulation;

/// Times are kept in nanoseconds up to a minute.
const LONGEST_NS: u64 = 60_000_000_000;

/// Bots at most where nobody says how many.
const BOTS_MAX: u32 = 100;

/// Arguments.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The game.
    #[arg(long)]
    game: String,
    /// Who plays the match: a number of the game's default bot, or names: hunter:4,random:4; without,
    /// one for each seat, but not more than 100
    #[arg(long)]
    bots: Option<String>,
    /// The game's options, as a JSON object
    #[arg(long, default_value = "{}", value_name = "JSON")]
    config: String,
    /// Seed of the match
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// How much of the match is played at most, in seconds of the room's time
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    match_secs: u32,
    /// How long to measure, in seconds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3600))]
    secs: u32,
    /// Write the match's log here, for greenroom-sim replay --to-tick
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// One line of JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// What it came to. Times in microseconds.
#[derive(Serialize)]
struct Measured {
    game: String,
    players: usize,
    /// Steps of the match.
    steps: usize,
    /// The whole room's hash after them: equal for equal work.
    hash: String,
    /// Times that the match was made again.
    rounds: u64,
    /// Steps a second on one core: those of the median round, which another program on the machine
    /// does not slow down.
    ticks_per_sec: f64,
    step_us: Times,
    /// The step that took longest in its fastest round: the game's doing, not the machine's.
    slowest_tick: u32,
    slowest_us: f64,
    /// Looking at the state and making what each player is sent, for each frame.
    frame_us: Times,
    /// Bytes of that for a player, on average, without events.
    frame_bytes: f64,
    /// Writing the whole room down, at the end of the match.
    keyframe_us: f64,
    keyframe_bytes: usize,
    /// Rooms for which one core has time at the game's rate, before anything is sent.
    rooms_per_core: Option<f64>,
}

#[derive(Serialize)]
struct Times {
    p50: f64,
    p99: f64,
    max: f64,
}

impl Times {
    fn of(times: &Histogram<u64>) -> Self {
        let us = |ns: u64| (ns as f64 / 10.0).round() / 100.0;
        Times {
            p50: us(times.value_at_quantile(0.5)),
            p99: us(times.value_at_quantile(0.99)),
            max: us(times.max()),
        }
    }
}

/// Plays, measures, prints.
pub fn run(args: &Args, games: &Games) -> Result<(), String> {
    let entry = games.get(&args.game).map_err(|error| error.to_string())?;
    let plan = entry.game.plan(&args.config).map_err(|error| format!("--config: {error}"))?;
    let bots = args.bots.clone().unwrap_or_else(|| plan.seats.min(BOTS_MAX).to_string());
    let series = Simulation::new(games, &args.game)
        .bots(&bots)
        .config(&args.config)
        .seed(args.seed)
        .secs(args.match_secs)
        .logs(true)
        .prepare()
        .map_err(|error| error.to_string())?;
    eprintln!("playing a match with bots, and then making its steps for {} s", args.secs);
    let played = series.play(0).map_err(|error| error.to_string())?;
    let log = played.log.ok_or("the match left no log")?;
    if let Some(file) = &args.log {
        std::fs::write(file, log.to_bytes())
            .map_err(|error| format!("--log {}: {error}: choose another file", file.display()))?;
    }
    let work = Work { entry, log: &log, steps: steps(&log)? };
    let measured = work.measure(Duration::from_secs(args.secs.into()))?;
    let measured = Measured { players: played.seats.len(), ..measured };
    let text = match args.json {
        true => serde_json::to_string(&measured).map_err(|error| error.to_string())?,
        false => table(&measured, &args.config, &bots),
    };
    use std::io::Write;
    writeln!(std::io::stdout(), "{text}").map_err(|error| format!("cannot print: {error}"))
}

fn steps(log: &Log) -> Result<Vec<Logged<'_>>, String> {
    log.steps(0).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn ns(since: Instant) -> u64 {
    u64::try_from((now() - since).as_nanos()).unwrap_or(LONGEST_NS).clamp(1, LONGEST_NS)
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("one to a minute in 3 digits is valid")
}

struct Work<'a> {
    entry: &'a Entry,
    log: &'a Log,
    steps: Vec<Logged<'a>>,
}

impl Work<'_> {
    fn measure(&self, time: Duration) -> Result<Measured, String> {
        let (mut times, mut totals) = (histogram(), histogram());
        let mut fastest = vec![u64::MAX; self.steps.len()];
        let (began, mut rounds, mut hash) = (now(), 0u64, 0);
        // Once at least, however long it takes; and half of the time, for what is sent has the rest.
        while rounds == 0 || now() - began < time / 2 {
            let total_ns;
            (hash, total_ns) = self.round(&mut times, &mut fastest)?;
            totals.saturating_record(total_ns);
            rounds += 1;
        }
        let slowest = (0..fastest.len()).max_by_key(|place| fastest[*place]);
        let (slowest_tick, slowest_ns) =
            slowest.map_or((0, 0), |place| (self.steps[place].tick.0, fastest[place]));
        let frames = self.frames(time / 2)?;
        let round_secs = totals.value_at_quantile(0.5) as f64 / 1e9;
        let ticks_per_sec = self.steps.len() as f64 / round_secs.max(1e-9);
        let rooms_per_core = match self.log.header.pace {
            Pace::Fixed { tick_hz, .. } => {
                Some((ticks_per_sec / f64::from(tick_hz.max(1))).round())
            }
            Pace::OnCommand => None,
        };
        Ok(Measured {
            game: self.log.header.game.clone(),
            players: 0,
            steps: self.steps.len(),
            hash: format!("{hash:016x}"),
            rounds,
            ticks_per_sec: ticks_per_sec.round(),
            step_us: Times::of(&times),
            slowest_tick,
            slowest_us: slowest_ns as f64 / 1000.0,
            frame_us: Times::of(&frames.times),
            frame_bytes: (frames.bytes as f64 / frames.bodies.max(1) as f64 * 10.0).round() / 10.0,
            keyframe_us: frames.keyframe_ns as f64 / 1000.0,
            keyframe_bytes: frames.keyframe_bytes,
            rooms_per_core,
        })
    }

    /// Makes all steps once. Returns the room's hash at the end, and how long it took in nanoseconds.
    fn round(&self, times: &mut Histogram<u64>, fastest: &mut [u64]) -> Result<(u64, u64), String> {
        let mut room = self.room()?;
        let (progress, mut said, mut total) = (Progress::default(), Vec::new(), 0);
        for (logged, fastest) in self.steps.iter().zip(fastest) {
            let began = now();
            room.make(logged.step(), &progress, &mut said);
            let took = ns(began);
            times.saturating_record(took);
            *fastest = took.min(*fastest);
            total += took;
            black_box(&mut said).clear();
        }
        Ok((room.hash(), total))
    }

    /// Makes the steps again and measures what is sent after each.
    fn frames(&self, time: Duration) -> Result<Frames, String> {
        let mut frames = Frames::new();
        let began = now();
        while frames.bodies == 0 || now() - began < time {
            let before = frames.bodies;
            let mut room = self.room()?;
            let (progress, mut said) = (Progress::default(), Vec::new());
            let limits = HistoryLimits { frames_max: 4, bytes_max: usize::MAX };
            let mut history = History::new(self.entry.layout.clone(), limits);
            let mut base = None;
            for logged in &self.steps {
                room.make(logged.step(), &progress, &mut said);
                said.clear();
                if !self.is_sent(logged.tick) {
                    continue;
                }
                let began = now();
                let tick = room.tick();
                let publish = |rows: &mut _| {
                    room.publish(&self.entry.layout, rows);
                };
                history.push(tick, publish).map_err(|e| e.in_words(&self.entry.schema))?;
                let mut views = Vec::new();
                for player in room.seated() {
                    let sight = room.sight(player);
                    let view = ViewKey::of(player, &sight);
                    if let Some((body, _)) = history.body(base, view, &sight) {
                        frames.bytes += body.len() as u64;
                        frames.bodies += 1;
                    }
                    views.push((view, tick));
                }
                history.keep_bases(views.into_iter());
                base = Some(tick);
                frames.times.saturating_record(ns(began));
            }
            let began = now();
            frames.keyframe_bytes = black_box(room.keyframe()).len();
            frames.keyframe_ns = frames.keyframe_ns.min(ns(began));
            if frames.bodies == before {
                // Nobody is sent anything: no use in doing it again.
                break;
            }
        }
        Ok(frames)
    }

    fn is_sent(&self, tick: Tick) -> bool {
        match self.log.header.pace {
            Pace::Fixed { send_every, .. } => tick.0.is_multiple_of(u32::from(send_every.max(1))),
            Pace::OnCommand => true,
        }
    }

    fn room(&self) -> Result<Box<dyn greenroom::room::AnyRoom>, String> {
        let replay = self.log.replay(0, |keyframe| self.entry.game.restore(keyframe));
        replay.map(greenroom::room::log::Replay::into_room).map_err(|error| error.to_string())
    }
}

struct Frames {
    times: Histogram<u64>,
    bytes: u64,
    bodies: u64,
    keyframe_ns: u64,
    keyframe_bytes: usize,
}

impl Frames {
    fn new() -> Self {
        Frames { times: histogram(), bytes: 0, bodies: 0, keyframe_ns: u64::MAX, keyframe_bytes: 0 }
    }
}

fn table(measured: &Measured, config: &str, bots: &str) -> String {
    let Measured { game, players, steps, hash, rounds, .. } = measured;
    let times = |t: &Times| format!("p50 {:.2}  p99 {:.2}  max {:.1} us", t.p50, t.p99, t.max);
    let program = crate::cli::program();
    let mut lines = vec![
        (
            "match",
            format!("{game}, {players} bots, {steps} steps, hash {hash}, made {rounds} times"),
        ),
        ("ticks per second", format!("{:.0} on one core", measured.ticks_per_sec)),
        ("a step", times(&measured.step_us)),
        (
            "the slowest step",
            format!("tick {}: {:.1} us at best", measured.slowest_tick, measured.slowest_us),
        ),
        (
            "a frame for all",
            format!("{}, {:.1} bytes a player", times(&measured.frame_us), measured.frame_bytes),
        ),
        (
            "a keyframe",
            format!("{:.1} us, {} bytes", measured.keyframe_us, measured.keyframe_bytes),
        ),
    ];
    if let Some(rooms) = measured.rooms_per_core {
        lines.push(("rooms on one core", format!("{rooms:.0} at its rate, if nothing were sent")));
    }
    lines.push((
        "where it goes",
        format!(
            "perf record -F 999 -g -- {program} bench --game {game} --bots {bots} --config '{config}'; \
             perf report --no-children"
        ),
    ));
    let lines = lines.into_iter().map(|(name, value)| format!("{name:<18}{value}"));
    lines.collect::<Vec<_>>().join("\n")
}
