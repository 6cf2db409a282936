//! What it costs to keep rooms: CPU time of all threads of the process for the same rooms without any
//! log, with the one in memory that every room of a server has, and with the journal beside it.
//!
//! `cargo bench --bench kept`: 1,000 arena rooms of 8 players, each with an input in every tick, and
//! one swarm of 1,000 players; steps, views and codec as in a server, no sockets. At full rate, and
//! the arena rooms also at 20 ticks a second. `-- --dir DIR` measures another disk than that of the
//! temporary directory.

#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom::Games;
use greenroom::config::Config;
use greenroom::directory::RoomRecord;
use greenroom::directory::token::TokenKey;
use greenroom::journal::{Journal, Limits, RoomJournal};
use greenroom::proto::{PlayerId, RoomId, Tick, wire};
use greenroom::registry::Entry;
use greenroom::room::course::Course;
use greenroom::room::history::{History, HistoryLimits};
use greenroom::room::log::Log;
use greenroom::room::views::ViewKey;
use greenroom::room::{AnyRoom, Command};
use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As in the server: a keyframe when making the steps since the last again would take longer.
const REPLAY_MAX: Duration = Duration::from_millis(20);

/// A room with all that is done for it, but for sockets.
struct Played {
    entry: Entry,
    record: Arc<RoomRecord>,
    room: Box<dyn AnyRoom>,
    history: History,
    players: u32,
    bases: Vec<(ViewKey, Tick)>,
    commands: Vec<Command>,
    worked: Duration,
    keyframes: u64,
    keyframe_bytes: u64,
}

