//! Cut files, flipped bits, strangers' files.

use greenroom_proto::RoomId;

use super::disk::{Bytes, Files, MemoryDisk};
use super::model::{Due, Model, NOTHING};
use super::*;
use crate::journal::Kind;
use crate::journal::segment::name;

/// Some segments of many rooms, all of it written.
fn written(seed: u64) -> (Files, Model, u64) {
    let disk = MemoryDisk::default();
    let (journal, _) = open(&disk, limits());
    let (mut model, mut rng) = (Model::default(), Rng::new(seed));
    for _ in 0..150 {
        model.step(&journal, 6, &mut rng);
        if rng.below(8) == 0 {
            journal.flush(SOON).unwrap();
        }
    }
    journal.flush(SOON).unwrap();
    let written = journal.written().0;
    drop(journal);
    (disk.files(), model, written)
}

fn last_segment(files: &Files) -> String {
    files.keys().rfind(|name| name.ends_with(".journal")).unwrap().clone()
}

#[test]
fn segment_cut_at_any_byte_gives_a_prefix_of_each_room() {
    for_seeds(2, |seed, rng| {
        let (mut files, model, _) = written(seed);
        let last = last_segment(&files);
        let whole = files[&last].all.clone();
        for len in (0..whole.len()).rev() {
            if is_left_out(seed, rng) {
                continue;
            }
            files.get_mut(&last).unwrap().all.truncate(len);
            let disk = MemoryDisk::of(files.clone());
            let found = found_in(&disk, BOOT);
            model.check(&found, NOTHING, &format!("cut at {len} of {}", whole.len()));
            // On this machine only a write that was under way ends so.
            assert!(found.iter().all(|found| !found.torn), "cut at {len}");
            assert!(found_in(&disk, BOOT + 1).iter().all(|found| found.torn), "cut at {len}");
        }
    });
}

#[test]
fn older_segment_cut_at_any_byte_is_damage_that_is_told() {
    let (mut files, model, written) = written(3);
    let segments: Vec<_> = files.keys().cloned().collect();
    let old = &segments[segments.len() - 2];
    let whole = files[old].all.clone();
    for len in (40..whole.len()).rev() {
        files.get_mut(old).unwrap().all.truncate(len);
        let found = found_in(&MemoryDisk::of(files.clone()), BOOT);
        let due = match record_ends(&files[old].all) {
            // What was cut off ended with a record: only the numbers show it.
            true => NOTHING,
            false => Due { there: None, told: Some(written) },
        };
        let context = format!("cut at {len} of {}", whole.len());
        check_but_lost_starts(&model, &found, due, &context);
    }
}

/// The first seed tries everything, the others a twentieth of it.
fn is_left_out(seed: u64, rng: &mut Rng) -> bool {
    seed > 0 && rng.below(20) > 0
}

/// Whether a cut segment ends with a whole record.
fn record_ends(bytes: &[u8]) -> bool {
    let mut at = 40;
    while let Some(head) = bytes.get(at..at + 4) {
        let head = u32::from_le_bytes(head.try_into().unwrap());
        at += 28 + (head as usize >> 3);
    }
    at == bytes.len()
}

/// What came back is right; rooms whose start was destroyed may be gone.
fn check_but_lost_starts(model: &Model, found: &[Found], due: Due, context: &str) {
    model.check(found, Due { there: None, ..due }, context);
}

#[test]
fn every_flipped_bit_gives_a_prefix_of_each_room_and_is_told() {
    for_seeds(2, |seed, rng| {
        let (files, model, written) = written(seed + 100);
        let segments: Vec<_> = files.keys().cloned().collect();
        for segment in &segments[segments.len().saturating_sub(2)..] {
            let len = files[segment].all.len();
            // All bits of the last two hundred bytes and one of each byte else.
            let last = len.saturating_sub(200) * 8;
            for bit in (0..len * 8).filter(|bit| *bit >= last || bit % 8 == bit / 8 % 8) {
                if is_left_out(seed, rng) {
                    continue;
                }
                let mut files = files.clone();
                files.get_mut(segment).unwrap().all[bit / 8] ^= 1 << (bit % 8);
                let found = found_in(&MemoryDisk::of(files), BOOT);
                let due = Due { there: None, told: Some(written) };
                check_but_lost_starts(&model, &found, due, &format!("{segment}, bit {bit}"));
            }
        }
    });
}

