//! A task as the scheduler sees it: where it stands, and who is told how it ended.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::{End, Task, lock};

/// Which threads run a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crew {
    /// Those for short turns.
    Prompt,
    /// Those for long ones.
    Slow,
}

type Ended = Box<dyn FnOnce(End) + Send>;

/// A task, whoever runs it.
pub(super) struct Entry {
    pub(super) id: u64,
    pub(super) name: Arc<str>,
    pub(super) task: Mutex<Option<Box<dyn Task>>>,
    ended: Mutex<Option<Ended>>,
    /// Under the lock of all.
    pub(super) stand: Mutex<Stand>,
}

pub(super) struct Stand {
    pub(super) crew: Crew,
    /// It stays in the slow crew, whatever its turns take.
    pub(super) patient: bool,
    pub(super) place: Place,
    /// Short turns of a slow task, less what its long ones cost.
    pub(super) good: u32,
    pub(super) stopping: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It waits, for this time or to be woken.
    Waits(Option<Instant>),
    /// It is in a turn; whether it was woken meanwhile.
    Runs(bool),
    /// It is over.
    Over,
}

impl Entry {
    pub(super) fn new(
        (id, name): (u64, Arc<str>),
        task: Box<dyn Task>,
        patient: bool,
        ended: Ended,
    ) -> Self {
        let place = Place::Waits(None);
        let crew = if patient { Crew::Slow } else { Crew::Prompt };
        Entry {
            id,
            name,
            task: Mutex::new(Some(task)),
            ended: Mutex::new(Some(ended)),
            stand: Mutex::new(Stand { crew, patient, place, good: 0, stopping: false }),
        }
    }

    /// Tells whoever started the task how it ended; the first word counts.
    pub(super) fn end(&self, end: End) {
        let ended = lock(&self.ended).take();
        if let Some(ended) = ended {
            ended(end);
        }
    }
}
