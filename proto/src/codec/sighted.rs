//! What a viewer sees that may see some of the rows only, and what changed in it.
//!
//! Such a viewer names rows by slots of its own, so that what it does not see leaves no trace.

use super::record::Record;
use super::section::{Gone, New, Section};
use super::step::Snapshot;
use crate::layout::Layout;
use crate::rows::{EntityName, Rows, TableRows};

/// A row that a viewer sees, of a restricted table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    /// The slot as the viewer names it.
    pub slot: u32,
    /// The slot in the room.
    pub row: u32,
    /// Which row of all that ever were in this slot: its birth or that of its owner.
    pub birth: u32,
    /// The generation as the viewer names it.
    pub generation: u16,
}

/// The rows that a viewer sees of each table; by table, ascending by slot. Tables that are not
/// restricted are empty here: of them it sees all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members(pub Vec<Vec<Member>>);

impl Members {
    /// Those of one table.
    #[must_use]
    pub fn of(&self, table: usize) -> &[Member] {
        self.0.get(table).map_or(&[], Vec::as_slice)
    }
}

/// What changed for a viewer from one frame to another, table by table in their order.
#[derive(Debug, Default)]
pub struct Sighted {
    section: Section,
    /// By table the slots, as the viewer names them, of rows that it had and still has.
    kept: Vec<Vec<u32>>,
}

impl Sighted {
    /// What changed in table `number`, whose rows are `rows` now. `record` says what there is to
    /// say of a row that the viewer had and has; `owner_kept`, whether a row of a table that all
    /// see is the same as before.
    pub fn section(
        &mut self,
        layout: &Layout,
        number: usize,
        (before, now): (&Members, &Members),
        rows: &TableRows,
        record: impl Fn(u32) -> Record,
        owner_kept: impl Fn(usize, u32) -> bool,
    ) -> &Section {
        self.kept.resize_with(layout.tables().len(), Vec::new);
        let mut kept = std::mem::take(&mut self.kept[number]);
        kept.clear();
        let section = &mut self.section;
        section.clear();
        let table = &layout.tables()[number];
        let (fixed, owns) = (table.rows.is_fixed(), !table.owned.is_empty());
        let owned_by_kept = |slot: u32| match table.rows.owner() {
            None => true,
            Some((of, each)) if layout.tables()[of].restricted => {
                self.kept[of].binary_search(&(slot / each)).is_ok()
            }
            Some((of, each)) => owner_kept(of, slot / each),
        };
        let gone = |member: &Member, section: &mut Section| {
            // What a row owned goes with it without a word.
            if !fixed && owned_by_kept(member.slot) {
                let row = member.row as usize;
                let birth = rows.births.get(row).copied().unwrap_or(member.birth);
                let dead = rows.row(row).is_none() || birth != member.birth;
                section.gone.push(Gone { slot: member.slot, dead });
            }
        };
        // Both ascend by slot.
        let (mut old, mut now) = (before.of(number), now.of(number));
        let is_free = table.rows.owner().is_none();
        section.changed.reserve(now.len());
        loop {
            // Most of one is in the other: from one difference to the next it is short work.
            let both = old.iter().zip(now).take_while(|(old, now)| is_free && old == now);
            let both = section
                .keep_all(both.map(|(_, member)| (member.slot, member.row, record(member.row))));
            let stay;
            (stay, now) = now.split_at(both);
            old = &old[both..];
            if owns {
                kept.extend(stay.iter().map(|member| member.slot));
            }
            let next =
                now.first().filter(|next| old.first().is_none_or(|old| old.slot >= next.slot));
            let Some(member) = next else {
                let Some(left) = old.split_off_first() else { break };
                gone(left, section);
                continue;
            };
            now = &now[1..];
            let had = old.first().filter(|old| old.slot == member.slot);
            old = &old[usize::from(had.is_some())..];
            let Member { slot, row, generation, .. } = *member;
            if had == Some(member) && owned_by_kept(slot) {
                section.keep(slot, row, record(row));
                if owns {
                    kept.push(slot);
                }
            } else if fixed {
                let is_zero = rows.is_zero(row as usize);
                section.keep(slot, row, if is_zero { Record::NONE } else { Record::FROM_ZEROS });
            } else {
                if let Some(had) = had {
                    gone(had, section);
                }
                section.new.push(New { slot, generation, row });
            }
        }
        self.kept[number] = kept;
        &self.section
    }
}

/// The rows that a viewer sees, as its replica names them: all of them without members.
#[must_use]
pub fn visible(layout: &Layout, frame: &Snapshot, members: Option<&Members>) -> Rows {
    let mut seen = Rows::default();
    for (number, table) in layout.tables().iter().enumerate() {
        let rows = &frame.rows.tables[number];
        let mut out = TableRows::default();
        out.restart(rows.width, rows.text_count);
        let mut put = |slot: usize, generation: u16, row: usize| {
            out.spawn(slot, generation);
            out.lanes[slot * rows.width..][..rows.width].copy_from_slice(rows.lanes(row));
            out.texts[slot * rows.text_count..][..rows.text_count]
                .clone_from_slice(rows.texts(row));
        };
        match members.filter(|_| table.restricted) {
            Some(members) => members
                .of(number)
                .iter()
                .for_each(|it| put(it.slot as usize, it.generation, it.row as usize)),
            None => rows.occupied().for_each(|(slot, generation, _)| put(slot, generation, slot)),
        }
        seen.tables.push(out);
    }
    seen
}

/// The state hash of the rows that a viewer sees: [`Rows::hash`] of [`visible`].
#[must_use]
pub fn view_hash(layout: &Layout, frame: &Snapshot, members: Option<&Members>) -> u32 {
    let mut sum = 0u32;
    for (number, layout) in layout.tables().iter().enumerate() {
        let rows = &frame.rows.tables[number];
        let mut add = |slot: usize, generation: u16, row: usize| {
            let name = EntityName { table: number, slot, generation };
            sum = sum.wrapping_add(name.hash(rows.content_hash(row)));
        };
        match members.filter(|_| layout.restricted) {
            Some(members) => members
                .of(number)
                .iter()
                .for_each(|it| add(it.slot as usize, it.generation, it.row as usize)),
            None => rows.occupied().for_each(|(slot, generation, _)| add(slot, generation, slot)),
        }
    }
    sum
}
