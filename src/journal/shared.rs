//! What the handles and the two threads share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use super::disk::Disk;
use super::health::Incidents;
use super::lock::DirectoryLock;
use super::queue::Queue;
use super::sync::Sync;
use super::{Limits, Position};

/// Nobody holds two of these locks at once.
pub(super) struct Shared {
    pub(super) queue: Mutex<Queue>,
    /// The writer has something to do.
    pub(super) bell: Condvar,
    pub(super) sync: Sync,
    pub(super) incidents: Mutex<Incidents>,
    written: AtomicU64,
    synced: AtomicU64,
    pub(super) on_written: OnceLock<Box<dyn Fn(Position) + Send + std::marker::Sync>>,
    pub(super) disk: Arc<dyn Disk>,
    /// For messages.
    pub(super) dir: PathBuf,
    pub(super) limits: Limits,
    /// Held until the threads have ended.
    pub(super) own: Mutex<Option<DirectoryLock>>,
}

impl Shared {
    pub(super) fn new(
        (dir, disk, own): (PathBuf, Arc<dyn Disk>, Option<DirectoryLock>),
        limits: Limits,
        queue: Queue,
    ) -> Self {
        Shared {
            queue: Mutex::new(queue),
            bell: Condvar::new(),
            sync: Sync::default(),
            incidents: Mutex::default(),
            written: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            on_written: OnceLock::new(),
            disk,
            dir,
            limits,
            own: Mutex::new(own),
        }
    }

    pub(super) fn written(&self) -> Position {
        Position(self.written.load(Ordering::Acquire))
    }

    pub(super) fn note_written(&self, position: Position) {
        self.written.store(position.0, Ordering::Release);
    }

    pub(super) fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    pub(super) fn note_synced(&self, position: u64) {
        self.synced.fetch_max(position, Ordering::AcqRel);
    }
}

/// A panic elsewhere leaves nothing half done behind these locks.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
