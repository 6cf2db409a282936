//! The steps of matches once more, in a process of their own: there a hasher has other keys, things lie
//! at other addresses, and a clock shows another second.
//!
//! The second process is this program again, or another build of it (`--other`), whose platform
//! computes a sine otherwise. It gets the logs on its standard input, each behind its
//! length (a `u64`, little endian), and prints as JSON where the first of them comes out otherwise.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use greenroom::Games;
use greenroom::proto::Tick;
use greenroom::registry::Entry;
use greenroom::room::log::Log;
use serde::{Deserialize, Serialize};

use super::again::{Apart, named, remake};
use super::finding::{Finding, How};
use super::play::Original;
use crate::portrait::Portrait;

/// The second process begins so much later: a clock that counts seconds shows another.
const LATER: Duration = Duration::from_millis(1100);

/// What the second process says.
#[derive(Serialize, Deserialize)]
enum Said {
    /// All came out as they did.
    Same,
    /// The log of this number did not.
    Apart { number: usize, tick: Tick, portrait: Portrait },
    /// The log of this number could not be made again.
    Wrong { number: usize, tick: Tick, why: String },
}

/// Has a second process make these matches again: this program, or another build of it. Returns which
/// comes out otherwise, and how.
pub(super) fn ask(
    entry: &Entry,
    originals: &[Original],
    other: Option<&Path>,
) -> Result<Option<(usize, Finding)>, String> {
    if originals.is_empty() {
        return Ok(None);
    }
    let said = said_by_other(entry, originals, other).map_err(|error| match other {
        Some(path) => format!("--other {}: it cannot be used: {error}", path.display()),
        None => format!("the second process cannot be used: {error}"),
    })?;
    let how = if other.is_some() { How::Elsewhere } else { How::Apart };
    Ok(match said {
        Said::Same => None,
        Said::Apart { number, tick, portrait } => {
            let log = &originals.get(number).ok_or("the second process counts otherwise")?.log;
            Some((number, named(entry, log, how, Apart { tick, portrait })))
        }
        Said::Wrong { number, tick, why } => {
            Some((number, Finding { tick, how: How::WrongApart(why), found: None }))
        }
    })
}

fn said_by_other(
    entry: &Entry,
    originals: &[Original],
    other: Option<&Path>,
) -> std::io::Result<Said> {
    let program = other.map_or_else(std::env::current_exe, |path| Ok(path.to_owned()))?;
    let mut other = Command::new(program)
        .args(["check", "--apart", "--game", entry.game.name()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut to) = other.stdin.take() {
        for original in originals {
            let log = original.log.to_bytes();
            to.write_all(&(log.len() as u64).to_le_bytes())?;
            to.write_all(&log)?;
        }
    }
    let output = other.wait_with_output()?;
    if !output.status.success() {
        return Err(std::io::Error::other(format!("it ended with {}", output.status)));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Is the second process.
pub(super) fn serve(games: &Games) -> Result<(), String> {
    let mut logs = Vec::new();
    std::io::stdin().read_to_end(&mut logs).map_err(|error| error.to_string())?;
    std::thread::sleep(LATER);
    let said = make_all(&logs, games)?;
    println!("{}", serde_json::to_string(&said).map_err(|error| error.to_string())?);
    Ok(())
}

fn make_all(mut logs: &[u8], games: &Games) -> Result<Said, String> {
    let mut number = 0;
    while let Some((length, rest)) = logs.split_first_chunk() {
        let (log, rest) = rest
            .split_at_checked(u64::from_le_bytes(*length) as usize)
            .ok_or("a log ends early")?;
        logs = rest;
        let log = Log::of_bytes(log).map_err(|error| error.to_string())?;
        let entry = games.get(&log.header.game).map_err(|error| error.to_string())?;
        match remake(entry, &log, &mut |_| Ok(())) {
            Ok(None) => number += 1,
            Ok(Some(Apart { tick, portrait })) => {
                return Ok(Said::Apart { number, tick, portrait });
            }
            Err(Finding { tick, how, .. }) => {
                return Ok(Said::Wrong { number, tick, why: how.to_string() });
            }
        }
    }
    Ok(Said::Same)
}
