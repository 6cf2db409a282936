//! The course of a room: its log, how far what is in it was carried out, and how the room goes on from
//! there when whoever worked on it is gone, by a panic of the game, by a step that never ended, or with
//! the whole process.
//!
//! ```text
//! note ────▶ the step is made ────▶ what it came to is handed out, told
//!              │ panics
//!              ▼
//! resume ──▶ Return::make ────────▶ what was heard is handed out, back ──▶ Back::redo, or the next step
//!   ▲          │ panics
//!   └──────────┘
//! ```
//!
//! There is no clock, no lock and no thread in here, so that those who drive a room may be as different
//! as a worker of the server and a test under virtual time: what is in the log when, what is left out,
//! what is made again and what of that is said again is the same for both.

use greenroom_proto::Tick;

use super::log::{Keep, Log, LogError, Logged, Segment};
use super::recovery::{At, Crash, Decision, Progress, decide};
use super::saved::Saved;
use super::{AnyRoom, Command, Header};
use crate::game::Said;
use crate::journal::{Kind, NotTaken, Position, Records};
use crate::planted::{self, Bug};

/// Processes that may die while they bring a room back. After the second, the step that it ends
/// with is left out: what kills a process (a stack overflow, memory that runs out) is not by chance.
///
/// If it was chance all the same (somebody has killed three processes in a row, two of them while they
/// brought the room back), that step may have been told. It never was if another one, its hash or a
/// keyframe is behind it in the log: such a step came to its end, and is not left out. So what may be
/// undone is what the first of the processes has told in its last tick, or, in a room that steps on
/// commands, in its last tenth of a second.
pub const ATTEMPTS_MAX: u32 = 3;

/// A room's log, and how far what is in it was carried out. `J`: where it is kept beyond the death of
/// the process.
pub struct Course<J> {
    log: Log,
    /// Up to this step all that the room said was handed out.
    told: Tick,
    /// Counts the processes that the room has lived in.
    epoch: u32,
    /// It came out of the journal, and nothing of it was handed out in this process: how many have
    /// died while they brought it back.
    found: Option<u32>,
    journal: Option<J>,
}

/// A room cannot be brought back.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Lost {
    /// All that there is to leave out was left out.
    #[error("nothing helped against the panic {0}")]
    NothingHelps(Crash),
    /// [`ATTEMPTS_MAX`] are enough.
    #[error("{0} processes died while they brought it back")]
    KillsProcesses(u32),
    /// Its log does not read back.
    #[error(transparent)]
    Unreadable(#[from] LogError),
}

/// How a room is to be brought back.
pub struct Return {
    log: Log,
    from: usize,
    until: Tick,
    /// What was decided about the step that failed; it is in the log.
    pub decisions: Vec<Decision>,
    /// The room is out of the journal: how many processes have tried this, this one included. They are
    /// noted before the game's code runs ([`Course::note_attempt`]).
    pub attempt: Option<u32>,
}

/// A room that was brought back.
pub struct Back {
    /// It, after the steps that were carried out.
    pub room: Box<dyn AnyRoom>,
    /// Steps that nobody here was told of; in order.
    pub heard: Vec<Heard>,
    /// The step that is in the log and was not carried out.
    pub redo: Option<Redo>,
    /// The game did not do the same again: the first step that showed it.
    pub diverged: Option<LogError>,
}

/// A step that was made again, of which nobody was told.
pub struct Heard {
    /// Which.
    pub tick: Tick,
    /// What happened in it.
    pub commands: Vec<Command>,
    /// What the room said.
    pub said: Vec<Said>,
}

/// A step that is to be made again.
#[derive(Debug)]
pub struct Redo {
    /// The time since the room began, where that is not told by the tick.
    pub time_ms: u64,
    /// What happens in it.
    pub commands: Vec<Command>,
    /// What is left out of it.
    pub decisions: Vec<Decision>,
}

impl<J: Records> Course<J> {
    /// Of a new room: see [`begin`](Self::begin).
    #[must_use]
    pub fn new(log: Log, journal: Option<J>) -> Self {
        let told = log.end();
        Course { log, told, epoch: 0, found: None, journal }
    }

