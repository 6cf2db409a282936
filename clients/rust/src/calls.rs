//! Questions under way to the server, by the number that their answers carry.
//!
//! Each keeps its message as long as it waits: after a break the server may not have got it.

use std::collections::BTreeMap;
use std::time::Duration;

use greenroom_proto::RoomInfo;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Bytes;

use crate::error::CallError;
use crate::rooms::{Page, Reservation};

/// Questions under way at most, on all channels. A room takes fewer from one player.
const CALLS_MAX: usize = 64;

/// What was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    Join,
    /// To look on without a seat.
    Spectate,
    /// For a seat that another client had.
    Resume,
    List,
    Find,
    Watch,
    Reserve,
    /// A request that a call waits for.
    Request,
    /// A request whose answer is an update.
    Started,
    /// Something is said.
    Chat,
}

/// What came back.
#[derive(Debug)]
pub(crate) enum Answer {
    Joined,
    Rooms(Vec<RoomInfo>),
    Found(Page),
    Watching,
    Reserved(Reservation),
    Reply(Vec<u8>),
}

struct Waiting {
    asked: Asked,
    message: Bytes,
    due: Instant,
    deadline: Duration,
}

#[derive(Default)]
pub(crate) struct Calls {
    last: u32,
    /// The last before the present seat.
    before_seat: u32,
    waiting: BTreeMap<u32, Waiting>,
}

impl Calls {
    /// Gives a new question its number, higher than all before, and has its message made. So many are
    /// under way on other channels.
    pub(crate) fn ask(
        &mut self,
        others: usize,
        asked: Asked,
        deadline: Duration,
        message: impl FnOnce(u32) -> Bytes,
    ) -> Result<(u32, Bytes), CallError> {
        // Four billion questions are more than any game has.
        let id = self.last.checked_add(1).ok_or(CallError::Busy)?;
        if others + self.waiting.len() >= CALLS_MAX {
            return Err(CallError::Busy);
        }
        self.last = id;
        let (due, message) = (Instant::now() + deadline, message(id));
        self.waiting.insert(id, Waiting { asked, message: message.clone(), due, deadline });
        Ok((id, message))
    }

    /// How many are under way.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Numbers up to this one were used already, perhaps by another client in this seat.
    pub(crate) fn used(&mut self, id: u32) {
        self.last = self.last.max(id);
    }

    /// A new seat: requests of the one before are nothing to it.
    pub(crate) fn seated(&mut self) {
        self.before_seat = self.last;
    }

    /// The messages of all that wait, in order, but for what was asked in an earlier seat.
    pub(crate) fn messages(&self) -> impl Iterator<Item = Bytes> {
        self.of_seat().map(|(_, waiting)| waiting.message.clone())
    }

    /// The numbers of all that wait, but for what was asked in an earlier seat.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u32> {
        self.of_seat().map(|(id, _)| id)
    }

    /// The numbers of the requests to the present room that wait.
    pub(crate) fn requests(&self) -> impl Iterator<Item = u32> {
        let is_request = |asked| matches!(asked, Asked::Request | Asked::Started);
        self.of_seat().filter(move |(_, waiting)| is_request(waiting.asked)).map(|(id, _)| id)
    }

    /// The same with lines that are to be said.
    pub(crate) fn of_room(&self) -> impl Iterator<Item = u32> {
        let is_of_room = |asked| matches!(asked, Asked::Request | Asked::Started | Asked::Chat);
        self.of_seat().filter(move |(_, waiting)| is_of_room(waiting.asked)).map(|(id, _)| id)
    }

    fn of_seat(&self) -> impl Iterator<Item = (u32, &Waiting)> {
        self.waiting.range(self.before_seat.saturating_add(1)..).map(|(id, waiting)| (*id, waiting))
    }

    /// Whether such a question waits.
    pub(crate) fn waits_for(&self, asked: Asked) -> bool {
        self.waiting.values().any(|waiting| waiting.asked == asked)
    }

    /// Nobody waits for the answers to such questions.
    pub(crate) fn forget(&mut self, asked: Asked) {
        self.waiting.retain(|_, waiting| waiting.asked != asked);
    }

    /// The number up to which no request waits for its answer.
    pub(crate) fn settled(&self) -> u32 {
        let request = |asked| matches!(asked, Asked::Request | Asked::Started | Asked::Chat);
        let first = self.of_seat().find(|(_, waiting)| request(waiting.asked));
        first.map_or(self.last, |(id, _)| id - 1)
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

    /// Ends those whose answers are updates: their connection is gone.
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
