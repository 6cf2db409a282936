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

use super::bits::{BadState, BitReader, BitWriter, Sink};
use super::code::{CODES, GAP, GAPS, bucket};
use super::record::Record;
use crate::layout::TableLayout;
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
    /// What is said of it.
    pub record: Record,
}

/// How the changed rows of a section are named, and the code for gaps.
#[derive(Clone, Copy)]
pub struct Names {
    mode: u32,
    code: usize,
}

impl Section {
    /// Empties it.
    pub fn clear(&mut self) {
        self.gone.clear();
        self.new.clear();
        self.changed.clear();
        self.kept = 0;
    }

    /// A row was there before and still is; `record` is what is said of it.
    #[inline(always)]
    pub fn keep(&mut self, slot: u32, row: u32, record: Record) {
        if record != Record::NONE {
            self.changed.push(Changed { slot, rank: self.kept, row, record });
        }
        self.kept += 1;
    }

    /// As [`Section::keep`], of many rows. Returns how many.
    pub fn keep_all(&mut self, rows: impl Iterator<Item = (u32, u32, Record)>) -> usize {
        let mut rank = self.kept;
        for (slot, row, record) in rows {
            if record != Record::NONE {
                self.changed.push(Changed { slot, rank, row, record });
            }
            rank += 1;
        }
        let count = rank - self.kept;
        self.kept = rank;
        count as usize
    }

    /// Puts what comes before the rows that are new and that changed. Returns how those are named
    /// that changed, or nothing if that is all.
    pub fn put_head(
        &self,
        table: &TableLayout,
        step: bool,
        out: &mut BitWriter<'_>,
    ) -> Option<Names> {
        let empty = self.gone.is_empty() && self.new.is_empty() && self.changed.is_empty();
        out.flag(!empty);
        if empty {
            return None;
        }
        let names = self.names();
        out.put(names.mode, 2);
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
        Some(names)
    }

