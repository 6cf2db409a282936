//! Questions under way to the server, by the number that their answers carry.

use std::collections::BTreeMap;
use std::time::Duration;

use greenroom_proto::RoomInfo;
use tokio::time::Instant;

use crate::error::CallError;

/// Questions under way at most. The room takes fewer from one player.
const CALLS_MAX: usize = 64;

/// What was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    Join,
    List,
    /// A request that a call waits for.
    Request,
    /// A request whose answer is an update.
    Started,
}

/// What came back.
#[derive(Debug)]
pub(crate) enum Answer {
    Joined,
    Rooms(Vec<RoomInfo>),
    Reply(Vec<u8>),
}

struct Waiting {
    asked: Asked,
    due: Instant,
    deadline: Duration,
}

#[derive(Default)]
pub(crate) struct Calls {
    last: u32,
    waiting: BTreeMap<u32, Waiting>,
}

impl Calls {
    /// A number for a new question.
    pub(crate) fn ask(&mut self, asked: Asked, deadline: Duration) -> Result<u32, CallError> {
        if self.waiting.len() >= CALLS_MAX {
            return Err(CallError::Busy);
        }
        self.last = self.last.wrapping_add(1);
        let due = Instant::now() + deadline;
        self.waiting.insert(self.last, Waiting { asked, due, deadline });
        Ok(self.last)
    }

    /// What the question was, if it still waits. The answer ends it.
    pub(crate) fn answered(&mut self, id: u32) -> Option<Asked> {
        self.waiting.remove(&id).map(|waiting| waiting.asked)
    }

    /// When the first deadline is over.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.waiting.values().map(|waiting| waiting.due).min()
    }

    /// Ends a question that is over its deadline.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<(u32, Asked, Duration)> {
        let id = self.waiting.iter().find(|(_, waiting)| waiting.due <= now).map(|(id, _)| *id)?;
        self.waiting.remove(&id).map(|waiting| (id, waiting.asked, waiting.deadline))
    }

    /// Ends all: their seat or connection is gone.
    pub(crate) fn started(&mut self) -> impl Iterator<Item = u32> {
        let mut started = Vec::new();
        self.waiting.retain(|id, waiting| {
            let is = waiting.asked == Asked::Started;
            if is {
                started.push(*id);
            }
            !is
        });
        started.into_iter()
    }
}
