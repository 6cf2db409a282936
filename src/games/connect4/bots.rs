//! Bots for connect4: `planner` looks a few moves ahead, `random` does not look at all.

use super::board::{Board, COLUMNS, lines};
use super::{Connect4, Phase, Request, State};
use crate::bot::{Acts, Bot, View};
use crate::rng::Rng;

/// Moves that the planner looks ahead, its own counted.
const DEPTH: u8 = 5;
/// Worth of a won board. The deeper a win the less it is worth, so that the planner wins soon and
/// loses late.
const WON: i32 = 10_000;
/// Columns in the order of looking: the middle is in the most lines, and good moves first make
/// the search short.
const ORDER: [usize; COLUMNS] = [3, 2, 4, 1, 5, 0, 6];

/// Whose turn it is in this state: the disc of `me`, if it is theirs to drop.
fn my_disc(view: &View<'_, Connect4>) -> Option<u8> {
    let State { phase, turn, .. } = view.state;
    (*phase == Phase::Playing && *turn == view.me).then(|| view.state.disc_of(view.me))?
}

/// Takes wins, blocks the other's, and else searches for the most open lines.
#[derive(Debug)]
pub struct Planner {
    rng: Rng,
    lines: Vec<[(usize, usize); 4]>,
}

impl Planner {
    /// A planner that chooses between equally good moves by this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Planner { rng: Rng::new(seed), lines: lines().collect() }
    }

    fn best(&mut self, mut board: Board, disc: u8) -> Option<usize> {
        let mut best: Vec<usize> = Vec::new();
        let mut most = i32::MIN + 1;
        for column in ORDER {
            let Some(row) = board.drop(column, disc) else { continue };
            let worth = if board.wins_at(row, column) {
                WON + i32::from(DEPTH)
            } else {
                // One below the best so far: an equally good move is to be seen as such.
                -self.search(&mut board, 3 - disc, DEPTH - 1, (-WON - 100, 1 - most.max(-WON)))
            };
            board.lift(column);
            if worth > most {
                best.clear();
                most = worth;
            }
            if worth == most {
                best.push(column);
            }
        }
        let choice = self.rng.below(best.len() as u32) as usize;
        best.get(choice).copied()
    }

    /// What the board is worth to whoever is to drop `disc` (alpha-beta).
    fn search(&self, board: &mut Board, disc: u8, depth: u8, window: (i32, i32)) -> i32 {
        if board.is_full() {
            return 0;
        }
        if depth == 0 {
            return self.look(board, disc);
        }
        let (mut alpha, beta) = window;
        for column in ORDER {
            let Some(row) = board.drop(column, disc) else { continue };
            let worth = if board.wins_at(row, column) {
                WON + i32::from(depth)
            } else {
                -self.search(board, 3 - disc, depth - 1, (-beta, -alpha))
            };
            board.lift(column);
            alpha = alpha.max(worth);
            if alpha >= beta {
                break;
            }
        }
        alpha
    }

    /// The worth of lines that only one of the two can still fill.
    fn look(&self, board: &Board, disc: u8) -> i32 {
        const WORTH: [i32; 5] = [0, 1, 6, 30, WON];
        let worth = |line: &[(usize, usize); 4]| {
            let (mut mine, mut others) = (0, 0);
            for (row, column) in line {
                match board.cells[*row][*column] {
                    0 => {}
                    cell if cell == disc => mine += 1,
                    _ => others += 1,
                }
            }
            match (mine, others) {
                (mine, 0) => WORTH[mine],
                (0, others) => -WORTH[others],
                _ => 0,
            }
        };
        self.lines.iter().map(worth).sum()
    }
}

impl Bot for Planner {
    type Game = Connect4;

    fn act(&mut self, view: &View<'_, Connect4>, act: &mut Acts<Connect4>) {
        if let Some(disc) = my_disc(view)
            && let Some(column) = self.best(view.state.board, disc)
        {
            act.request(&Request::Drop { column: column as u8 });
        }
    }
}

/// Drops into any column that has room.
#[derive(Debug)]
pub struct Random {
    rng: Rng,
}

impl Random {
    /// One that drops by this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Random { rng: Rng::new(seed) }
    }
}

impl Bot for Random {
    type Game = Connect4;

    fn act(&mut self, view: &View<'_, Connect4>, act: &mut Acts<Connect4>) {
        if my_disc(view).is_none() {
            return;
        }
        let open: Vec<usize> =
            (0..COLUMNS).filter(|column| view.state.board.landing(*column).is_some()).collect();
        if let Some(column) = open.get(self.rng.below(open.len() as u32) as usize) {
            act.request(&Request::Drop { column: *column as u8 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_planner_wins_when_it_can_and_else_blocks() {
        for seed in 0..5 {
            let mut board = Board::default();
            for column in [0, 1, 2] {
                board.drop(column, 2);
            }
            assert_eq!(Planner::new(seed).best(board, 1), Some(3), "it blocks");
            (0..3).for_each(|row| assert_eq!(board.drop(6, 1), Some(row)));
            assert_eq!(Planner::new(seed).best(board, 1), Some(6), "it wins rather than blocks");
        }
    }
}
