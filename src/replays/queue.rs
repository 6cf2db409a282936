//! What waits for the disk, bounded in bytes; and the thread that takes it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::writer::Writer;
use crate::room::log::{Log, Segment};

/// How often the thread looks for files that have become too old.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Something to write.
pub(super) enum Job {
    /// Goes behind what is there of the replay of this number.
    More { number: u64, segments: Vec<Segment>, lost: std::sync::Arc<AtomicBool> },
    /// The end of a replay, which gets its name.
    Finish { number: u64, room: String, log: Log },
    /// The replay is not wanted any more.
    Forget { number: u64 },
}

impl Job {
    fn bytes(&self) -> usize {
        match self {
            Job::More { segments, .. } => segments.iter().map(Segment::bytes).sum(),
            Job::Finish { log, .. } => log.bytes(),
            // One for each match at most.
            Job::Forget { .. } => 0,
        }
    }
}

pub(super) struct Queue {
    bytes_max: usize,
    waiting: Mutex<Waiting>,
    bell: Condvar,
    numbers: AtomicU64,
    /// That it is full was said, and it has not been empty since.
    said: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    bytes: usize,
    closing: bool,
    /// The thread has ended.
    closed: bool,
}

impl Queue {
    pub(super) fn new(bytes_max: usize) -> Self {
        Queue {
            bytes_max,
            waiting: Mutex::default(),
            bell: Condvar::new(),
            numbers: AtomicU64::new(1),
            said: AtomicBool::new(false),
        }
    }

    /// A number that no other replay has.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Relaxed)
    }

    /// Takes a job, unless it is one too many.
    pub(super) fn push(&self, job: Job) -> bool {
        let bytes = job.bytes();
        let mut waiting = self.lock();
        if waiting.closed || (bytes > 0 && waiting.bytes + bytes > self.bytes_max) {
            let first = !waiting.closed && !self.said.swap(true, Relaxed);
            drop(waiting);
            if first {
                tracing::error!("replays are lost: their disk does not keep up");
            }
            return false;
        }
        waiting.bytes += bytes;
        waiting.jobs.push_back(job);
        drop(waiting);
        self.bell.notify_all();
        true
    }

    /// Works until it is closed and all is done.
    pub(super) fn work(&self, mut writer: Writer) {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                drop(waiting);
                let bytes = job.bytes();
                writer.work(job);
                waiting = self.lock();
                // What is being written takes memory too.
                waiting.bytes -= bytes;
                if waiting.jobs.is_empty() {
                    self.said.store(false, Relaxed);
                }
            } else if waiting.closing {
                waiting.closed = true;
                drop(waiting);
                writer.close();
                self.bell.notify_all();
                return;
            } else {
                let rung = self.bell.wait_timeout(waiting, LOOK_EVERY);
                let (locked, timeout) = rung.unwrap_or_else(PoisonError::into_inner);
                waiting = locked;
                if timeout.timed_out() {
                    drop(waiting);
                    writer.look_around();
                    waiting = self.lock();
                }
            }
        }
    }

    /// Has the thread end once all is written. `false` if it has not within this time.
    pub(super) fn close(&self, within: Duration) -> bool {
        let mut waiting = self.lock();
        waiting.closing = true;
        self.bell.notify_all();
        let ended = self.bell.wait_timeout_while(waiting, within, |waiting| !waiting.closed);
        !ended.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
