//! The part of a frame that one table has: which rows are gone, which are new, which changed.
//!
//! ```text
//! 1 bit      whether the table is in the frame at all; if so:
//! 2 bits     how changed rows are named: 0 none changed · 1 gaps · 2 bitmap · 3 all
//! 1 bit      whether rows are gone       } not of tables
//! 1 bit      whether rows are new        } whose rows are fixed
//! gone:      golomb(2) their number − 1; for each, ascending: golomb(2) slots since the one before;
//!            in a step, of a restricted table: 1 bit, 1 = it is no more, 0 = it is out of sight
//! new:       golomb(2) their number − 1; for each, ascending: golomb(1) slots since the one before;
//!            of entities: golomb(3) generation; the row
//! changed:   gaps: golomb(3) their number − 1, 2 bits the code; for each, ascending: the slots
//!            since the one before by that code; the record
//!            bitmap: for each row that was there before, ascending: 1 bit; if 1 the record
//!            all: for each row that was there before, ascending: the record
//! ```

use super::bits::{BadState, BitReader, BitWriter, Record, Sink};
use super::code::{CODES, Code, GAP, GAPS, bucket};
use crate::layout::{Layout, TableLayout};
use crate::rows::Rows;
use crate::schema::RowsKind;

/// How the rows of a section that changed are named.
const NONE: u32 = 0;
const GAPS_MODE: u32 = 1;
const BITMAP: u32 = 2;
const ALL: u32 = 3;

/// What happened in one table, as a viewer names it.
#[derive(Debug, Default)]
pub struct Section {
    /// Rows that are gone, ascending.
    pub gone: Vec<Gone>,
    /// Rows that are new, ascending.
    pub new: Vec<New>,
    /// Rows that changed, ascending.
    pub changed: Vec<Changed>,
    /// How many rows were there before and still are.
    pub kept: u32,
}

/// A row that is gone.
#[derive(Clone, Copy, Debug)]
pub struct Gone {
    /// As the viewer names it.
    pub slot: u32,
    /// Whether it is no more, or only out of sight.
    pub dead: bool,
}

/// A row that is new to the viewer.
#[derive(Clone, Copy, Debug)]
pub struct New {
    /// As the viewer names it.
    pub slot: u32,
    /// As the viewer names it.
    pub generation: u16,
    /// As the room names it.
    pub row: u32,
}

/// A row that changed.
#[derive(Clone, Copy, Debug)]
pub struct Changed {
    /// As the viewer names it.
    pub slot: u32,
    /// Which of the rows that are kept it is.
    pub rank: u32,
    /// As the room names it.
    pub row: u32,
    /// Where its record comes from.
    pub source: Source,
}

/// Where the record of a row comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// It is made already: one of those of the step.
    Record(Record),
    /// It is made from the row in the frame that the viewer has.
    Base,
    /// It is made from zeros: a cell whose owner is new to the viewer.
    Zeros,
}

impl Section {
    /// Empties it.
    pub fn clear(&mut self) {
        self.gone.clear();
        self.new.clear();
        self.changed.clear();
        self.kept = 0;
    }

