//! The actor that writes match results to a file, one JSON object a line.
//!
//! **Its job.** Append each [`MatchResult`] it is sent, in order, and have them on disk before it
//! stops: it is started first and stopped last, when no room can end any more. After an error of the
//! disk it tries again once a second, and the results wait; a file that was deleted, or renamed to begin
//! a new one, is made anew. **Its children.** None. **What ends it.** Only a panic. **What happens
//! then.** Its supervisor starts it again, and it goes on with the line that was not written.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use greenroom_proto::RoomId;
use metrics::{counter, gauge};
use serde_json::{Value, json};

use super::actor::{Actor, Context, Failure, Mailbox, Named};
use crate::supervision::{ChildSpec, Slot};
use crate::whole_file::is_at;

/// How a match ended.
pub struct MatchResult<'a> {
    /// Where.
    pub room: RoomId,
    /// Of which game.
    pub game: &'static str,
    /// With which options.
    pub options: &'a str,
    /// Steps made.
    pub ticks: u32,
    /// How long it took.
    pub seconds: f64,
    /// The result as JSON.
    pub result: &'a str,
}

/// Results that wait to be written at most. Only a disk that hangs or fails gets here; what does not fit
/// is written to the log instead.
const WAITING_MAX: usize = 4096;
/// How often a file that could not be written to is tried again.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// Where results go.
#[derive(Clone, Default)]
pub struct ResultSink {
    writer: Option<(PathBuf, Waiting, Slot<Mailbox<ResultsMsg>>)>,
}

/// Lines not yet written. They wait here and not in the mailbox, which is thrown away with its
/// actor.
type Waiting = Arc<Mutex<VecDeque<Line>>>;

/// A line, and who is told once it is in the file.
pub struct Line {
    text: String,
    written: Option<Box<dyn FnOnce() + Send>>,
}

impl ResultSink {
    /// The child that appends results to the file at `path`, and where to send them.
    #[must_use]
    pub fn new(path: PathBuf) -> (ChildSpec, Self) {
        let (waiting, slot) = (Waiting::default(), Slot::new());
        let args = (path.clone(), Arc::clone(&waiting));
        let spec = ChildSpec::actor_at::<Results>("results", args, &slot);
        (spec, ResultSink { writer: Some((path, waiting, slot)) })
    }

    /// Whether the result of a room of an earlier process need not be written: it is in the file, or
    /// there is none. Reads the whole file, which is for the start of a server only.
    #[must_use]
    pub fn has(&self, room: RoomId) -> bool {
        let Some((path, ..)) = &self.writer else { return true };
        let named = format!("\"room\":\"{room}\"");
        match File::open(path) {
            Ok(file) => std::io::BufReader::new(file)
                .split(b'\n')
                .map_while(Result::ok)
                .filter(|line| String::from_utf8_lossy(line).contains(&named))
                .any(|line| serde_json::from_slice::<Value>(&line).is_ok()),
            Err(_) => false,
        }
    }

    /// The results that an earlier process wrote in the last `within`, by room.
    #[must_use]
    pub fn recent(&self, within: Duration) -> Vec<(RoomId, String)> {
        let Some((path, ..)) = &self.writer else { return Vec::new() };
        let since = unix_now().saturating_sub(within).as_millis() as u64;
        let lines = File::open(path).and_then(|mut file| tail_of(&mut file)).unwrap_or_default();
        let lines = lines.split(|byte| *byte == b'\n');
        lines.filter_map(|line| recent_result(line, since)).collect()
    }

    /// Hands over a result. `written` is called once it is in the file, or if there is none.
    pub fn write(&self, result: MatchResult<'_>, written: impl FnOnce() + Send + 'static) {
        let Some((_, waiting, slot)) = &self.writer else { return written() };
        let ended = unix_now();
        let line = json!({
            "room": result.room.to_string(),
            "game": result.game,
            "options": json_or_text(result.options),
            "ticks": result.ticks,
            "seconds": result.seconds,
            "ended_unix_ms": ended.as_millis() as u64,
            "result": json_or_text(result.result),
        });
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_MAX {
            counter!("greenroom_results_lost_total").increment(1);
            tracing::error!(%line, "a match result was not written: too many wait for the disk");
            return;
        }
        let written: Option<Box<dyn FnOnce() + Send>> = Some(Box::new(written));
        waiting.push_back(Line { text: line.to_string(), written });
        drop(waiting);
        if let Some(writer) = slot.get() {
            // While the writer is down the line waits for its successor.
            let _ = writer.cast(ResultsMsg::Waits);
        }
    }
}

/// Of a result file, what is looked at for recent results, and for half a line. A longer one stays.
const TAIL_BYTES: i64 = 1 << 20;

