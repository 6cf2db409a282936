//! The steps of a match once more, in this process: as they were, with the room written down and read
//! back on the way, and with something left out.

use greenroom::Rng;
use greenroom::game::Said;
use greenroom::panics::{Panicked, catch};
use greenroom::proto::{Rows, Tick};
use greenroom::registry::Entry;
use greenroom::room::log::{Log, Logged};
use greenroom::room::recovery::{Crash, Decision, Progress};
use greenroom::room::{AnyRoom, Step};

use super::finding::{Finding, How};
use super::play::Original;
use crate::portrait::Portrait;

/// Of so many steps, one is looked at twice; after one the room is read back; of one something is
/// left out.
const ONE_IN: u32 = 8;
/// So often is a room made that was never disturbed until it differs: where chance has a say, it may
/// come out as the disturbed one did.
const TRIES: u32 = 16;
/// Steps that are made after one of which something was left out.
const STEPS_AFTER: usize = 4;

/// What was done.
pub(super) struct More {
    /// Keyframes that were read back.
    pub(super) restored: u64,
    /// Steps of which something was left out.
    pub(super) left_out: u64,
}

/// A room that came out otherwise.
pub(super) struct Apart {
    pub(super) tick: Tick,
    pub(super) portrait: Portrait,
}

type Room = Box<dyn AnyRoom>;

/// Makes all steps again in every way; the error is the first that came out otherwise.
pub(super) fn again(entry: &Entry, original: &Original) -> Result<More, Finding> {
    let log = &original.log;
    let mut rng = Rng::new(log.header.seed ^ 0x6167_6169_6e21);
    let pure = &mut |room: &mut Room| match rng.below(ONE_IN) {
        0 => look_twice(entry, room.as_ref()),
        _ => Ok(()),
    };
    if let Some(apart) = remake(entry, log, pure)? {
        return Err(named(entry, log, How::Again, apart));
    }
    let mut restored = 0;
    let mut last = Tick(0);
    let read_back = &mut |room: &mut Room| {
        if room.tick() == Tick(1) || rng.below(ONE_IN) == 0 {
            *room = restore(entry, room.as_ref())?;
            restored += 1;
            last = room.tick();
        }
        Ok(())
    };
    if let Some(apart) = remake(entry, log, read_back)? {
        return Err(named(entry, log, How::Restored(last), apart));
    }
    let left_out = leave_out(entry, log, &mut rng)?;
    if let Some(why) = &original.too_large {
        let how = How::TooLarge(why.clone());
        return Err(Finding { tick: log.end(), how, found: None });
    }
    match &original.first_panic {
        Some(crash) => {
            Err(Finding { tick: crash.tick, how: How::Panic(crash.clone().into()), found: None })
        }
        None => Ok(More { restored, left_out }),
    }
}

/// Makes all steps again with a new room, and something `between` them. Returns where it comes out
/// otherwise.
pub(super) fn remake(
    entry: &Entry,
    log: &Log,
    between: &mut dyn FnMut(&mut Room) -> Result<(), Finding>,
) -> Result<Option<Apart>, Finding> {
    let mut room = create(entry, log)?;
    for logged in steps(log) {
        let said = make(room.as_mut(), logged.step())?;
        if logged.hash != Some(guarded(&room, |room| room.hash())?) {
            // The room may have changed when it was looked at the first time, and not now.
            guarded(&room, |room| look_twice(entry, room))??;
            let portrait = guarded(&room, |room| Portrait::of(entry, room, &said))?;
            return Ok(Some(Apart { tick: logged.tick, portrait }));
        }
        between(&mut room)?;
    }
    Ok(None)
}

/// Says in which field a room came out otherwise: beside it stands one that was never disturbed.
pub(super) fn named(entry: &Entry, log: &Log, how: How, apart: Apart) -> Finding {
    let Apart { tick, portrait } = apart;
    let undisturbed = |_| -> Option<Portrait> {
        let mut room = create(entry, log).ok()?;
        let mut said = Vec::new();
        for logged in steps(log).take_while(|logged| logged.tick <= tick) {
            said = make(room.as_mut(), logged.step()).ok()?;
        }
        guarded(&room, |room| Portrait::of(entry, room, &said)).ok()
    };
    let found = (0..TRIES).map_while(undisturbed).find_map(|right| right.difference(&portrait));
    let found = found.map(Box::new);
    Finding { tick, how, found }
}

/// The steps of a log that were made.
fn steps(log: &Log) -> impl Iterator<Item = Logged<'_>> {
    // It was written a moment ago.
    let steps = log.steps(0).map_while(Result::ok);
    steps.take_while(|logged| !logged.decisions.contains(&Decision::End))
}

fn create(entry: &Entry, log: &Log) -> Result<Room, Finding> {
    let (options, seed) = (&log.header.options, log.header.seed);
    let unmade = |why: String| Finding { tick: Tick(0), how: How::Unmade(why), found: None };
    catch(|| entry.game.create(options, seed))
        .map_err(|panicked| unmade(panicked.to_string()))?
        .map_err(unmade)
}

