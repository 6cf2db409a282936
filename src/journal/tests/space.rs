//! Segments go when nobody needs them, and rooms are told to leave old ones.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use greenroom_proto::RoomId;

use super::disk::{Call, Fault, MemoryDisk, Switch};
use super::*;
use crate::journal::shared::lock;
use crate::journal::{Kind, RoomJournal};

/// Rooms that write a start of so many bytes when they are woken, and say nothing else.
struct Sleepers {
    rooms: Vec<RoomJournal>,
    woken: Arc<Mutex<BTreeSet<usize>>>,
    bytes: usize,
}

impl Sleepers {
    fn new(journal: &Journal, count: usize, bytes: usize) -> Self {
        let woken: Arc<Mutex<BTreeSet<usize>>> = Arc::default();
        let room = |number: usize| {
            let woken = Arc::clone(&woken);
            journal.room(RoomId(1000 + number as u64), move || {
                lock(&woken).insert(number);
            })
        };
        let rooms = (0..count).map(room).collect();
        Sleepers { rooms, woken, bytes }
    }

    fn start(&self, number: usize) {
        self.rooms[number].append(Kind::Start, &[&vec![number as u8; self.bytes]]).unwrap();
    }

    /// Those who were woken begin anew.
    fn answer(&self) -> usize {
        let woken = std::mem::take(&mut *lock(&self.woken));
        for number in &woken {
            assert!(self.rooms[*number].wants_start());
            self.start(*number);
        }
        woken.len()
    }
}

fn disk_bytes(disk: &MemoryDisk) -> usize {
    disk.files().values().map(|file| file.all.len()).sum()
}

#[test]
fn finished_rooms_leave_nothing_behind() {
    let disk = MemoryDisk::default();
    let (journal, _) = open(&disk, limits());
    for id in 0..200 {
        let room = journal.room(RoomId(id), || ());
        room.append(Kind::Start, &[&[1; 500]]).unwrap();
        room.append(Kind::More, &[&[2; 100]]).unwrap();
        room.append(Kind::End, &[]).unwrap();
        if id % 10 == 0 {
            journal.flush(SOON).unwrap();
        }
    }
    journal.flush(SOON).unwrap();
    until("segments go", || disk.segments().len() <= 2);
    drop(journal);
    let (_journal, found) = open(&disk, limits());
    assert!(found.is_empty());
    until("the rest goes", || disk.segments().len() == 1);
}

#[test]
fn idle_rooms_are_woken_so_that_space_stays_bounded() {
    let disk = MemoryDisk::default();
    let limits = Limits { disk_bytes_max: 40_000, ..limits() };
    let (journal, _) = open(&disk, limits);
    let idle = Sleepers::new(&journal, 10, 300);
    (0..10).for_each(|number| idle.start(number));
    let busy = journal.room(RoomId(1), || ());
    busy.append(Kind::Start, &[b"busy"]).unwrap();
    let mut answers = 0;
    for number in 0..6_000 {
        let kind = if number % 50 == 0 { Kind::Start } else { Kind::More };
        busy.append(kind, &[&[3; 100]]).unwrap();
        if number % 10 == 0 {
            journal.flush(SOON).unwrap();
            // The bound, a segment, and what comes while rooms answer.
            until("it gets smaller", || {
                answers += idle.answer();
                busy.append(Kind::More, &[b"."]).unwrap();
                journal.flush(SOON).unwrap();
                disk_bytes(&disk) < 60_000
            });
        }
    }
    // 750 KB were written.
    assert!((20..2_000).contains(&answers), "{answers}");
    let found = found_in(&MemoryDisk::of(disk.files()), BOOT);
    assert_eq!(found.len(), 11);
    assert!(found.iter().all(|found| !found.torn));
}

#[test]
fn live_data_beyond_the_bound_does_not_have_rooms_write_all_the_time() {
    let disk = MemoryDisk::default();
    let limits = Limits { disk_bytes_max: 4096, queue_bytes_max: 1 << 20, ..limits() };
    let (journal, _) = open(&disk, limits);
    // A few huge rooms: half a megabyte of state against a bound of 4 KB.
    let huge = Sleepers::new(&journal, 5, 100_000);
    (0..5).for_each(|number| huge.start(number));
    let busy = journal.room(RoomId(1), || ());
    busy.append(Kind::Start, &[b"busy"]).unwrap();
    let mut answered = 0;
    for number in 0..30_000 {
        let kind = if number % 50 == 0 { Kind::Start } else { Kind::More };
        busy.append(kind, &[&[3; 100]]).unwrap();
        if number % 100 == 0 {
            journal.flush(SOON).unwrap();
            // Four times the live data and a little.
            until("it gets smaller", || {
                answered += huge.answer();
                busy.append(Kind::More, &[b"."]).unwrap();
                journal.flush(SOON).unwrap();
                disk_bytes(&disk) < 2_500_000
            });
        }
    }
    assert!((3..20).contains(&answered), "3.8 MB were written: {answered}");
}

