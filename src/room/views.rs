//! Who sees what: for each viewer the rows of restricted tables, under slots of the viewer's own.
//!
//! Nothing that a viewer may not see has any influence on these names: rows come into sight in the
//! order in which they were born, each takes the lowest slot that is free, and a slot's generation
//! counts who had it in this view.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use greenroom_proto::codec::{Member, Members};
use greenroom_proto::layout::{Layout, TableLayout};
use greenroom_proto::{Eye, PlayerId, Rows, Sight, TableRows, Teams, Tick};

use super::near::{Grid, Point};
use crate::planted::{self, Bug};

/// What was seen stays in sight until it is so much farther away than an eye reaches.
const LINGER: f64 = 1.1;

/// Those who see the same: viewers with equal keys share what they are sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ViewKey {
    /// Everything is for everybody, or for nobody in particular.
    Teams(Teams),
    /// This player alone.
    Player(PlayerId),
    /// All who look on without a seat.
    Spectators,
}

impl ViewKey {
    /// Of a viewer with this sight.
    #[must_use]
    pub fn of(viewer: PlayerId, sight: &Sight) -> Self {
        match (sight.player, sight.eye) {
            (None, None) => ViewKey::Teams(sight.teams),
            _ if planted::makes(Bug::SharedView) => ViewKey::Player(PlayerId(0)),
            _ => ViewKey::Player(viewer),
        }
    }
}

/// What one view sees, and saw.
#[derive(Debug, Default)]
pub struct View {
    /// By tick, oldest first; only frames that a viewer stands on, and the newest.
    frames: Vec<(Tick, Members)>,
    /// By table, slots as the view names them.
    slots: Vec<Slots>,
    spare: Members,
}

#[derive(Debug, Default)]
struct Slots {
    free: BinaryHeap<Reverse<u32>>,
    /// By slot, how often it was taken before.
    generations: Vec<u16>,
}

impl Slots {
    fn take(&mut self) -> (u32, u16) {
        if let Some(Reverse(slot)) = self.free.pop() {
            let generation = &mut self.generations[slot as usize];
            *generation = generation.wrapping_add(1);
            return (slot, *generation);
        }
        self.generations.push(0);
        (self.generations.len() as u32 - 1, 0)
    }
}

impl View {
    /// What it sees in the newest frame.
    #[must_use]
    pub fn newest(&self) -> Option<(Tick, &Members)> {
        self.frames.last().map(|(tick, members)| (*tick, members))
    }

    /// What it saw in the frame of this tick.
    #[must_use]
    pub fn at(&self, tick: Tick) -> Option<&Members> {
        let place = self.frames.binary_search_by_key(&tick, |(tick, _)| *tick).ok()?;
        Some(&self.frames[place].1)
    }

    /// Forgets the frames that nobody stands on. The newest stays: names go on from it.
    pub fn keep(&mut self, is_base: impl Fn(Tick) -> bool) {
        let Some(newest) = self.newest().map(|(tick, _)| tick) else { return };
        let (frames, spare) = (&mut self.frames, &mut self.spare);
        frames.retain_mut(|(tick, members)| {
            let stays = *tick == newest || is_base(*tick);
            if !stays {
                *spare = std::mem::take(members);
            }
            stays
        });
    }
}

/// Looks at one frame for any number of views. Made once a room; its memory is used again.
#[derive(Debug, Default)]
pub struct Looker {
    /// By table: marks, and the grid of positions.
    tables: Vec<Marks>,
    /// Rows that a view sees of one table, in no order.
    visible: Vec<Point>,
    /// By place in what a view saw before, whether it stays.
    stays: Vec<bool>,
    entering: Vec<(u32, u32)>,
}

/// Marks on the rows that a view saw before: its first plus their place in what it saw.
#[derive(Debug, Default)]
struct Marks {
    /// By row the last mark given; with a grid, the grid knows.
    of_row: Vec<u32>,
    /// All marks so far are below.
    next: u32,
    grid: Option<Grid>,
}

impl Marks {
    /// The first of so many marks that were not given before.
    fn some(&mut self, count: usize) -> u32 {
        let count = count as u32;
        if self.next == 0 || self.next > u32::MAX - count {
            self.of_row.fill(0);
            self.grid.iter_mut().for_each(Grid::unmark);
            self.next = 1;
        }
        self.next += count;
        self.next - count
    }

    /// Marks the rows that were there before and still are; returns the first mark.
    fn mark(&mut self, rows: &TableRows, before: &[Member]) -> u32 {
        if self.of_row.len() < rows.slots() {
            self.of_row.resize(rows.slots(), 0);
        }
        let first = self.some(before.len());
        for (mark, member) in (first..).zip(before) {
            let row = member.row as usize;
            if row < rows.slots() && rows.birth(row) == member.birth {
                self.of_row[row] = mark;
            }
        }
        first
    }
}

impl Looker {
    /// A new frame: positions are others.
    pub fn restart(&mut self, tables: usize) {
        self.tables.resize_with(tables, Marks::default);
        self.tables.iter_mut().for_each(|table| table.grid = None);
    }

