//! A log as the steps that it consists of.

use greenroom_proto::{Tick, wire};

use super::{Log, LogError, Record, damaged};
use crate::game::Pace;
use crate::room::Command;
use crate::room::Step;
use crate::room::recovery::Decision;

/// A step as it stands in a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Logged<'a> {
    /// Which.
    pub tick: Tick,
    /// The time since the room began, where that is not told by the tick.
    pub time_ms: u64,
    /// What happened, in order.
    pub commands: Vec<Command>,
    /// What was left out of it.
    pub decisions: Vec<Decision>,
    /// The room's hash after it, if it was noted.
    pub hash: Option<u64>,
    /// The keyframe that was taken after it, if one was.
    pub keyframe: Option<&'a [u8]>,
}

impl Logged<'_> {
    /// The step, to be made.
    #[must_use]
    pub fn step(&self) -> Step<'_> {
        let Logged { time_ms, commands, decisions, .. } = self;
        Step { time_ms: *time_ms, commands, decisions }
    }
}

/// The steps of a log in order, those that left no record too.
pub struct Steps<'a> {
    log: &'a Log,
    segment: usize,
    records: &'a [u8],
    /// The record that comes next.
    next: Option<Record>,
    /// The step given out last.
    tick: Tick,
    /// After an error nothing follows.
    failed: bool,
}

impl<'a> Steps<'a> {
    pub(super) fn new(log: &'a Log, from: usize) -> Self {
        let first = log.segments.get(from);
        Steps {
            log,
            segment: from,
            records: first.map_or(&[], |segment| &segment.records),
            next: None,
            tick: first.map_or(Tick(0), |segment| segment.start),
            failed: false,
        }
    }

    fn step(&mut self) -> Result<Option<Logged<'a>>, LogError> {
        let Some(segment) = self.log.segments.get(self.segment) else { return Ok(None) };
        if self.tick == segment.end && self.peek()?.is_none() {
            return Ok(None);
        }
        let tick = self.tick.next();
        let mut logged = Logged {
            tick,
            time_ms: 0,
            commands: Vec::new(),
            decisions: Vec::new(),
            hash: None,
            keyframe: None,
        };
        if let Some(Record::Step { time_ms, commands, .. }) =
            self.take(|next| matches!(next, Record::Step { tick: of, .. } if *of == tick))?
        {
            (logged.time_ms, logged.commands) = (time_ms, commands);
        } else if self.log.header.pace == Pace::OnCommand {
            return Err(damaged(format!("{tick} is missing in a room that steps on commands")));
        }
        while let Some(Record::Decision { decision, .. }) =
            self.take(|next| matches!(next, Record::Decision { tick: of, .. } if *of == tick))?
        {
            logged.decisions.push(decision);
        }
        if let Some(Record::Hash { hash, .. }) =
            self.take(|next| matches!(next, Record::Hash { tick: of, .. } if *of == tick))?
        {
            logged.hash = Some(hash);
        }
        let next_of = self.peek()?.map(Record::tick);
        if tick > segment.end || next_of.is_some_and(|next| next <= tick || next > segment.end) {
            return Err(damaged(format!("a record is out of order after {tick}")));
        }
        if tick == segment.end
            && let Some(next) = self.log.segments.get(self.segment + 1)
        {
            if next.start != tick {
                return Err(damaged(format!("{} follows {tick}", next.start)));
            }
            logged.keyframe = Some(&next.keyframe);
            self.segment += 1;
            self.records = &next.records;
        }
        self.tick = tick;
        Ok(Some(logged))
    }

    fn peek(&mut self) -> Result<Option<&Record>, LogError> {
        if self.next.is_none() && !self.records.is_empty() {
            let (record, rest) = wire::decode_own_first::<Record>(self.records)
                .map_err(|error| damaged(error.to_string()))?;
            self.records = rest;
            self.next = Some(record);
        }
        Ok(self.next.as_ref())
    }

    /// The next record, if it is wanted.
    fn take(&mut self, wanted: impl Fn(&Record) -> bool) -> Result<Option<Record>, LogError> {
        Ok(match self.peek()?.is_some_and(wanted) {
            true => self.next.take(),
            false => None,
        })
    }
}

impl Record {
    fn tick(&self) -> Tick {
        match self {
            Record::Step { tick, .. }
            | Record::Hash { tick, .. }
            | Record::Decision { tick, .. } => *tick,
        }
    }
}

impl<'a> Iterator for Steps<'a> {
    type Item = Result<Logged<'a>, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.step().transpose();
        self.failed = matches!(step, Some(Err(_)));
        step
    }
}
