//! Which entities are near a point: a grid over the positions of one frame.

use greenroom_proto::TableRows;
use greenroom_proto::schema::Near;

/// Cells that a grid has at most: more than entities help nobody.
const CELLS_MAX: i64 = 1 << 14;

/// An entity near a point.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// The square of how far it is, in steps of a lane.
    pub distance: i64,
    /// Its row.
    pub row: u32,
}

/// The entities of a table by the cell that they are in.
#[derive(Debug)]
pub struct Grid {
    left: i64,
    top: i64,
    /// Side of a cell, in steps of a lane.
    cell: i64,
    columns: i64,
    lines: i64,
    /// By cell, where its entities start in `entities`; one more at the end.
    starts: Vec<u32>,
    entities: Vec<(i32, i32, u32)>,
}

impl Grid {
    /// Sorts the entities of a table into cells of about this side.
    pub fn new(rows: &TableRows, near: Near, side: f64) -> Self {
        let place = |row: usize| {
            let (_, lanes) = rows.row(row)?;
            Some((lanes[usize::from(near.x)], lanes[usize::from(near.y)]))
        };
        let places = || (0..rows.slots()).filter_map(|row| Some((place(row)?, row as u32)));
        let (mut left, mut right, mut top, mut bottom) = (i32::MAX, i32::MIN, i32::MAX, i32::MIN);
        for ((x, y), _) in places() {
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
        }
        let (left, top) = (i64::from(left), i64::from(top));
        let (width, height) = (i64::from(right) - left, i64::from(bottom) - top);
        let mut cell = (side.clamp(1.0, 2e9) as i64).max(1);
        let count = |cell: i64| (width.max(0) / cell + 1) * (height.max(0) / cell + 1);
        while count(cell) > CELLS_MAX {
            cell *= 2;
        }
        let (columns, lines) = (width.max(0) / cell + 1, height.max(0) / cell + 1);
        let mut grid = Grid {
            left,
            top,
            cell,
            columns,
            lines,
            starts: vec![0; (columns * lines) as usize + 1],
            entities: Vec::new(),
        };
        for ((x, y), _) in places() {
            let cell = grid.cell_of(x, y);
            grid.starts[cell + 1] += 1;
        }
        for cell in 1..grid.starts.len() {
            grid.starts[cell] += grid.starts[cell - 1];
        }
        let mut next = grid.starts.clone();
        grid.entities = vec![(0, 0, 0); next.last().copied().unwrap_or(0) as usize];
        for ((x, y), row) in places() {
            let cell = grid.cell_of(x, y);
            grid.entities[next[cell] as usize] = (x, y, row);
            next[cell] += 1;
        }
        grid
    }

    fn cell_of(&self, x: i32, y: i32) -> usize {
        let column = (i64::from(x) - self.left) / self.cell;
        let line = (i64::from(y) - self.top) / self.cell;
        (line * self.columns + column) as usize
    }

    /// Visits the entities at most so far from a point, and some beyond, each with the square of
    /// its distance.
    pub fn around(&self, x: i32, y: i32, reach: f64, mut visit: impl FnMut(u32, i64)) {
        let reach = reach.clamp(0.0, 4e9) as i64;
        let range = |at: i32, start: i64, cells: i64| {
            let from = (i64::from(at) - reach - start).div_euclid(self.cell).max(0);
            let to = (i64::from(at) + reach - start).div_euclid(self.cell).min(cells - 1);
            from..=to
        };
        for line in range(y, self.top, self.lines) {
            let columns = range(x, self.left, self.columns);
            if columns.is_empty() {
                continue;
            }
            // The cells of a line are neighbours in memory too.
            let first = (line * self.columns + columns.start()) as usize;
            let last = (line * self.columns + columns.end()) as usize;
            let cells = self.starts[first] as usize..self.starts[last + 1] as usize;
            for (entity_x, entity_y, row) in &self.entities[cells] {
                let dx = i64::from(*entity_x) - i64::from(x);
                let dy = i64::from(*entity_y) - i64::from(y);
                visit(*row, dx.saturating_mul(dx).saturating_add(dy.saturating_mul(dy)));
            }
        }
    }
}
