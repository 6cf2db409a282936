//! A bot that is a process, in any language: it is told what a client sees, and says what a client
//! says, line by line as JSON.
//!
//! It is started for each match. The first line that it reads says what it plays:
//!
//! ```json
//! {"hello": {"format": 1, "game": {…}, "options": {…}, "player": 1, "seats": 2, "tick_hz": null, "seed": 77}}
//! ```
//!
//! `game` is what `greenroom schema --game NAME` prints: the state and the forms of the messages.
//! `tick_hz` is `null` where steps follow moves. Then there is a line for each frame, with the state as
//! `greenroom schema --ts NAME` describes it, and what has come since the last one:
//!
//! ```json
//! {"tick": 3, "age_ms": 0, "state": {…}, "replies": […], "events": […]}
//! ```
//!
//! `age_ms` is how much later than in the next step what it does will take effect: with `--latency`.
//! To each of these (not to `hello`) the bot answers with one line, what it does:
//!
//! ```json
//! {"inputs": [{"turn": 1.0}], "requests": [{"Drop": {"column": 3}}]}
//! ```
//!
//! Either may be missing: `{}` does nothing. The last line is `{"over": {"result": …}}`; after it the
//! input ends, and the bot has half a second to end, too.
//!
//! A bot that cannot be started, ends, says nothing for too long, too much, or something that the
//! game does not know, is out: it leaves its seat, and does not win. What it wrote to its standard
//! error is in the note.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use greenroom::Pace;
use greenroom::bot::Act;
use greenroom::proto::{PlayerId, Rows, Tick};
use greenroom::published;
use greenroom::registry::{Entry, RoomPlan};
use serde::Deserialize;
use serde_json::{Value, json};

use super::command::BotCommand;

/// Version of what is said.
const FORMAT: u32 = 1;
/// Bytes of an answer at most: more than all messages that a frame may have.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;
/// Inputs and requests of one answer at most: a client that says more is refused, too.
const ACTS_MAX: usize = 32;
/// What an interpreter may take to start, before the first answer.
const START: Duration = Duration::from_secs(10);
/// For how long a bot may run on when its match is over: it has something to save.
const END: Duration = Duration::from_millis(500);
/// The last bytes of its standard error that are kept.
const ERRORS_BYTES_MAX: usize = 4096;
/// Letters of them in a note.
const NOTE_CHARS_MAX: usize = 200;

/// A bot that runs.
pub(super) struct ProcessBot {
    child: Child,
    entry: Entry,
    /// To the thread that writes. Closed at the end.
    tell: Option<SyncSender<String>>,
    answers: Receiver<Result<Vec<u8>, &'static str>>,
    /// The end of what it wrote to its standard error, once that is closed.
    errors: Receiver<String>,
    answer_within: Duration,
    has_answered: bool,
    /// Since the last frame.
    replies: Vec<Value>,
    events: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(default)]
    inputs: Vec<Value>,
    #[serde(default)]
    requests: Vec<Value>,
}

impl ProcessBot {
    /// Starts one for this player. The error is the end of a sentence.
    pub(super) fn start(
        command: &BotCommand,
        entry: &Entry,
        plan: &RoomPlan,
        (player, seats): (PlayerId, usize),
        seed: u64,
    ) -> Result<Self, String> {
        let (mut child, pipes) = spawn(command)?;
        let (tell, lines) = sync_channel::<String>(2);
        let (answer, answers) = sync_channel(1);
        let (errors_end, errors) = sync_channel(1);
        let Pipes { input, output, errors: errors_pipe } = pipes;
        let threads = [
            thread::Builder::new().spawn(move || write(input, &lines)),
            thread::Builder::new().spawn(move || read(output, &answer)),
            thread::Builder::new().spawn(move || {
                let _ = errors_end.send(tail(errors_pipe));
            }),
        ];
        if let Some(error) = threads.into_iter().find_map(Result::err) {
            stop(&mut child);
            return Err(format!("has no thread to be heard by: {error}"));
        }
        let mut bot = ProcessBot {
            child,
            entry: entry.clone(),
            tell: Some(tell),
            answers,
            errors,
            answer_within: command.answer_within(),
            has_answered: false,
            replies: Vec::new(),
            events: Vec::new(),
        };
        let hello = hello(entry, plan, (player, seats), seed)?;
        bot.say(&hello)?;
        Ok(bot)
    }

    /// Shows a frame, and waits for what it does. The error is the end of a sentence, and the bot is
    /// out then.
    pub(super) fn act(
        &mut self,
        tick: Tick,
        rows: &Rows,
        age: Duration,
    ) -> Result<Vec<Act>, String> {
        let frame = json!({
            "tick": tick.0,
            "age_ms": age.as_millis() as u64,
            "state": published::state(&self.entry.schema, rows),
            "replies": std::mem::take(&mut self.replies),
            "events": std::mem::take(&mut self.events),
        });
        let acts = self.say(&frame).and_then(|()| self.answer());
        acts.map_err(|why| self.with_errors(why))
    }

    pub(super) fn reply(&mut self, body: &[u8]) {
        self.replies.extend(self.entry.game.reply_json(body));
    }

    pub(super) fn event(&mut self, body: &[u8]) {
        self.events.extend(self.entry.game.event_json(body));
    }

    /// The match is over: it has a moment to end by itself.
    pub(super) fn over(mut self, result: &str) {
        let result: Value = serde_json::from_str(result).unwrap_or(Value::Null);
        let told = self.say(&json!({ "over": { "result": result } }));
        self.tell = None;
        if told.is_ok() {
            self.ended_within(END);
        }
    }