    /// Of a room out of the journal, which the last of `epoch` processes has left.
    #[must_use]
    pub fn found(log: Log, saved: &Saved) -> Self {
        let (told, epoch, found) = (saved.tick, saved.epoch, Some(saved.attempts));
        Course { log, told, epoch, found, journal: None }
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Up to this step all that the room said was handed out.
    #[must_use]
    pub fn told_up_to(&self) -> Tick {
        self.told
    }

    /// Counts the processes that the room has lived in.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Where it is kept.
    #[must_use]
    pub fn journal(&self) -> Option<&J> {
        self.journal.as_ref()
    }

    /// It is kept here from now on.
    pub fn keep_in(&mut self, journal: J) {
        self.journal = Some(journal);
    }

    /// Has the journal begin anew with the newest keyframe and what was noted since. `saved`: as of
    /// that keyframe. Returns where the journal must have got for that to be kept.
    pub fn begin(&mut self, mut saved: Saved) -> Option<Position> {
        let (_, keyframe, records) = self.log.newest();
        saved.end = self.log.end();
        start(&mut self.journal, &[&saved.head(records.len()), records, keyframe])?.ok()
    }

    /// Notes the next step, which is about to be made. Returns where the journal must have got
    /// before anybody may see what comes of it; `None`: nowhere, for it keeps nothing now.
    pub fn note(
        &mut self,
        time_ms: u64,
        commands: &[Command],
        decision: Option<Decision>,
    ) -> Option<Position> {
        let tick = self.log.end().next();
        let mut position = append(&mut self.journal, tick, self.log.step(tick, time_ms, commands));
        if let Some(decision) = decision {
            position = self.decide(decision);
        }
        position
    }

    /// The step noted last was handed out.
    pub fn told(&mut self) {
        self.told = self.log.end();
    }

    fn decide(&mut self, decision: Decision) -> Option<Position> {
        let tick = self.log.end();
        append(&mut self.journal, tick, self.log.decide(decision))
    }

    /// Notes the hash of the room after the last step.
    pub fn hash(&mut self, hash: u64) {
        let tick = self.log.end();
        append(&mut self.journal, tick, self.log.hash(hash));
    }

    /// Takes a keyframe of the room after the step that was told last. The journal begins anew with
    /// it. Returns what is not kept of the log any more, in order.
    pub fn keyframe(&mut self, keyframe: Vec<u8>, saved: &Saved) -> Vec<Segment> {
        let _ = start(&mut self.journal, &[&saved.head(0), &keyframe]);
        self.log.keyframe(saved.tick, keyframe, Keep::Recent)
    }

    /// Takes the last keyframe: the room goes on in another process. `false` if the journal did not
    /// take it now, and may do so later.
    pub fn close(&mut self, keyframe: Vec<u8>, saved: &Saved) -> bool {
        let taken = start(&mut self.journal, &[&saved.head(0), &keyframe]);
        self.log.keyframe(saved.tick, keyframe, Keep::Recent);
        let later = [NotTaken::QueueFull, NotTaken::Failing, NotTaken::NeedsStart];
        !matches!(taken, Some(Err(why)) if later.contains(&why))
    }

    /// Whether the journal wants all of the room.
    #[must_use]
    pub fn wants_start(&self) -> bool {
        let wants = self.journal.as_ref().is_some_and(Records::wants_start);
        wants && !planted::makes(Bug::StartForgotten)
    }

    /// Nothing of the room need be kept any more.
    pub fn forget(&mut self) {
        if let Some(mut journal) = self.journal.take()
            && !planted::makes(Bug::EndForgotten)
        {
            let _ = journal.append(Kind::End, &[]);
        }
    }

    /// The room is one of this build from here on: its log begins anew.
    pub fn take_over(&mut self, header: Header, keyframe: Vec<u8>) {
        self.log = Log::from_keyframe(header, self.log.end(), keyframe);
    }

    /// Whether the last step was not carried out: it was being made when its worker ended.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.log.end() != self.told
    }

    /// How the room is brought back, after what ended whoever worked on it. What is decided about that
    /// is in the log when this returns.
    pub fn resume(&mut self, crash: Option<Crash>) -> Result<Return, Lost> {
        let mut decisions = Vec::new();
        // Only the last step was not carried out, so nothing can be decided of others.
        if let Some(crash) = crash.filter(|it| self.is_unfinished() && it.tick == self.log.end())
            && let Some(before) = self.undecided()?
            && let Some(decision) = decide(&before, &crash, self.log.header.seed)
        {
            self.decide(decision);
            if decision == Decision::End {
                return Err(Lost::NothingHelps(crash));
            }
            decisions.push(decision);
        }
        let attempt = match self.found {
            Some(ATTEMPTS_MAX..) => return Err(Lost::KillsProcesses(ATTEMPTS_MAX)),
            Some(died) => {
                // Without a step after the keyframe there is none to leave out.
                let skips = self.undecided()?.is_some_and(|it| !it.contains(&Decision::Skip));
                if died == ATTEMPTS_MAX - 1 && skips {
                    self.decide(Decision::Skip);
                    decisions.push(Decision::Skip);
                }
                Some(died + 1)
            }
            None => None,
        };
        let (from, until) = match attempt {
            Some(_) => (0, self.log.end()),
            None => (self.log.keyframes().saturating_sub(1), self.told),
        };
        Ok(Return { log: self.log.clone(), from, until, decisions, attempt })
    }

