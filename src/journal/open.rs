//! Opening and closing: the journal as the server holds it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use greenroom_proto::RoomId;
use xxhash_rust::xxh3::xxh3_64;

use super::Position;
use super::disk::{Directory, Disk, make};
use super::error::{FlushError, JournalError};
use super::health::Health;
use super::lock::DirectoryLock;
use super::queue::{Queue, Stop};
use super::read::{Past, read_all};
use super::record::HEAD_BYTES;
use super::replay::Found;
use super::room::RoomJournal;
use super::rooms::Rooms;
use super::segment::{SegmentHead, name};
use super::segments::Segments;
use super::shared::{Shared, lock};
use super::writer::Writer;
use super::{Limits, sync};

/// A journal that is open. Clones are handles of the same one.
///
/// When the last is dropped, what was appended is written and synced, without the mark of an orderly
/// stop that [`close`](Self::close) leaves.
#[derive(Clone)]
pub struct Journal {
    running: Arc<Running>,
}

struct Running {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Journal {
    /// Takes the directory, reads what is there, and starts the threads. The directory is made if it
    /// is missing.
    ///
    /// Each room that was found is to be asked for with [`room`](Self::room), and begun anew or
    /// ended; until then the files in which it is are kept.
    ///
    /// # Errors
    /// The directory is another process's, or files cannot be read or made in it. Damaged files are
    /// no error: they are set aside, which is said in the log.
    pub fn open(dir: &Path, limits: Limits) -> Result<(Self, Vec<Found>), JournalError> {
        let own = DirectoryLock::take(dir)?;
        let disk = Arc::new(Directory(dir.to_owned()));
        Self::open_on((dir.to_owned(), disk, Some(own)), limits, boot())
    }

    pub(super) fn open_on(
        (dir, disk, own): (PathBuf, Arc<dyn Disk>, Option<DirectoryLock>),
        limits: Limits,
        boot: u64,
    ) -> Result<(Self, Vec<Found>), JournalError> {
        let Past { replayed, segments: past, next } = read_all(&*disk, &dir, boot)?;
        let life = getrandom::u64().map_err(|error| JournalError::Random(error.to_string()))?;
        let head = SegmentHead { number: next, life, boot, gap: false };
        let unwritable = |source| JournalError::Unwritable { dir: dir.clone(), source };
        let file = make(&*disk, &head).map_err(unwritable)?;
        let mut segments = Segments::default();
        let mut old = Vec::new();
        for (number, bytes, damaged) in past {
            segments.push(number, bytes, damaged);
            // A killed process may have left it to the kernel. What cannot be synced may be lost,
            // which is noticed when it is read.
            old.extend(disk.open_to_sync(&name(number)));
        }
        let mut rooms = Rooms::new(life);
        let mut found = Vec::with_capacity(replayed.found.len());
        for (room, segment) in replayed.found {
            let payloads = std::iter::once(&room.start).chain(&room.more);
            let bytes = payloads.map(|payload| (HEAD_BYTES + payload.len()) as u64).sum();
            rooms.found(room.room, segment, bytes);
            segments.hold(segment);
            found.push(room);
        }
        let queue = Queue::new(limits, head, rooms, segments);
        let shared = Arc::new(Shared::new((dir, disk, own), limits, queue));
        shared.sync.made(Arc::clone(&file), old);
        let running = Running { shared: Arc::clone(&shared), threads: Mutex::default() };
        let writer = Writer::new(Arc::clone(&shared), file, head);
        running.start("journal-write", move || writer.run())?;
        running.start("journal-sync", move || sync::run(&shared))?;
        Ok((Journal { running: Arc::new(running) }, found))
    }

    /// The handle of a room's records; an earlier handle of it is good for nothing then. The first
    /// record must be a [`Start`](super::Kind::Start), also of a room that was found.
    ///
    /// `wake` is called when [`RoomJournal::wants_start`] becomes true later. It is called by the
    /// thread that writes, which waits for it.
    pub fn room(&self, id: RoomId, wake: impl Fn() + Send + Sync + 'static) -> RoomJournal {
        let shared = Arc::clone(&self.running.shared);
        let caller = lock(&shared.queue).rooms.claim(id, Box::new(wake));
        RoomJournal { shared, caller }
    }

