//! A frame's state: a section for each table, then the texts.
//!
//! A *step* is what viewers get that have the frame before: the records made by [`advance`]. A
//! *change* is made from any older frame for whoever has that one; a whole state is the change
//! from [`Rows::initial`].
//!
//! [`advance`]: super::step::advance
//! [`Rows::initial`]: crate::Rows::initial

use super::bits::{BitWriter, Sink};
use super::block::{BLOCK, Block, ZEROS};
use super::record::Record;
use super::row::{put_predictor, put_row};
use super::section::{Changed, Gone, New, Section};
use super::sighted::{Members, Sighted};
use super::step::{Snapshot, Step, TableStep, is_kept};
use crate::layout::{Layout, TableLayout};
use crate::rows::TableRows;

/// Who gets a frame.
#[derive(Clone, Copy)]
pub enum Viewer<'a> {
    /// Somebody who sees everything.
    All,
    /// Somebody who saw some rows in the frame that they have, and sees some now.
    Some {
        /// In the frame that they have.
        before: &'a Members,
        /// In this one.
        now: &'a Members,
    },
}

/// Appends what takes a viewer that has the frame before to the frame `now`, which `step` made.
pub fn put_step_body(
    layout: &Layout,
    (now, step): (&Snapshot, &Step),
    viewer: Viewer<'_>,
    out: &mut Vec<u8>,
) {
    let mut body = Body::new(out);
    let mut sighted = Sighted::default();
    for (number, layout_of) in layout.tables().iter().enumerate() {
        let of = &step.tables[number];
        let table = Table::new(layout_of, now, step, number, None);
        let section = match viewer {
            Viewer::Some { before, now } if layout_of.restricted => {
                let of_slot = of.of_slot.as_slice();
                let record = move |row: u32| of_slot[row as usize];
                let kept = |of, slot| step.keeps(layout, of, slot);
                sighted.section(layout, number, (before, now), table.rows, record, kept)
            }
            _ => &of.section,
        };
        body.put(&table, section);
    }
    body.finish();
}

/// Appends what takes a viewer that has the frame `base` to the frame `now`, which `step` made.
pub fn put_change_body(
    layout: &Layout,
    base: &Snapshot,
    (now, step): (&Snapshot, &Step),
    viewer: Viewer<'_>,
    out: &mut Vec<u8>,
) {
    let mut body = Body::new(out);
    let mut sighted = Sighted::default();
    let mut all = Section::default();
    for (number, layout_of) in layout.tables().iter().enumerate() {
        let table = Table::new(layout_of, now, step, number, Some(base));
        let old = &base.rows.tables[number];
        // Two predictors that say anything hardly ever say the same.
        let differs = |slot: usize| {
            table.step.is_active(slot)
                || base.was_active(number, slot)
                || !old.same(table.rows, slot)
        };
        let kept = |of: usize, slot: u32| {
            is_kept(&base.rows.tables[of], &now.rows.tables[of], slot as usize)
        };
        let section = match viewer {
            Viewer::Some { before, now } if layout_of.restricted => {
                let record = |row: u32| match differs(row as usize) {
                    true => Record::FROM_BASE,
                    false => Record::NONE,
                };
                sighted.section(layout, number, (before, now), table.rows, record, kept)
            }
            _ => {
                compare(&table, old, differs, kept, &mut all);
                &all
            }
        };
        body.put(&table, section);
    }
    body.finish();
}

/// What changed in a table that the viewer sees all of.
fn compare(
    table: &Table<'_>,
    old: &TableRows,
    differs: impl Fn(usize) -> bool,
    owner_kept: impl Fn(usize, u32) -> bool,
    section: &mut Section,
) {
    section.clear();
    let (rows, kind) = (table.rows, table.layout.rows);
    for slot in 0..rows.slots().max(old.slots()) {
        let row = slot as u32;
        let is_kept = is_kept(old, rows, slot);
        let generation = rows.generation(slot);
        if is_kept || (kind.is_fixed() && generation.is_some()) {
            let (differs, record) = match is_kept {
                true => (differs(slot), Record::FROM_BASE),
                false => (!rows.is_zero(slot), Record::FROM_ZEROS),
            };
            section.keep(row, row, if differs { record } else { Record::NONE });
        } else if !kind.is_fixed() {
            let alone = |(of, each)| owner_kept(of, row / each);
            if old.generation(slot).is_some() && kind.owner().is_none_or(alone) {
                section.gone.push(Gone { slot: row, dead: true });
            }
            if let Some(generation) = generation {
                section.new.push(New { slot: row, generation, row });
            }
        }
    }
}

