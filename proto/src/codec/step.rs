//! From one frame to the next, on the server: what was published becomes what viewers in step
//! hold, and the records that take them there, each made once for all of them.

use super::advance::{Advance, Room};
use super::predict::{Known, Predictors, ahead, lanes_of, lanes_of_mut, wrap};
use super::record::{Record, Records};
use super::section::Section;
use crate::layout::{Group, Layout, TableLayout, Width};
use crate::rows::{Rows, TableRows};

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
    room: Room,
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
    /// By slot: whether the row has a predictor that says anything.
    pub(crate) active: Vec<bool>,
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
    let before_rows = |number: usize| before.rows.tables.get(number).unwrap_or(&no_rows);
    for (number, table) in layout.tables().iter().enumerate() {
        let (owners, rows) = now.rows.tables.split_at_mut(number);
        let (old, rows) = (before_rows(number), &mut rows[0]);
        let (room, step) = (&mut step.room, &mut step.tables[number]);
        step.predictors.grow(table, rows.slots());
        if table.predicts() && step.active.len() < rows.slots() {
            step.active.resize(rows.slots(), false);
        }
        if !table.tolerant.is_empty() {
            settle(table, old, rows, &step.predictors);
        }
        let owner = table.rows.owner();
        let owner = owner.map(|(of, each)| (before_rows(of), &owners[of], each as usize));
        Advance { table, old, rows, owner, step, room }.run();
        now.active[number].clone_from(&step.active);
    }
}

/// Rows that are within the tolerance of what viewers expect are what viewers expect.
fn settle(table: &TableLayout, old: &TableRows, rows: &mut TableRows, predictors: &Predictors) {
    for slot in 0..rows.slots() {
        if !is_kept(old, rows, slot) {
            continue;
        }
        // Rows without predictor share one that says nothing.
        let place = if table.predicts() { slot } else { 0 };
        let velocity = predictors.known(table, place).velocity;
        let lanes = &mut rows.lanes[slot * table.width..][..table.width];
        for group in &table.tolerant {
            match group.len {
                1 => settle_group::<1>(table, group, old.lanes(slot), velocity, lanes),
                2 => settle_group::<2>(table, group, old.lanes(slot), velocity, lanes),
                3 => settle_group::<3>(table, group, old.lanes(slot), velocity, lanes),
                _ => settle_group::<4>(table, group, old.lanes(slot), velocity, lanes),
            }
        }
    }
}

#[inline(always)]
fn settle_group<const N: usize>(
    table: &TableLayout,
    group: &Group,
    old: &[i32],
    velocity: &[i32],
    lanes: &mut [i32],
) {
    let (old, velocity) = (lanes_of::<_, N>(group, old), lanes_of::<_, N>(group, velocity));
    let (lanes, widths) = (lanes_of_mut::<_, N>(group, lanes), lanes_of(group, &table.widths));
    let expected: [i32; N] = std::array::from_fn(|lane| ahead(group, old[lane], velocity[lane]));
    let near = (0..N).all(|lane| {
        let apart = wrap(lanes[lane].wrapping_sub(expected[lane]), group.shift);
        let widths: &[Width; N] = widths;
        // What goes on as it went may leave its range.
        apart.unsigned_abs() <= group.tolerance && widths[lane].holds(expected[lane])
    });
    if near {
        *lanes = expected;
    }
}

impl TableStep {
    pub(super) fn clear(&mut self) {
        self.section.clear();
        self.records.clear();
        self.texts.clear();
        self.of_slot.clear();
    }

    /// Whether the row in `slot` has a predictor that says anything.
    pub(crate) fn is_active(&self, slot: usize) -> bool {
        self.active.get(slot).copied().unwrap_or(false)
    }

    /// The predictor of the row in `slot`, if it says anything.
    pub(crate) fn known(&self, table: &TableLayout, slot: usize) -> Option<Known<'_>> {
        self.is_active(slot).then(|| self.predictors.known(table, slot))
    }

    /// The texts that the record of a row changes.
    pub(crate) fn texts_of(&self, row: u32) -> impl Iterator<Item = usize> {
        let start = self.texts.partition_point(|(of, _)| *of < row);
        let of = self.texts[start..].iter().take_while(move |(of, _)| *of == row);
        of.map(|(_, text)| *text as usize)
    }
}
