//! What one large world costs a core: `swarm` with 100, 300 and 1,000 players, each of whom sees
//! what is near. All of a tick but the sockets: the step, the frame, and what each player is sent.
//!
//! `cargo bench --bench swarm`; `-- --json` prints a line of JSON for each size instead, `-- 1000`
//! runs that size alone. Times are CPU time of the thread.
//!
//! Instructions for each thing that a player sees become fewer with the players: 353, 341, 332 (by
//! cachegrind). Time does not, because what the room knows of its viewers, some 3 KiB each, leaves
//! the second cache: misses of 1 MiB for each thing seen are 0.4, 0.8, 0.9. Serving viewers in the
//! order of their places was tried: it saves misses of the first cache, where rows are shared, and
//! costs more in the second, where viewers are: a tenth slower with 1,000 players.

#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Duration;

use greenroom::Games;
use greenroom::outbox::{Outbox, OutboxLimits};
use greenroom::proto::{Head, PlayerId, Replica, wire};
use greenroom::registry::Entry;
use greenroom::room::history::{BodyKind, History, HistoryLimits};
use greenroom::room::views::ViewKey;
use greenroom::room::{AnyRoom, Command};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [u32; 3] = [100, 300, 1_000];
const WARM_UP: usize = 200;
const MEASURED: usize = 400;
/// Steps between two inputs of a player, and between two that differ.
const INPUT_EVERY: u32 = 2;
const TURN_EVERY: u32 = 20;
/// Steps between two looks at how much players see.
const LOOK_EVERY: usize = 40;

fn main() {
    // `cargo test --benches` runs this too: then it is only a check that everything works.
    let arguments: Vec<String> = std::env::args().collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let check = has("--test");
    let one = arguments.iter().find_map(|argument| argument.parse::<u32>().ok());
    let sizes = match one {
        Some(size) => vec![size],
        None if check => vec![50],
        None => SIZES.to_vec(),
    };
    for players in sizes {
        let mut world = World::new(players);
        for _ in 0..if check { 20 } else { WARM_UP } {
            world.tick();
        }
        let (mut ticks, mut seen) = (Vec::new(), Vec::new());
        let bytes = world.bytes;
        for tick in 0..if check { 40 } else { MEASURED } {
            ticks.push(world.tick());
            if tick % LOOK_EVERY == 0 {
                seen.extend(world.seen());
            }
        }
        let frames = u64::from(players) * ticks.len() as u64;
        let bytes = (world.bytes - bytes) as f64 / frames as f64;
        report(players, &ticks, &seen, bytes, has("--json"));
    }
}

/// What a tick took.
#[derive(Default, Clone, Copy)]
struct Took {
    step: Duration,
    push: Duration,
    views: Duration,
}

