//! Which entities are near a point: a grid over the positions of one frame.

use greenroom_proto::schema::Near;
use greenroom_proto::{Seen, TableRows};

/// Cells that a grid has at most: more than entities help nobody.
const CELLS_MAX: i64 = 1 << 14;
/// Cells in the length that eyes reach, about: smaller ones follow the circle more closely, larger
/// ones are fewer.
const CELLS_IN_REACH: f64 = 3.0;
/// How far an eye reaches at most, in steps of a lane: squares of it can still be added.
const REACH_MAX: f64 = 2e9;

/// An entity near a point.
#[derive(Clone, Copy, Debug, Default)]
pub struct Point {
    /// The square of how far it is, in steps of a lane.
    pub distance: u64,
    /// Its row.
    pub row: u32,
    /// What marks its row.
    pub mark: u32,
}

/// The entities of a table by the cell that they are in.
#[derive(Debug)]
pub struct Grid {
    left: i64,
    top: i64,
    /// Side of a cell, in steps of a lane, as a power of 2.
    shift: u32,
    columns: i64,
    lines: i64,
    /// By cell, where its entities start in `entities`; one more at the end.
    starts: Vec<u32>,
    entities: Vec<Entity>,
    /// By row, where it is in `entities`.
    places: Vec<u32>,
    /// By place in `entities`, the last mark given: what is near is near here, too.
    marks: Vec<u32>,
    /// Whether everybody may see every entity that is near.
    open: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entity {
    x: i32,
    y: i32,
    row: u32,
    birth: u32,
}

/// The place of a row that is not there.
const NOWHERE: u32 = u32::MAX;

impl Grid {
    /// Sorts the entities of a table into cells that suit eyes which reach about so far.
    pub fn new(rows: &TableRows, near: Near, reach: f64) -> Self {
        let entity = |row: usize| {
            let (_, lanes) = rows.row(row)?;
            let (x, y) = (lanes[usize::from(near.x)], lanes[usize::from(near.y)]);
            Some(Entity { x, y, row: row as u32, birth: rows.birth(row) })
        };
        let loose: Vec<Entity> = (0..rows.slots()).filter_map(entity).collect();
        let (mut left, mut right, mut top, mut bottom) = (i32::MAX, i32::MIN, i32::MAX, i32::MIN);
        let mut open = true;
        for Entity { x, y, row, .. } in &loose {
            (left, right) = (left.min(*x), right.max(*x));
            (top, bottom) = (top.min(*y), bottom.max(*y));
            open &= rows.seen(*row as usize) == Seen::All;
        }
        let (left, top) = (i64::from(left), i64::from(top));
        let width = (i64::from(right) - left).max(0);
        let height = (i64::from(bottom) - top).max(0);
        let mut shift = ((reach / CELLS_IN_REACH).clamp(1.0, 1e9) as u32).ilog2();
        while ((width >> shift) + 1) * ((height >> shift) + 1) > CELLS_MAX {
            shift += 1;
        }
        let (columns, lines) = ((width >> shift) + 1, (height >> shift) + 1);
        let starts = vec![0; (columns * lines) as usize + 1];
        let (places, marks) = (vec![NOWHERE; rows.slots()], vec![0; loose.len()]);
        let entities = vec![Entity::default(); loose.len()];
        let mut grid =
            Grid { left, top, shift, columns, lines, starts, entities, places, marks, open };
        for entity in &loose {
            let cell = grid.cell_of(entity);
            grid.starts[cell + 1] += 1;
        }
        for cell in 1..grid.starts.len() {
            grid.starts[cell] += grid.starts[cell - 1];
        }
        let mut next = grid.starts.clone();
        for entity in loose {
            let place = &mut next[grid.cell_of(&entity)];
            grid.entities[*place as usize] = entity;
            grid.places[entity.row as usize] = *place;
            *place += 1;
        }
        grid
    }

    /// Whether everybody may see every entity that is near.
    pub fn is_open(&self) -> bool {
        self.open
    }

    fn cell_of(&self, entity: &Entity) -> usize {
        let column = (i64::from(entity.x) - self.left) >> self.shift;
        let line = (i64::from(entity.y) - self.top) >> self.shift;
        (line * self.columns + column) as usize
    }

    /// Gives marks from `first` on, one after the other, to those of these rows, each with its
    /// birth, that are still there.
    pub fn mark(&mut self, first: u32, rows: impl Iterator<Item = (u32, u32)>) {
        for (mark, (row, birth)) in (first..).zip(rows) {
            let place = self.places.get(row as usize).map_or(NOWHERE, |place| *place) as usize;
            if self.entities.get(place).is_some_and(|entity| entity.birth == birth) {
                self.marks[place] = mark;
            }
        }
    }

    /// Takes all marks away.
    pub fn unmark(&mut self) {
        self.marks.fill(0);
    }

    /// Appends the entities around a point to `found`, each with its mark: those not farther than
    /// `near`, and of those with a mark from `lingering` on the ones not farther than `far`, which
    /// is more.
    pub fn around(
        &self,
        (x, y): (i32, i32),
        (near, far): (f64, f64),
        lingering: u32,
        found: &mut Vec<Point>,
    ) {
        let (x, y) = (i64::from(x), i64::from(y));
        let (near, far) = (near.clamp(0.0, REACH_MAX), far.clamp(0.0, REACH_MAX));
        let (near2, far2) = ((near * near) as u64, (far * far) as u64);
        // One step more, for what is cut off.
        let reach = far + 1.0;
        let (from_left, from_top) = (x - self.left, y - self.top);
        let range = |from: i64, half: i64, cells: i64| {
            let first = ((from - half) >> self.shift).max(0);
            let last = ((from + half) >> self.shift).min(cells - 1);
            first..=last
        };
        for line in range(from_top, reach as i64, self.lines) {
            // How far the nearest of this line is from the point, up or down.
            let top = line << self.shift;
            let aside = (top - from_top).max(from_top - top - (1 << self.shift)).max(0) as f64;
            let half = (reach * reach - aside * aside).max(0.0).sqrt() as i64 + 1;
            let columns = range(from_left, half, self.columns);
            if columns.is_empty() {
                continue;
            }
            // The cells of a line are neighbours in memory too.
            let first = (line * self.columns + columns.start()) as usize;
            let last = (line * self.columns + columns.end()) as usize;
            let places = self.starts[first] as usize..self.starts[last + 1] as usize;
            let (entities, marks) = (&self.entities[places.clone()], &self.marks[places]);
            let mut count = found.len();
            found.resize(count + entities.len(), Point::default());
            for (entity, mark) in entities.iter().zip(marks) {
                let (dx, dy) = (i64::from(entity.x) - x, i64::from(entity.y) - y);
                let distance = (dx * dx) as u64 + (dy * dy) as u64;
                let most = if *mark >= lingering { far2 } else { near2 };
                // Written in any case and kept if near: no branch to guess wrong.
                found[count] = Point { distance, row: entity.row, mark: *mark };
                count += usize::from(distance <= most);
            }
            found.truncate(count);
        }
    }
}
