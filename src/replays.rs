//! Kept replays: the whole log of each finished match as a file, which `greenroom-sim replay` plays
//! again. Off unless the setting `replay_dir` names a directory.
//!
//! A room's memory holds the end of its log only. What falls out of it is handed to a thread of its
//! own, which appends it to an unfinished file; when the match is over the rest follows, and the file
//! gets its name. Nobody ever waits for that thread or its disk: past the bound of its
//! queue, and at any error, the replay is lost, counted, and said once.
//!
//! ```text
//! replay_dir/
//!   1764212345678901-arena-0123456789ABC.replay.log   when (µs since 1970), game, room
//!   .unfinished-4711-1764212000000000/                what one process has not finished, locked
//!     lock
//!     17.part
//!   .lock                                             while a process starts or looks around
//! ```
//!
//! Finished files are bounded by number, bytes and age; the oldest go first. Unfinished ones may take
//! as many bytes once more; a match that needs more is lost. What a process that died has left
//! unfinished the next one removes: a room that comes back out of the journal has only the end of its
//! log, and is not kept.
//!
//! A file holds all that happened in a room: what players said, what they could not see, the seed.
//! There are no tokens in it, for none are in a log. Whoever gives players something to watch gives
//! them `greenroom-sim replay FILE --frames OUT --as PLAYER`.

mod queue;
mod shelf;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use metrics::counter;

use self::queue::{Job, Queue};
use self::shelf::Shelf;
use self::writer::Writer;
use crate::config;
use crate::room::log::{Log, Segment};

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files.
    pub files_max: usize,
    /// Bytes of finished files, and of unfinished ones.
    pub bytes_max: u64,
    /// Age of a file.
    pub age_max: Duration,
    /// Bytes that wait for the disk.
    pub queue_bytes_max: usize,
}

impl From<&config::Replays> for Limits {
    fn from(config: &config::Replays) -> Self {
        Limits {
            files_max: config.files_max,
            bytes_max: config.mib_max << 20,
            age_max: config.age_max,
            queue_bytes_max: config.queue_bytes_max,
        }
    }
}

/// The directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep replays in {}: {error}; give --replay-dir a directory that this user can write to", dir.display())]
pub struct Unusable {
    /// Which.
    pub dir: PathBuf,
    /// Why.
    pub error: std::io::Error,
}

/// Keeps the replays of a server's matches. Cheap to clone.
#[derive(Clone)]
pub struct KeptReplays(Arc<Queue>);

impl KeptReplays {
    /// Keeps them in this directory, which is made if it is missing.
    pub fn open(dir: PathBuf, limits: Limits) -> Result<Self, Unusable> {
        let unusable = |error| Unusable { dir: dir.clone(), error };
        let shelf = Shelf::open(&dir, limits).map_err(unusable)?;
        let queue = Arc::new(Queue::new(limits.queue_bytes_max));
        let of_thread = Arc::clone(&queue);
        std::thread::Builder::new()
            .name("replays".to_owned())
            .spawn(move || of_thread.work(Writer::new(shelf)))
            .map_err(unusable)?;
        Ok(KeptReplays(queue))
    }

    /// The replay of a match that begins.
    #[must_use]
    pub fn begin(&self) -> KeptReplay {
        KeptReplay {
            queue: Arc::clone(&self.0),
            number: self.0.number(),
            lost: Arc::default(),
            finished: false,
        }
    }

    /// Has all written that was handed over, and ends. `false` if it did not within this time.
    #[must_use]
    pub fn close(&self, within: Duration) -> bool {
        self.0.close(within)
    }
}

/// The replay of one match, as its room sees it. Dropped before it is finished it is forgotten.
pub struct KeptReplay {
    queue: Arc<Queue>,
    number: u64,
    /// It will not be kept: nothing more is handed over.
    lost: Arc<AtomicBool>,
    finished: bool,
}

impl KeptReplay {
    /// What has fallen out of the room's log.
    pub fn more(&self, segments: Vec<Segment>) {
        if !segments.is_empty() && !self.lost.load(Relaxed) {
            let (number, lost) = (self.number, Arc::clone(&self.lost));
            self.hand_over(Job::More { number, segments, lost });
        }
    }

    /// The match of the room of this name is over; the end of its log.
    pub fn finish(mut self, room: String, log: Log) {
        self.finished = true;
        if !self.lost.load(Relaxed) {
            self.hand_over(Job::Finish { number: self.number, room, log });
        }
    }

    fn hand_over(&self, job: Job) {
        if !self.queue.push(job) {
            self.lost.store(true, Relaxed);
            self.queue.push(Job::Forget { number: self.number });
            lost("queue");
        }
    }
}

impl Drop for KeptReplay {
    fn drop(&mut self) {
        if !self.finished {
            self.queue.push(Job::Forget { number: self.number });
        }
    }
}

/// Counts a replay that is lost.
fn lost(why: &'static str) {
    counter!("greenroom_replays_lost_total", "why" => why).increment(1);
}

#[cfg(test)]
mod tests;