#[test]
fn ten_thousand_rooms_begin_anew_after_an_error_without_overrunning_the_queue() {
    let disk = MemoryDisk::default();
    let fails = Arc::new(AtomicBool::new(false));
    let on = Arc::clone(&fails);
    disk.watch(move |_, call, _| {
        let fails = call == Call::Write && on.load(Ordering::Acquire);
        fails.then_some(Fault::Error(io::ErrorKind::Other))
    });
    let queue_bytes_max = 1 << 20;
    let (journal, _) = open(&disk, Limits { queue_bytes_max, segment_bytes: 1 << 20, ..limits() });
    let rooms = Sleepers::new(&journal, 10_000, 500);
    for number in 0..10_000 {
        rooms.start(number);
        if number % 500 == 0 {
            journal.flush(SOON).unwrap();
        }
    }
    journal.flush(SOON).unwrap();
    fails.store(true, Ordering::Release);
    rooms.start(0);
    until("it is noticed", || journal.health() != super::super::Health::Sound);
    fails.store(false, Ordering::Release);
    let mut answered = 0;
    until("all have begun anew", || {
        // Refused starts would be a defect: `answer` unwraps.
        answered += rooms.answer();
        answered == 10_000
    });
    journal.flush(SOON).unwrap();
    assert_eq!(found_in(&MemoryDisk::of(disk.files()), BOOT).len(), 10_000);
}

#[test]
fn nothing_is_deleted_before_what_replaces_it_is_on_disk() {
    let disk = MemoryDisk::default();
    let (journal, _) = open(&disk, limits());
    let stuck = Switch::default();
    let holds = stuck.flag();
    disk.watch(move |_, call, _| (call == Call::Sync).then(|| Fault::Stuck(Arc::clone(&holds))));
    let room = journal.room(RoomId(1), || ());
    room.append(Kind::Start, &[b"first"]).unwrap();
    journal.flush(SOON).unwrap();
    stuck.set(true);
    for _ in 0..50 {
        let position = room.append(Kind::Start, &[&[1; 500]]).unwrap();
        until("it is written", || journal.written() >= position);
    }
    std::thread::sleep(Duration::from_millis(20));
    let first = &disk.segments()[0];
    let cut = disk.files()[first].synced;
    let mut files = disk.files();
    files.values_mut().for_each(|file| file.all.truncate(file.synced));
    assert!(cut > 40);
    let found = found_in(&MemoryDisk::of(files), BOOT + 1);
    assert_eq!((&found[0].start[..], found[0].torn), (&b"first"[..], true));
    stuck.set(false);
    journal.flush(SOON).unwrap();
    until("it goes", || !disk.segments().contains(first));
}

#[test]
fn segment_that_cannot_be_deleted_is_tried_again() {
    let disk = MemoryDisk::default();
    let fails = Arc::new(AtomicBool::new(true));
    let on = Arc::clone(&fails);
    let (journal, _) = open(&disk, limits());
    disk.watch(move |_, call, _| {
        let fails = call == Call::Remove && on.load(Ordering::Acquire);
        fails.then_some(Fault::Error(io::ErrorKind::PermissionDenied))
    });
    let room = journal.room(RoomId(1), || ());
    let fill = || {
        for _ in 0..40 {
            room.append(Kind::Start, &[&[1; 500]]).unwrap();
            journal.flush(SOON).unwrap();
        }
    };
    fill();
    assert!(disk.segments().len() >= 4);
    assert_eq!(journal.health(), super::super::Health::Sound);
    fails.store(false, Ordering::Release);
    fill();
    until("they go", || disk.segments().len() <= 2);
}

#[test]
fn names_are_on_disk_before_anything_is_said_to_be_and_before_the_next_one_goes() {
    let disk = MemoryDisk::default();
    let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
    let to = Arc::clone(&calls);
    disk.watch(move |_, call, _| {
        lock(&to).push(call);
        None
    });
    let (journal, _) = open(&disk, limits());
    let room = journal.room(RoomId(1), || ());
    let mut removed = 0;
    until("some segments have gone", || {
        room.append(Kind::Start, &[&[1; 3000]]).unwrap();
        journal.flush(SOON).unwrap();
        let calls = lock(&calls);
        let last = |call| calls.iter().rposition(|this| *this == call);
        assert!(last(Call::Create) < last(Call::SyncNames), "a flush has names on disk too");
        removed = calls.iter().filter(|call| **call == Call::Remove).count();
        removed > 5
    });
    drop(journal);
    let calls = lock(&calls);
    let between = calls.split(|call| *call == Call::Remove).skip(1);
    assert!(between.take(removed).all(|calls| calls.contains(&Call::SyncNames)));
}