fn report(players: u32, ticks: &[Took], seen: &[usize], bytes: f64, as_json: bool) {
    let part = |part: fn(&Took) -> Duration| {
        let mut times: Vec<f64> = ticks.iter().map(|it| part(it).as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        let round = |time: f64| (time * 1e3).round() / 1e3;
        (round(mean), round(times[(times.len() * 99).div_ceil(100) - 1]))
    };
    let parts = [
        ("step", part(|it| it.step)),
        ("push", part(|it| it.push)),
        ("views", part(|it| it.views)),
        ("sum", part(|it| it.step + it.push + it.views)),
    ];
    let mean_seen = (seen.iter().sum::<usize>() as f64 / seen.len() as f64).round();
    let (least, most) = (seen.iter().min().unwrap(), seen.iter().max().unwrap());
    if as_json {
        let ms = parts.map(|(name, (mean, p99))| (name, json!({"mean": mean, "p99": p99})));
        let ms: serde_json::Map<_, _> = ms.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
        let seen = json!({"mean": mean_seen, "min": least, "max": most});
        let bytes = (bytes * 10.0).round() / 10.0;
        let line = json!({
            "players": players, "ticks": ticks.len(), "ms": ms, "seen": seen,
            "bytes_per_frame": bytes,
        });
        return println!("{line}");
    }
    println!("{players} players, {} ticks, CPU time in ms, mean and p99:", ticks.len());
    for (name, (mean, p99)) in parts {
        println!("  {name:<6}{mean:>8.3}{p99:>8.3}");
    }
    println!("  things seen per player: {mean_seen} ({least} to {most})");
    println!("  bytes per frame and player: {bytes:.1}");
}

/// A room and its players.
struct World {
    entry: Entry,
    room: Box<dyn AnyRoom>,
    history: History,
    players: Vec<Player>,
    commands: Vec<Command>,
    scratch: Vec<u8>,
    bytes: usize,
}

struct Player {
    id: PlayerId,
    outbox: Outbox,
    /// Of a few: checks that what is sent can be used.
    replica: Option<Replica>,
}

impl World {
    fn new(players: u32) -> Self {
        let entry = Games::builtin().get("swarm").unwrap().clone();
        let options = format!(r#"{{"max_players": {players}, "time_limit_secs": 86400}}"#);
        let limits = OutboxLimits { events_max: 64, event_bytes_max: 1 << 16 };
        let player = |number: u32| Player {
            id: PlayerId(number),
            outbox: Outbox::new(limits),
            replica: number.is_multiple_of(100).then(|| Replica::new(entry.layout.clone())),
        };
        let limits = HistoryLimits { frames_max: 64, bytes_max: 64 << 20 };
        World {
            room: entry.game.create(&options, 7).unwrap(),
            history: History::new(entry.layout.clone(), limits),
            players: (1..=players).map(player).collect(),
            commands: (1..=players).map(|n| Command::join(PlayerId(n))).collect(),
            scratch: Vec::new(),
            bytes: 0,
            entry,
        }
    }

    fn tick(&mut self) -> Took {
        let start = cpu();
        self.room.step(0, &self.commands, &mut Vec::new());
        let stepped = cpu();
        let tick = self.room.tick();
        let pushed = self.history.push(tick, |rows| {
            self.room.publish(&self.entry.layout, rows);
        });
        pushed.unwrap();
        let pushed = cpu();
        let mut checking = Duration::ZERO;
        for Player { id, outbox, replica } in &mut self.players {
            let sight = self.room.sight(*id);
            let view = ViewKey::of(*id, &sight);
            outbox.look(view);
            let Some((body, kind)) = self.history.body(outbox.base(), view, &sight) else {
                continue;
            };
            self.scratch.clear();
            self.scratch.extend_from_slice(&Head::default().to_bytes(outbox.has_events()));
            outbox.hand_over(tick, &mut self.scratch);
            self.scratch.extend_from_slice(body);
            self.bytes += self.scratch.len();
            assert!(kind == BodyKind::Step || tick.0 == 1);
            if let Some(replica) = replica {
                let began = cpu();
                replica.apply(&self.scratch).unwrap();
                checking += cpu() - began;
            }
        }
        let bases = self.players.iter().map(|player| &player.outbox);
        self.history.keep_bases(bases.filter_map(|it| Some((it.view()?, it.base()?))));
        let viewed = cpu();
        self.inputs();
        Took { step: stepped - start, push: pushed - stepped, views: viewed - pushed - checking }
    }

    /// What the players want in the next step: each says it twice in four steps, and something
    /// else once a second.
    fn inputs(&mut self) {
        self.commands.clear();
        let tick = self.room.tick().0;
        for Player { id, .. } in &self.players {
            if (tick + id.0).is_multiple_of(INPUT_EVERY) {
                let turn = (tick + 7 * id.0) / TURN_EVERY;
                let noise = turn.wrapping_mul(0x9e37_79b9).wrapping_mul(id.0).rotate_left(9);
                let (x, y, boost) = (noise as i8, (noise >> 8) as i8, noise >> 16 & 15 == 0);
                let body = wire::encode(&(x, y, boost));
                self.commands.push(Command::Input { player: *id, body });
            }
        }
    }

    /// How many creatures and pellets each player sees.
    fn seen(&mut self) -> Vec<usize> {
        let tables = self.entry.schema.tables.iter().enumerate();
        let near: Vec<usize> =
            tables.filter(|(_, table)| table.near.is_some()).map(|(number, _)| number).collect();
        let players = self.players.iter().map(|player| {
            let sight = self.room.sight(player.id);
            let rows = self.history.seen(ViewKey::of(player.id, &sight), &sight).unwrap();
            let there = |table: usize| {
                let table = &rows.tables()[table];
                (0..table.slots()).filter(|slot| table.row(*slot).is_some()).count()
            };
            near.iter().map(|table| there(*table)).sum()
        });
        players.collect()
    }
}

/// CPU time of this thread so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
