//! Disks that fail, that are full, and that are slow.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use greenroom_proto::RoomId;

use super::disk::{Call, Fault, MemoryDisk, Switch};
use super::model::{Due, Model};
use super::*;
use crate::journal::{FlushError, Health, Kind, NotTaken, RoomJournal};

const ROOM: RoomId = RoomId(1);

/// A room that counts how often it is woken.
fn room(journal: &Journal, id: RoomId) -> (RoomJournal, Arc<AtomicU64>) {
    let woken = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&woken);
    (
        journal.room(id, move || {
            count.fetch_add(1, Ordering::AcqRel);
        }),
        woken,
    )
}

fn is_failing(journal: &Journal) -> bool {
    matches!(journal.health(), Health::Failing { .. })
}

/// Has calls of a kind fail while the switch is on.
fn failing(disk: &MemoryDisk, call: Call, kind: io::ErrorKind) -> Arc<AtomicBool> {
    let fails = Arc::new(AtomicBool::new(false));
    let on = Arc::clone(&fails);
    disk.watch(move |_, this, _| {
        (this == call && on.load(Ordering::Acquire)).then_some(Fault::Error(kind))
    });
    fails
}

#[test]
fn disk_that_fails_and_works_again_has_every_room_begin_anew() {
    for call in [Call::Write, Call::Sync] {
        let disk = MemoryDisk::default();
        let fails = failing(&disk, call, io::ErrorKind::Other);
        let (journal, _) = open(&disk, limits());
        let (one, woken) = room(&journal, ROOM);
        let (idle, idle_woken) = room(&journal, RoomId(2));
        assert!(one.wants_start() && idle.wants_start());
        assert_eq!(one.append(Kind::More, &[b"too early"]), Err(NotTaken::NeedsStart));
        one.append(Kind::Start, &[b"s"]).unwrap();
        idle.append(Kind::Start, &[b"idle"]).unwrap();
        one.append(Kind::More, &[b"m"]).unwrap();
        journal.flush(SOON).unwrap();
        assert!(!one.wants_start());
        assert_eq!(journal.health(), Health::Sound);

        fails.store(true, Ordering::Release);
        let position = one.append(Kind::More, &[b"lost"]).unwrap();
        until("it is noticed", || is_failing(&journal));
        assert!(journal.written() >= position, "nobody waits for what will not come");
        assert_eq!(one.append(Kind::More, &[b"refused"]), Err(NotTaken::Failing));
        assert_eq!(one.append(Kind::Start, &[b"refused"]), Err(NotTaken::Failing));
        assert!(!one.wants_start(), "while it fails, nobody need try");
        assert!(matches!(journal.flush(SOON), Err(FlushError::Failing(_))));
        let Health::Failing { lost_records, why, .. } = journal.health() else { panic!() };
        assert!(lost_records >= 2 && !why.is_empty(), "{lost_records} {why}");
        assert_eq!(woken.load(Ordering::Acquire), 0);

        fails.store(false, Ordering::Release);
        until("all are woken", || {
            woken.load(Ordering::Acquire) > 0 && idle_woken.load(Ordering::Acquire) > 0
        });
        assert!(one.wants_start() && idle.wants_start());
        assert_eq!(one.append(Kind::More, &[b"no"]), Err(NotTaken::NeedsStart));
        one.append(Kind::Start, &[b"again"]).unwrap();
        one.append(Kind::More, &[b"on"]).unwrap();
        journal.flush(SOON).unwrap();
        assert_eq!(journal.health(), Health::Sound);
        let found = found_in(&MemoryDisk::of(disk.files()), BOOT);
        assert_eq!(found[0].start, b"again");
        assert_eq!((&found[0].more[..], found[0].torn), (&[b"on".to_vec()][..], false));
        assert_eq!((&found[1].start[..], found[1].torn), (&b"idle"[..], true), "{call:?}");
    }
}