    /// What a view sees in the frame of `tick`, whose rows these are.
    pub fn look(
        &mut self,
        layout: &Layout,
        rows: &Rows,
        sight: &Sight,
        tick: Tick,
        view: &mut View,
    ) {
        let tables = layout.tables();
        let mut seen = std::mem::take(&mut view.spare);
        seen.0.resize_with(tables.len(), Vec::new);
        view.slots.resize_with(tables.len(), Slots::default);
        for (number, table) in tables.iter().enumerate() {
            let mut members = std::mem::take(&mut seen.0[number]);
            members.clear();
            if table.restricted {
                let of = &rows.tables()[number];
                match table.rows.owner() {
                    None => {
                        let before =
                            view.frames.last().map_or(&[][..], |(_, seen)| seen.of(number));
                        let first = self.find(number, table, of, sight, before);
                        let slots = &mut view.slots[number];
                        self.name(of, (before, first), slots, &mut members);
                    }
                    Some((owner, each)) => {
                        let owners = &rows.tables()[owner];
                        let restricted = tables[owner].restricted;
                        let owners =
                            Owners { rows: owners, seen: restricted.then(|| &seen.0[owner][..]) };
                        owners.each(|owner| owned(of, sight, owner, each, &mut members));
                    }
                }
            }
            seen.0[number] = members;
        }
        view.frames.push((tick, seen));
    }

    /// Puts the rows of a table that the sight allows into `visible`; those that the view had
    /// `before` have marks from the returned one on.
    fn find(
        &mut self,
        number: usize,
        table: &TableLayout,
        rows: &TableRows,
        sight: &Sight,
        before: &[Member],
    ) -> u32 {
        let visible = &mut self.visible;
        visible.clear();
        let marks = &mut self.tables[number];
        let allowed = |row: u32| sight.sees(rows.seen(row as usize));
        let (Some(near), Some(eye)) = (table.near, sight.eye) else {
            let first = marks.mark(rows, before);
            let all = (0..rows.slots()).filter(|row| rows.row(*row).is_some());
            let all = all.map(|row| row as u32).filter(|row| allowed(*row));
            let mark = |row| marks.of_row[row as usize];
            visible.extend(all.map(|row| Point { distance: 0, row, mark: mark(row) }));
            return first;
        };
        let first = marks.some(before.len());
        let step = table.near_step;
        let reach = eye.reach.max(0.0) / step;
        let grid = marks.grid.get_or_insert_with(|| Grid::new(rows, near, reach * LINGER));
        grid.mark(first, before.iter().map(|member| (member.row, member.birth)));
        let place = ((eye.x / step).round() as i32, (eye.y / step).round() as i32);
        grid.around(place, (reach, reach * LINGER), first, visible);
        if !grid.is_open() {
            visible.retain(|point| allowed(point.row));
        }
        nearest(visible, &eye, rows, first);
        first
    }

    /// Gives the visible rows of a table their names. Those that the view had `before` keep
    /// theirs; they have marks from `first` on.
    fn name(
        &mut self,
        rows: &TableRows,
        (before, first): (&[Member], u32),
        slots: &mut Slots,
        members: &mut Vec<Member>,
    ) {
        self.stays.clear();
        self.stays.resize(before.len(), false);
        self.entering.clear();
        for Point { row, mark, .. } in &self.visible {
            match mark.checked_sub(first) {
                Some(place) => self.stays[place as usize] = true,
                None => self.entering.push((rows.birth(*row as usize), *row)),
            }
        }
        members.reserve(self.visible.len());
        // Most stay: those between two that leave are copied at once.
        let mut rest = 0;
        for (place, _) in self.stays.iter().enumerate().filter(|(_, stays)| !**stays) {
            members.extend_from_slice(&before[rest..place]);
            slots.free.push(Reverse(before[place].slot));
            rest = place + 1;
        }
        members.extend_from_slice(&before[rest..]);
        self.entering.sort_unstable();
        for (birth, row) in &self.entering {
            let (slot, generation) = slots.take();
            let place = members.partition_point(|member| member.slot < slot);
            members.insert(place, Member { slot, row: *row, birth: *birth, generation });
        }
    }
}

/// Drops all but the nearest, as many as the eye sees at most. What is in sight, which has a mark
/// from `first` on, counts as nearer than it is, so that nothing flickers when more is near than
/// may be seen.
fn nearest(places: &mut Vec<Point>, eye: &Eye, rows: &TableRows, first: u32) {
    if places.len() > eye.most {
        for place in places.iter_mut().filter(|place| place.mark >= first) {
            place.distance = place.distance / 121 * 100;
        }
        let by = |place: &Point| (place.distance, rows.birth(place.row as usize));
        if eye.most > 0 {
            places.select_nth_unstable_by_key(eye.most - 1, by);
        }
        places.truncate(eye.most);
    }
}

/// The owners of rows, as a view names them.
struct Owners<'a> {
    rows: &'a TableRows,
    /// Unless all see all of them.
    seen: Option<&'a [Member]>,
}

impl Owners<'_> {
    fn each(&self, mut visit: impl FnMut(Member)) {
        if let Some(seen) = self.seen {
            return seen.iter().for_each(|member| visit(*member));
        }
        for slot in 0..self.rows.slots() {
            if let Some((generation, _)) = self.rows.row(slot) {
                let (slot, birth) = (slot as u32, self.rows.birth(slot));
                visit(Member { slot, row: slot, birth, generation });
            }
        }
    }
}

/// The rows of an owner that the sight allows.
fn owned(rows: &TableRows, sight: &Sight, owner: Member, each: u32, members: &mut Vec<Member>) {
    let Member { birth, generation, .. } = owner;
    for place in 0..each {
        let (slot, row) = (owner.slot * each + place, owner.row * each + place);
        if row as usize >= rows.slots() {
            break;
        }
        if rows.row(row as usize).is_some() && sight.sees(rows.seen(row as usize)) {
            members.push(Member { slot, row, birth, generation });
        }
    }
}