/// What there is to say of one table.
struct Table<'a> {
    layout: &'a TableLayout,
    rows: &'a TableRows,
    /// The rows of the frame that the viewer has, unless that is the one before.
    old: Option<&'a TableRows>,
    step: &'a TableStep,
}

impl<'a> Table<'a> {
    fn new(
        layout: &'a TableLayout,
        now: &'a Snapshot,
        step: &'a Step,
        number: usize,
        base: Option<&'a Snapshot>,
    ) -> Self {
        let (rows, step) = (&now.rows.tables[number], &step.tables[number]);
        let old = base.map(|base| &base.rows.tables[number]);
        Table { layout, rows, old, step }
    }

    /// Whether it is a step from the frame before.
    fn is_step(&self) -> bool {
        self.old.is_none()
    }

    /// Lanes and texts of a changed row in the frame that the viewer has.
    fn before(&self, changed: &Changed) -> Option<(&'a [i32], &'a [Vec<u8>])> {
        let row = changed.row as usize;
        let old = self.old.filter(|_| changed.record == Record::FROM_BASE)?;
        Some((old.lanes(row), old.texts(row)))
    }
}

struct Body<'a> {
    bits: BitWriter<'a>,
    /// They follow the bits.
    texts: Vec<&'a [u8]>,
    room: Room,
}

/// Room to work in, for one row of which nothing is expected.
#[derive(Default)]
struct Room {
    residuals: Vec<u32>,
    velocity: Vec<i32>,
    context: Vec<u8>,
}

impl<'a> Body<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Body { bits: BitWriter::new(out), texts: Vec::new(), room: Room::default() }
    }

    fn put(&mut self, table: &Table<'a>, section: &Section) {
        let Body { bits, texts, room } = self;
        let (layout, step) = (table.layout, table.step);
        let Some(names) = section.put_head(layout, table.is_step(), bits) else { return };
        let mut last = &ZEROS[..layout.width];
        section.put_new(layout, bits, |new, bits| {
            let row = new.row as usize;
            let lanes = table.rows.lanes(row);
            put_row(layout, last, lanes, step.known(layout, row), bits);
            for text in table.rows.texts(row) {
                bits.flag(!text.is_empty());
                if !text.is_empty() {
                    texts.push(text);
                }
            }
            last = lanes;
        });
        let is_made = |changed: &Changed| changed.record.is_made();
        // Of the rows of a step only new cells have records that are not.
        let all_made =
            table.is_step() && (!layout.rows.is_fixed() || section.changed.iter().all(is_made));
        if all_made && step.texts.is_empty() {
            return bits.apart(|bits| {
                section.put_changed(names, bits, |changed, bits| {
                    step.records.append(changed.record, bits);
                });
            });
        }
        section.put_changed(names, bits, |changed, bits| {
            if changed.record.is_made() {
                step.records.append(changed.record, bits);
                let now = table.rows.texts(changed.row as usize);
                texts.extend(step.texts_of(changed.row).map(|text| now[text].as_slice()));
            } else {
                put_changed(table, changed, room, texts, bits);
            }
        });
    }

    fn finish(self) {
        let out = self.bits.finish();
        for text in self.texts {
            crate::frame::write_varint(text.len() as u32, out);
            out.extend_from_slice(text);
        }
    }
}

/// Puts a record that is not there yet.
#[inline(never)]
fn put_changed<'a>(
    table: &Table<'a>,
    changed: &Changed,
    Room { residuals, velocity, context }: &mut Room,
    said: &mut Vec<&'a [u8]>,
    bits: &mut BitWriter<'_>,
) {
    let (layout, row) = (table.layout, changed.row as usize);
    let before = table.before(changed);
    let mut differing = [0; BLOCK];
    for (number, text) in table.rows.texts(row).iter().enumerate() {
        if *text != *before.map_or(&[][..], |(_, texts)| &texts[number]) {
            differing[0] |= 1 << (layout.groups.len() + number);
            said.push(text);
        }
    }
    velocity.clear();
    context.clear();
    velocity.resize(layout.width, 0);
    context.resize(layout.groups.len(), 0);
    residuals.resize(layout.width, 0);
    let mut block = Block {
        table: layout,
        before: before.map_or(&ZEROS[..layout.width], |(lanes, _)| lanes),
        now: table.rows.lanes(row),
        residuals,
        velocity,
        context,
        mask: &mut [0],
    };
    block.advance(&mut differing);
    let out = std::slice::from_mut(bits);
    if table.is_step() {
        return block.put_steps(&differing, out);
    }
    block.put_changes(&differing, out);
    if layout.predicts() {
        put_predictor(layout, table.step.known(layout, row), bits);
    }
}
