//! The journal on disks that do what a test wants, against a model of what rooms appended.
//! Everything random comes from a seed: a failure names it, `GREENROOM_SEED=N` runs that one alone,
//! `GREENROOM_SEEDS=100` a hundred times as many as usual.

mod damage;
mod disk;
mod faults;
mod model;
mod schedules;
mod space;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::disk::MemoryDisk;
use super::{Found, Journal, JournalError, Limits};
use crate::rng::Rng;

/// The machine as it runs while nothing else is said.
const BOOT: u64 = 1;

const SOON: Duration = Duration::from_secs(20);

/// Small and quick.
fn limits() -> Limits {
    Limits {
        queue_bytes_max: 64 << 10,
        segment_bytes: 4096,
        disk_bytes_max: 1 << 20,
        gather: Duration::from_micros(250),
        sync_interval: Duration::from_millis(1),
        retry_interval: Duration::from_millis(5),
    }
}

fn open(disk: &MemoryDisk, limits: Limits) -> (Journal, Vec<Found>) {
    try_open(disk, limits, BOOT).unwrap()
}

fn try_open(
    disk: &MemoryDisk,
    limits: Limits,
    boot: u64,
) -> Result<(Journal, Vec<Found>), JournalError> {
    Journal::open_on((PathBuf::from("dir"), Arc::new(disk.clone()), None), limits, boot)
}

/// What another process would find there, by reading alone.
fn found_in(disk: &MemoryDisk, boot: u64) -> Vec<Found> {
    let past = super::read::read_all(disk, Path::new("dir"), boot).unwrap();
    past.replayed.found.into_iter().map(|(found, _)| found).collect()
}

/// Waits until something is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !so() {
        assert!(Instant::now() < deadline, "{what} in time");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Runs for each of so many seeds, and says which failed.
fn for_seeds(usual: u64, run: impl Fn(u64, &mut Rng)) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("GREENROOM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..usual * number("GREENROOM_SEEDS").unwrap_or(1),
    };
    struct Running(u64);
    impl Drop for Running {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("this was GREENROOM_SEED={}", self.0);
            }
        }
    }
    for seed in seeds {
        let _running = Running(seed);
        run(seed, &mut Rng::new(seed));
    }
}