    /// All before this position is handed to the kernel, and so outlives this process; or it was
    /// lost with an error, which [`health`](Self::health) says: nobody need wait for it any more.
    #[must_use]
    pub fn written(&self) -> Position {
        self.running.shared.written()
    }

    /// Has this called whenever [`written`](Self::written) has grown, with what it is then. By the
    /// thread that writes, which waits for it. There is one such call: false if there was one
    /// before. It must not own a handle of the journal, which would then never be dropped.
    pub fn on_written(&self, call: impl Fn(Position) + Send + Sync + 'static) -> bool {
        self.running.shared.on_written.set(Box::new(call)).is_ok()
    }

    /// Whether records are kept now.
    #[must_use]
    pub fn health(&self) -> Health {
        let lost = lock(&self.running.shared.queue).lost;
        lock(&self.running.shared.incidents).health(lost)
    }

    /// Has the thread that writes panic: a [fault](crate::faults) that was asked for.
    pub fn panic_writer(&self) {
        lock(&self.running.shared.queue).panics = true;
        self.running.shared.bell.notify_one();
    }

    /// Waits until all that was appended so far is on disk. Blocks the thread.
    ///
    /// # Errors
    /// It took longer than `within`, or records were lost.
    pub fn flush(&self, within: Duration) -> Result<(), FlushError> {
        self.flush_by(Instant::now() + within)
    }

    fn flush_by(&self, deadline: Instant) -> Result<(), FlushError> {
        let shared = &self.running.shared;
        let before = lock(&shared.incidents).count;
        let (position, failing) = {
            let queue = lock(&shared.queue);
            (queue.batch.end.0, queue.failing)
        };
        let lost = || lock(&shared.incidents).count != before;
        let in_time = shared.sync.wait_for(position, deadline, lost);
        if failing || lost() {
            let why = lock(&shared.incidents).why().unwrap_or_default();
            return Err(FlushError::Failing(why));
        }
        if in_time { Ok(()) } else { Err(FlushError::TimedOut) }
    }

    /// Takes no more records, brings all to disk, marks that this is so, and ends the threads.
    /// Rooms that are unfinished stay. Blocks the thread.
    ///
    /// # Errors
    /// It took longer than `within` (the threads go on for as long as it takes them), records were
    /// lost, or the journal was closed before.
    pub fn close(&self, within: Duration) -> Result<(), FlushError> {
        let deadline = Instant::now() + within;
        let shared = &self.running.shared;
        if std::mem::replace(&mut lock(&shared.queue).closed, true) {
            return Err(FlushError::Closed);
        }
        let flushed = self.flush_by(deadline);
        shared.stop(if flushed.is_ok() { Stop::Marked } else { Stop::Plain });
        if !shared.sync.wait_for_stop(deadline) {
            return flushed.and(Err(FlushError::TimedOut));
        }
        self.running.join();
        flushed
    }
}

impl Running {
    fn start(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), JournalError> {
        let thread = Builder::new().name(name.into()).spawn(run).map_err(JournalError::Thread)?;
        lock(&self.threads).push(thread);
        Ok(())
    }

    fn join(&self) {
        let own = std::thread::current().id();
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            // A callback may have held the last handle. One that panicked has said so.
            if thread.thread().id() != own {
                let _ = thread.join();
            }
        }
        // Handles of rooms may be left. They do not keep others out.
        drop(lock(&self.shared.own).take());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let closed = std::mem::replace(&mut lock(&self.shared.queue).closed, true);
        if !closed {
            self.shared.stop(Stop::Plain);
            self.join();
        }
    }
}

impl Shared {
    fn stop(&self, how: Stop) {
        lock(&self.queue).stop = Some(how);
        self.bell.notify_one();
    }
}

/// Stands for the time since this machine was started, the same in all its processes; 0 if the
/// system does not say.
fn boot() -> u64 {
    std::fs::read("/proc/sys/kernel/random/boot_id").map_or(0, |id| xxh3_64(&id).max(1))
}
