//! From one frame to the next, on the server: what was published becomes what viewers in step
//! hold, and the records that take them there, each made once for all of them.

use std::ops::Range;

use super::bits::{Record, Records};
use super::code::{CODES, Code, codes};
use super::predict::{Predictors, ahead};
use super::row::{Residuals, Way, put_step, record_bits_max};
use super::section::{Changed, Gone, New, Section, Source};
use crate::layout::{Layout, TableLayout};
use crate::rows::{Rows, TableRows};
use crate::schema::LANES_MAX;

/// A frame as it was published.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(crate) rows: Rows,
    /// By table and slot: whether the row had a predictor then.
    pub(crate) active: Vec<Vec<bool>>,
}

impl Snapshot {
    /// What every whole state is a change of.
    ///
    /// # Panics
    /// When a game's state without a single entity is over [`crate::ROWS_BYTES_MAX`].
    #[must_use]
    pub fn initial(layout: &Layout) -> Self {
        let rows = Rows::initial(layout).expect("grids of at most 16 MiB");
        Snapshot { rows, active: Vec::new() }
    }

    /// A frame that follows no other, and what goes on from it.
    #[must_use]
    pub fn first(layout: &Layout, publish: impl FnOnce(&mut Rows)) -> (Self, Step) {
        let (mut now, mut step) = (Snapshot::default(), Step::default());
        now.publish(publish);
        advance(layout, &Snapshot::initial(layout), &mut now, &mut step);
        (now, step)
    }

    /// Fills it with what is published next, into the memory that it has.
    pub fn publish(&mut self, publish: impl FnOnce(&mut Rows)) {
        publish(&mut self.rows);
    }

    /// What is published.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Memory that it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.rows.bytes() + self.active.iter().map(Vec::len).sum::<usize>()
    }

    pub(crate) fn was_active(&self, table: usize, slot: usize) -> bool {
        self.active.get(table).and_then(|table| table.get(slot)).copied().unwrap_or(false)
    }
}

/// The newest frame's change from the one before, and what viewers in step expect of the next. One
/// goes on from frame to frame.
#[derive(Debug, Default)]
pub struct Step {
    pub(crate) tables: Vec<TableStep>,
}

impl Step {
    /// Whether a row of a table that all see was there before.
    pub(crate) fn keeps(&self, layout: &Layout, table: usize, slot: u32) -> bool {
        let section = &self.tables[table].section;
        section.gone.binary_search_by_key(&slot, |gone| gone.slot).is_err()
            && section.new.binary_search_by_key(&slot, |new| new.slot).is_err()
            && layout.tables()[table]
                .rows
                .owner()
                .is_none_or(|(of, each)| self.keeps(layout, of, slot / each))
    }
}

/// The change of one table, rows named as in the room.
#[derive(Debug, Default)]
pub struct TableStep {
    pub(crate) section: Section,
    pub(crate) predictors: Predictors,
    pub(crate) records: Records,
    /// Texts that records change: slot of the row, number of the text.
    pub(crate) texts: Vec<(u32, u32)>,
    /// By slot the record, if anything is to be said. Only of restricted tables.
    pub(crate) of_slot: Vec<Record>,
}

/// Whether the row in `slot` is the same thing in both frames.
#[inline]
pub(crate) fn is_kept(before: &TableRows, now: &TableRows, slot: usize) -> bool {
    let birth = |rows: &TableRows| rows.births.get(slot).copied();
    now.generation(slot).is_some()
        && before.generation(slot) == now.generation(slot)
        && birth(before) == birth(now)
}

/// Makes `now`, into which rows were published, the frame after `before`. `step` is the one that
/// made `before`, or a new one if that is the first, and says how afterwards.
pub fn advance(layout: &Layout, before: &Snapshot, now: &mut Snapshot, step: &mut Step) {
    step.tables.resize_with(layout.tables().len(), TableStep::default);
    now.active.resize_with(layout.tables().len(), Vec::new);
    let no_rows = TableRows::default();
    let mut room =
        Room { residuals: [0; LANES_MAX], zeros: [0; LANES_MAX], still: Predictors::default() };
    let before_rows = |number: usize| before.rows.tables.get(number).unwrap_or(&no_rows);
    for (number, table) in layout.tables().iter().enumerate() {
        let (owners, rows) = now.rows.tables.split_at_mut(number);
        let (old, rows) = (before_rows(number), &mut rows[0]);
        let step = &mut step.tables[number];
        step.predictors.grow(table, rows.slots());
        if table.tolerant {
            settle(table, old, rows, &step.predictors);
        }
        let owner = table.rows.owner();
        let owner = owner.map(|(of, each)| (before_rows(of), &owners[of], each as usize));
        let (bits_max, codes) = (record_bits_max(table), codes());
        Advance { table, old, rows, owner, step, room: &mut room, bits_max, codes }.run();
        now.active[number].clone_from(&step.predictors.active);
    }
}