fn tail_of(file: &mut File) -> std::io::Result<Vec<u8>> {
    if file.seek(SeekFrom::End(-TAIL_BYTES)).is_err() {
        file.rewind()?;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn recent_result(line: &[u8], since_unix_ms: u64) -> Option<(RoomId, String)> {
    let line: Value = serde_json::from_slice(line).ok()?;
    let recent = line["ended_unix_ms"].as_u64()? >= since_unix_ms;
    let room = line["room"].as_str()?.parse().ok()?;
    recent.then(|| (room, line["result"].to_string()))
}

fn unix_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn json_or_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// What the actor is told.
#[derive(Debug)]
pub enum ResultsMsg {
    /// There is something to write.
    Waits,
    /// The file is to be tried again after an error.
    Again,
}

impl Named for ResultsMsg {
    fn name(&self) -> &'static str {
        match self {
            ResultsMsg::Waits => "waits",
            ResultsMsg::Again => "again",
        }
    }
}

/// The actor.
pub struct Results {
    path: PathBuf,
    /// `None` until there is something to write, and after an error.
    file: Option<File>,
    waiting: Waiting,
    /// The file could not be written to, and is tried again.
    failing: bool,
}

/// Opens a result file for appending, behind a whole line. A process that is killed may leave half a
/// line, at the border of two pages of memory: it is taken away, and written again if the room's
/// journal says so. What does not look like ours stays.
pub fn open(path: &Path) -> std::io::Result<File> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
    let bytes = tail_of(&mut file)?;
    let last = bytes.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let whole = serde_json::from_slice::<Value>(last).is_ok();
    if last.starts_with(b"{") && !whole {
        let text = String::from_utf8_lossy(last);
        tracing::warn!(path = %path.display(), "half a result was taken away: {text}");
        let length = file.metadata()?.len();
        file.set_len(length - last.len() as u64)?;
    } else if !last.is_empty() {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

impl Actor for Results {
    const CLASS: &'static str = "results";
    type Msg = ResultsMsg;
    type Args = (PathBuf, Waiting);

    async fn start(
        (path, waiting): Self::Args,
        ctx: &Context<ResultsMsg>,
    ) -> Result<Self, Failure> {
        ctx.mailbox().cast(ResultsMsg::Waits)?;
        Ok(Results { path, file: None, waiting, failing: false })
    }

    async fn handle(&mut self, msg: ResultsMsg, ctx: &Context<ResultsMsg>) -> Result<(), Failure> {
        match msg {
            // It waits with the others.
            ResultsMsg::Waits if self.failing => {}
            ResultsMsg::Waits | ResultsMsg::Again => self.work(ctx.mailbox()),
        }
        Ok(())
    }

    async fn stopped(&mut self, _: &Context<ResultsMsg>) {
        let written = self.write_all().and_then(|()| match &self.file {
            Some(file) => file.sync_all(),
            None => Ok(()),
        });
        let Err(error) = written else { return };
        tracing::error!(path = %self.path.display(), "results may be missing: {error}");
        for Line { text, .. } in self.lines().drain(..) {
            counter!("greenroom_results_lost_total").increment(1);
            tracing::error!(line = text, "a match result was not written");
        }
    }
}

impl Results {
    /// Writes what waits. An error is said once, and it is tried again until it works.
    fn work(&mut self, mailbox: &Mailbox<ResultsMsg>) {
        match self.write_all() {
            Ok(()) if std::mem::take(&mut self.failing) => {
                tracing::warn!(path = %self.path.display(), "results are written again");
            }
            Ok(()) => {}
            Err(error) => {
                self.file = None;
                counter!("greenroom_result_errors_total").increment(1);
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(
                        path = %self.path.display(),
                        "match results cannot be written: {error}. They wait, {WAITING_MAX} at most, \
                         and it is tried again every {RETRY_EVERY:?}: free space, or make the file \
                         writable again"
                    );
                }
                let mailbox = mailbox.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(RETRY_EVERY).await;
                    let _ = mailbox.cast(ResultsMsg::Again);
                });
            }
        }
    }

    /// A line leaves the queue once it is written, so that none is lost or written twice.
    fn write_all(&mut self) -> std::io::Result<()> {
        loop {
            let waiting = self.lines();
            gauge!("greenroom_results_waiting").set(waiting.len() as f64);
            let next = waiting.front().map(|line| format!("{}\n", line.text));
            drop(waiting);
            let Some(text) = next else { return Ok(()) };
            // One write of one line; a few hundred bytes do not wait for the disk.
            self.open_file()?.write_all(text.as_bytes())?;
            let written = self.lines().pop_front().and_then(|line| line.written);
            if let Some(written) = written {
                written();
            }
        }
    }

    /// The file at the path, also if somebody has put the one before elsewhere: to begin a new one is
    /// how logs are rotated.
    fn open_file(&mut self) -> std::io::Result<&mut File> {
        if self.file.as_ref().is_none_or(|file| !is_at(file, &self.path)) {
            self.file = Some(open(&self.path)?);
        }
        self.file.as_mut().ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<Line>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_of_ours_is_taken_away_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("results.jsonl");
        let long = format!("{{\"text\":\"{}", "x".repeat(2 * TAIL_BYTES as usize));
        for (before, after) in [
            ("", ""),
            ("{\"a\":1}\n", "{\"a\":1}\n"),
            ("{\"a\":1}\n{\"a\":", "{\"a\":1}\n"),
            ("{\"a\":", ""),
            ("{\"a\":1}\n{\"a\":2}", "{\"a\":1}\n{\"a\":2}\n"),
            ("# of somebody else", "# of somebody else\n"),
            (long.as_str(), &format!("{long}\n")),
        ] {
            std::fs::write(&path, before).unwrap();
            drop(open(&path).unwrap());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
        }
    }
}
