//! What a check found, and what kind of mistake that usually is.

use greenroom::proto::Tick;
use greenroom::room::recovery::{Crash, Decision};

use crate::portrait::{Difference, Part};

/// Something came out otherwise.
#[derive(Debug)]
pub(super) struct Finding {
    /// After this step.
    pub(super) tick: Tick,
    pub(super) how: How,
    /// In this field, if that could be had.
    pub(super) found: Option<Box<Difference>>,
}

/// What was done when it did.
#[derive(Debug)]
pub(super) enum How {
    /// The same steps were made again.
    Again,
    /// The room was written down and read back, last after this step.
    Restored(Tick),
    /// The room was read back and written down again.
    ReadBack,
    /// The room does not read back.
    Unreadable(String),
    /// It was looked at twice.
    Look,
    /// The same steps were made in another process.
    Apart,
    /// The same steps were made by another build of this program.
    Elsewhere,
    /// They could not be made in another process.
    WrongApart(String),
    /// Steps of which something was left out were made twice.
    LeftOut(Vec<Decision>),
    /// A step of which something was left out, or one soon after it, panics.
    PanicLeftOut(Vec<Decision>, Box<Crash>),
    /// A step that went well panics.
    PanicAgain(Box<Crash>),
    /// The room cannot be made a second time.
    Unmade(String),
    /// No client would take its state.
    TooLarge(String),
    /// The game panicked when it was played.
    Panic(Box<Crash>),
}

impl std::fmt::Display for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            How::Again => f.write_str("the same steps, made again, come to another room"),
            How::Restored(tick) => {
                write!(f, "the same steps come to another room if it is read back after {tick}")
            }
            How::ReadBack => f.write_str("the room, read back and written down again, is another"),
            How::Unreadable(why) => {
                write!(f, "what is written down of the room does not read back: {why}")
            }
            How::Look => f.write_str("what there is to see is another the second time"),
            How::Apart => f.write_str("the same steps come to another room in another process"),
            How::Elsewhere => f.write_str("the same steps come to another room in another build"),
            How::WrongApart(why) => write!(f, "in another process {why}"),
            How::LeftOut(left) => {
                write!(f, "the same steps with {left:?}, made again, come to another room")
            }
            How::PanicLeftOut(left, crash) => {
                write!(f, "with {left:?}, as after a panic, the game panics {crash}")
            }
            How::PanicAgain(crash) => {
                write!(f, "a step that went well, made again, panics {crash}")
            }
            How::Unmade(why) => write!(f, "the room cannot be made a second time: {why}"),
            How::TooLarge(why) => f.write_str(why),
            How::Panic(crash) => write!(f, "the game panics {crash}"),
        }
    }
}

impl Finding {
    /// What kind of mistake it usually is, and what to do.
    fn advice(&self) -> &'static str {
        let reordered = self.found.as_ref().is_some_and(|found| found.reordered);
        match self.how {
            How::Panic(_) => {
                "Players can bring this about: all that was sent decodes. The server leaves it out and \
                 goes on, but a room that panics often ends. Check what comes in, and refuse it."
            }
            How::PanicLeftOut(..) => {
                "After a panic the server leaves out what it was in, also a whole step, and calls \
                 Game::recovered. Do not count on that something happened before: ask whether a \
                 player is there instead of indexing."
            }
            How::TooLarge(_) => {
                "The server ends a room whose state no client would take. Bound what can grow, or keep \
                 it from the clients with #[sync(skip)]."
            }
            How::Look => {
                "Game::state and Game::sight only look: no Cell, Mutex, atomic or clock in them. What \
                 changes, changes in the hooks that get a Ctx."
            }
            _ if reordered => {
                "The same values in another order: that is the order of a HashMap or HashSet, which is \
                 another in each map and each process. Use BTreeMap or BTreeSet, or sort before you \
                 go through it."
            }
            How::Unreadable(_) | How::ReadBack => {
                "What is written down must be all, and must read back as it was: look for a \
                 Serialize or Deserialize of your own, #[serde(skip)], skip_serializing_if (the \
                 format has no names, so nothing may be left out), untagged or flattened types, \
                 and maps without an order."
            }
            How::Restored(_) => {
                "Something that matters is not written down: a field with #[serde(skip)] or \
                 #[serde(default)], a static, or something that was counted up to here. Write it \
                 down too, or make it anew from what is whenever it is needed. (A HashMap has \
                 another order after it was read back: use BTreeMap.)"
            }
            How::Elsewhere => {
                "In this process they came to the same. So it is what builds differ in: sine, power \
                 and the like of a platform's C library (use greenroom::math), the width of usize, \
                 cfg; or the other program has other rules: build both from one source."
            }
            How::Apart | How::WrongApart(_) => {
                "Something is another in each process: the keys of a hasher (HashMap, HashSet: use \
                 BTreeMap), an address used as a number, the environment, a file, a clock that \
                 counts seconds (use Ctx::tick or Ctx::time)."
            }
            How::Again | How::LeftOut(_) | How::PanicAgain(_) | How::Unmade(_) => {
                "Something from outside of the room has a say: a clock (Instant, SystemTime: use \
                 Ctx::tick or Ctx::time), random numbers that are not Ctx::rng, the order of a \
                 HashMap (use BTreeMap), a static or thread_local that the match before has \
                 changed, a file."
            }
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.tick, self.how)?;
        if let Some(found) = &self.found {
            let Difference { part, path, values: [one, other], .. } = &**found;
            write!(
                f,
                ", first in {part}: {path}\n  as it should be: {one}\n  as it came:      {other}"
            )?;
            if *part == Part::Random {
                write!(f, "\n  (it drew other random numbers, or more, or fewer)")?;
            }
        }
        write!(f, "\n{}", self.advice())
    }
}
