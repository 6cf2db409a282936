//! Crash files, as the server writes them, played to the very panic.

use std::path::{Path, PathBuf};

use greenroom::panics::catch;
use greenroom::proto::{PlayerId, Tick};
use greenroom::room::log::Log;
use greenroom::room::recovery::{At, Crash, Decision, Progress};
use greenroom::room::{AnyRoom, Command, Step};

use crate::broken::games;
use crate::simulator;

/// A room of a game that is played until it panics.
struct Played {
    room: Box<dyn AnyRoom>,
    log: Log,
}

impl Played {
    fn new(game: &str) -> Self {
        let games = games();
        let entry = games.get(game).unwrap();
        let plan = entry.game.plan("").unwrap();
        let room = entry.game.create(&plan.options, 5).unwrap();
        let log = Log::new(entry.header(&plan, 5), room.as_ref());
        Played { room, log }
    }

    /// Makes a step; a panic goes into the log, as the server writes it down.
    fn step(&mut self, commands: &[Command], decisions: &[Decision]) {
        let progress = Progress::default();
        let tick = self.room.tick().next();
        self.log.step(tick, 0, commands);
        for decision in decisions {
            self.log.decide(*decision);
        }
        let step = Step { time_ms: 0, commands, decisions };
        let room = &mut self.room;
        if let Err(panicked) = catch(|| room.make(step, &progress, &mut Vec::new())) {
            let (tick, at) = progress.at();
            let (text, place) = (panicked.text().to_owned(), panicked.place().to_owned());
            self.log.crash = Some(Crash { tick, at, text, place });
        } else if Log::wants_hash(self.room.as_ref()) {
            self.log.hash(self.room.hash());
        }
    }

    fn ask(&mut self, request: u8) {
        let player = PlayerId(1);
        self.step(&[Command::Request { player, id: 1, body: vec![request] }], &[]);
    }

    fn file(&self, name: &str) -> PathBuf {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.crash.log"));
        std::fs::write(&file, self.log.to_bytes()).unwrap();
        file
    }
}

/// A room that has gone well for some time.
fn played(game: &str) -> Played {
    let mut played = Played::new(game);
    played.step(&[Command::join(PlayerId(1))], &[]);
    for _ in 0..100 {
        played.ask(7);
    }
    assert!(played.log.crash.is_none());
    played
}

fn replay(file: &Path) -> (String, bool) {
    simulator(&["replay", file.to_str().unwrap()])
}

pub fn a_crash_comes_again() {
    let mut crashed = played("divides");
    crashed.ask(0);
    let crash = crashed.log.crash.clone().unwrap();
    assert_eq!((crash.tick, crash.at), (Tick(102), At::Command(0)));
    let file = crashed.file("again");
    let (said, well) = replay(&file);
    assert!(well, "{said}");
    let told = "divides version 1, 101 steps, 1 hashes from 1 keyframe: all equal, and the same \
                panic again: in tick 102, in the hook of command 1, at ";
    assert!(said.contains(told), "{said}");
    assert!(said.contains("broken.rs:") && said.contains("attempt to divide by zero"), "{said}");
    // Before it, it is a log as any other.
    let file = file.to_str().unwrap();
    let (said, well) = simulator(&["replay", "--print-state", file]);
    assert!(well && said.contains("\"shown\": 0"), "{said}");
    let (said, well) = simulator(&["replay", "--to-tick", "102", file]);
    let told = "there is no tick 102 in it: it begins after tick 0 and ends with tick 101";
    assert!(!well && said.contains(told), "{said}");
}

pub fn another_crash_is_an_error() {
    let change = |name: &str, change: fn(&mut Crash), told: &str| {
        let mut crashed = played("divides");
        crashed.ask(0);
        change(crashed.log.crash.as_mut().unwrap());
        let (said, well) = replay(&crashed.file(name));
        assert!(!well && said.contains(told) && said.contains("it was in tick"), "{said}");
    };
    change("text", |crash| crash.text.push('!'), "there is another panic in tick 102, in the hook");
    change("place", |crash| crash.place.push('1'), "so the source has changed since");
    change("none", |crash| crash.tick = Tick(101), "nothing panics up to tick 101");
    // A panic where none is noted.
    let mut crashed = played("divides");
    crashed.ask(0);
    crashed.log.crash = None;
    let (said, well) = replay(&crashed.file("unnoted"));
    assert!(!well && said.contains("panics where it did not in the match: in tick 102"), "{said}");
}

pub fn a_step_that_never_ends_does_so_again() {
    let mut crashed = played("hangs");
    // As the server does when it has given up the thread.
    crashed.log.step(
        Tick(102),
        0,
        &[Command::Request { player: PlayerId(1), id: 1, body: vec![0] }],
    );
    crashed.log.crash = Some(Crash::stalled((Tick(102), At::Command(0)), 200));
    let (said, well) = replay(&crashed.file("stall"));
    assert!(well && said.contains("the same step does not end again: in tick 102"), "{said}");
    crashed.log.crash = Some(Crash::stalled((Tick(101), At::Command(0)), 200));
    let (said, well) = replay(&crashed.file("no-stall"));
    assert!(!well && said.contains("every step ends"), "{said}");
}

pub fn what_was_decided_before_counts() {
    let mut crashed = played("divides");
    let player = PlayerId(1);
    let ask = |request| Command::Request { player, id: 1, body: vec![request] };
    // The first was left out when the second panicked.
    crashed.step(&[ask(0), ask(0)], &[Decision::DropCommand(0)]);
    assert_eq!(crashed.log.crash.as_ref().unwrap().at, At::Command(1));
    let (said, well) = replay(&crashed.file("decided"));
    assert!(well && said.contains("in the hook of command 2"), "{said}");
}
