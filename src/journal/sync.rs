//! The thread that waits for the disk: has what was written on disk, and deletes what is needed no
//! more. Thread of its own, so that a slow disk does not hold up writes.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use metrics::{counter, gauge, histogram};

use super::disk::DiskFile;
use super::segment::{damaged_name, name};
use super::segments::Segment;
use super::shared::{Shared, lock};

/// What there is to do.
#[derive(Default)]
pub(super) struct SyncQueue {
    current: Option<Arc<dyn DiskFile>>,
    /// Files that are complete.
    old: Vec<Arc<dyn DiskFile>>,
    /// Files were made.
    names: bool,
    /// Position up to which all is handed to the kernel, and up to which it is on disk.
    written: u64,
    synced: u64,
    /// Somebody waits for this position to be on disk.
    wanted: u64,
    /// The writer has not yet dealt with an error.
    failed: bool,
    /// The writer has ended: so shall we once all is on disk.
    stop: bool,
    /// We have.
    pub(super) stopped: bool,
}

/// The queue and its bells.
#[derive(Default)]
pub(super) struct Sync {
    queue: Mutex<SyncQueue>,
    /// There is something to do.
    bell: Condvar,
    /// Something was done.
    progress: Condvar,
}

/// A round of work.
struct Round {
    files: Vec<Arc<dyn DiskFile>>,
    names: bool,
    written: u64,
}

impl Sync {
    /// A segment was made. What belongs to `old` ones is to be on disk as well.
    pub(super) fn made(&self, file: Arc<dyn DiskFile>, old: Vec<Arc<dyn DiskFile>>) {
        let mut queue = lock(&self.queue);
        let before = queue.current.replace(file);
        queue.old.extend(before.into_iter().chain(old));
        queue.names = true;
        self.bell.notify_one();
    }

    /// All up to here is handed to the kernel.
    pub(super) fn written(&self, position: u64) {
        let mut queue = lock(&self.queue);
        let idle = queue.written <= queue.synced;
        queue.written = position;
        if idle || queue.wanted > queue.synced {
            self.bell.notify_one();
        }
    }

    /// What is not on disk now will not be: it was lost with an error.
    pub(super) fn lost(&self, position: u64) {
        let mut queue = lock(&self.queue);
        queue.current = None;
        queue.old.clear();
        (queue.written, queue.synced, queue.failed) = (position, position, false);
        self.progress.notify_all();
        self.bell.notify_one();
    }

    /// The writer has ended.
    pub(super) fn stop(&self) {
        lock(&self.queue).stop = true;
        self.bell.notify_one();
    }

    /// Waits until all up to `position` is on disk, or `given_up` says that there is no point. Says
    /// whether one of these came in time.
    pub(super) fn wait_for(
        &self,
        position: u64,
        deadline: Instant,
        given_up: impl Fn() -> bool,
    ) -> bool {
        let mut queue = lock(&self.queue);
        queue.wanted = queue.wanted.max(position);
        self.bell.notify_one();
        while queue.synced < position && !given_up() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            queue = self.progress.wait_timeout(queue, left).unwrap_or_else(|e| e.into_inner()).0;
        }
        true
    }

    /// Waits until the thread has stopped.
    pub(super) fn wait_for_stop(&self, deadline: Instant) -> bool {
        let mut queue = lock(&self.queue);
        while !queue.stopped {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            queue = self.progress.wait_timeout(queue, left).unwrap_or_else(|e| e.into_inner()).0;
        }
        true
    }

    /// The next round; `None`: the thread is to end.
    fn next(&self, last: Instant, every: Duration) -> Option<Round> {
        let mut queue = lock(&self.queue);
        loop {
            let dirty = queue.written > queue.synced || queue.names || !queue.old.is_empty();
            let at_once = queue.stop
                || !queue.old.is_empty()
                || (queue.wanted > queue.synced && queue.written >= queue.wanted);
            let left = (last + every).saturating_duration_since(Instant::now());
            if queue.stop && (!dirty || queue.failed) {
                return None;
            } else if queue.failed || !dirty {
                queue = self.bell.wait(queue).unwrap_or_else(|e| e.into_inner());
            } else if at_once || left.is_zero() {
                let files = std::mem::take(&mut queue.old).into_iter().chain(queue.current.clone());
                return Some(Round {
                    files: files.collect(),
                    names: std::mem::take(&mut queue.names),
                    written: queue.written,
                });
            } else {
                queue = self.bell.wait_timeout(queue, left).unwrap_or_else(|e| e.into_inner()).0;
            }
        }
    }

    fn synced(&self, position: u64) {
        let mut queue = lock(&self.queue);
        queue.synced = queue.synced.max(position);
        self.progress.notify_all();
    }

    fn failed(&self) {
        lock(&self.queue).failed = true;
    }
}

