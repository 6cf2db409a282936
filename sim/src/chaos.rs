//! `chaos`: a server, its clients and the network between them in one process, under virtual time.
//!
//! A seed decides who joins, says what, breaks off, comes back, reads too slowly; where the game
//! panics; when the disk takes nothing; at which byte of a write the process dies, and whether the next
//! ones die of the same step. After each thing that happens it is looked whether
//! all promises hold: that replicas are what their room published and hold nothing else, that events and
//! answers come once and in order, that rooms come back as they were, that what somebody saw is kept,
//! that tokens are worth what they should be, that nothing hidden shows in anybody's bytes, that memory
//! has its bounds. Where one is broken, what happened is shortened to what is needed for it.
//!
//! What decides is the server's own code: room, log, how a room goes on from it
//! ([`Course`](greenroom::room::course)), its budget of restarts, inbox, history, views, outbox, answers,
//! session, tokens, journal records, the codec. What is played here instead are those who call it:
//! actors, sockets, threads, clocks, files.

mod broken;
mod disk;
mod host;
mod pipe;
mod player;
mod schedule;
mod seat;
mod shrink;
mod wires;
mod world;
mod yard;

use std::fmt;

use self::broken::Broken;
use self::schedule::{Action, Setting};
use self::world::{Ran, run_both};

/// Arguments of `chaos`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// How many seeds
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    from: u64,
}

/// What many runs came to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Total {
    /// Runs.
    pub seeds: u64,
    /// Steps of their rooms.
    pub steps: u64,
    /// Frames that clients took.
    pub frames: u64,
    /// Panics of games.
    pub panics: u64,
    /// Processes that died.
    pub deaths: u64,
    /// Over all that clients were sent: the same wherever it is run.
    pub digest: u64,
}

/// A promise that was broken, and what it takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The seed of the run.
    pub seed: u64,
    /// Which promise.
    pub promise: &'static str,
    /// What there was instead, and what had happened: for people.
    pub report: String,
}

/// Runs seeds; the error says which one broke what.
pub fn run(args: &Args) -> Result<(), String> {
    match search(args.from, args.seeds) {
        Ok(total) => {
            println!("{total}: every promise was kept");
            Ok(())
        }
        Err(failure) => {
            println!("{}", failure.report);
            Err(format!("seed {} breaks a promise: {}", failure.seed, failure.promise))
        }
    }
}

/// Runs so many seeds, up to the first that breaks a promise.
pub fn search(from: u64, seeds: u64) -> Result<Total, Box<Failure>> {
    let mut total = Total::default();
    for seed in (0..seeds).map(|number| from.wrapping_add(number)) {
        let setting = Setting::of(seed);
        let schedule = setting.schedule();
        match run_both(setting, &schedule) {
            Ok(ran) => total.add(ran),
            Err(broken) => return Err(Box::new(failure(setting, &schedule, &broken))),
        }
    }
    Ok(total)
}

fn failure(setting: Setting, schedule: &[Action], broken: &Broken) -> Failure {
    let breaks =
        |of: &[Action]| run_both(setting, of).is_err_and(|it| it.promise == broken.promise);
    let short = shrink::shrink(schedule, breaks);
    let found = run_both(setting, &short).err().map_or_else(|| broken.found.clone(), |it| it.found);
    let mut report = format!(
        "seed {}: {}\n  broken: {}\n  found: {found}\n  {} of {} things that happened are enough:",
        setting.seed,
        setting,
        broken.promise,
        short.len(),
        schedule.len()
    );
    for (number, action) in short.iter().enumerate() {
        report += &format!("\n  {:3}  {action:?}", number + 1);
    }
    report += &format!("\n  again: chaos --from {} --seeds 1", setting.seed);
    Failure { seed: setting.seed, promise: broken.promise, report }
}

impl Total {
    fn add(&mut self, ran: Ran) {
        self.seeds += 1;
        self.steps += ran.steps;
        self.frames += ran.frames;
        self.panics += ran.panics;
        self.deaths += ran.deaths;
        self.digest = self.digest.rotate_left(5) ^ ran.digest;
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Total { seeds, steps, frames, panics, deaths, digest } = self;
        write!(
            f,
            "{seeds} seeds, {steps} steps, {frames} frames, {panics} panics, {deaths} deaths of the \
             process, digest {digest:016x}"
        )
    }
}
