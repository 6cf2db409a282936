//! The journal on real files, with real processes: some are killed, one finds its disk full.

#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use greenroom::journal::{Found, Health, Journal, JournalError, Kind, Limits, RoomJournal};
use greenroom::proto::RoomId;

const SOON: Duration = Duration::from_secs(30);
/// Tells a copy of this program in which directory it is to work.
const DIR: &str = "GREENROOM_TEST_JOURNAL_DIR";

fn limits() -> Limits {
    Limits {
        segment_bytes: 100_000,
        sync_interval: Duration::from_millis(20),
        retry_interval: Duration::from_millis(20),
        ..Limits::default()
    }
}

/// A copy of this program that runs one test.
fn copy(test: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(DIR, dir);
    command
}

fn dir_of_copy() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

const ROOMS: u64 = 40;

/// A room of the process that is killed. Its records are numbered.
struct Counter {
    journal: RoomJournal,
    next: u64,
}

/// What is killed: appends, and says on its standard output what it appended up to where, and what
/// it saw as written.
#[test]
#[ignore = "runs in a process of its own"]
fn appends_until_killed() {
    let Some(dir) = dir_of_copy() else { return };
    let (journal, found) = Journal::open(&dir, limits()).unwrap();
    let mut rooms: Vec<_> = (0..ROOMS)
        .map(|id| Counter { journal: journal.room(RoomId(id), || ()), next: 1 })
        .collect();
    for found in &found {
        rooms[found.room.0 as usize].next = numbers(found).1 + 1;
    }
    let say = |line: String| {
        let mut out = std::io::stdout().lock();
        out.write_all(line.as_bytes()).unwrap();
        out.flush().unwrap();
    };
    journal.on_written(move |position| say(format!("written {}\n", position.0)));
    for step in 0u64.. {
        let id = step * 7 % ROOMS;
        let room = &mut rooms[id as usize];
        let kind = match room.journal.wants_start() || step % 97 == 0 {
            true => Kind::Start,
            false => Kind::More,
        };
        let (number, filler) = (room.next.to_le_bytes(), vec![0; (step % 200) as usize]);
        room.next += 1;
        if let Ok(position) = room.journal.append(kind, &[&number, &filler]) {
            say(format!("appended {id} {} {}\n", room.next - 1, position.0));
        }
        if step % 64 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The first and the last record of a room; all between are there.
fn numbers(found: &Found) -> (u64, u64) {
    let number = |payload: &[u8]| u64::from_le_bytes(*payload.first_chunk().unwrap());
    let first = number(&found.start);
    for (next, more) in (first + 1..).zip(&found.more) {
        assert_eq!(number(more), next, "{}: no hole", found.room);
    }
    (first, first + found.more.len() as u64)
}

#[test]
fn all_that_a_killed_process_saw_as_written_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut random = 1u64;
    let mut last = BTreeMap::new();
    let mut total = 0;
    for round in 0..20 {
        let mut child =
            copy("appends_until_killed", dir.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        // It has begun.
        let mut first = String::new();
        while !first.starts_with("appended") {
            first.clear();
            assert!(lines.read_line(&mut first).unwrap() > 0, "the process ended by itself");
        }
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
        let reads = std::thread::spawn(move || {
            let mut rest = String::new();
            lines.read_to_string(&mut rest).unwrap();
            rest
        });
        std::thread::sleep(Duration::from_micros((random >> 40) % 60_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let said = first + &reads.join().unwrap();
        let (appended, written) = parse(&said);
        total += appended.len();

        let (journal, found) = Journal::open(dir.path(), limits()).unwrap();
        let found: BTreeMap<u64, u64> = found
            .iter()
            .inspect(|found| assert!(!found.torn, "{}: a killed process tears nothing", found.room))
            .map(|found| (found.room.0, numbers(found).1))
            .collect();
        for (room, number, position) in appended {
            if position <= written {
                last.insert(room, number);
            }
        }
        for (room, number) in &last {
            let there = found.get(room).copied().unwrap_or(0);
            assert!(there >= *number, "round {round}, room {room}: {there} of {number}");
        }
        last = found;
        // It was only read: the next process finds the same.
        drop(journal);
    }
    assert!(total > 1_000, "{total}");
}

/// Room, number and position of what was appended, and the position of what was written.
fn parse(said: &str) -> (Vec<(u64, u64, u64)>, u64) {
    let (mut appended, mut written) = (Vec::new(), 0);
    // The last line may be cut.
    let whole = said.rfind('\n').map_or("", |end| &said[..end]);
    for line in whole.lines() {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["appended", room, number, position] => appended.push((
                room.parse().unwrap(),
                number.parse().unwrap(),
                position.parse().unwrap(),
            )),
            ["written", position] => written = position.parse().unwrap(),
            _ => {}
        }
    }
    (appended, written)
}

#[test]
fn second_process_is_refused_and_told_who_is_first() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("made/by/the/journal");
    let (journal, _) = Journal::open(&dir, limits()).unwrap();
    let refused = Journal::open(&dir, limits()).map(drop).unwrap_err();
    let own = std::process::id();
    assert!(matches!(refused, JournalError::Taken { holder: Some(pid), .. } if pid == own));
    assert!(refused.to_string().contains(&format!("process {own} ")), "{refused}");
    drop(journal);
    let (journal, _) = Journal::open(&dir, limits()).unwrap();
    journal.close(SOON).unwrap();
    // A handle that is left over does not keep the directory.
    Journal::open(&dir, limits()).map(drop).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn directory_that_cannot_be_used_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = Journal::open(&file, limits()).map(drop).unwrap_err();
    assert!(matches!(refused, JournalError::Unwritable { .. }));
    let said = refused.to_string();
    assert!(said.contains("file: cannot be written") && said.contains("--state-dir"), "{said}");
}

#[cfg(unix)]
#[test]
fn files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("state");
    let (journal, _) = Journal::open(&dir, limits()).unwrap();
    journal.close(SOON).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o077;
    assert_eq!(mode(&dir), 0);
    for file in fs::read_dir(&dir).unwrap() {
        let path = file.unwrap().path();
        assert!(mode(&path) == 0 || path.ends_with("lock"), "{}", path.display());
    }
}

#[test]
fn rooms_go_on_over_many_openings() {
    let dir = tempfile::tempdir().unwrap();
    for opening in 0..5u8 {
        let (journal, found) = Journal::open(dir.path(), limits()).unwrap();
        assert_eq!(found.len(), usize::from(opening > 0));
        for found in found {
            assert_eq!(found.start, [opening - 1; 1000]);
            assert_eq!(found.more, [[opening - 1, 1], [opening - 1, 2]]);
        }
        let room = journal.room(RoomId(5), || ());
        room.append(Kind::Start, &[&[opening; 1000]]).unwrap();
        room.append(Kind::More, &[&[opening], &[1]]).unwrap();
        room.append(Kind::More, &[&[opening, 2]]).unwrap();
        match opening {
            // With and without a goodbye.
            0 | 3 => journal.close(SOON).unwrap(),
            _ => drop((room, journal)),
        }
    }
    let segments = fs::read_dir(dir.path()).unwrap().count() - 1;
    assert!(segments <= 2, "old segments go: {segments}");
}

/// In a file system of two megabytes and a half.
#[test]
#[ignore = "runs in a process of its own"]
fn finds_its_disk_full() {
    let Some(dir) = dir_of_copy() else { return };
    let filler = dir.join("filler");
    let (journal, _) = Journal::open(&dir, Limits { disk_bytes_max: 1 << 16, ..limits() }).unwrap();
    let room = journal.room(RoomId(1), || ());
    room.append(Kind::Start, &[b"begun"]).unwrap();
    journal.flush(SOON).unwrap();
    fs::write(&filler, vec![1; 3 << 20]).unwrap_err();
    let mut taken = 0u32;
    until("the disk is full", || {
        taken += u32::from(room.append(Kind::More, &[&taken.to_le_bytes(), &[0; 500]]).is_ok());
        matches!(journal.health(), Health::Failing { .. })
    });
    let Health::Failing { why, .. } = journal.health() else { panic!("it heals by itself") };
    assert!(why.contains("free space on that disk"), "{why}");
    // What another process would find now.
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(&dir).unwrap().flatten() {
        if file.file_name() != "filler" && file.file_name() != "lock" {
            fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
    }
    let (there, found) = Journal::open(copy.path(), limits()).unwrap();
    assert_eq!(found[0].start, b"begun");
    for (number, more) in (0u32..).zip(&found[0].more) {
        assert_eq!(more[..4], number.to_le_bytes());
    }
    drop(there);
    fs::remove_file(&filler).unwrap();
    until("it works again", || room.wants_start());
    room.append(Kind::Start, &[b"anew"]).unwrap();
    journal.close(SOON).unwrap();
    let (_journal, found) = Journal::open(&dir, limits()).unwrap();
    assert_eq!((&found[0].start[..], found[0].torn), (&b"anew"[..], false));
    println!("the disk was full");
}

fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !so() {
        assert!(Instant::now() < deadline, "{what} in time");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Where users may make mount namespaces of their own; elsewhere this tests nothing.
#[cfg(target_os = "linux")]
#[test]
fn full_disk_is_told_and_waited_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut mount = Command::new("unshare");
    mount.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    mount.arg("mount -t tmpfs -o size=2500k none \"$0\" || exit 77; exec \"$@\"").arg(dir.path());
    let test = copy("finds_its_disk_full", dir.path());
    mount.arg(test.get_program()).args(test.get_args()).env(DIR, dir.path());
    match mount.output() {
        Err(error) => eprintln!("not tested: unshare: {error}"),
        Ok(output) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (out, errors) = (text(&output.stdout), text(&output.stderr));
            if output.status.code() == Some(77) || errors.contains("unshare:") {
                eprintln!("not tested: {errors}");
                return;
            }
            assert!(output.status.success() && out.contains("the disk was full"), "{out}{errors}");
        }
    }
}