    /// Puts the rows that are new; `put` puts one.
    pub fn put_new(
        &self,
        table: &TableLayout,
        out: &mut BitWriter<'_>,
        mut put: impl FnMut(&New, &mut BitWriter<'_>),
    ) {
        let mut next = Ascending::default();
        for (place, new) in self.new.iter().enumerate() {
            if place == 0 {
                out.golomb(self.new.len() as u32 - 1, 2);
            }
            out.golomb(next.gap(new.slot), 1);
            if table.rows == RowsKind::Entities {
                out.golomb(new.generation.into(), 3);
            }
            put(new, out);
        }
    }

    /// Puts the rows that changed; `put` puts a record.
    #[inline(always)]
    pub fn put_changed(
        &self,
        Names { mode, code }: Names,
        out: &mut BitWriter<'_>,
        mut put: impl FnMut(&Changed, &mut BitWriter<'_>),
    ) {
        match mode {
            GAPS_MODE => {
                out.apart(|out| out.golomb(self.changed.len() as u32 - 1, 3));
                out.put(code as u32, 2);
                let code = GAP + code;
                let mut next = Ascending::default();
                for changed in &self.changed {
                    let gap = next.gap(changed.slot);
                    out.note(code, || bucket(gap));
                    CODES[code].put(gap, out);
                    put(changed, out);
                }
            }
            BITMAP => {
                let mut rank = 0;
                for changed in &self.changed {
                    put_resting(changed.rank - rank, out);
                    rank = changed.rank + 1;
                    out.flag(true);
                    put(changed, out);
                }
                put_resting(self.kept - rank, out);
            }
            _ => self.changed.iter().for_each(|changed| put(changed, out)),
        }
    }

    /// The way to name the changed rows that takes the fewest bits.
    fn names(&self) -> Names {
        if self.changed.is_empty() {
            return Names { mode: NONE, code: 0 };
        }
        if self.changed.len() == self.kept as usize {
            return Names { mode: ALL, code: 0 };
        }
        let mut sizes = [0u32; 33];
        let mut next = Ascending::default();
        for changed in &self.changed {
            let gap = next.gap(changed.slot);
            sizes[(32 - gap.leading_zeros()) as usize] += 1;
        }
        let cost = |code: usize| -> u32 {
            let costs = sizes.iter().enumerate().filter(|(_, count)| **count > 0);
            costs.map(|(bits, count)| count * CODES[GAP + code].cost(bits)).sum()
        };
        let (bits, code) = (0..GAPS).map(|code| (cost(code), code)).min().unwrap_or((u32::MAX, 0));
        let mode = if bits.saturating_add(9) < self.kept { GAPS_MODE } else { BITMAP };
        Names { mode, code }
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

/// What a section begins with that is not empty.
pub struct Head {
    mode: u32,
    gone: bool,
    new: bool,
}

/// A row that is new.
pub struct NewRow {
    /// Where it is.
    pub slot: usize,
    /// 0 if it has that of its owner.
    pub generation: u16,
}

/// Takes rows that changed.
pub trait TakeChanged {
    /// How many slots there are, the empty ones too.
    fn slots(&self) -> usize;
    /// Whether there is a row in a slot that is not new.
    fn is_kept(&self, slot: usize) -> bool;
    /// Takes the record of such a row, which comes next.
    fn changed(&mut self, slot: usize, bits: &mut BitReader<'_>) -> Result<(), BadState>;
}

impl Head {
    /// Takes it; none of a section that is empty.
    pub fn take(table: &TableLayout, bits: &mut BitReader<'_>) -> Option<Head> {
        if !bits.flag() {
            return None;
        }
        let (mode, fixed) = (bits.bits(2), table.rows.is_fixed());
        Some(Head { mode, gone: !fixed && bits.flag(), new: !fixed && bits.flag() })
    }

    /// Takes the slots of rows that are gone.
    pub fn take_gone(
        &self,
        table: &TableLayout,
        step: bool,
        bits: &mut BitReader<'_>,
        mut gone: impl FnMut(usize) -> Result<(), BadState>,
    ) -> Result<(), BadState> {
        if !self.gone {
            return Ok(());
        }
        let mut next = Ascending::default();
        for _ in 0..=bits.golomb(2)? {
            let slot = next.slot(bits.golomb(2)?, table.slots_max)?;
            if step && table.restricted {
                // Whether it is no more, or only out of sight: the rows are the same.
                bits.flag();
            }
            gone(slot)?;
        }
        Ok(())
    }

    /// Takes the rows that are new; `take` takes one.
    pub fn take_new(
        &self,
        table: &TableLayout,
        bits: &mut BitReader<'_>,
        mut take: impl FnMut(NewRow, &mut BitReader<'_>) -> Result<(), BadState>,
    ) -> Result<(), BadState> {
        if !self.new {
            return Ok(());
        }
        let mut next = Ascending::default();
        for _ in 0..=bits.golomb(2)? {
            let slot = next.slot(bits.golomb(1)?, table.slots_max)?;
            let generation = match table.rows {
                RowsKind::Entities => bits.golomb(3)?,
                _ => 0,
            };
            let generation = u16::try_from(generation);
            let generation = generation.map_err(|_| BadState("a generation over 16 bits"))?;
            take(NewRow { slot, generation }, bits)?;
        }
        Ok(())
    }

    /// Takes the rows that changed.
    pub fn take_changed(
        &self,
        table: &TableLayout,
        bits: &mut BitReader<'_>,
        into: &mut impl TakeChanged,
    ) -> Result<(), BadState> {
        bits.apart(|bits| self.take_all_changed(table, bits, into))
    }

    #[inline(always)]
    fn take_all_changed(
        &self,
        table: &TableLayout,
        bits: &mut BitReader<'_>,
        into: &mut impl TakeChanged,
    ) -> Result<(), BadState> {
        match self.mode {
            NONE => {}
            GAPS_MODE => {
                let count = bits.golomb(3)?;
                let code = &CODES[GAP + bits.bits(2) as usize];
                let mut next = Ascending::default();
                for _ in 0..=count {
                    let slot = next.slot(code.take(bits), table.slots_max)?;
                    if !into.is_kept(slot) {
                        return Err(BadState("a change of a row that is new or not there"));
                    }
                    into.changed(slot, bits)?;
                }
            }
            mode => {
                for slot in 0..into.slots() {
                    if into.is_kept(slot) && (mode == ALL || bits.flag()) {
                        into.changed(slot, bits)?;
                    }
                }
            }
        }
        Ok(())
    }
}
