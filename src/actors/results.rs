//! The actor that writes match results to a file, one JSON object a line.
//!
//! **Its job.** Append each [`MatchResult`] it is sent, in order, and have them on disk before it
//! stops: it is started first and stopped last, when no room can end any more. After an error of the
//! disk it tries again once a second, and the results wait; a file that was deleted, or renamed to begin
//! a new one, is made anew. A result is written once, unless the process dies between the line and the
//! journal's word that it is there, and the next one does not find it any more: because the file was
//! renamed in between, or has grown by more than is looked through. Then it is there twice, with one
//! room. **Its children.** None. **What ends it.** Only a panic. **What happens
//! then.** Its supervisor starts it again, and it goes on with the line that was not written.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use greenroom_proto::RoomId;
use metrics::{counter, gauge};
use serde::Deserialize;
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
    /// Rooms of which the file has had a result when somebody first asked.
    past: Arc<OnceLock<BTreeSet<RoomId>>>,
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
        (spec, ResultSink { writer: Some((path, waiting, slot)), past: Arc::default() })
    }

    /// Whether the result of a room of an earlier process need not be written: it is in the file, or
    /// there is no file wanted. Looks through the end of the file, once.
    #[must_use]
    pub fn has(&self, room: RoomId) -> bool {
        let Some((path, ..)) = &self.writer else { return true };
        self.past.get_or_init(|| rooms_in(&end_of(path, PAST_BYTES))).contains(&room)
    }

    /// The results that an earlier process wrote in the last `within`, by room.
    #[must_use]
    pub fn recent(&self, within: Duration) -> Vec<(RoomId, String)> {
        let Some((path, ..)) = &self.writer else { return Vec::new() };
        let since = unix_now().saturating_sub(within).as_millis() as u64;
        let lines = end_of(path, TAIL_BYTES);
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
const TAIL_BYTES: u32 = 1 << 20;
/// What is looked through for results that an earlier process has written and had no time to say so: some
/// 100,000 of them, in less than a second. It falls short by milliseconds, or by what was written while
/// the disk of the journal failed.
const PAST_BYTES: u32 = 32 << 20;

/// The last bytes of the file, so many at most; nothing if it cannot be read.
fn end_of(path: &Path, bytes_max: u32) -> Vec<u8> {
    File::open(path).and_then(|mut file| tail_of(&mut file, bytes_max)).unwrap_or_default()
}

fn tail_of(file: &mut File, bytes_max: u32) -> std::io::Result<Vec<u8>> {
    if file.seek(SeekFrom::End(-i64::from(bytes_max))).is_err() {
        file.rewind()?;
    }
    let mut bytes = Vec::new();
    // No more, whatever is written meanwhile.
    file.take(bytes_max.into()).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The rooms of whole lines.
fn rooms_in(lines: &[u8]) -> BTreeSet<RoomId> {
    #[derive(Deserialize)]
    struct Line<'a> {
        room: &'a str,
    }
    let lines = lines.split(|byte| *byte == b'\n');
    lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok()?.room.parse().ok()).collect()
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
    let bytes = tail_of(&mut file, TAIL_BYTES)?;
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
    fn what_an_earlier_process_has_written_is_found_at_the_end_of_a_file_of_any_length() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("results.jsonl");
        let line = |room: u64, result: &str| {
            format!("{{\"room\":\"{}\",\"result\":\"{result}\"}}\n", RoomId(room))
        };
        let filler = line(9, &"x".repeat(PAST_BYTES as usize));
        let named = line(2, &format!("\\\"room\\\":\\\"{}\\\"", RoomId(3)));
        let half = line(4, "").replace("}\n", "");
        std::fs::write(&path, [&line(1, ""), &filler, &named, "no line of ours\n", &half].concat())
            .unwrap();
        let sink = ResultSink::new(path.clone()).1;
        let has = [1, 9, 2, 3, 4].map(|room| sink.has(RoomId(room)));
        assert_eq!(has, [false, false, true, false, false]);
        // Nobody reads it twice.
        std::fs::remove_file(&path).unwrap();
        assert!(sink.has(RoomId(2)));
        assert!(!ResultSink::new(path).1.has(RoomId(2)));
        assert!(ResultSink::default().has(RoomId(7)));
    }

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