#[test]
fn full_disk_is_waited_out() {
    let disk = MemoryDisk::default();
    let (journal, _) = open(&disk, limits());
    let (one, _) = room(&journal, ROOM);
    one.append(Kind::Start, &[b"start"]).unwrap();
    one.append(Kind::More, &[b"more"]).unwrap();
    journal.flush(SOON).unwrap();
    let used: usize = disk.files().values().map(|file| file.all.len()).sum();
    // The next record fits in part.
    disk.has_room_for(Some(used + 35));
    one.append(Kind::More, &[b"does not fit"]).unwrap();
    until("it is noticed", || is_failing(&journal));
    let found = found_in(&MemoryDisk::of(disk.files()), BOOT);
    assert_eq!(found[0].more, [b"more".to_vec()]);
    let Health::Failing { why, .. } = journal.health() else { panic!() };
    assert!(why.contains("free space on that disk"), "{why}");
    // Room for a head and a record, not for what rooms write when they begin anew.
    disk.has_room_for(Some(used + 200));
    std::thread::sleep(Duration::from_millis(30));
    assert!(is_failing(&journal), "it does not go on and fail again and again");
    assert_eq!(disk.files().len(), 1, "and leaves no litter");
    disk.has_room_for(None);
    until("it works again", || one.wants_start());
    one.append(Kind::Start, &[b"again"]).unwrap();
    journal.close(SOON).unwrap();
    assert_eq!(open(&disk, limits()).1[0].start, b"again");
}

#[test]
fn short_writes_are_gone_on_with() {
    let disk = MemoryDisk::default();
    disk.watch(|_, call, _| (call == Call::Write).then_some(Fault::Short(7)));
    let (journal, _) = open(&disk, limits());
    let mut model = Model::default();
    let mut rng = Rng::new(1);
    for _ in 0..100 {
        model.step(&journal, 3, &mut rng);
    }
    journal.flush(SOON).unwrap();
    let due = Some(journal.written().0);
    assert_eq!(journal.health(), Health::Sound);
    let found = found_in(&MemoryDisk::of(disk.files()), BOOT);
    model.check(&found, Due { there: due, told: due }, "short writes");
}