impl Played {
    fn new(id: u64, game: &str, players: u32, journal: Option<&Journal>) -> Self {
        let entry = Games::builtin().get(game).unwrap().clone();
        let options = format!(r#"{{"tick_hz":20,"max_players":{players},"time_limit_secs":3600}}"#);
        let plan = entry.game.plan(&options).unwrap();
        let room = entry.game.create(&plan.options, id).unwrap();
        let tokens = Arc::new(TokenKey::new(&[7; 32]));
        let made_from = (entry.clone(), plan.clone());
        let record = RoomRecord::new(RoomId(id), made_from, id, &tokens, &Config::default());
        let log = Log::new(entry.header(&plan, id), room.as_ref());
        let journal = journal.map(|journal| journal.room(RoomId(id), || ()));
        let is_kept = journal.is_some();
        record.any_work().course = Some(Course::new(log, journal));
        let limits = HistoryLimits { frames_max: 4, bytes_max: 64 << 20 };
        let mut played = Played {
            history: History::new(entry.layout.clone(), limits),
            entry,
            record,
            room,
            players,
            bases: Vec::new(),
            commands: (1..=players).map(|n| Command::join(PlayerId(n))).collect(),
            worked: Duration::ZERO,
            keyframes: 0,
            keyframe_bytes: 0,
        };
        if is_kept {
            played.keyframe();
        }
        played
    }

    fn tick(&mut self, keeps: Keeps) {
        let logged = keeps != Keeps::Nothing;
        if logged {
            self.course(|course| course.note(0, &self.commands, None));
        }
        let began = Instant::now();
        self.room.step(0, &self.commands, &mut Vec::new());
        self.worked += began.elapsed();
        let tick = self.room.tick();
        let published = self.history.push(tick, |rows| {
            self.room.publish(&self.entry.layout, rows);
        });
        published.unwrap();
        let before = std::mem::take(&mut self.bases);
        for player in (1..=self.players).map(PlayerId) {
            let sight = self.room.sight(player);
            let view = ViewKey::of(player, &sight);
            let base = before.get(player.0 as usize - 1).map(|(_, base)| *base);
            self.history.body(base, view, &sight);
            self.bases.push((view, tick));
        }
        self.history.keep_bases(self.bases.iter().copied());
        if logged && Log::wants_hash(self.room.as_ref()) {
            self.course(|course| course.hash(self.room.hash()));
        }
        if logged && (self.worked >= REPLAY_MAX || self.course(|course| course.wants_start())) {
            self.keyframe();
        }
        self.inputs();
    }

    fn course<T>(&self, note: impl FnOnce(&mut Course<RoomJournal>) -> T) -> T {
        note(self.record.any_work().course.as_mut().unwrap())
    }

    fn keyframe(&mut self) {
        let keyframe = self.room.keyframe();
        self.keyframes += 1;
        self.keyframe_bytes += keyframe.len() as u64;
        let mut work = self.record.any_work();
        let header = work.log().unwrap().header.clone();
        let saved = self.record.saved(&work, self.room.tick(), &header);
        work.keyframe(keyframe, &saved);
        self.worked = Duration::ZERO;
    }

    fn inputs(&mut self) {
        let tick = self.room.tick().0;
        self.commands.clear();
        for player in 1..=self.players {
            let noise = (tick / 10).wrapping_mul(0x9e37_79b9).wrapping_mul(player).rotate_left(9);
            let body = match self.entry.game.name() {
                "arena" => {
                    wire::encode(&(noise & 3 != 0, noise as i8, noise >> 16 & 3 == 0, noise as u8))
                }
                _ => wire::encode(&(noise as i8, (noise >> 8) as i8, noise >> 16 & 15 == 0)),
            };
            self.commands.push(Command::Input { player: PlayerId(player), body });
        }
    }
}

/// What is kept of a room.
#[derive(Clone, Copy, PartialEq)]
enum Keeps {
    Nothing,
    Log,
    Journal,
}

/// A game's rooms, and how fast they are stepped.
#[derive(Clone, Copy)]
struct Load {
    game: &'static str,
    rooms: u64,
    players: u32,
    ticks: u32,
    /// `None`: as fast as it goes.
    pace: Option<Duration>,
}

/// CPU time of the whole process for a load, per tick of a room.
fn cost(load: Load, keeps: Keeps, dir: &Path) -> (Duration, u64, u64) {
    let dir = tempfile::tempdir_in(dir).unwrap();
    let journal =
        (keeps == Keeps::Journal).then(|| Journal::open(dir.path(), Limits::default()).unwrap().0);
    let new = |id| Played::new(id, load.game, load.players, journal.as_ref());
    let mut rooms: Vec<_> = (1..=load.rooms).map(new).collect();
    let round = |rooms: &mut Vec<Played>| {
        for (number, room) in (0..).zip(rooms.iter_mut()) {
            room.tick(keeps);
            if let Some(pace) = load.pace.filter(|_| number % 20 == 19) {
                // Spread over the tick, as a scheduler does.
                std::thread::sleep(pace * 20 / load.rooms as u32);
            }
        }
    };
    (0..20).for_each(|_| round(&mut rooms));
    let before = cpu();
    (0..load.ticks).for_each(|_| round(&mut rooms));
    let took = cpu() - before;
    let sum = |of: fn(&Played) -> u64| rooms.iter().map(of).sum::<u64>();
    let (keyframes, bytes) = (sum(|room| room.keyframes), sum(|room| room.keyframe_bytes));
    if let Some(journal) = journal {
        journal.close(Duration::from_secs(20)).unwrap();
    }
    (took / (load.ticks * load.rooms as u32), keyframes, bytes)
}

fn main() {
    // `cargo test --benches` runs this too: then it is only a check that everything works.
    let arguments: Vec<String> = std::env::args().collect();
    let check = arguments.iter().any(|argument| argument == "--test");
    let dir = arguments.iter().position(|argument| argument == "--dir");
    let dir = dir.map_or_else(std::env::temp_dir, |at| PathBuf::from(&arguments[at + 1]));
    let (rooms, ticks, rounds) = if check { (20, 5, 1) } else { (1_000, 200, 5) };
    let arena = Load { game: "arena", rooms, players: 8, ticks, pace: None };
    let loads = [
        arena,
        Load { pace: Some(Duration::from_millis(50)), ticks: ticks / 2, ..arena },
        Load { game: "swarm", rooms: 1, players: rooms as u32, ticks, pace: None },
    ];
    for load in loads {
        // In turn, so that the moods of the machine are the same for both; the least of each.
        let mut least = [Duration::MAX; 3];
        let mut keyframes = (0, 0);
        for _ in 0..rounds {
            for (least, keeps) in least.iter_mut().zip([Keeps::Nothing, Keeps::Log, Keeps::Journal])
            {
                let (took, count, bytes) = cost(load, keeps, &dir);
                *least = took.min(*least);
                keyframes = (count, bytes / count.max(1));
            }
        }
        let [bare, logged, kept] = least.map(|time| time.as_secs_f64() * 1e6);
        println!(
            "{} rooms of {} with {} players{}: {bare:.2} µs CPU a tick without a log; with one in \
             memory {logged:.2} µs, with the journal {kept:.2} µs: {:+.1} % for the journal, \
             {:+.1} % for both; {} keyframes of {} bytes",
            load.rooms,
            load.game,
            load.players,
            if load.pace.is_some() { " at 20 Hz" } else { "" },
            (kept / logged - 1.0) * 100.0,
            (kept / bare - 1.0) * 100.0,
            keyframes.0,
            keyframes.1,
        );
        assert!(keyframes.0 >= load.rooms, "a room was not kept");
    }
}

/// CPU time of this process so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