fn make(room: &mut dyn AnyRoom, step: Step<'_>) -> Result<Vec<Said>, Finding> {
    let progress = Progress::default();
    let mut said = Vec::new();
    match catch(|| room.make(step, &progress, &mut said)) {
        Ok(()) => Ok(said),
        Err(panicked) => Err(panicked_again(&progress, &panicked)),
    }
}

fn guarded<T>(room: &Room, look: impl FnOnce(&dyn AnyRoom) -> T) -> Result<T, Finding> {
    let progress = Progress::default();
    progress.begin(room.tick());
    catch(|| look(room.as_ref())).map_err(|panicked| panicked_again(&progress, &panicked))
}

fn panicked_again(progress: &Progress, panicked: &Panicked) -> Finding {
    let (tick, at) = progress.at();
    let (text, place) = (panicked.text().to_owned(), panicked.place().to_owned());
    let how = How::PanicAgain(Box::new(Crash { tick, at, text, place }));
    Finding { tick, how, found: None }
}

/// What there is to see is the same the second time, and to look changes nothing.
fn look_twice(entry: &Entry, room: &dyn AnyRoom) -> Result<(), Finding> {
    let before = room.hash();
    let look = || {
        let mut rows = Rows::default();
        room.publish(&entry.layout, &mut rows);
        let sights: Vec<_> = room.seated().into_iter().map(|player| room.sight(player)).collect();
        (rows, sights)
    };
    if look() == look() && room.hash() == before {
        return Ok(());
    }
    // What changes at each look does so once more.
    let (one, other) = (Portrait::of(entry, room, &[]), Portrait::of(entry, room, &[]));
    let found = one.difference(&other).map(Box::new);
    Err(Finding { tick: room.tick(), how: How::Look, found })
}

/// The room written down and read back; written down again it must be the same bytes.
fn restore(entry: &Entry, room: &dyn AnyRoom) -> Result<Room, Finding> {
    let tick = room.tick();
    let keyframe = room.keyframe();
    let unreadable = |why: String| Finding { tick, how: How::Unreadable(why), found: None };
    let restored = catch(|| entry.game.restore(&keyframe))
        .map_err(|panicked| unreadable(panicked.to_string()))?
        .map_err(unreadable)?;
    if restored.keyframe() != keyframe {
        let (one, other) =
            (Portrait::of(entry, room, &[]), Portrait::of(entry, restored.as_ref(), &[]));
        return Err(Finding {
            tick,
            how: How::ReadBack,
            found: one.difference(&other).map(Box::new),
        });
    }
    Ok(restored)
}

/// Makes some steps with something left out, as after a panic: twice, and some steps more. Returns
/// how many.
fn leave_out(entry: &Entry, log: &Log, rng: &mut Rng) -> Result<u64, Finding> {
    let mut room = create(entry, log)?;
    let all: Vec<Logged<'_>> = steps(log).collect();
    let mut count = 0;
    for (place, logged) in all.iter().enumerate() {
        // Where something was left out already, the rest of it may panic too.
        let decisions = match logged.decisions.is_empty() && rng.below(ONE_IN) == 0 {
            true => something(logged, rng),
            false => Vec::new(),
        };
        if !decisions.is_empty() {
            let (mut one, mut other) =
                (restore(entry, room.as_ref())?, restore(entry, room.as_ref())?);
            let rest = &all[place..all.len().min(place + 1 + STEPS_AFTER)];
            left_out(entry, (&mut one, &mut other), rest, &decisions)?;
            count += 1;
        }
        make(room.as_mut(), logged.step())?;
    }
    Ok(count)
}

fn left_out(
    entry: &Entry,
    (one, other): (&mut Room, &mut Room),
    steps: &[Logged<'_>],
    decisions: &[Decision],
) -> Result<(), Finding> {
    let told = |finding: Finding| match finding.how {
        How::PanicAgain(crash) => {
            Finding { how: How::PanicLeftOut(decisions.to_vec(), crash), ..finding }
        }
        _ => finding,
    };
    for (place, logged) in steps.iter().enumerate() {
        if one.is_over() || other.is_over() || !logged.decisions.is_empty() {
            break;
        }
        let mut step = logged.step();
        if place == 0 {
            step.decisions = decisions;
        }
        let said =
            [make(one.as_mut(), step).map_err(told)?, make(other.as_mut(), step).map_err(told)?];
        if one.hash() != other.hash() {
            let found = Portrait::of(entry, one.as_ref(), &said[0]).difference(&Portrait::of(
                entry,
                other.as_ref(),
                &said[1],
            ));
            let (how, found) = (How::LeftOut(decisions.to_vec()), found.map(Box::new));
            return Err(Finding { tick: logged.tick, how, found });
        }
    }
    Ok(())
}

/// Something to leave out of a step.
fn something(logged: &Logged<'_>, rng: &mut Rng) -> Vec<Decision> {
    let commands = logged.commands.len() as u32;
    match rng.below(6) {
        0 | 1 if commands > 0 => vec![Decision::DropCommand(rng.below(commands))],
        2 => vec![Decision::DropTimer(0)],
        3 => vec![Decision::Reseed(rng.next_u64()), Decision::Skip],
        4 => vec![Decision::Still],
        _ => vec![Decision::Reseed(rng.next_u64())],
    }
}