    /// Puts all of it. `put_new` puts a row, `put_changed` a record.
    pub fn put(
        &self,
        codes: &[Code; CODES],
        table: &TableLayout,
        step: bool,
        out: &mut BitWriter<'_>,
        mut put_new: impl FnMut(&New, &mut BitWriter<'_>),
        mut put_changed: impl FnMut(&Changed, &mut BitWriter<'_>),
    ) {
        let empty = self.gone.is_empty() && self.new.is_empty() && self.changed.is_empty();
        out.flag(!empty);
        if empty {
            return;
        }
        let (mode, code) = self.mode(codes);
        out.put(mode, 2);
        if !table.rows.is_fixed() {
            out.flag(!self.gone.is_empty());
            out.flag(!self.new.is_empty());
        }
        let mut next = Ascending::default();
        for (place, gone) in self.gone.iter().enumerate() {
            if place == 0 {
                out.golomb(self.gone.len() as u32 - 1, 2);
            }
            out.golomb(next.gap(gone.slot), 2);
            if step && table.restricted {
                out.flag(gone.dead);
            }
        }
        let mut next = Ascending::default();
        for (place, new) in self.new.iter().enumerate() {
            if place == 0 {
                out.golomb(self.new.len() as u32 - 1, 2);
            }
            out.golomb(next.gap(new.slot), 1);
            if table.rows == RowsKind::Entities {
                out.golomb(new.generation.into(), 3);
            }
            put_new(new, out);
        }
        if mode == GAPS_MODE {
            out.golomb(self.changed.len() as u32 - 1, 3);
            out.put(code as u32, 2);
        }
        let mut next = Ascending::default();
        let mut rank = 0;
        for changed in &self.changed {
            if mode == GAPS_MODE {
                let gap = next.gap(changed.slot);
                out.note(GAP + code, || bucket(gap));
                codes[GAP + code].put(gap, out);
            } else if mode == BITMAP {
                put_resting(changed.rank - rank, out);
                rank = changed.rank + 1;
                out.flag(true);
            }
            put_changed(changed, out);
        }
        if mode == BITMAP {
            put_resting(self.kept - rank, out);
        }
    }

    /// The way to name the changed rows that takes the fewest bits, and the code for gaps.
    fn mode(&self, codes: &[Code; CODES]) -> (u32, usize) {
        if self.changed.is_empty() {
            return (NONE, 0);
        }
        if self.changed.len() == self.kept as usize {
            return (ALL, 0);
        }
        let mut sizes = [0u32; 33];
        let mut next = Ascending::default();
        for changed in &self.changed {
            let gap = next.gap(changed.slot);
            sizes[(32 - gap.leading_zeros()) as usize] += 1;
        }
        let cost = |code: usize| -> u32 {
            let costs = sizes.iter().enumerate().filter(|(_, count)| **count > 0);
            costs.map(|(bits, count)| count * codes[GAP + code].cost(bits)).sum()
        };
        let (bits, code) = (0..GAPS).map(|code| (cost(code), code)).min().unwrap_or((u32::MAX, 0));
        if bits.saturating_add(9) < self.kept { (GAPS_MODE, code) } else { (BITMAP, 0) }
    }
}

/// Puts that so many rows did not change.
#[inline(always)]
fn put_resting(mut rows: u32, out: &mut BitWriter<'_>) {
    while rows > 32 {
        out.put(0, 32);
        rows -= 32;
    }
    out.put(0, rows);
}

/// Numbers in ascending order as gaps.
#[derive(Default)]
struct Ascending {
    after: u32,
}

impl Ascending {
    fn gap(&mut self, slot: u32) -> u32 {
        let gap = slot - self.after;
        self.after = slot + 1;
        gap
    }

    fn slot(&mut self, gap: u32, slots_max: usize) -> Result<usize, BadState> {
        let slot = self.after as usize + gap as usize;
        if slot >= slots_max {
            return Err(BadState("a slot beyond the table's end"));
        }
        self.after = slot as u32 + 1;
        Ok(slot)
    }
}

/// Takes a section.
pub trait TakeSection {
    /// A row is gone.
    fn gone(&mut self, slot: usize, dead: bool) -> Result<(), BadState>;
    /// A row is new; the bits hold it next.
    fn new_row(
        &mut self,
        slot: usize,
        generation: u16,
        bits: &mut BitReader<'_>,
    ) -> Result<(), BadState>;
    /// A row changed; the bits hold its record next.
    fn changed(&mut self, slot: usize, bits: &mut BitReader<'_>) -> Result<(), BadState>;
    /// The rows, as they are after those that are gone and new.
    fn rows(&self) -> &Rows;
    /// Slots that are new in this frame, ascending.
    fn new_slots(&self) -> &[u32];
}

/// Takes what [`Section::put`] put.
pub fn take(
    codes: &[Code; CODES],
    layout: &Layout,
    number: usize,
    step: bool,
    bits: &mut BitReader<'_>,
    into: &mut impl TakeSection,
) -> Result<(), BadState> {
    let table = &layout.tables()[number];
    if !bits.flag()? {
        return Ok(());
    }
    let mode = bits.bits(2)?;
    let fixed = table.rows.is_fixed();
    let any_gone = !fixed && bits.flag()?;
    let any_new = !fixed && bits.flag()?;
    if any_gone {
        let mut next = Ascending::default();
        for _ in 0..=bits.golomb(2)? {
            let slot = next.slot(bits.golomb(2)?, table.slots_max)?;
            let dead = !(step && table.restricted) || bits.flag()?;
            into.gone(slot, dead)?;
        }
    }
    if any_new {
        let mut next = Ascending::default();
        for _ in 0..=bits.golomb(2)? {
            let slot = next.slot(bits.golomb(1)?, table.slots_max)?;
            let generation = match table.rows {
                RowsKind::Entities => bits.golomb(3)?,
                _ => 0,
            };
            let generation = u16::try_from(generation);
            let generation = generation.map_err(|_| BadState("a generation over 16 bits"))?;
            into.new_row(slot, generation, bits)?;
        }
    }
    match mode {
        NONE => {}
        GAPS_MODE => {
            let count = bits.golomb(3)?;
            let code = &codes[GAP + bits.bits(2)? as usize];
            let mut next = Ascending::default();
            for _ in 0..=count {
                let slot = next.slot(code.take(bits)?, table.slots_max)?;
                into.changed(slot, bits)?;
            }
        }
        _ => {
            let mut fresh = 0;
            for slot in 0..into.rows().tables()[number].slots() {
                if into.rows().tables()[number].row(slot).is_none() {
                    continue;
                }
                if into.new_slots().get(fresh) == Some(&(slot as u32)) {
                    fresh += 1;
                    continue;
                }
                if mode == ALL || bits.flag()? {
                    into.changed(slot, bits)?;
                }
            }
        }
    }
    Ok(())
}
