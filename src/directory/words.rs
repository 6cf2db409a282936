//! Words of the studio's backend that a room has been told and has not answered yet.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Words of one room that wait at once. A room answers all of them in its next step: only one that
/// hangs gets here, and one more word is refused.
const WORDS_MAX: usize = 64;

/// What became of a word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// The game heard it. What it said to it, as JSON, if anything.
    Reply(Option<String>),
    /// The game panicked over it: nothing came of it.
    Failed,
}

/// Why a word was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotTold {
    /// Too many wait already.
    Busy,
    /// The room is over.
    Over,
}

/// The words that wait.
#[derive(Default)]
pub struct Words(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    over: bool,
    last: u32,
    by_id: BTreeMap<u64, oneshot::Sender<Heard>>,
}

impl Words {
    /// One more word, in this life of the room. Returns its id, and where the answer comes; an error
    /// there: the room is over.
    pub fn ask(&self, epoch: u32) -> Result<(u64, oneshot::Receiver<Heard>), NotTold> {
        let mut waiting = self.lock();
        if waiting.over {
            return Err(NotTold::Over);
        }
        if waiting.by_id.len() >= WORDS_MAX {
            return Err(NotTold::Busy);
        }
        waiting.last = waiting.last.wrapping_add(1);
        // A step that another process noted may be made again in this one: its words are not ours.
        let id = u64::from(epoch) << 32 | u64::from(waiting.last);
        let (tell, answer) = oneshot::channel();
        waiting.by_id.insert(id, tell);
        Ok((id, answer))
    }

    /// The room has answered.
    pub fn heard(&self, id: u64, heard: Heard) {
        let waits = self.lock().by_id.remove(&id);
        if let Some(tell) = waits {
            // Whoever asked may have given up.
            let _ = tell.send(heard);
        }
    }

    /// The room is over: nobody answers any more.
    pub fn close(&self) {
        let mut waiting = self.lock();
        waiting.over = true;
        waiting.by_id.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_gets_its_own_answer_or_none_at_all() {
        let words = Words::default();
        let (first, mut of_first) = words.ask(0).unwrap();
        let (second, mut of_second) = words.ask(1).unwrap();
        assert_ne!(first, second);
        words.heard(second, Heard::Failed);
        words.heard(second, Heard::Reply(None));
        words.heard(77, Heard::Reply(None));
        assert_eq!(of_second.try_recv(), Ok(Heard::Failed));
        assert!(of_first.try_recv().is_err());
        words.close();
        assert_eq!(of_first.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert_eq!(words.ask(0).err(), Some(NotTold::Over));
    }

    #[test]
    fn so_many_wait_and_no_more() {
        let words = Words::default();
        let waiting: Vec<_> = (0..WORDS_MAX).map(|_| words.ask(3).unwrap()).collect();
        assert_eq!(words.ask(3).err(), Some(NotTold::Busy));
        words.heard(waiting[5].0, Heard::Reply(Some("1".into())));
        assert!(words.ask(3).is_ok());
    }
}