/// Rows that are within the tolerance of what viewers expect are what viewers expect.
fn settle(table: &TableLayout, old: &TableRows, rows: &mut TableRows, predictors: &Predictors) {
    for slot in 0..rows.slots() {
        if !is_kept(old, rows, slot) {
            continue;
        }
        let start = slot * table.width;
        for group in table.groups.iter().filter(|group| group.tolerance > 0) {
            let mut expected = [0i32; crate::schema::GROUP_LANES_MAX];
            for (lane, expected) in (start + group.start..).zip(&mut expected[..group.len]) {
                let velocity = predictors.velocity.get(lane).copied().unwrap_or(0);
                *expected = ahead(group, old.lanes[lane], velocity);
            }
            let expected = &expected[..group.len];
            let lanes = &mut rows.lanes[start + group.start..][..group.len];
            let widths = &table.widths[group.start..];
            let near = lanes.iter().zip(expected).zip(widths).all(|((lane, expected), width)| {
                let apart = super::predict::wrap(lane.wrapping_sub(*expected), group.shift);
                // What goes on as it went may leave its range.
                apart.unsigned_abs() <= group.tolerance && width.holds(*expected)
            });
            if near {
                lanes.copy_from_slice(expected);
            }
        }
    }
}

/// Slots that are looked at together: their lanes are some kilobytes at most.
const BLOCK: usize = 16;

/// One table's way to the next frame.
struct Advance<'a> {
    table: &'a TableLayout,
    old: &'a TableRows,
    rows: &'a TableRows,
    /// The owner's table before and now, and the slots per owner.
    owner: Option<(&'a TableRows, &'a TableRows, usize)>,
    step: &'a mut TableStep,
    room: &'a mut Room,
    /// Of a record, at most.
    bits_max: usize,
    codes: &'static [Code; CODES],
}

/// Room to work in.
struct Room {
    residuals: Residuals,
    zeros: [i32; LANES_MAX],
    /// What rows without predictor have instead.
    still: Predictors,
}