/// The thread.
pub(super) fn run(shared: &Shared) {
    let mut deletes = Deletes { shared, told: false };
    let mut last = Instant::now();
    while let Some(round) = shared.sync.next(last, shared.limits.sync_interval) {
        last = Instant::now();
        // A panic is as good as an error of the disk.
        let outcome = catch_unwind(AssertUnwindSafe(|| sync(shared, &round)));
        match outcome.unwrap_or_else(|_| Err(io::Error::other("the journal's own code failed"))) {
            Ok(()) => {
                histogram!("greenroom_journal_fsync_seconds").record(last.elapsed().as_secs_f64());
                shared.note_synced(round.written);
                shared.sync.synced(round.written);
                if catch_unwind(AssertUnwindSafe(|| deletes.all())).is_err() {
                    tracing::error!("deleting old segments of the journal panicked");
                }
            }
            // What the kernel could not bring to disk it forgets, and a second try would tell us
            // that all is well. So what is not on disk counts as lost.
            Err(error) => {
                shared.sync.failed();
                lock(&shared.queue).sync_error = Some(error);
                shared.bell.notify_one();
            }
        }
    }
    lock(&shared.sync.queue).stopped = true;
    shared.sync.progress.notify_all();
}

fn sync(shared: &Shared, round: &Round) -> std::io::Result<()> {
    for file in &round.files {
        file.sync()?;
        counter!("greenroom_journal_fsyncs_total").increment(1);
    }
    if round.names { shared.disk.sync_names() } else { Ok(()) }
}

/// Deletes segments.
struct Deletes<'a> {
    shared: &'a Shared,
    /// The log knows that it does not work.
    told: bool,
}

impl Deletes<'_> {
    fn all(&mut self) {
        while let Some(segment) = self.next() {
            match self.one(&segment) {
                Ok(()) => self.told = false,
                Err(error) => return self.failed(segment, &error),
            }
        }
        let queue = lock(&self.shared.queue);
        gauge!("greenroom_journal_segments").set(queue.segments.len() as f64);
        gauge!("greenroom_journal_disk_bytes").set(queue.segments.disk_bytes() as f64);
    }

    fn next(&self) -> Option<Segment> {
        let mut queue = lock(&self.shared.queue);
        let (position, synced) = (queue.batch.end.0, self.shared.synced());
        queue.segments.take_idle(position, synced)
    }

    fn one(&self, segment: &Segment) -> std::io::Result<()> {
        let (disk, name) = (&self.shared.disk, name(segment.number));
        let done = if segment.damaged {
            set_aside(|to| disk.rename(&name, to), &name).map(drop)
        } else {
            disk.remove(&name)
        };
        match done {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            // Before the next one goes: a later segment may hold the end of what is in this one.
            _ => disk.sync_names(),
        }
    }

    fn failed(&mut self, segment: Segment, error: &std::io::Error) {
        counter!("greenroom_journal_errors_total").increment(1);
        if !std::mem::replace(&mut self.told, true) {
            tracing::error!(
                "the journal cannot delete {}: {error}: until it can, {} grows",
                name(segment.number),
                self.shared.dir.display()
            );
        }
        lock(&self.shared.queue).segments.put_back(segment);
    }
}

/// Renames a file that cannot be read, to the first name that is free.
pub(super) fn set_aside(
    rename: impl Fn(&str) -> std::io::Result<()>,
    name: &str,
) -> std::io::Result<String> {
    let mut copy = 0;
    loop {
        let aside = damaged_name(name, copy);
        match rename(&aside) {
            Ok(()) => return Ok(aside),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && copy < 1000 => {
                copy += 1;
            }
            Err(error) => return Err(error),
        }
    }
}
