//! The board: seven columns, six rows, four in a line.

use greenroom_proto::Replicate;
use serde::{Deserialize, Serialize};

/// Columns.
pub const COLUMNS: usize = 7;
/// Rows.
pub const ROWS: usize = 6;

/// A board; row 0 is the lowest.
#[derive(Replicate, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Board {
    /// By row and column: 0 is empty, 1 and 2 are the discs of whoever moves first and second.
    pub cells: [[u8; COLUMNS]; ROWS],
}

impl Board {
    /// Where a disc would come to lie; `None` in a full column, or one that does not exist.
    #[must_use]
    pub fn landing(&self, column: usize) -> Option<usize> {
        (0..ROWS).find(|row| self.cells[*row].get(column) == Some(&0))
    }

    /// Drops a disc; returns its row.
    pub fn drop(&mut self, column: usize, disc: u8) -> Option<usize> {
        let row = self.landing(column)?;
        self.cells[row][column] = disc;
        Some(row)
    }

    /// Takes the uppermost disc of a column away again.
    pub(super) fn lift(&mut self, column: usize) {
        if let Some(row) = (0..ROWS).rev().find(|row| self.cells[*row][column] != 0) {
            self.cells[row][column] = 0;
        }
    }

    /// Whether the disc there is one of four or more in a line.
    #[must_use]
    pub fn wins_at(&self, row: usize, column: usize) -> bool {
        let disc = self.at(row as isize, column as isize);
        disc != 0
            && [(0, 1), (1, 0), (1, 1), (1, -1)].iter().any(|(up, right)| {
                let run = |way: isize| {
                    (1..4)
                        .take_while(|n| {
                            let (row, column) = (row as isize, column as isize);
                            self.at(row + n * way * up, column + n * way * right) == disc
                        })
                        .count()
                };
                1 + run(1) + run(-1) >= 4
            })
    }

    /// Whether no disc can be dropped any more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.cells[ROWS - 1].iter().all(|cell| *cell != 0)
    }

    /// A cell; 0 beyond the edge.
    fn at(&self, row: isize, column: isize) -> u8 {
        let row = usize::try_from(row).ok().and_then(|row| self.cells.get(row));
        let column = usize::try_from(column).ok();
        row.zip(column).and_then(|(row, column)| row.get(column)).copied().unwrap_or(0)
    }
}

/// Each of the 69 lines of four on the board, as (row, column).
pub(super) fn lines() -> impl Iterator<Item = [(usize, usize); 4]> {
    (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| (row, column))).flat_map(|(r, c)| {
        let flat = (c + 4 <= COLUMNS).then(|| std::array::from_fn(|n| (r, c + n)));
        let tall = (r + 4 <= ROWS).then(|| std::array::from_fn(|n| (r + n, c)));
        let up =
            (r + 4 <= ROWS && c + 4 <= COLUMNS).then(|| std::array::from_fn(|n| (r + n, c + n)));
        let down = (r + 4 <= ROWS && c >= 3).then(|| std::array::from_fn(|n| (r + n, c - n)));
        [flat, tall, up, down].into_iter().flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    /// The slow way, which shares nothing with `wins_at`: looks at every line.
    fn has_four(board: &Board, disc: u8) -> bool {
        lines().any(|line| line.iter().all(|(row, column)| board.cells[*row][*column] == disc))
    }

    #[test]
    fn every_line_wins_from_each_of_its_discs_and_three_of_it_never_do() {
        assert_eq!(lines().count(), 69);
        for line in lines() {
            for disc in [1, 2] {
                let mut board = Board::default();
                line.iter().for_each(|(row, column)| board.cells[*row][*column] = disc);
                for (row, column) in line {
                    assert!(board.wins_at(row, column), "{line:?}");
                    let mut three = board;
                    three.cells[row][column] = 3 - disc;
                    assert!(line.iter().all(|(row, column)| !three.wins_at(*row, *column)));
                }
            }
        }
    }

    #[test]
    fn a_win_is_seen_exactly_when_a_slow_look_at_all_lines_sees_it() {
        let (mut wins, mut draws) = (0, 0);
        let mut rng = Rng::new(4);
        for _ in 0..3000 {
            let mut board = Board::default();
            let mut disc = 1;
            loop {
                let column = rng.below(7) as usize;
                let Some(row) = board.drop(column, disc) else { continue };
                let wins_now = board.wins_at(row, column);
                assert_eq!(wins_now, has_four(&board, disc), "{board:?}");
                wins += u32::from(wins_now);
                draws += u32::from(!wins_now && board.is_full());
                if wins_now || board.is_full() {
                    break;
                }
                disc = 3 - disc;
            }
        }
        assert_eq!(wins + draws, 3000);
        assert!(draws > 0, "no board was ever filled");
    }

    #[test]
    fn every_game_of_ten_moves_in_three_columns_is_judged_right() {
        fn play(board: Board, moves: u8, games: &mut u32) {
            let disc = 1 + moves % 2;
            for column in 2..5 {
                let mut board = board;
                let Some(row) = board.drop(column, disc) else { continue };
                let wins = board.wins_at(row, column);
                assert_eq!(wins, has_four(&board, disc), "{board:?}");
                *games += 1;
                if !wins && moves < 9 {
                    play(board, moves + 1, games);
                }
            }
        }
        let mut games = 0;
        play(Board::default(), 0, &mut games);
        assert!(games > 50_000, "{games}");
    }

    #[test]
    fn a_full_column_takes_no_disc_and_lifting_undoes_a_drop() {
        let mut board = Board::default();
        for row in 0..ROWS {
            assert_eq!(board.drop(3, 1), Some(row));
        }
        assert_eq!(board.drop(3, 1), None);
        assert_eq!(board.drop(COLUMNS, 1), None);
        board.lift(3);
        assert_eq!(board.landing(3), Some(ROWS - 1));
    }
}