    /// What was decided of the last step; `None` if nothing can be any more: one whose hash was noted
    /// came to its end, and what is left out of a step stands before that.
    fn undecided(&self) -> Result<Option<Vec<Decision>>, LogError> {
        let last = self.log.last_step()?.filter(|step| step.hash.is_none());
        Ok(last.map(|step| step.decisions))
    }

    /// Has the journal know that this process tries to bring the room back, before it does: if it
    /// dies of that, the next one is warned. A panic is no death: it is decided about, and this
    /// process tries again. `saved`: as of the newest keyframe. Returns where the journal must have
    /// got.
    pub fn note_attempt(&mut self, mut saved: Saved, attempt: u32) -> Option<Position> {
        if planted::makes(Bug::PanicTakenForDeath) {
            self.found = Some(attempt);
        }
        saved.attempts = attempt;
        self.begin(saved)
    }

    /// The room is back, and all that was [heard](Back::heard) is handed out.
    pub fn back(&mut self) {
        if self.found.take().is_some() {
            self.told();
            self.epoch += 1;
        }
    }
}

impl Back {
    /// Of a room of which no step is made again.
    #[must_use]
    pub fn as_it_is(room: Box<dyn AnyRoom>) -> Self {
        Back { room, heard: Vec::new(), redo: None, diverged: None }
    }
}

