//! What a record costs that the journal keeps: CPU time of those who append and of the journal's
//! threads, and the wait until the kernel has it.
//!
//! `cargo bench --bench journal`; `-- --dir DIR` measures another disk than that of the temporary
//! directory.

#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use greenroom::journal::{Journal, Kind, Limits, Position, RoomJournal};
use greenroom::proto::RoomId;
use rustix::time::{ClockId, clock_gettime};

const ROOMS: u64 = 1_000;
const RECORD_BYTES: usize = 120;
/// Records of a room from one start to the next.
const START_EVERY: u64 = 200;
const START_BYTES: usize = 2_000;
/// What may wait when all append as fast as they can; a game would rather skip than wait.
const AHEAD_BYTES: u64 = 2 << 20;

fn main() {
    // `cargo test --benches` runs this too: then it is only a check that everything works.
    let arguments: Vec<String> = std::env::args().collect();
    let check = arguments.iter().any(|argument| argument == "--test");
    let dir = arguments.iter().position(|argument| argument == "--dir");
    let dir = dir.map_or_else(std::env::temp_dir, |at| PathBuf::from(&arguments[at + 1]));
    let seconds = if check { 0.1 } else { 8.0 };
    at_full_rate(&dir, if check { 50_000 } else { 20_000_000 });
    for (rate, gather_us) in [
        (1_000, 250),
        (1_000, 1_000),
        (20_000, 250),
        (20_000, 1_000),
        (100_000, 250),
        (100_000, 1_000),
    ] {
        paced(&dir, rate, Duration::from_micros(gather_us), seconds);
    }
}

/// A journal in a directory of its own, and its rooms, begun.
struct Bench {
    journal: Journal,
    rooms: Vec<RoomJournal>,
    appended: u64,
    payload: Vec<u8>,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new(dir: &Path, limits: Limits) -> Self {
        let dir = tempfile::tempdir_in(dir).unwrap();
        let (journal, found) = Journal::open(dir.path(), limits).unwrap();
        assert!(found.is_empty());
        let rooms: Vec<_> = (0..ROOMS).map(|id| journal.room(RoomId(id), || ())).collect();
        let payload = vec![7; START_BYTES];
        for room in &rooms {
            room.append(Kind::Start, &[&payload]).unwrap();
        }
        journal.flush(Duration::from_secs(10)).unwrap();
        Bench { journal, rooms, appended: 0, payload, _dir: dir }
    }

    fn append(&mut self) -> Position {
        let round = self.appended / ROOMS;
        let room = &self.rooms[(self.appended % ROOMS) as usize];
        self.appended += 1;
        let taken = if (round + self.appended).is_multiple_of(START_EVERY) {
            room.append(Kind::Start, &[&self.payload])
        } else {
            // Tick and time, then the commands.
            let (head, body) = self.payload[..RECORD_BYTES].split_at(8);
            room.append(Kind::More, &[head, body])
        };
        taken.unwrap()
    }
}

fn at_full_rate(dir: &Path, records: u64) {
    let mut bench = Bench::new(dir, Limits::default());
    let (began, writer) = (Instant::now(), threads_cpu());
    let mut append_cpu = Duration::ZERO;
    while bench.appended < records {
        let cpu = thread_cpu();
        let mut last = Position(0);
        for _ in 0..1_000 {
            last = bench.append();
        }
        append_cpu += thread_cpu() - cpu;
        while last.0 - bench.journal.written().0 > AHEAD_BYTES {
            std::thread::sleep(Duration::from_micros(100));
        }
    }
    bench.journal.flush(Duration::from_secs(60)).unwrap();
    let each = |time: Duration| time.as_secs_f64() * 1e6 / records as f64;
    let (took, writer) = (began.elapsed(), threads_cpu() - writer);
    println!(
        "as fast as it goes: {:.2} M records/s; CPU a record: {:.3} µs in all, of it {:.3} µs appending, {:.3} µs the journal's threads",
        records as f64 / took.as_secs_f64() / 1e6,
        each(append_cpu + writer),
        each(append_cpu),
        each(writer),
    );
    assert!(bench.journal.health() == greenroom::journal::Health::Sound);
}

/// Records at a rate, one after the other, as they come from rooms that have other things to do.
fn paced(dir: &Path, rate: u64, gather: Duration, seconds: f64) {
    let mut bench = Bench::new(dir, Limits { gather, ..Limits::default() });
    let records = (rate as f64 * seconds) as u64;
    let clock = {
        let before = thread_cpu();
        for _ in 0..10_000 {
            std::hint::black_box(thread_cpu());
        }
        (thread_cpu() - before) / 10_000
    };
    let writer = threads_cpu();
    let mut append = Duration::ZERO;
    at_rate(rate, records, || {
        let before = thread_cpu();
        bench.append();
        append += (thread_cpu() - before).saturating_sub(clock);
    });
    let writer = threads_cpu() - writer;
    let mut waits = waits(&mut bench, rate, records);
    waits.sort_unstable();
    let at =
        |part: usize| waits[(waits.len() * part / 100).min(waits.len() - 1)].as_secs_f64() * 1e6;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / records as f64;
    println!(
        "{rate:>7} records/s, a write every {gather:?}: CPU a record: {:.2} µs in all, of it {:.2} µs appending, {:.2} µs the journal's threads; wait until written: p50 {:.0} µs, p99 {:.0} µs",
        each(append + writer),
        each(append),
        each(writer),
        at(50),
        at(99),
    );
}

/// Does something so many times, evenly. Above the rate of timers this keeps a core busy.
fn at_rate(rate: u64, times: u64, mut work: impl FnMut()) {
    let began = Instant::now();
    for time in 1..=times {
        let due = began + Duration::from_nanos(time * 1_000_000_000 / rate);
        if rate <= 1_000 {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        work();
    }
}

/// How long each record waited until the kernel had it.
fn waits(bench: &mut Bench, rate: u64, records: u64) -> Vec<Duration> {
    let waiting: Arc<Mutex<VecDeque<(Position, Instant)>>> = Arc::default();
    let waits: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let (from, to) = (Arc::clone(&waiting), Arc::clone(&waits));
    bench.journal.on_written(move |written| {
        let now = Instant::now();
        let mut from = from.lock().unwrap();
        while let Some((_, at)) = from.front().filter(|(position, _)| *position <= written) {
            to.lock().unwrap().push(now.saturating_duration_since(*at));
            from.pop_front();
        }
    });
    at_rate(rate, records, || {
        let now = Instant::now();
        let position = bench.append();
        waiting.lock().unwrap().push_back((position, now));
    });
    bench.journal.flush(Duration::from_secs(60)).unwrap();
    let waits = waits.lock().unwrap();
    assert!(waits.len() as u64 * 100 > records * 90, "nearly all were seen");
    waits.clone()
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// CPU time of the journal's own threads.
fn threads_cpu() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let ours = tasks.filter(|task| {
        // This program has a similar name.
        let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        ["journal-write", "journal-sync"].contains(&name.trim())
    });
    let nanos = ours.map(|task| {
        let stat = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        stat.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or(0)
    });
    Duration::from_nanos(nanos.sum())
}
