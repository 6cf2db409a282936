//! A crash again: the log that a panic left is stepped to the very panic.

use std::sync::Arc;
use std::time::Duration;

use greenroom::registry::Entry;
use greenroom::room::log::{Log, Replayed};
use greenroom::room::recovery::{At, Crash, Progress};

use super::ReplayError;
use super::walk::Walk;

/// How often a step that does not end is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A step that does not end is waited for at least so long.
const STALL_MIN: Duration = Duration::from_secs(1);

/// Has the crash come again. Returns what the steps before it came to.
pub(super) fn crash_again(
    log: &Log,
    entry: &Entry,
    crash: &Crash,
) -> Result<Replayed, ReplayError> {
    if crash.is_stall() {
        return stall_again(log, entry, crash);
    }
    let progress = Progress::default();
    let (up_to, came) = run(log, entry, crash, &progress)?;
    match came {
        Some(came) if came == *crash => Ok(up_to),
        came => Err(ReplayError::OtherCrash { was: crash.clone(), came: what_came(crash, came) }),
    }
}

/// Steps to the panic, or to the end. Returns what the steps before came to, and the panic.
fn run(
    log: &Log,
    entry: &Entry,
    crash: &Crash,
    progress: &Progress,
) -> Result<(Replayed, Option<Crash>), ReplayError> {
    let mut walk = Walk::begin(log, entry, 0, progress)?;
    let mut up_to = walk.replayed()?;
    let came = loop {
        if walk.tick() >= crash.tick {
            break look_again(&walk, entry, crash);
        }
        match walk.step() {
            Ok(Some(_)) if walk.tick() < crash.tick => {}
            Ok(_) => break look_again(&walk, entry, crash),
            Err(ReplayError::Panicked(came)) => break Ok(Some(came)),
            Err(error) => break Err(error),
        }
        // The hash of every step would take longer than the steps.
        if walk.tick().next() == crash.tick {
            up_to = walk.replayed()?;
        }
    };
    Ok((up_to, came?))
}

/// The step itself was made; what was done with it afterwards may be what panics.
fn look_again(walk: &Walk<'_>, entry: &Entry, crash: &Crash) -> Result<Option<Crash>, ReplayError> {
    let looked = match crash.at {
        At::Show => walk.show(entry),
        At::Keep => walk.keep(),
        _ => Ok(()),
    };
    match looked {
        Ok(()) => Ok(None),
        Err(ReplayError::Panicked(came)) => Ok(Some(came)),
        Err(error) => Err(error),
    }
}

fn what_came(crash: &Crash, came: Option<Crash>) -> String {
    match came {
        None if crash.at == At::Rest => "it was in none of the game's functions".to_owned(),
        None => format!("nothing panics up to {}", crash.tick),
        Some(came) if Crash { place: crash.place.clone(), ..came.clone() } == *crash => {
            format!("the same panic is at {}, so the source has changed since", came.place)
        }
        Some(came) => format!("there is another panic {came}"),
    }
}

/// The same with a step that never ended: on a thread that is left alone with it.
fn stall_again(log: &Log, entry: &Entry, crash: &Crash) -> Result<Replayed, ReplayError> {
    let progress = Arc::new(Progress::default());
    let of_thread = (log.clone(), entry.clone(), crash.clone(), Arc::clone(&progress));
    let thread = std::thread::spawn(move || {
        let (log, entry, crash, progress) = of_thread;
        run(&log, &entry, &crash, &progress).map(|(_, came)| came)
    });
    let wait = crash.stalled_after().unwrap_or_default().max(STALL_MIN);
    let mut waited = Duration::ZERO;
    while waited < wait {
        std::thread::sleep(LOOK_EVERY);
        if thread.is_finished() {
            let came = match thread.join() {
                Ok(ran) => ran?.map_or_else(
                    || "every step ends".to_owned(),
                    |came| format!("there is a panic instead {came}"),
                ),
                Err(_) => "the replay itself panicked".to_owned(),
            };
            return Err(ReplayError::OtherCrash { was: crash.clone(), came });
        }
        if progress.at() == (crash.tick, crash.at) {
            waited += LOOK_EVERY;
        }
    }
    let before = Progress::default();
    let mut walk = Walk::begin(log, entry, 0, &before)?;
    while walk.tick().next() < crash.tick && walk.step()?.is_some() {}
    walk.replayed()
}
