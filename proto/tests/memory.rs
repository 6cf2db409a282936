//! How much memory and time a stranger's frames can take at most. A test program of its own,
//! because it counts what all of it allocates.

#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

use std::alloc::System;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cap::Cap;
use greenroom_proto::codec::bits::{BitWriter, Sink};
use greenroom_proto::codec::code::{VELOCITY, put_signed};
use greenroom_proto::frame::write_varint;
use greenroom_proto::schema::{
    LaneKind, LaneSchema, Predict, RowsKind, Schema, TableSchema, TextSchema,
};
use greenroom_proto::{Layout, List, ROWS_BYTES_MAX, Replica, Text};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// What a replica takes at most.
const STATE_MAX: usize = 4 * ROWS_BYTES_MAX;
/// What it takes while it applies a frame, for each byte of that.
const PER_BYTE_MAX: usize = 64;

/// Far more than a frame ever takes whose cost grows with its length and the state's size.
const LONG: Duration = Duration::from_secs(20);

fn table(rows: RowsKind, lanes: usize, texts: usize) -> TableSchema {
    let lane = LaneSchema {
        name: Text::default(),
        kind: LaneKind::Int,
        predict: Predict::Linear,
        joined: false,
        tolerance: 0,
    };
    let text = TextSchema { name: Text::default(), max: u32::MAX, utf8: false };
    TableSchema {
        name: Text::default(),
        rows,
        restricted: false,
        near: None,
        lanes: List::first(std::iter::repeat_n(lane, lanes)),
        texts: List::first(std::iter::repeat_n(text, texts)),
    }
}

fn head(full: bool) -> Vec<u8> {
    let mut message = vec![2, 0, 0, 0, u8::from(full), 1, 0];
    if full {
        message.extend_from_slice(&[0, 0]);
    }
    message
}

/// A whole state of so many rows of zeros in table 1, all of which have a predictor and may have
/// texts of so many bytes.
fn whole(table: &TableSchema, rows: u32, text: Option<usize>) -> Vec<u8> {
    let mut message = head(true);
    let mut bits = BitWriter::new(&mut message);
    bits.flag(false);
    bits.flag(true);
    bits.put(0, 2);
    bits.flag(false);
    bits.flag(true);
    bits.golomb(rows - 1, 2);
    for _ in 0..rows {
        bits.golomb(0, 1);
        table.lanes.iter().for_each(|_| bits.flag(true));
        bits.flag(true);
        for _ in table.lanes.iter() {
            bits.put(0, 3);
            put_signed(VELOCITY, 0, &mut bits);
        }
        table.texts.iter().for_each(|_| bits.flag(text.is_some()));
    }
    bits.finish();
    for _ in 0..rows as usize * table.texts.len() {
        put_text(text, &mut message);
    }
    message
}

fn put_text(text: Option<usize>, message: &mut Vec<u8>) {
    if let Some(length) = text {
        write_varint(length as u32, message);
        message.extend(std::iter::repeat_n(7, length));
    }
}

/// A step that changes the one text of all rows.
fn texts(rows: u32, length: usize) -> Vec<u8> {
    let mut message = head(false);
    let mut bits = BitWriter::new(&mut message);
    bits.flag(false);
    bits.flag(true);
    bits.put(3, 2);
    bits.flag(false);
    bits.flag(false);
    bits.finish();
    (0..rows).for_each(|_| put_text(Some(length), &mut message));
    message
}

/// Applies messages, within the bounds, and says whether all were taken.
fn apply(table: &TableSchema, messages: &[Vec<u8>]) -> bool {
    let single = self::table(RowsKind::Single, 0, 0);
    let schema = Schema { tables: List::first([single, table.clone()]) };
    let mut replica = Replica::new(Layout::new(&schema).unwrap());
    let before = ALLOCATOR.allocated();
    let mut taken = true;
    for message in messages {
        let (start, total) = (Instant::now(), ALLOCATOR.total_allocated());
        taken &= replica.apply(message).is_ok();

        assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
        // An upper bound of the most at one time: what was freed in between counts too.
        let passing = ALLOCATOR.total_allocated() - total;
        assert!(passing <= 2 * STATE_MAX + PER_BYTE_MAX * message.len(), "{passing}");
        let held = ALLOCATOR.allocated() - before;
        assert!(held <= STATE_MAX, "{held}");
    }
    taken
}

/// One test at a time: what another allocates would count as well.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn frames_take_no_more_than_they_may() {
    let _alone = ALONE.lock();
    let own = |each| RowsKind::Owned { of: 0, each };
    for (lanes, texts) in [(0, 0), (3, 0), (60, 0), (5, 3)] {
        let table = table(own(1 << 24), lanes, texts);
        let slot = 4 + 4 * lanes + 24 * texts;
        // As the rows come, twice what they will take and once what they take.
        let most = ROWS_BYTES_MAX / 3 / slot;
        assert!(apply(&table, &[whole(&table, most as u32 - 1, None)]), "just within the bound");
        assert!(!apply(&table, &[whole(&table, most as u32 + 2, None)]), "over the bound");
    }
    for each in [1 << 20, 1 << 24] {
        let kind = RowsKind::Cells { of: 0, each };
        assert!(!apply(&table(kind, 1, 0), &[[&*head(true), &[0]].concat()]), "too many cells");
    }
}

#[test]
fn texts_that_change_over_and_over_cost_their_bytes() {
    let _alone = ALONE.lock();
    let table = table(RowsKind::Owned { of: 0, each: 1 << 24 }, 0, 1);
    let rows = 190_000;
    let (one, other) = (texts(rows, 80), texts(rows, 81));
    let messages = [whole(&table, rows, Some(79)), one.clone(), other, one];
    assert!(apply(&table, &messages));
    assert!(!apply(&table, &[whole(&table, rows, Some(90))]), "over 16 MiB");
}
