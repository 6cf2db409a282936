//! A frame's state: a section for each table, then the texts.
//!
//! A *step* is what viewers get that have the frame before: the records made by [`advance`]. A
//! *change* is made from any older frame for whoever has that one; a whole state is the change
//! from [`Rows::initial`].
//!
//! [`advance`]: super::step::advance
//! [`Rows::initial`]: crate::Rows::initial

use super::bits::{BitWriter, Record, Sink};
use super::code::codes;
use super::predict::Predictors;
use super::row::{Residuals, Way, put_change, put_row, put_step};
use super::section::{Changed, Gone, New, Section, Source};
use super::sighted::{Members, Sighted};
use super::step::{Snapshot, Step, TableStep, is_kept};
use crate::layout::{Layout, TableLayout};
use crate::rows::TableRows;
use crate::schema::LANES_MAX;

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
                let source = |row: u32| match of.of_slot[row as usize] {
                    Record::NONE => None,
                    record => Some(Source::Record(record)),
                };
                let kept = |of, slot| step.keeps(layout, of, slot);
                sighted.section(layout, number, (before, now), table.rows, source, kept)
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
            table.predictors.is_active(slot)
                || base.was_active(number, slot)
                || !old.same(table.rows, slot)
        };
        let kept = |of: usize, slot: u32| {
            is_kept(&base.rows.tables[of], &now.rows.tables[of], slot as usize)
        };
        let section = match viewer {
            Viewer::Some { before, now } if layout_of.restricted => {
                let source = |row: u32| differs(row as usize).then_some(Source::Base);
                sighted.section(layout, number, (before, now), table.rows, source, kept)
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
            let rank = section.kept;
            section.kept += 1;
            let source = match is_kept {
                true => differs(slot).then_some(Source::Base),
                false => (!rows.is_zero(slot)).then_some(Source::Zeros),
            };
            if let Some(source) = source {
                section.changed.push(Changed { slot: row, rank, row, source });
            }
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
    predictors: &'a Predictors,
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
        Table { layout, rows, predictors: &step.predictors, old, step }
    }

    /// Whether it is a step from the frame before.
    fn is_step(&self) -> bool {
        self.old.is_none()
    }

    /// Lanes and texts of a changed row in the frame that the viewer has.
    fn before(&self, changed: &Changed) -> Option<(&'a [i32], &'a [Vec<u8>])> {
        let row = changed.row as usize;
        let old = self.old.filter(|_| changed.source == Source::Base)?;
        Some((old.lanes(row), old.texts(row)))
    }
}

struct Body<'a> {
    bits: BitWriter<'a>,
    /// They follow the bits.
    texts: Vec<&'a [u8]>,
    residuals: Residuals,
    zeros: [i32; LANES_MAX],
}

impl<'a> Body<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Body {
            bits: BitWriter::new(out),
            texts: Vec::new(),
            residuals: [0; LANES_MAX],
            zeros: [0; LANES_MAX],
        }
    }

    fn put(&mut self, table: &Table<'a>, section: &Section) {
        let Body { bits, texts, residuals, zeros } = self;
        let zeros = &zeros[..table.layout.width];
        let mut last = zeros;
        let texts = std::cell::RefCell::new(texts);
        section.put(
            codes(),
            table.layout,
            table.is_step(),
            bits,
            |new, bits| {
                let row = new.row as usize;
                let lanes = table.rows.lanes(row);
                let predictor = table.predictors.known(table.layout, row);
                put_row(codes(), table.layout, last, lanes, predictor, bits);
                for text in table.rows.texts(row) {
                    bits.flag(!text.is_empty());
                    if !text.is_empty() {
                        texts.borrow_mut().push(text);
                    }
                }
                last = lanes;
            },
            |changed, bits| match changed.source {
                Source::Record(record) => {
                    let step = table.step;
                    step.records.append(record, bits);
                    if !step.texts.is_empty() {
                        let now = table.rows.texts(changed.row as usize);
                        let said = step.texts_of(changed.row).map(|text| now[text].as_slice());
                        texts.borrow_mut().extend(said);
                    }
                }
                _ => {
                    let mut texts = texts.borrow_mut();
                    put_changed(table, changed, zeros, residuals, &mut texts, bits);
                }
            },
        );
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
    zeros: &[i32],
    room: &mut Residuals,
    said: &mut Vec<&'a [u8]>,
    bits: &mut BitWriter<'_>,
) {
    let (layout, row) = (table.layout, changed.row as usize);
    let before = table.before(changed);
    let mut texts = 0u64;
    for (number, text) in table.rows.texts(row).iter().enumerate() {
        if *text != *before.map_or(&[][..], |(_, texts)| &texts[number]) {
            texts |= 1 << (layout.groups.len() + number);
            said.push(text);
        }
    }
    let now = table.rows.lanes(row);
    let before = before.map_or(zeros, |(lanes, _)| lanes);
    if table.is_step() {
        // A cell, which has no predictor.
        let mut still = Predictors::still(layout);
        let mut still = still.of(layout.width, layout.groups.len(), 0);
        put_step(codes(), layout, Way { before, now, room }, texts, &mut still, bits);
    } else {
        let known = table.predictors.known(layout, row);
        put_change(codes(), layout, Way { before, now, room }, texts, known, bits);
    }
}