#[test]
fn damaged_segments_are_kept_under_another_name_and_opening_goes_on() {
    let (mut files, model, _) = written(7);
    let segments: Vec<_> = files.keys().cloned().collect();
    let (first, last) = (&segments[0], &segments[segments.len() - 1]);
    files.get_mut(first).unwrap().all[7] = 2;
    let at = files[last].all.len() / 2;
    files.get_mut(last).unwrap().all[at] ^= 1;
    let stranger = Bytes { all: vec![b'x'; 5000], synced: 0 };
    files.insert("notes.txt".into(), stranger.clone());
    files.insert(name(u64::MAX), stranger.clone());
    files.insert(name(0xff), stranger.clone());
    files.insert(name(0xfe), Bytes::default());
    let disk = MemoryDisk::of(files.clone());
    let (journal, found) = open(&disk, limits());
    model.check(&found, NOTHING, "damaged");
    assert_eq!(found_in(&MemoryDisk::of(disk.files()), BOOT), found, "reading again is the same");
    for found in &found {
        journal.room(found.room, || ()).append(Kind::End, &[]).unwrap();
    }
    journal.room(RoomId(50), || ()).append(Kind::Start, &[b"new"]).unwrap();
    journal.flush(SOON).unwrap();
    let damaged = |name: &str| format!("{name}.damaged");
    let new = name(0x100);
    until("old segments go", || {
        let _ = journal.room(RoomId(51), || ()).append(Kind::Start, &[b"more"]);
        let _ = journal.flush(SOON);
        let own = [damaged(first), damaged(last), damaged(&name(0xff)), new.clone()];
        disk.segments() == [&own[..], &[name(u64::MAX)]].concat()
    });
    assert_eq!(disk.files()[&damaged(last)].all, files[last].all, "nothing of it is lost");
    assert!(disk.files().contains_key("notes.txt"));
    journal.close(SOON).unwrap();
    let (journal, found) = open(&disk, limits());
    assert_eq!(found.len(), 2);
    assert!(disk.segments().contains(&name(0x101)), "numbers go on");
    drop(journal);
}

#[test]
fn renamed_swapped_and_missing_segments_are_noticed() {
    let (files, model, written) = written(9);
    let segments: Vec<_> = files.keys().cloned().collect();
    assert!(segments.len() >= 3, "{segments:?}");
    let told = Due { there: None, told: Some(written) };
    for one in 0..segments.len() - 1 {
        let mut missing = files.clone();
        missing.remove(&segments[one]);
        if one > 0 {
            let found = found_in(&MemoryDisk::of(missing), BOOT);
            check_but_lost_starts(&model, &found, told, &format!("{one} is missing"));
        }
        let mut swapped = files.clone();
        let (a, b) = (files[&segments[one]].clone(), files[&segments[one + 1]].clone());
        swapped.insert(segments[one].clone(), b);
        swapped.insert(segments[one + 1].clone(), a);
        let found = found_in(&MemoryDisk::of(swapped), BOOT);
        check_but_lost_starts(&model, &found, told, &format!("{one} is swapped"));
    }
}

#[test]
fn block_from_elsewhere_in_the_segment_does_not_pass() {
    let disk = MemoryDisk::default();
    let (journal, _) = open(&disk, limits());
    let room = journal.room(RoomId(1), || ());
    // All of one size.
    for number in 0..10 {
        room.append(if number == 0 { Kind::Start } else { Kind::More }, &[&[number; 4]]).unwrap();
    }
    journal.flush(SOON).unwrap();
    let mut files = disk.files();
    let file = &mut files.get_mut(&name(1)).unwrap().all;
    let third = file[40 + 3 * 32..40 + 4 * 32].to_vec();
    file[40 + 4 * 32..40 + 5 * 32].copy_from_slice(&third);
    let found = found_in(&MemoryDisk::of(files), BOOT);
    assert_eq!((found[0].more.len(), found[0].torn), (3, true));
    assert_eq!(found_in(&disk, BOOT)[0].more.len(), 9);
}

#[test]
fn random_bytes_are_no_journal() {
    for_seeds(50, |_, rng| {
        let head = crate::journal::segment::SegmentHead {
            number: 1,
            life: 1,
            boot: BOOT,
            gap: rng.below(2) == 0,
        };
        let mut all = head.to_bytes().to_vec();
        all.extend((0..rng.below(300)).map(|_| rng.next_u32() as u8));
        let disk = MemoryDisk::of(Files::from([(name(1), Bytes { all, synced: 0 })]));
        let (journal, found) = open(&disk, limits());
        assert!(found.is_empty());
        drop(journal);
    });
}
