//! Who is near whom: the entities of a world sorted into square cells. Made anew in every step,
//! in memory that is used again; no part of the state.

use greenroom_proto::EntityId;

/// An entity where it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spot {
    pub id: EntityId,
    pub x: f32,
    pub y: f32,
}

/// Entities by the cell that they are in.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    /// Side of a cell, in units.
    cell: f32,
    /// Cells in a row, and in a column.
    across: usize,
    /// By cell, where its entities end in `spots`; they start where those of the cell before end.
    ends: Vec<u32>,
    spots: Vec<Spot>,
    /// Entities and their cells, not sorted yet.
    loose: Vec<(u32, Spot)>,
}

impl Cells {
    /// Sorts entities of a world with this side into cells with that one.
    pub fn sort(&mut self, side: f32, cell: f32, spots: impl Iterator<Item = Spot>) {
        self.cell = cell;
        self.across = (side / cell) as usize + 1;
        self.ends.clear();
        self.ends.resize(self.across * self.across + 1, 0);
        self.loose.clear();
        for spot in spots {
            let cell = self.cell_of(spot.x, spot.y);
            self.ends[cell + 1] += 1;
            self.loose.push((cell as u32, spot));
        }
        let mut start = 0;
        for end in &mut self.ends {
            start += *end;
            *end = start;
        }
        // Now these are where cells start; putting an entity there moves it towards the end.
        self.spots.resize(self.loose.len(), Spot::default());
        for (cell, spot) in &self.loose {
            let place = &mut self.ends[*cell as usize];
            self.spots[*place as usize] = *spot;
            *place += 1;
        }
    }

    /// All entities, cell by cell.
    pub fn spots(&self) -> &[Spot] {
        &self.spots
    }

    /// Visits the entities nearer to a point than `reach`.
    pub fn around(&self, x: f32, y: f32, reach: f32, mut visit: impl FnMut(EntityId)) {
        let (from, to) = (self.along(x - reach), self.along(x + reach));
        for line in self.along(y - reach)..=self.along(y + reach) {
            // The cells of a line are neighbours in memory too.
            let (first, last) = (line * self.across + from, line * self.across + to);
            let start = if first == 0 { 0 } else { self.ends[first - 1] as usize };
            for spot in &self.spots[start..self.ends[last] as usize] {
                let (dx, dy) = (spot.x - x, spot.y - y);
                if dx * dx + dy * dy < reach * reach {
                    visit(spot.id);
                }
            }
        }
    }

    /// The row or column of cells that a place is in; the nearest if there is none.
    fn along(&self, place: f32) -> usize {
        // What is below 0 becomes 0.
        ((place / self.cell) as usize).min(self.across - 1)
    }

    fn cell_of(&self, x: f32, y: f32) -> usize {
        self.along(y) * self.across + self.along(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_that_are_near_are_found_once(
            places in prop::collection::vec((0u32..=500, 0u32..=500), 0..60),
            (x, y, reach, cell) in (0u32..=500, 0u32..=500, 1u32..300, 1u32..200),
        ) {
            let spots = places.iter().enumerate().map(|(slot, (x, y))| Spot {
                id: EntityId { slot: slot as u16, generation: 0 }, x: *x as f32, y: *y as f32,
            });
            let mut cells = Cells::default();
            // What was there before must not matter.
            cells.sort(300.0, 7.0, std::iter::once(Spot::default()));
            cells.sort(500.0, cell as f32, spots.clone());
            prop_assert_eq!(cells.spots().len(), places.len());
            let mut found = Vec::new();
            cells.around(x as f32, y as f32, reach as f32, |id| found.push(id));
            found.sort_unstable();
            let near = |spot: &Spot| {
                let (dx, dy) = (spot.x - x as f32, spot.y - y as f32);
                dx * dx + dy * dy < (reach * reach) as f32
            };
            let expected: Vec<EntityId> = spots.filter(near).map(|spot| spot.id).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