#[test]
fn errors_at_any_call_never_show_half_a_record_or_a_wrong_one() {
    let errors = Arc::new(AtomicU64::new(0));
    for_seeds(20, |_, rng| {
        let disk = MemoryDisk::default();
        let (journal, _) = open(&disk, limits());
        let mut chance = Rng::new(rng.next_u64());
        let count = Arc::clone(&errors);
        let one_in = 5 + rng.below(40);
        disk.watch(move |_, _, _| {
            let fails = chance.below(one_in) == 0;
            count.fetch_add(u64::from(fails), Ordering::AcqRel);
            match chance.below(3) {
                0 if fails => Some(Fault::Short(chance.below(40) as usize + 1)),
                _ if fails => Some(Fault::Error(io::ErrorKind::Other)),
                _ => None,
            }
        });
        let mut model = Model::default();
        for _ in 0..300 {
            model.step(&journal, 5, rng);
            if rng.below(20) == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        disk.watch(|_, _, _| None);
        until("it works again", || !is_failing(&journal));
        // Whatever there was, what is taken from now on is kept.
        model.check(
            &found_in(&MemoryDisk::of(disk.files()), BOOT),
            super::model::NOTHING,
            "meanwhile",
        );
        until("all have begun anew", || {
            for id in 0..5 {
                if model.handles().get(&id).is_none_or(RoomJournal::wants_start) {
                    let _ = model.append(&journal, id, Kind::Start, 5);
                }
            }
            model.handles().len() == 5
                && model.handles().values().all(|room| !room.wants_start())
                && journal.flush(SOON).is_ok()
        });
        for id in 0..5 {
            until("it goes on", || model.append(&journal, id, Kind::Start, 5).is_ok());
            model.append(&journal, id, Kind::More, 5).unwrap();
        }
        journal.flush(SOON).unwrap();
        let due = Some(journal.written().0);
        let found = found_in(&MemoryDisk::of(disk.files()), BOOT);
        model.check(&found, Due { there: due, told: due }, "in the end");
        assert!(found.iter().all(|found| !found.torn));
    });
    assert!(errors.load(Ordering::Acquire) > 0);
}

#[test]
fn room_that_ended_while_the_disk_failed_does_not_come_back() {
    let disk = MemoryDisk::default();
    let fails = failing(&disk, Call::Write, io::ErrorKind::Other);
    let (journal, _) = open(&disk, limits());
    let rooms: Vec<_> = (0..4).map(|id| room(&journal, RoomId(id)).0).collect();
    for room in &rooms[..3] {
        room.append(Kind::Start, &[b"s"]).unwrap();
    }
    journal.flush(SOON).unwrap();
    fails.store(true, Ordering::Release);
    // Taken, and lost with its batch.
    rooms[0].append(Kind::End, &[]).unwrap();
    until("it is noticed", || is_failing(&journal));
    rooms[1].append(Kind::End, &[]).unwrap();
    rooms[3].append(Kind::End, &[]).unwrap();
    assert_eq!(rooms[1].append(Kind::Start, &[b"late"]), Err(NotTaken::Finished));
    assert_eq!(found_in(&MemoryDisk::of(disk.files()), BOOT).len(), 3);
    fails.store(false, Ordering::Release);
    until("it works again", || !is_failing(&journal));
    journal.flush(SOON).unwrap();
    let found = found_in(&MemoryDisk::of(disk.files()), BOOT);
    assert_eq!(found.iter().map(|found| found.room).collect::<Vec<_>>(), [RoomId(2)]);
}

#[test]
fn full_queue_refuses_and_has_the_room_begin_anew_when_there_is_room() {
    let disk = MemoryDisk::default();
    let (journal, _) = open(&disk, limits());
    let (one, woken) = room(&journal, ROOM);
    let (other, other_woken) = room(&journal, RoomId(2));
    one.append(Kind::Start, &[b"s"]).unwrap();
    other.append(Kind::Start, &[b"o"]).unwrap();
    journal.flush(SOON).unwrap();
    let stuck = Switch::default();
    let holds = stuck.flag();
    disk.watch(move |_, call, _| (call == Call::Write).then(|| Fault::Stuck(Arc::clone(&holds))));
    stuck.set(true);
    other.append(Kind::More, &[b"p"]).unwrap();
    let big = [3; 1000];
    let mut taken = 0;
    let refused = loop {
        match one.append(Kind::More, &[&big]) {
            Ok(_) => taken += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, NotTaken::QueueFull);
    assert!((60..=130).contains(&taken), "64 KiB wait and a batch is being written: {taken}");
    assert!(!one.wants_start(), "there is no room for one");
    assert_eq!(one.append(Kind::More, &[b"x"]), Err(NotTaken::NeedsStart));
    assert_eq!(journal.health(), Health::Sound);
    stuck.set(false);
    until("it is woken", || woken.load(Ordering::Acquire) == 1);
    assert!(one.wants_start());
    journal.flush(SOON).unwrap();
    // Nothing has been lost of the others, and of this one it is known.
    let found = found_in(&MemoryDisk::of(disk.files()), BOOT);
    assert_eq!((found[0].more.len(), found[0].torn), (taken, true));
    assert_eq!((found[1].more.len(), found[1].torn), (1, false));
    assert_eq!(other_woken.load(Ordering::Acquire), 0);
    one.append(Kind::Start, &[b"again"]).unwrap();
    journal.flush(SOON).unwrap();
    let found = found_in(&MemoryDisk::of(disk.files()), BOOT);
    assert_eq!((&found[0].start[..], found[0].torn), (&b"again"[..], false));
}

#[test]
fn record_larger_than_the_queue_is_refused_for_good() {
    let disk = MemoryDisk::default();
    let (journal, _) = open(&disk, limits());
    let (one, woken) = room(&journal, ROOM);
    let huge = vec![0; 65 << 10];
    assert_eq!(one.append(Kind::Start, &[&huge]), Err(NotTaken::TooLarge));
    assert!(!one.wants_start(), "the next would be as large");
    one.append(Kind::Start, &[b"small"]).unwrap();
    assert_eq!(one.append(Kind::More, &[&huge]), Err(NotTaken::TooLarge));
    until("it is woken", || woken.load(Ordering::Acquire) == 1);
    one.append(Kind::Start, &[b"anew"]).unwrap();
    journal.flush(SOON).unwrap();
}

#[test]
fn slow_sync_holds_up_no_write() {
    let disk = MemoryDisk::default();
    let (journal, _) = open(&disk, limits());
    journal.flush(SOON).unwrap();
    let stuck = Switch::default();
    let holds = stuck.flag();
    disk.watch(move |_, call, _| (call == Call::Sync).then(|| Fault::Stuck(Arc::clone(&holds))));
    stuck.set(true);
    let (one, _) = room(&journal, ROOM);
    one.append(Kind::Start, &[b"s"]).unwrap();
    for _ in 0..200 {
        let position = one.append(Kind::More, &[&[1; 100]]).unwrap();
        until("it is written", || journal.written() >= position);
    }
    assert!(disk.segments().len() > 3, "segments are begun meanwhile");
    assert_eq!(journal.flush(Duration::from_millis(20)), Err(FlushError::TimedOut));
    stuck.set(false);
    journal.flush(SOON).unwrap();
}

#[test]
fn failed_sync_is_not_tried_again_as_if_nothing_had_been() {
    let disk = MemoryDisk::default();
    let sync_interval = Duration::from_millis(50);
    let (journal, _) = open(&disk, Limits { sync_interval, ..limits() });
    journal.flush(SOON).unwrap();
    let (syncs, stuck) = (Arc::new(AtomicU64::new(0)), Switch::default());
    let (count, holds) = (Arc::clone(&syncs), stuck.flag());
    disk.watch(move |_, call, _| match call {
        // The kernel says it once, and then that all is well.
        Call::Sync => (count.fetch_add(1, Ordering::AcqRel) == 0)
            .then_some(Fault::Error(io::ErrorKind::Other)),
        Call::Write => Some(Fault::Stuck(Arc::clone(&holds))),
        _ => None,
    });
    let (one, _) = room(&journal, ROOM);
    let position = one.append(Kind::Start, &[b"s"]).unwrap();
    until("it is written", || journal.written() >= position);
    stuck.set(true);
    one.append(Kind::More, &[b"m"]).unwrap();
    until("it is synced in vain", || syncs.load(Ordering::Acquire) == 1);
    // The writer, which has to deal with it, is stuck.
    std::thread::sleep(Duration::from_millis(120));
    assert_eq!(syncs.load(Ordering::Acquire), 1);
    stuck.set(false);
    until("the room is to begin anew", || one.wants_start());
    one.append(Kind::Start, &[b"t"]).unwrap();
    journal.flush(SOON).unwrap();
    assert_eq!(found_in(&disk, BOOT)[0].start, b"t");
}

#[test]
fn callback_that_panics_takes_nothing_along() {
    let disk = MemoryDisk::default();
    let (journal, _) = open(&disk, limits());
    assert!(journal.on_written(|_| panic!("as asked")));
    assert!(!journal.on_written(|_| ()), "there is one");
    let (one, _) = room(&journal, ROOM);
    one.append(Kind::Start, &[b"s"]).unwrap();
    journal.flush(SOON).unwrap();
    one.append(Kind::More, &[b"m"]).unwrap();
    journal.flush(SOON).unwrap();
}

#[test]
fn second_handle_of_a_room_takes_the_place_of_the_first() {
    let disk = MemoryDisk::default();
    let (journal, _) = open(&disk, limits());
    let (first, _) = room(&journal, ROOM);
    first.append(Kind::Start, &[b"s"]).unwrap();
    let (second, _) = room(&journal, ROOM);
    assert_eq!(first.append(Kind::More, &[b"m"]), Err(NotTaken::Finished));
    assert_eq!(second.append(Kind::More, &[b"m"]), Err(NotTaken::NeedsStart));
    second.append(Kind::Start, &[b"t"]).unwrap();
    journal.close(SOON).unwrap();
    assert_eq!(second.append(Kind::More, &[b"m"]), Err(NotTaken::Finished));
    assert_eq!(open(&disk, limits()).1[0].start, b"t");
}
