//! The answers to the requests of one seat, kept until they have arrived.
//!
//! A client numbers its requests upwards. One whose answer did not arrive before the connection
//! broke is asked again with the number that it has: what was done is answered again, what waits
//! is left to wait, and only what never came is done.

use std::collections::VecDeque;

use greenroom_proto::Refusal;
use serde::{Deserialize, Serialize};

use crate::planted::{self, Bug};

/// Answers that are kept at most: as many as a client may have requests under way.
const ANSWERS_MAX: usize = 64;
/// Their bytes at most.
const BYTES_MAX: usize = 32 * 1024;

/// What became of a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// The game answered.
    Reply(Vec<u8>),
    /// The game failed over it.
    Failed,
    /// It was not done.
    Refused(Refusal, String),
}

impl Answer {
    fn bytes(&self) -> usize {
        match self {
            Answer::Reply(body) => body.len(),
            Answer::Failed => 0,
            Answer::Refused(_, text) => text.len(),
        }
    }
}

/// What is to be said about a request that comes again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Again<'a> {
    /// It is still to be answered.
    Waits,
    /// This.
    Answered(&'a Answer),
    /// It was answered before, and the answer is not kept any more; or it was never taken.
    Unknown,
}

/// The answers of one seat.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Answers {
    /// By number, ascending.
    kept: VecDeque<(u32, Answer)>,
    bytes: usize,
    /// The newest request that was answered.
    answered: u32,
}

impl Answers {
    /// A request was answered.
    pub fn answer(&mut self, id: u32, answer: Answer) {
        self.answered = self.answered.max(id);
        self.bytes += answer.bytes();
        self.kept.push_back((id, answer));
        while self.kept.len() > ANSWERS_MAX || self.bytes > BYTES_MAX {
            self.forget_first();
        }
    }

    /// The answers to this request and all before have arrived.
    pub fn acknowledge(&mut self, id: u32) {
        let id = id.saturating_add(planted::makes(Bug::AnswerDropped).into());
        while self.kept.front().is_some_and(|(kept, _)| *kept <= id) {
            self.forget_first();
        }
    }

    /// What to say about a request that came before.
    #[must_use]
    pub fn again(&self, id: u32) -> Again<'_> {
        match self.kept.iter().find(|(kept, _)| *kept == id) {
            Some((_, answer)) => Again::Answered(answer),
            None if id > self.answered => Again::Waits,
            None => Again::Unknown,
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, answer)) = self.kept.pop_front() {
            self.bytes -= answer.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_said_again_until_it_has_arrived() {
        let mut answers = Answers::default();
        for id in [3, 5, 9] {
            answers.answer(id, Answer::Reply(vec![id as u8]));
        }
        assert_eq!(answers.again(5), Again::Answered(&Answer::Reply(vec![5])));
        assert_eq!(answers.again(4), Again::Unknown);
        assert_eq!(answers.again(10), Again::Waits);
        answers.acknowledge(5);
        assert_eq!(answers.again(5), Again::Unknown);
        assert_eq!(answers.again(9), Again::Answered(&Answer::Reply(vec![9])));
    }

    #[test]
    fn what_nobody_confirms_has_a_bound() {
        let mut answers = Answers::default();
        (1..=1000).for_each(|id| answers.answer(id, Answer::Failed));
        assert_eq!(answers.kept.len(), ANSWERS_MAX);
        (1001..=1100).for_each(|id| answers.answer(id, Answer::Reply(vec![0; 4096])));
        assert!(answers.bytes <= BYTES_MAX && answers.kept.len() == 8);
        answers.acknowledge(u32::MAX);
        assert_eq!(answers.bytes, 0);
    }
}