impl Return {
    /// The log of which steps are made again.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Makes them. The game's code runs: it may panic or never return, and `progress` says where it
    /// is. `restore` makes a room from a keyframe.
    pub fn make(
        &self,
        restore: impl Fn(&[u8]) -> Result<Box<dyn AnyRoom>, String>,
        progress: &Progress,
    ) -> Result<Back, LogError> {
        let mut replay = self.log.replay(self.from, restore)?.watched(progress);
        let mut steps = self.log.steps(self.from);
        let (mut heard, mut diverged) = (Vec::new(), None);
        while replay.next_tick().is_some_and(|next| next <= self.until) {
            let step = steps.next().transpose()?;
            let mut said = Vec::new();
            match replay.step(&mut said) {
                Ok(_) => {}
                Err(error @ LogError::Diverged { .. }) => {
                    diverged.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
            if let Some(Logged { tick, commands, .. }) = step.filter(|_| self.attempt.is_some()) {
                heard.push(Heard { tick, commands, said });
            }
        }
        progress.note(At::Rest);
        let room = replay.into_room();
        let redo = match room.tick() == self.log.end() {
            true => None,
            false => self.log.last_step()?.map(Redo::of),
        };
        Ok(Back { room, heard, redo, diverged })
    }
}

impl Redo {
    fn of(step: Logged<'_>) -> Self {
        let Logged { time_ms, commands, decisions, .. } = step;
        Redo { time_ms, commands, decisions }
    }
}

impl Heard {
    /// The result, if the match was over with it.
    #[must_use]
    pub fn result(&self) -> Option<&str> {
        self.said.iter().find_map(|said| match said {
            Said::Over { result } => Some(result.as_str()),
            _ => None,
        })
    }
}

/// A refusal needs no answer: the room is told when the journal wants all of it.
fn append<J: Records>(journal: &mut Option<J>, end: Tick, records: &[u8]) -> Option<Position> {
    journal.as_mut()?.append(Kind::More, &[&end.0.to_le_bytes(), records]).ok()
}

fn start<J: Records>(
    journal: &mut Option<J>,
    parts: &[&[u8]],
) -> Option<Result<Position, NotTaken>> {
    Some(journal.as_mut()?.append(Kind::Start, parts))
}

#[cfg(test)]
mod tests {
    use greenroom_proto::PlayerId;

    use super::*;
    use crate::games::arena::Arena;
    use crate::registry::Games;
    use crate::room::fault::RoomFault;
    use crate::room::{Room, Step};

    /// A journal that takes everything and keeps nothing.
    struct Takes;

    impl Records for Takes {
        fn append(&mut self, _: Kind, _: &[&[u8]]) -> Result<Position, NotTaken> {
            Ok(Position(0))
        }

        fn wants_start(&self) -> bool {
            false
        }
    }

    const PANIC: Command = Command::Fault(RoomFault::Panic);

    /// A room in which somebody has joined, which was told, and two things are to panic, which they
    /// have not yet.
    fn course() -> Course<Takes> {
        let games = Games::builtin();
        let entry = games.get("arena").unwrap();
        let plan = entry.game.plan("{}").unwrap();
        let mut room = Room::<Arena>::new(&plan.options, 7).unwrap();
        let mut course = Course::new(Log::new(entry.header(&plan, 7), &room), Some(Takes));
        let joins = [Command::join(PlayerId(1))];
        course.note(0, &joins, None);
        room.make(
            Step { time_ms: 0, commands: &joins, decisions: &[] },
            &Progress::default(),
            &mut Vec::new(),
        );
        course.told();
        course.note(0, &[PANIC, PANIC], None);
        course
    }

    /// The same in the next process, after so many have died of it.
    fn found(attempts: u32) -> Course<Takes> {
        let log = course().log;
        let (header, tick) = (log.header.clone(), log.newest().0);
        let (end, time_ms, epoch, last_player) = (log.end(), 0, 0, 1);
        let members = Vec::new();
        let saved = Saved { header, tick, end, time_ms, epoch, attempts, last_player, members };
        Course::found(log, &saved)
    }

    fn restore(keyframe: &[u8]) -> Result<Box<dyn AnyRoom>, String> {
        let room = Room::<Arena>::restore(keyframe).map_err(|error| error.to_string())?;
        Ok(Box::new(room))
    }

    fn panicked(place: u32) -> Option<Crash> {
        let (text, at) = ("a fault that was asked for".to_owned(), At::Command(place));
        Some(Crash { tick: Tick(2), at, text, place: String::new() })
    }

    #[test]
    fn a_step_that_was_not_told_is_made_again_without_what_panicked() {
        let mut course = course();
        let way = course.resume(panicked(0)).unwrap();
        assert_eq!((way.decisions.len(), way.attempt), (1, None));
        let back = way.make(restore, &Progress::default()).unwrap();
        assert_eq!((back.room.tick(), back.heard.len()), (Tick(1), 0));
        let redo = back.redo.unwrap();
        assert_eq!(
            (redo.commands.len(), &redo.decisions[..]),
            (2, &[Decision::DropCommand(0)][..])
        );
        // A supervisor that fails ends no step.
        assert_eq!(course.resume(None).unwrap().decisions, []);
    }

    #[test]
    fn what_another_process_was_told_is_heard_once_it_all_works() {
        let mut course = found(0);
        for crash in [None, panicked(0)] {
            let way = course.resume(crash).unwrap();
            let panics = crate::panics::catch(|| way.make(restore, &Progress::default()).is_ok());
            assert!(panics.is_err());
        }
        let way = course.resume(panicked(1)).unwrap();
        let back = way.make(restore, &Progress::default()).unwrap();
        assert!(back.redo.is_none());
        assert_eq!(back.heard.iter().map(|step| step.tick).collect::<Vec<_>>(), [Tick(1), Tick(2)]);
        course.back();
        assert_eq!((course.told_up_to(), course.epoch()), (Tick(2), 1));
        assert_eq!(course.resume(None).unwrap().attempt, None);
    }

    #[test]
    fn only_processes_that_die_are_counted_and_the_third_leaves_the_step_out() {
        let mut course = found(1);
        for crash in [None, panicked(0), panicked(1)] {
            let way = course.resume(crash).unwrap();
            assert_eq!(way.attempt, Some(2));
            assert!(!way.decisions.contains(&Decision::Skip));
        }
        let way = found(2).resume(None).unwrap();
        assert_eq!((&way.decisions[..], way.attempt), (&[Decision::Skip][..], Some(3)));
        assert_eq!(found(3).resume(None).err(), Some(Lost::KillsProcesses(3)));
    }

    /// Found by `chaos`: the log did not read back, and the room was given up.
    #[test]
    fn a_step_that_came_to_its_end_is_not_left_out_whoever_dies_afterwards() {
        let mut course = found(ATTEMPTS_MAX - 1);
        course.log.hash(7);
        let way = course.resume(panicked(1)).unwrap();
        assert_eq!((way.attempt, way.decisions), (Some(ATTEMPTS_MAX), Vec::new()));
        assert_eq!(course.log().last_step().unwrap().unwrap().hash, Some(7));
        // Without it, it is.
        let way = found(ATTEMPTS_MAX - 1).resume(None).unwrap();
        assert_eq!(way.decisions, [Decision::Skip]);
    }
}
