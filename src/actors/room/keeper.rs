//! The journal as rooms see it: who waits for it, and where that goes what it cannot keep.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::counter;

use crate::directory::RoomRecord;
use crate::journal::{Journal, Position, RoomJournal};
use crate::scheduler::Waker;

/// Keeps rooms beyond the death of the process. Cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    journal: Journal,
    waiting: Arc<Waiting>,
    aside: Arc<Path>,
}

/// Rooms that wait until what they did is kept.
#[derive(Default)]
struct Waiting(Mutex<Vec<(Position, Waker)>>);

impl Keeper {
    /// Keeps rooms in this journal; logs that cannot be taken over go into the directory `aside`.
    #[must_use]
    pub fn new(journal: Journal, aside: PathBuf) -> Self {
        let waiting = Arc::new(Waiting::default());
        let of_journal = Arc::clone(&waiting);
        journal.on_written(move |position| of_journal.written(position));
        Keeper { journal, waiting, aside: aside.into() }
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Where a room keeps itself.
    #[must_use]
    pub fn room(&self, record: &Arc<RoomRecord>) -> RoomJournal {
        // The journal must not keep the room alive.
        let room = Arc::downgrade(record);
        self.journal.room(record.id, move || {
            if let Some(room) = room.upgrade() {
                room.wake_in_any_case();
            }
        })
    }

    /// Whether all up to this position is in the kernel's hands. If not, the waker gets word.
    pub(super) fn has_kept(&self, position: Position, waker: &Waker) -> bool {
        if self.journal.written() >= position {
            return true;
        }
        self.waiting.lock().push((position, waker.clone()));
        // It may have got there meanwhile, and then nobody would say so any more.
        self.journal.written() >= position
    }

    /// A room did not wait any longer.
    pub(super) fn is_late(&self) {
        counter!("greenroom_journal_overtaken_total").increment(1);
    }

    /// Writes down a log that this program cannot go on with, beside what was set aside under this
    /// name before. Never deleted by us. It is on disk when this returns: the journal may forget the
    /// room.
    pub fn set_aside(&self, name: &str, log: &[u8]) -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(&self.aside)?;
        let names = (1..).map(|number| match number {
            1 => format!("{name}.log"),
            number => format!("{name}-{number}.log"),
        });
        for path in names.map(|name| self.aside.join(name)) {
            match std::fs::File::create_new(&path) {
                Ok(mut file) => {
                    file.write_all(log)?;
                    file.sync_all()?;
                    return Ok(path);
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("there is always another number")
    }
}

impl Waiting {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Position, Waker)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn written(&self, position: Position) {
        let kept: Vec<_> = self.lock().extract_if(.., |(wanted, _)| *wanted <= position).collect();
        kept.into_iter().for_each(|(_, waker)| waker.wake());
    }
}
