//! Plays matches in their order on all threads, or reads those that were played before.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use greenroom::room::log::Log;

use super::progress::Progress;
use super::series::Series;
use super::sweep::Swept;
use super::{SimulationError, jobs};
use crate::costs::{CostsFile, StepTimes};
use crate::results::{MatchLine, ResultsFile};

/// A match to be played.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    pub(crate) series: &'a Series,
    /// Which of the series.
    pub(crate) number: u64,
    /// What it is called: its number among all.
    pub(crate) index: u64,
    pub(crate) round: Option<u32>,
    pub(crate) swept: &'a Swept,
}

impl Task<'_> {
    fn play(
        &self,
        times: Option<&mut StepTimes>,
    ) -> Result<(MatchLine, Option<Log>), SimulationError> {
        let mut played = self.series.play_timed(self.number, times)?;
        let log = played.log.take();
        Ok((MatchLine::new(self.index, self.round, self.swept, played), log))
    }

    /// Whether this line is about it.
    fn is(&self, line: &MatchLine) -> bool {
        line.index == self.index
            && line.round == self.round
            && line.seed == self.series.seed_of(self.number)
            && line.swept == *self.swept
    }
}

/// What plays.
pub(crate) struct Driver {
    pub(crate) jobs: NonZeroUsize,
    pub(crate) results: Option<ResultsFile>,
    /// Of the matches that are played, not of those that are read.
    pub(crate) costs: Option<CostsFile>,
    pub(crate) progress: Progress,
}

impl Driver {
    /// Hands on what comes of each, in their order, until `take` needs no more: it says whether it
    /// does. A match that was played before comes without its log.
    pub(crate) fn play(
        &mut self,
        tasks: &[Task<'_>],
        mut take: impl FnMut(MatchLine, Option<Log>) -> Result<bool, String>,
    ) -> Result<(), String> {
        let mut done = 0;
        while let Some(task) = tasks.get(done)
            && let Some(line) = self.earlier()?
        {
            if !task.is(&line) {
                let why = format!("has match {} where match {} belongs", line.index, task.index);
                return Err(self.results.as_ref().map_or(why.clone(), |file| file.wrong(&why)));
            }
            done += 1;
            self.progress.before_line();
            let more = take(line, None)?;
            self.progress.one_more();
            if !more {
                return Ok(());
            }
        }
        let (tasks, mut outcome) = (&tasks[done..], Ok(()));
        let is_timed = self.costs.is_some();
        let play = |place: usize| {
            let mut times = is_timed.then(StepTimes::new);
            (tasks[place].play(times.as_mut()), times)
        };
        jobs::in_order(self.jobs, tasks.len(), play, |_, (played, times)| {
            self.progress.before_line();
            let more = played.map_err(|error| error.to_string()).and_then(|(line, log)| {
                if let Some(results) = &mut self.results {
                    results.add(&line)?;
                }
                if let Some((costs, times)) = self.costs.as_mut().zip(times.as_ref()) {
                    costs.add(line.ticks, times)?;
                }
                take(line, log)
            });
            self.progress.one_more();
            match more {
                Ok(true) => ControlFlow::Continue(()),
                Ok(false) => ControlFlow::Break(()),
                Err(error) => {
                    outcome = Err(error);
                    ControlFlow::Break(())
                }
            }
        });
        outcome
    }

    /// There are no more tasks.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        self.progress.hide();
        self.costs.as_mut().map_or(Ok(()), CostsFile::end)
    }

    fn earlier(&mut self) -> Result<Option<MatchLine>, String> {
        self.results.as_mut().map_or(Ok(None), ResultsFile::earlier)
    }
}
