//! Values in rows and columns.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

/// `W` columns and `H` rows of values: a board, a map of tiles. In a state, only the cells that
/// change are sent.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Grid<T, const W: usize, const H: usize>(
    /// Row by row, `W * H` of them.
    Vec<T>,
);

impl<T: Default, const W: usize, const H: usize> Default for Grid<T, W, H> {
    fn default() -> Self {
        Grid::from_fn(|_, _| T::default())
    }
}

impl<T, const W: usize, const H: usize> Grid<T, W, H> {
    /// How many columns there are.
    pub const WIDTH: usize = W;
    /// How many rows there are.
    pub const HEIGHT: usize = H;

    /// A grid of what `make` says for each column and row.
    #[must_use]
    pub fn from_fn(mut make: impl FnMut(usize, usize) -> T) -> Self {
        Grid((0..W * H).map(|place| make(place % W, place / W)).collect())
    }

    /// Columns count from 0, and so do rows.
    fn place(x: usize, y: usize) -> Option<usize> {
        (x < W && y < H).then_some(y * W + x)
    }

    /// The value in column `x` of row `y`; `None` outside of the grid.
    #[must_use]
    pub fn get(&self, x: usize, y: usize) -> Option<&T> {
        self.0.get(Self::place(x, y)?)
    }

    /// The value in column `x` of row `y`; `None` outside of the grid.
    #[must_use]
    pub fn get_mut(&mut self, x: usize, y: usize) -> Option<&mut T> {
        self.0.get_mut(Self::place(x, y)?)
    }

    /// Puts a value into column `x` of row `y` and gives back the one that was there; `None`
    /// outside of the grid, which changes nothing.
    pub fn set(&mut self, x: usize, y: usize, value: T) -> Option<T> {
        self.get_mut(x, y).map(|cell| std::mem::replace(cell, value))
    }

    /// All values with their column and row, row by row.
    pub fn iter(&self) -> impl Iterator<Item = ((usize, usize), &T)> {
        self.0.iter().enumerate().map(|(place, value)| ((place % W, place / W), value))
    }

    /// All values with their column and row, row by row.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = ((usize, usize), &mut T)> {
        self.0.iter_mut().enumerate().map(|(place, value)| ((place % W, place / W), value))
    }

    /// The values of row `y` from left to right; none outside of the grid.
    #[must_use]
    pub fn row(&self, y: usize) -> &[T] {
        if y < H { &self.0[y * W..][..W] } else { &[] }
    }

    /// All values, row by row.
    #[must_use]
    pub fn cells(&self) -> &[T] {
        &self.0
    }

    /// A grid of its cells, of which there are enough.
    pub(crate) fn of_cells(cells: Vec<T>) -> Self {
        debug_assert_eq!(cells.len(), W * H);
        Grid(cells)
    }
}

impl<T: Clone, const W: usize, const H: usize> Grid<T, W, H> {
    /// Puts a value into all cells.
    pub fn fill(&mut self, value: T) {
        self.0.fill(value);
    }
}

impl<T: fmt::Debug, const W: usize, const H: usize> fmt::Debug for Grid<T, W, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries((0..H).map(|y| self.row(y))).finish()
    }
}

/// A list of all cells, row by row.
impl<T: Serialize, const W: usize, const H: usize> Serialize for Grid<T, W, H> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de, T: Deserialize<'de>, const W: usize, const H: usize> Deserialize<'de> for Grid<T, W, H> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T, const W: usize, const H: usize>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const W: usize, const H: usize> Visitor<'de> for Visit<T, W, H> {
            type Value = Grid<T, W, H>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "the values of {W} columns and {H} rows")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let claimed = seq.size_hint().unwrap_or(W * H);
                if claimed != W * H {
                    return Err(A::Error::invalid_length(claimed, &self));
                }
                let mut cells = Vec::new();
                while let Some(cell) = seq.next_element()? {
                    if cells.len() == W * H {
                        return Err(A::Error::invalid_length(W * H + 1, &self));
                    }
                    cells.push(cell);
                }
                if cells.len() < W * H {
                    return Err(A::Error::invalid_length(cells.len(), &self));
                }
                Ok(Grid(cells))
            }
        }
        deserializer.deserialize_seq(Visit(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode, encode};

    #[test]
    fn cells_have_a_column_and_a_row() {
        let mut grid: Grid<u8, 3, 2> = Grid::from_fn(|x, y| (10 * y + x) as u8);
        assert_eq!(grid.cells(), [0, 1, 2, 10, 11, 12]);
        assert_eq!((grid.get(2, 1), grid.get(3, 0), grid.get(0, 2)), (Some(&12), None, None));
        assert_eq!((grid.set(1, 1, 7), grid.set(3, 1, 7)), (Some(11), None));
        assert_eq!((grid.row(1), grid.row(2)), (&[10, 7, 12][..], &[][..]));
        assert!(grid.iter().all(|((x, y), value)| grid.get(x, y) == Some(value)));
        assert_eq!(decode::<Grid<u8, 3, 2>>(&encode(&grid)), Ok(grid));
    }

    #[test]
    fn a_strangers_grid_has_all_cells_and_no_more() {
        assert!(decode::<Grid<u8, 3, 2>>(&encode(&vec![1u8; 5])).is_err());
        assert!(decode::<Grid<u8, 3, 2>>(&encode(&vec![1u8; 7])).is_err());
        assert!(decode::<Grid<(), 3, 2>>(&[253, 0, 0, 0, 0, 1, 0, 0, 0]).is_err());
    }
}
