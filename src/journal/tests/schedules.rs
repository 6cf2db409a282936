//! Random rooms, and processes and machines that go down at every moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::disk::{Bytes, Call, Files, MemoryDisk};
use super::model::{Due, Model};
use super::*;
use crate::journal::shared::lock;

/// The disk as it was before a call.
struct Image {
    before: Call,
    files: Files,
    /// What rooms had been told to be written.
    written: u64,
    /// What the next call in line had been told to be on disk.
    synced: u64,
}

/// Has images taken before every call, of this journal.
fn take_images(disk: &MemoryDisk, written: &Arc<AtomicU64>) -> Arc<Mutex<Vec<Image>>> {
    let images: Arc<Mutex<Vec<Image>>> = Arc::default();
    let (to, written) = (Arc::clone(&images), Arc::clone(written));
    disk.watch(move |files, before, _| {
        let written = written.load(Ordering::Acquire);
        lock(&to).push(Image { before, files: files.clone(), written, synced: 0 });
        None
    });
    images
}

/// Steps of rooms on a journal, at a random pace.
fn play(model: &mut Model, journal: &Journal, steps: u32, rng: &mut Rng) {
    for _ in 0..steps {
        model.step(journal, 6, rng);
        match rng.below(30) {
            0 => journal.flush(SOON).unwrap(),
            1..4 => std::thread::yield_now(),
            4..8 => std::thread::sleep(Duration::from_millis(1)),
            _ => {}
        }
    }
}

#[test]
fn process_that_is_killed_between_any_two_calls_loses_nothing_that_was_written() {
    for_seeds(5, |_, rng| {
        let mut model = Model::default();
        let mut files = Files::new();
        for life in 0..3 {
            let disk = MemoryDisk::of(files);
            let written = Arc::new(AtomicU64::new(0));
            let images = take_images(&disk, &written);
            let (journal, found) = open(&disk, limits());
            model.next_life(&found);
            let seen = Arc::clone(&written);
            journal.on_written(move |position| seen.store(position.0, Ordering::Release));
            play(&mut model, &journal, 150, rng);
            if rng.below(2) == 0 {
                journal.close(SOON).unwrap();
            }
            drop(journal);
            let images = std::mem::take(&mut *lock(&images));
            assert!(images.len() > 10, "{}", images.len());
            for (number, image) in images.iter().enumerate() {
                let disk = MemoryDisk::of(image.files.clone());
                let context = format!("life {life}, image {number}, before {:?}", image.before);
                let due = Due { there: Some(image.written), told: Some(image.written) };
                let found = found_in(&disk, BOOT);
                model.check(&found, due, &context);
                assert!(found.iter().all(|found| !found.torn), "{context}");
            }
            let next = &images[rng.below(images.len() as u32) as usize];
            files = next.files.clone();
            let found = found_in(&MemoryDisk::of(files.clone()), BOOT);
            model.next_life(&found);
        }
    });
}

/// What a power cut leaves: all that was synced, some of what was written after that, and in it
/// whatever was there before.
fn after_power_cut(files: &Files, rng: &mut Rng) -> Files {
    let mut left = Files::new();
    for (name, file) in files {
        let mut all = file.all.clone();
        let kept = file.synced + rng.below((all.len() - file.synced) as u32 + 1) as usize;
        all.truncate(kept);
        let unsynced = &mut all[file.synced..];
        match rng.below(3) {
            // Blocks that did not get there are zeros, or old.
            0 if !unsynced.is_empty() => {
                let at = rng.below(unsynced.len() as u32) as usize;
                unsynced[at..].iter_mut().take(64).for_each(|byte| *byte = 0);
            }
            1 if !unsynced.is_empty() => {
                let at = rng.below(unsynced.len() as u32) as usize;
                unsynced[at..].iter_mut().take(64).for_each(|byte| *byte = rng.next_u32() as u8);
            }
            _ => {}
        }
        left.insert(name.clone(), Bytes { synced: all.len(), all });
    }
    left
}

