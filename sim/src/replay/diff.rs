//! `--diff`: where two logs part first. In what the rooms were made from, else in what happened,
//! else in what came of it: what clients see, what the game hides, its random numbers, what it said.

use std::path::Path;

use greenroom::Games;
use greenroom::proto::Tick;
use greenroom::room::Header;
use greenroom::room::log::Logged;
use greenroom::room::recovery::{At, Progress};

use super::ReplayError;
use super::verify::Opened;
use super::walk::Walk;
use crate::portrait::{Difference, Portrait};

/// Where two logs part: what, and how it is in each.
struct Parting {
    what: String,
    values: [String; 2],
}

/// Says where the logs part. That they do is an error.
pub(super) fn run(files: [&Path; 2], games: &Games) -> Result<(), String> {
    let names = files.map(|file| file.display().to_string());
    let opened = |place: usize| {
        Opened::file(files[place], games).map_err(|error| format!("{}: {error}", names[place]))
    };
    let logs = [opened(0)?, opened(1)?];
    let parting = match of_headers(&logs[0].log.header, &logs[1].log.header) {
        Some(parting) => Some(parting),
        None => of_steps(&logs).map_err(|(place, error)| format!("{}: {error}", names[place]))?,
    };
    let Some(Parting { what, values }) = parting else {
        println!("the logs are of the same match, up to {}", logs[0].log.end());
        return Ok(());
    };
    println!("they part {what}");
    for (name, value) in names.iter().zip(&values) {
        println!("  {name}: {value}");
    }
    Err("the logs are not of the same match".to_owned())
}

fn of_headers(one: &Header, other: &Header) -> Option<Parting> {
    let pace = |header: &Header| format!("{:?}", header.pace);
    let all = [
        ("their games", one.game.clone(), other.game.clone()),
        ("their options", one.options.clone(), other.options.clone()),
        ("their pace", pace(one), pace(other)),
        ("their seeds", one.seed.to_string(), other.seed.to_string()),
    ];
    let (what, left, right) = all.into_iter().find(|(_, left, right)| left != right)?;
    Some(Parting { what: format!("before the first tick, in {what}"), values: [left, right] })
}

/// What is wrong, and with which of the two.
type Wrong = (usize, ReplayError);

fn of_steps(logs: &[Opened; 2]) -> Result<Option<Parting>, Wrong> {
    let progress = [Progress::default(), Progress::default()];
    let begin = |place: usize| {
        let Opened { log, entry } = &logs[place];
        Walk::begin(log, entry, 0, &progress[place]).map_err(|error| (place, error))
    };
    let mut walks = [begin(0)?, begin(1)?];
    // A log may begin later, if only its end was kept.
    for place in [0, 1] {
        while walks[place].tick() < walks[1 - place].tick()
            && walks[place].step().map_err(|error| (place, error))?.is_some()
        {}
        walks[place].said.clear();
    }
    if let Some(parting) = of_rooms(&walks, logs)? {
        return Ok(Some(parting));
    }
    loop {
        let steps = [step(&mut walks, 0)?, step(&mut walks, 1)?];
        let (one, other) = match &steps {
            [Some(one), Some(other)] => (one, other),
            [None, None] => return Ok(None),
            _ => return Ok(Some(of_ends(&walks))),
        };
        if let Some(parting) = of_logged(one, other) {
            return Ok(Some(parting));
        }
        if let Some(parting) = of_rooms(&walks, logs)? {
            return Ok(Some(parting));
        }
    }
}

fn step<'a>(walks: &mut [Walk<'a>; 2], place: usize) -> Result<Option<Logged<'a>>, Wrong> {
    walks[place].step().map_err(|error| (place, error))
}

fn of_ends(walks: &[Walk<'_>; 2]) -> Parting {
    let last = walks[0].tick().min(walks[1].tick());
    let value = |walk: &Walk<'_>| match walk.tick() == last {
        true => "ends with it".to_owned(),
        false => "goes on".to_owned(),
    };
    Parting {
        what: format!("after {last}, where one ends"),
        values: [0, 1].map(|n| value(&walks[n])),
    }
}

/// What happened in a step.
fn of_logged(one: &Logged<'_>, other: &Logged<'_>) -> Option<Parting> {
    let tick = one.tick;
    let parting = |what: &str, left: String, right: String| {
        Some(Parting { what: format!("in {tick}, in {what}"), values: [left, right] })
    };
    let most = one.commands.len().max(other.commands.len());
    for place in 0..most {
        let (left, right) = (one.commands.get(place), other.commands.get(place));
        if left != right {
            let text = |command: Option<_>| {
                command.map_or_else(|| "none".to_owned(), |command| format!("{command:?}"))
            };
            return parting(&format!("command {}", place + 1), text(left), text(right));
        }
    }
    if one.time_ms != other.time_ms {
        let ms = |step: &Logged<'_>| format!("{} ms", step.time_ms);
        return parting("the time", ms(one), ms(other));
    }
    if one.decisions != other.decisions {
        let text = |step: &Logged<'_>| format!("{:?}", step.decisions);
        return parting("what was decided after a panic", text(one), text(other));
    }
    None
}

/// What came of the steps so far.
fn of_rooms(walks: &[Walk<'_>; 2], logs: &[Opened; 2]) -> Result<Option<Parting>, Wrong> {
    let of = |place: usize| {
        let walk = &walks[place];
        walk.watched(At::Keep, || walk.room().hash()).map_err(|error| (place, error))
    };
    if of(0)? == of(1)? {
        return Ok(None);
    }
    let portrait = |place: usize| {
        let (walk, entry) = (&walks[place], &logs[place].entry);
        walk.watched(At::Show, || Portrait::of(entry, walk.room(), &walk.said))
            .map_err(|error| (place, error))
    };
    let tick = walks[0].tick();
    Ok(portrait(0)?.difference(&portrait(1)?).map(|difference| parting(tick, difference)))
}

fn parting(tick: Tick, difference: Difference) -> Parting {
    let Difference { part, path, values, .. } = difference;
    Parting { what: format!("in {tick}, in {part}: {path}"), values }
}
