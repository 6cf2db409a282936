//! `chaos` finds mistakes: each of those that are planted in the server, within so many seeds.
//!
//! `cargo test -p greenroom-sim --features planted-bugs --test planted`

#![allow(missing_docs, clippy::unwrap_used)]

use greenroom::planted::{Bug, plant};
use greenroom_sim::chaos::search;

/// Seeds within which each mistake is found, and the promise that it breaks.
fn expected(bug: Bug) -> (u64, &'static str) {
    match bug {
        Bug::EventsSentAgain => (5, "events go on without a gap"),
        Bug::EventTakenForHeard => (10, "events go on without a gap"),
        Bug::StaleView => (200, "a replica is what its room published"),
        Bug::SharedView => (5, "a client sees what it may, and no more"),
        Bug::MergedForStep => (20, "a replica is what its room published"),
        Bug::HistoryUnbounded => (10, "a history has a bound"),
        Bug::RequestDoneAgain => (20, "a request is done once"),
        Bug::RequestsForgotten => (100, "a request is done once"),
        Bug::InboxUnbounded => (50, "an inbox has a bound"),
        Bug::AnswerDropped => (20, "an answer is kept until it has arrived"),
        Bug::OldTokens => (1000, "a token is worth nothing once the next has arrived"),
        Bug::DecisionLost => (10, "a room survives the panics of its game"),
        Bug::LogUnbounded => (10, "a log has a bound"),
        Bug::JournalGoesOn => (10, "a room survives the death of its process"),
        Bug::PanicTakenForDeath => (50, "only processes that died count"),
        Bug::RestartsUnbounded => (50, "a room that fails again and again ends"),
        Bug::EndForgotten => (100, "a room that ended stays ended"),
        Bug::StartForgotten => (20, "a disk that works again is used"),
        Bug::UndoneTokens => (50, "the newest token gives the seat back"),
        Bug::LeaverForgotten => (100, "everybody is back in the end"),
        Bug::EffectsForgotten => (300, "an effect comes to something once"),
    }
}

#[test]
fn every_planted_mistake_is_found() {
    let wrong: Vec<_> = Bug::ALL.into_iter().filter_map(|bug| is_found(bug).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn is_found(bug: Bug) -> Result<(), String> {
    let (within, promise) = expected(bug);
    plant(Some(bug));
    let found = search(1, within);
    // The same run again, from nothing but its seed.
    let again = found.as_ref().err().map(|failure| search(failure.seed, 1));
    plant(None);
    let Err(failure) = found else { return Err(format!("{bug:?}: not within {within} seeds")) };
    println!("{bug:?}: seed {}", failure.seed);
    if failure.promise != promise {
        return Err(format!("{bug:?}: {}", failure.report));
    }
    match again {
        Some(Err(again)) if again == failure => Ok(()),
        _ => Err(format!("{bug:?}: another run the second time")),
    }
}