#[test]
fn machine_that_loses_power_keeps_what_was_synced_and_says_what_may_be_missing() {
    for_seeds(8, |seed, rng| {
        let disk = MemoryDisk::default();
        let written = Arc::new(AtomicU64::new(0));
        let synced = Arc::new(AtomicU64::new(0));
        let (journal, _) =
            open(&disk, Limits { sync_interval: Duration::from_millis(3), ..limits() });
        let seen = Arc::clone(&written);
        journal.on_written(move |position| seen.store(position.0, Ordering::Release));
        let images: Arc<Mutex<Vec<Image>>> = Arc::default();
        let (to, from, on_disk) = (Arc::clone(&images), Arc::clone(&written), Arc::clone(&synced));
        disk.watch(move |files, before, _| {
            let written = from.load(Ordering::Acquire);
            let synced = on_disk.load(Ordering::Acquire);
            lock(&to).push(Image { before, files: files.clone(), written, synced });
            None
        });
        let mut model = Model::default();
        for _ in 0..10 {
            play(&mut model, &journal, 15, rng);
            let position = journal.written().0;
            journal.flush(SOON).unwrap();
            synced.store(position, Ordering::Release);
        }
        drop(journal);
        for (number, image) in lock(&images).iter().enumerate() {
            let left = MemoryDisk::of(after_power_cut(&image.files, rng));
            let due = Due { there: Some(image.synced), told: Some(image.written) };
            let found = found_in(&left, BOOT + 1);
            model.check(&found, due, &format!("seed {seed}, image {number}"));
            assert!(found.iter().all(|found| found.torn), "nobody closed it");
            // It can be opened and goes on.
            if number % 16 == 0 {
                let (journal, again) = try_open(&left, limits(), BOOT + 1).unwrap();
                assert_eq!(again, found);
                let room = journal.room(greenroom_proto::RoomId(99), || ());
                room.append(super::super::Kind::Start, &[b"new"]).unwrap();
                journal.close(SOON).unwrap();
            }
        }
    });
}

#[test]
fn orderly_stop_leaves_no_doubt_even_if_the_machine_goes_down_then() {
    for_seeds(2, |_, rng| {
        let disk = MemoryDisk::default();
        let (journal, _) = open(&disk, limits());
        let mut model = Model::default();
        play(&mut model, &journal, 200, rng);
        let due = {
            journal.flush(SOON).unwrap();
            Some(journal.written().0)
        };
        journal.close(SOON).unwrap();
        assert_eq!(journal.close(SOON), Err(super::super::FlushError::Closed));
        let files = disk.files();
        assert!(files.values().all(|file| file.synced == file.all.len()), "all is on disk");
        let found = found_in(&MemoryDisk::of(files), BOOT + 1);
        assert!(found.iter().all(|found| !found.torn));
        model.check(&found, Due { there: due, told: due }, "after a stop");
    });
}

#[test]
fn orderly_stop_vouches_for_what_a_killed_process_left_to_the_kernel_too() {
    let disk = MemoryDisk::default();
    let (journal, _) = open(&disk, Limits { sync_interval: SOON, ..limits() });
    let room = journal.room(greenroom_proto::RoomId(1), || ());
    let position = room.append(super::super::Kind::Start, &[b"s"]).unwrap();
    until("it is written", || journal.written() >= position);
    // Another process goes on with what the killed one wrote, and stops.
    let left = MemoryDisk::of(disk.files());
    assert!(left.files().values().any(|file| file.synced < file.all.len()));
    let (second, found) = open(&left, limits());
    assert_eq!(found[0].start, b"s");
    second.close(SOON).unwrap();
    assert!(left.files().values().all(|file| file.synced == file.all.len()));
}

#[test]
fn many_threads_append_at_once() {
    let disk = MemoryDisk::default();
    let (journal, _) = open(&disk, Limits { segment_bytes: 50_000, ..limits() });
    let models: Vec<_> = std::thread::scope(|scope| {
        let threads = (0..4).map(|thread| {
            let journal = journal.clone();
            scope.spawn(move || {
                let (mut model, mut rng) = (Model::from(thread * 100), Rng::new(thread));
                for step in 0..2_000 {
                    model.step(&journal, 20, &mut rng);
                    if step % 50 == 0 {
                        std::thread::sleep(Duration::from_micros(300));
                    }
                }
                model
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    journal.flush(SOON).unwrap();
    let due = Some(journal.written().0);
    drop(journal);
    let found = found_in(&disk, BOOT);
    for (first, model) in (0u64..).step_by(100).zip(models) {
        let own = |found: &&Found| (first..first + 100).contains(&found.room.0);
        let own: Vec<_> = found.iter().filter(own).cloned().collect();
        model.check(&own, Due { there: due, told: due }, "threads");
    }
}