impl Advance<'_> {
    fn run(&mut self) {
        self.step.clear();
        let slots = self.rows.slots().max(self.old.slots());
        if self.table.restricted {
            self.step.of_slot.resize(slots, Record::NONE);
        }
        if !self.table.predicts() {
            self.room.still = Predictors::still(self.table);
        }
        match self.table.width {
            1 => self.scan::<1>(slots),
            2 => self.scan::<2>(slots),
            3 => self.scan::<3>(slots),
            4 => self.scan::<4>(slots),
            5 => self.scan::<5>(slots),
            6 => self.scan::<6>(slots),
            7 => self.scan::<7>(slots),
            8 => self.scan::<8>(slots),
            _ => self.scan::<0>(slots),
        }
    }

    /// `WIDTH` is that of the table, or 0: the compiler makes better loops of known lengths.
    fn scan<const WIDTH: usize>(&mut self, slots: usize) {
        let same = same(&self.old.alive, &self.rows.alive) && self.old.births == self.rows.births;
        if same && self.table.texts.is_empty() {
            let blocks = (0..slots).step_by(BLOCK);
            return blocks.for_each(|slot| self.block::<WIDTH>(slot..slots.min(slot + BLOCK)));
        }
        for slot in 0..slots {
            if is_kept(self.old, self.rows, slot) {
                let rank = self.rank();
                if !self.is_expected::<WIDTH>(slot) || self.rows.texts(slot) != self.old.texts(slot)
                {
                    self.record::<WIDTH>(slot, rank, true);
                }
            } else if !self.table.rows.is_fixed() {
                self.come_or_go(slot);
            } else if self.rows.generation(slot).is_some() {
                // Its owner is new.
                let rank = self.rank();
                self.record::<WIDTH>(slot, rank, false);
            }
        }
    }

    /// Some slots of a table without texts in which all rows were there before. Mostly most of them
    /// rest: this is found out for all at once.
    fn block<const WIDTH: usize>(&mut self, slots: Range<usize>) {
        let width = self.table.width;
        let masks = self.step.predictors.mask.get(slots.clone()).unwrap_or(&[]);
        let context = masks.iter().fold(0, |any, mask| any | mask);
        if context == 0 && self.unexpected(slots.start * width..slots.end * width) == 0 {
            self.step.section.kept += self.rows.alive[slots].iter().flatten().count() as u32;
            return;
        }
        for slot in slots {
            if self.rows.alive[slot].is_some() {
                let rank = self.rank();
                if !self.is_expected::<WIDTH>(slot) {
                    self.record::<WIDTH>(slot, rank, true);
                }
            }
        }
    }

    /// Whether a row that was there before goes on as expected, but for texts, and has no context
    /// to forget.
    #[inline(always)]
    fn is_expected<const WIDTH: usize>(&self, slot: usize) -> bool {
        let width = if WIDTH == 0 { self.table.width } else { WIDTH };
        self.step.predictors.mask.get(slot).is_none_or(|mask| *mask == 0)
            && self.unexpected(slot * width..slot * width + width) == 0
    }

    /// A number that is not 0 if any of these lanes is not as expected, or perhaps wraps.
    #[inline(always)]
    fn unexpected(&self, lanes: Range<usize>) -> i32 {
        let rows = self.rows.lanes[lanes.clone()].iter().zip(&self.old.lanes[lanes.clone()]);
        if !self.table.predicts() {
            return rows.fold(0, |any, (now, old)| any | (now ^ old));
        }
        let rows = rows.zip(&self.step.predictors.velocity[lanes]);
        rows.fold(0, |any, ((now, old), velocity)| any | (now.wrapping_sub(*old) ^ velocity))
    }

    /// The number of the next row that is kept.
    fn rank(&mut self) -> u32 {
        self.step.section.kept += 1;
        self.step.section.kept - 1
    }

    /// Makes the record of a row, if there is anything to say: from its state in the frame before if
    /// it is kept, else from zeros.
    fn record<const WIDTH: usize>(&mut self, slot: usize, rank: u32, kept: bool) {
        let table = self.table;
        let width = if WIDTH == 0 { table.width } else { WIDTH };
        let lanes = slot * width..(slot + 1) * width;
        let now = &self.rows.lanes[lanes.clone()];
        let before = if kept { &self.old.lanes[lanes] } else { &self.room.zeros[..width] };
        let step = &mut *self.step;
        let mut texts = 0u64;
        for (text, now) in self.rows.texts(slot).iter().enumerate() {
            let before: &[u8] = if kept { &self.old.texts(slot)[text] } else { &[] };
            if now != before {
                texts |= 1 << (table.groups.len() + text);
                step.texts.push((slot as u32, text as u32));
            }
        }
        let mut row = match table.predicts() {
            true => step.predictors.of(width, table.groups.len(), slot),
            false => self.room.still.of(width, table.groups.len(), 0),
        };
        let room = &mut self.room.residuals;
        let way = Way { before, now, room };
        let mut record = step.records.open(self.bits_max);
        let changed = put_step(self.codes, table, way, texts, &mut row, &mut record);
        let written = record.close();
        if !table.predicts() {
            row.forget();
        }
        if changed != 0 {
            let record = step.records.keep(written);
            let (row, source) = (slot as u32, Source::Record(record));
            step.section.changed.push(Changed { slot: row, rank, row, source });
            if table.restricted {
                step.of_slot[slot] = record;
            }
        }
    }

    /// A row that is not there, not there any more, or new.
    fn come_or_go(&mut self, slot: usize) {
        let row = slot as u32;
        if self.old.generation(slot).is_some() {
            // What a row owned goes with it without a word.
            let alone = |(old, now, each)| is_kept(old, now, slot / each);
            if self.owner.is_none_or(alone) {
                self.step.section.gone.push(Gone { slot: row, dead: true });
            }
            self.step.predictors.reset(self.table, slot);
        }
        if let Some(generation) = self.rows.generation(slot) {
            self.step.predictors.reset(self.table, slot);
            self.step.section.new.push(New { slot: row, generation, row });
        }
    }
}

/// Whether the same slots have rows, of the same generations. Looks at all of them: that is faster
/// than to stop early.
fn same(one: &[Option<u16>], two: &[Option<u16>]) -> bool {
    let number = |row: Option<u16>| row.map_or(u32::MAX, u32::from);
    let rows = one.iter().zip(two);
    one.len() == two.len()
        && rows.fold(0, |any, (one, two)| any | (number(*one) ^ number(*two))) == 0
}

impl TableStep {
    fn clear(&mut self) {
        self.section.clear();
        self.records.clear();
        self.texts.clear();
        self.of_slot.clear();
    }

    /// The texts that the record of a row changes.
    pub(crate) fn texts_of(&self, row: u32) -> impl Iterator<Item = usize> {
        let start = self.texts.partition_point(|(of, _)| *of < row);
        let of = self.texts[start..].iter().take_while(move |(of, _)| *of == row);
        of.map(|(_, text)| *text as usize)
    }
}
