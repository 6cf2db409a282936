//! What those who look on cost the players, and the machine.
//!
//! `cargo bench --bench spectators`: one arena room at 30 Hz with eight players; 20 s of it alone,
//! then 20 s with 2,000 spectators. They stand for people elsewhere: they are in a process of their
//! own that runs only where nobody else wants to (`chrt --idle`, of util-linux), and read what they
//! are shown without looking into it. Prints percentiles of the lateness of the
//! room's ticks in milliseconds for both, the server's CPU per spectator and frame, and its memory
//! per spectator.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::disallowed_types)]

mod inside;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use greenroom::Games;
use greenroom_client::{Client, Connect, Join, Trust, Update};
use serde_json::json;

use self::inside::{Inside, Lateness, percentiles};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ARENA: Join<'_> = Join::OpenOrCreate {
    game: "arena",
    options: r#"{"tick_hz":30,"max_players":8,"time_limit_secs":3600,"score_limit":1000}"#,
};

/// Where the crowd's process looks on: `URL CA ROOM COUNT`.
const CROWD: &str = "GREENROOM_BENCH_CROWD";

/// Steers at random, once a frame.
async fn play(mut client: Client, mut random: u64) {
    loop {
        if let Update::Frame { .. } = client.next().await {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let steer = (random >> 40 & 3 != 0, (random >> 48) as i8, random >> 60 & 3 == 0, 0u8);
            client.input(&steer).unwrap();
        }
    }
}

/// The crowd: says `ready` when each has been shown something, and for each line that it reads how
/// many frames have come so far.
async fn look_on(what: &str) {
    let mut words = what.split(' ');
    let mut next = || words.next().unwrap();
    let (url, ca) = (next(), next());
    let (room, count) = (next().parse().unwrap(), next().parse().unwrap());
    let trust = Trust::CaFile(ca.into()).prepare().unwrap();
    let (frames, shown) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    for _ in 0..count {
        let connect = Connect { trust: trust.clone(), keep_state: false, ..Connect::to(url) };
        let mut client = Client::connect(connect).await.unwrap();
        client.spectate(room).await.unwrap();
        let (frames, shown) = (Arc::clone(&frames), Arc::clone(&shown));
        tokio::spawn(async move {
            let mut before = 0;
            loop {
                client.next().await;
                let now = client.stats().frames;
                shown.fetch_add(u64::from(before == 0 && now > 0), Relaxed);
                frames.fetch_add(now - before, Relaxed);
                before = now;
            }
        });
    }
    while shown.load(Relaxed) < count {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("ready");
    let asked = tokio::task::spawn_blocking(move || {
        for _ in std::io::stdin().lines() {
            println!("{}", frames.load(Relaxed));
        }
    });
    asked.await.unwrap();
    std::process::exit(0);
}

struct Crowd {
    child: Child,
    input: ChildStdin,
    output: BufReader<std::process::ChildStdout>,
}

impl Crowd {
    fn start(what: &str) -> Self {
        // A low priority is not enough: Linux lets even the nicest thread finish its slice of 3 to 4 ms
        // first. One that is idle by its policy gives way at once.
        let mut child = Command::new("chrt")
            .args(["--idle", "0"])
            .arg(std::env::current_exe().unwrap())
            .env(CROWD, what)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut crowd = Crowd { child, input, output };
        assert_eq!(crowd.line(), "ready");
        crowd
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn frames(&mut self) -> u64 {
        self.input.write_all(b"\n").unwrap();
        self.line().parse().unwrap()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time that this process has used.
fn cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let of = |path: std::path::PathBuf| -> Option<u64> {
        std::fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    Duration::from_nanos(tasks.filter_map(|task| of(task.unwrap().path())).sum())
}

/// Memory that this process has.
fn memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if let Ok(what) = std::env::var(CROWD) {
        return runtime.block_on(look_on(&what));
    }
    let check = std::env::args().any(|argument| argument == "--test");
    let (spectators, secs) = if check { (50, 1) } else { (2_000, 20) };
    let samples = Lateness::of("arena");
    runtime.block_on(async {
        let inside = Inside::start(Games::builtin(), |_| {}).await;
        let mut room = None;
        for number in 1..=8 {
            let mut client = Client::connect(inside.connect()).await.unwrap();
            room = Some(client.join(ARENA).await.unwrap().room);
            tokio::spawn(play(client, number));
        }
        let measure = async || {
            tokio::time::sleep(Duration::from_secs(1)).await;
            samples.take();
            let (began, before) = (Instant::now(), cpu());
            tokio::time::sleep(Duration::from_secs(secs)).await;
            let used = (cpu() - before).as_secs_f64() / began.elapsed().as_secs_f64();
            (percentiles(samples.take()), used)
        };
        let (alone, cpu_alone) = measure().await;
        let memory_before = memory();
        let (url, ca) = (format!("wss://{}", inside.server.wss()), inside.ca());
        let what = format!("{url} {} {} {spectators}", ca.display(), room.unwrap());
        let mut crowd = tokio::task::spawn_blocking(move || Crowd::start(&what)).await.unwrap();
        let bytes = memory().saturating_sub(memory_before) / spectators;
        let (began, frames) = (Instant::now(), crowd.frames());
        let (watched, cpu_watched) = measure().await;
        let frames = (crowd.frames() - frames) as f64 / began.elapsed().as_secs_f64();
        println!(
            "{}",
            json!({
                "spectators": spectators, "secs_each": secs,
                "lateness_ms": {"alone": alone, "watched": watched},
                "frames_per_spectator_and_sec": frames / spectators as f64,
                "cpu_us_per_spectator_and_frame": (cpu_watched - cpu_alone) / frames * 1e6,
                "memory_bytes_per_spectator": bytes,
            })
        );
        assert_eq!(inside.server.spectators() as u64, spectators);
        assert!(frames > 0.0, "nothing was shown");
    });
}