    fn say(&mut self, line: &Value) -> Result<(), String> {
        let Some(tell) = &self.tell else { return Ok(()) };
        match tell.try_send(format!("{line}\n")) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err("does not read what it is told".to_owned()),
            Err(TrySendError::Disconnected(_)) => Err(self.ended()),
        }
    }

    fn answer(&mut self) -> Result<Vec<Act>, String> {
        let start = if self.has_answered { Duration::ZERO } else { START };
        let line = match self.answers.recv_timeout(start + self.answer_within) {
            Ok(Ok(line)) => line,
            Ok(Err("")) | Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
            Ok(Err(why)) => return Err(why.to_owned()),
            Err(RecvTimeoutError::Timeout) => {
                let ms = (start + self.answer_within).as_millis();
                return Err(format!("said nothing for {ms} ms"));
            }
        };
        self.has_answered = true;
        let answer: Answer = serde_json::from_slice(&line)
            .map_err(|error| format!("answered `{}`: {error}", start_of(&line)))?;
        if answer.inputs.len() + answer.requests.len() > ACTS_MAX {
            return Err(format!("answered with more than {ACTS_MAX} inputs and requests"));
        }
        let game = &self.entry.game;
        let wrong = |what: &str, value: &Value, why: String| {
            format!("has no such {what}: `{}`: {why}", start_of(value.to_string().as_bytes()))
        };
        let inputs = answer.inputs.iter().map(|value| {
            game.input_from_json(value).map(Act::Input).map_err(|why| wrong("input", value, why))
        });
        let requests = answer.requests.iter().map(|value| {
            let request = game.request_from_json(value).map(Act::Request);
            request.map_err(|why| wrong("request", value, why))
        });
        inputs.chain(requests).collect()
    }

    /// How it ended, as the end of a sentence.
    fn ended(&mut self) -> String {
        self.ended_within(END);
        match self.child.try_wait() {
            Ok(Some(status)) => format!("has ended ({status})"),
            _ => "has closed its output".to_owned(),
        }
    }

    fn ended_within(&mut self, time: Duration) {
        for _ in 0..time.as_millis() {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Ends it, and says what it had to say about it.
    fn with_errors(&mut self, why: String) -> String {
        stop(&mut self.child);
        let errors = self.errors.recv_timeout(END).unwrap_or_default();
        match errors.lines().rev().map(str::trim).find(|line| !line.is_empty()) {
            Some(last) => format!("{why}; its last words: {}", start_of(last.as_bytes())),
            None => why,
        }
    }
}

impl Drop for ProcessBot {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

struct Pipes {
    input: ChildStdin,
    output: ChildStdout,
    errors: ChildStderr,
}

fn spawn(command: &BotCommand) -> Result<(Child, Pipes), String> {
    let mut child = Command::new(command.program())
        .args(command.args())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot be started: `{}`: {error}", command.program()))?;
    match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
        (Some(input), Some(output), Some(errors)) => Ok((child, Pipes { input, output, errors })),
        _ => {
            stop(&mut child);
            Err("has no pipes".to_owned())
        }
    }
}

/// Whether it can be started at all. The error is the end of a sentence.
pub(super) fn check(command: &BotCommand) -> Result<(), String> {
    spawn(command).map(|(mut child, _)| stop(&mut child))
}

/// Ends a process that may have ended already, and takes note, so that the system forgets it.
fn stop(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn hello(
    entry: &Entry,
    plan: &RoomPlan,
    (player, seats): (PlayerId, usize),
    seed: u64,
) -> Result<Value, String> {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    let tick_hz = match plan.pace {
        Pace::Fixed { tick_hz, .. } => Some(tick_hz),
        Pace::OnCommand => None,
    };
    Ok(json!({ "hello": {
        "format": FORMAT,
        "game": parse(&entry.description()?),
        "options": parse(&plan.options),
        "player": player.0,
        "seats": seats,
        "tick_hz": tick_hz,
        // Whole also where numbers are doubles.
        "seed": seed >> 11,
    }}))
}

/// Writes until nobody tells anything any more, or nobody reads.
fn write(mut input: ChildStdin, lines: &Receiver<String>) {
    while let Ok(line) = lines.recv()
        && input.write_all(line.as_bytes()).and_then(|()| input.flush()).is_ok()
    {}
}

/// Reads line by line, as long as somebody listens. The empty error is the end.
fn read(output: ChildStdout, answer: &SyncSender<Result<Vec<u8>, &'static str>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        let read = (&mut output).take(ANSWER_BYTES_MAX).read_until(b'\n', &mut line);
        let heard = match (read, line.last()) {
            (Ok(_), Some(b'\n')) => Ok(line),
            (Ok(bytes), _) if bytes as u64 == ANSWER_BYTES_MAX => {
                Err("answered with more than 256 KiB")
            }
            _ => Err(""),
        };
        let goes_on = heard.is_ok();
        if answer.send(heard).is_err() || !goes_on {
            return;
        }
    }
}

/// Reads to the end, and keeps the last of it.
fn tail(mut errors: ChildStderr) -> String {
    let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(bytes @ 1..) = errors.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..bytes]);
        let over = kept.len().saturating_sub(ERRORS_BYTES_MAX);
        kept.drain(..over);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// The first letters of a line, for a note.
fn start_of(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * NOTE_CHARS_MAX)]);
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    text.trim_end().chars().take(NOTE_CHARS_MAX).map(shown).collect()
}
