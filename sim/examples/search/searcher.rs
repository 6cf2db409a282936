//! A bot for connect4 that tries moves out: Monte Carlo tree search over snapshots of a match.
//!
//! It is told what a client is told, and nothing of the room that it plays in: it keeps a match of its
//! own, in which it does what it sees others do. Of the rules nothing is in here but which columns
//! have room, and what wins at once.

use greenroom::games::connect4::{COLUMNS, Connect4, Connect4Options, Phase, Request, State};
use greenroom::prelude::*;
use greenroom_sim::Match;

/// How much a move counts that was hardly tried yet.
const CURIOSITY: f64 = 1.4;

/// Looks ahead by playing on, so many times for each move.
pub struct Searcher {
    rng: Rng,
    tries: u32,
    /// The match as it was seen last.
    game: Match<Connect4>,
}

impl Searcher {
    /// One that tries so many times for each move.
    pub fn new(seed: u64, tries: u32) -> Self {
        let game = Match::new(&Connect4Options::defaults(), seed, 2).expect("two seats");
        Searcher { rng: Rng::new(seed), tries, game }
    }

    /// Does in the own match what was done in the one that is seen.
    fn follow(&mut self, seen: &State) {
        let dropped = |known: &State| {
            let disc = known.disc_of(known.turn)?;
            columns(known).find(|column| {
                let row = known.board.landing(usize::from(*column));
                row.is_some_and(|row| seen.board.cells[row][usize::from(*column)] == disc)
            })
        };
        while let Some(column) = dropped(self.game.state()) {
            drop_into(&mut self.game, column);
        }
    }
}

impl Bot for Searcher {
    type Game = Connect4;

    fn act(&mut self, view: &View<'_, Connect4>, act: &mut Acts<Connect4>) {
        if view.state.phase != Phase::Playing || view.state.turn != view.me {
            return;
        }
        self.follow(view.state);
        if let Some(column) = Tree::of(&self.game).best(self.tries, &mut self.rng) {
            act.request(&Request::Drop { column });
        }
    }
}

/// Columns that have room.
fn columns(state: &State) -> impl Iterator<Item = u8> {
    (0..COLUMNS as u8).filter(|column| state.board.landing(usize::from(*column)).is_some())
}

/// A column by chance; but one that wins at once, or keeps the other from it, if there is one.
fn by_chance(state: &State, rng: &mut Rng) -> u8 {
    let disc = state.disc_of(state.turn).unwrap_or_default();
    let wins = |column: &u8, disc| {
        let (mut board, column) = (state.board, usize::from(*column));
        board.drop(column, disc).is_some_and(|row| board.wins_at(row, column))
    };
    let urgent = [disc, 3 - disc].into_iter();
    let urgent = urgent.filter_map(|disc| columns(state).find(|column| wins(column, disc))).next();
    urgent.unwrap_or_else(|| {
        let open: Vec<u8> = columns(state).collect();
        open[rng.below(open.len() as u32) as usize]
    })
}

fn drop_into(game: &mut Match<Connect4>, column: u8) {
    game.ask(game.state().turn, &Request::Drop { column });
}

/// Where a line of moves leads to.
struct Node {
    /// After it.
    game: Match<Connect4>,
    /// Whoever made its last move.
    mover: PlayerId,
    /// Columns that were not tried yet.
    untried: Vec<u8>,
    /// What was tried: the column, and the place of the node.
    tried: Vec<(u8, usize)>,
    visits: f64,
    /// For whoever made the last move: 1 for each win, a half for each draw.
    won: f64,
    /// How it ends if both play well, once that is known.
    proven: Option<End>,
}

/// How a line of moves ends, for whoever made the last one.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Won,
    Lost,
}

struct Tree(Vec<Node>);

impl Tree {
    fn of(game: &Match<Connect4>) -> Self {
        Tree(vec![Node::new(game.clone(), PlayerId::default())])
    }

    /// The column that was tried most, after so many tries, or that wins.
    fn best(mut self, tries: u32, rng: &mut Rng) -> Option<u8> {
        for _ in 0..tries {
            if self.0[0].proven.is_some() {
                break;
            }
            self.try_once(rng);
        }
        let rank = |place: usize| match self.0[place].proven {
            Some(End::Won) => f64::INFINITY,
            Some(End::Lost) => self.0[place].visits - f64::from(tries),
            None => self.0[place].visits,
        };
        let tried = self.0[0].tried.iter();
        Some(tried.max_by(|a, b| rank(a.1).total_cmp(&rank(b.1)))?.0)
    }

    /// Goes down to where something was not tried yet, tries it, and plays on from there by chance.
    fn try_once(&mut self, rng: &mut Rng) {
        let mut path = vec![0];
        let mut place = 0;
        while self.0[place].untried.is_empty() && self.0[place].proven.is_none() {
            let Some(next) = self.most_promising(place) else { break };
            place = next;
            path.push(place);
        }
        if self.0[place].proven.is_none() && !self.0[place].untried.is_empty() {
            place = self.grow(place, rng);
            path.push(place);
        }
        let winner = self.0[place].winner_by_chance(rng);
        for place in path.into_iter().rev() {
            self.learn(place, winner);
        }
    }

    fn most_promising(&self, place: usize) -> Option<usize> {
        let node = &self.0[place];
        let worth = |place: usize| {
            let Node { won, visits, .. } = self.0[place];
            won / visits + CURIOSITY * node.visits.sqrt() / (COLUMNS as f64 * (1.0 + visits))
        };
        let open = node.tried.iter().map(|(_, place)| *place);
        let open = open.filter(|place| self.0[*place].proven.is_none());
        open.max_by(|a, b| worth(*a).total_cmp(&worth(*b)))
    }

    /// Tries a column that was not tried yet; returns the place of the node.
    fn grow(&mut self, place: usize, rng: &mut Rng) -> usize {
        let (new, node) = (self.0.len(), &mut self.0[place]);
        let column = node.untried.swap_remove(rng.below(node.untried.len() as u32) as usize);
        let (mut game, mover) = (node.game.clone(), node.game.state().turn);
        drop_into(&mut game, column);
        node.tried.push((column, new));
        self.0.push(Node::new(game, mover));
        new
    }

    fn learn(&mut self, place: usize, winner: Option<PlayerId>) {
        let node = &self.0[place];
        let ends = |tried: &(u8, usize), end: End| self.0[tried.1].proven == Some(end);
        let proven = if node.tried.iter().any(|tried| ends(tried, End::Won)) {
            Some(End::Lost)
        } else if node.untried.is_empty()
            && !node.tried.is_empty()
            && node.tried.iter().all(|tried| ends(tried, End::Lost))
        {
            Some(End::Won)
        } else {
            node.proven
        };
        let node = &mut self.0[place];
        node.proven = proven;
        node.visits += 1.0;
        node.won += match winner {
            Some(winner) if winner == node.mover => 1.0,
            Some(_) => 0.0,
            None => 0.5,
        };
    }
}

impl Node {
    fn new(game: Match<Connect4>, mover: PlayerId) -> Self {
        let proven = game.result().filter(|end| end.winner == Some(mover)).map(|_| End::Won);
        let untried = if game.is_over() { Vec::new() } else { columns(game.state()).collect() };
        Node { game, mover, untried, tried: Vec::new(), visits: 0.0, won: 0.0, proven }
    }

    /// Who wins if both play by chance from here.
    fn winner_by_chance(&self, rng: &mut Rng) -> Option<PlayerId> {
        let mut game = self.game.clone();
        while !game.is_over() {
            let column = by_chance(game.state(), rng);
            drop_into(&mut game, column);
        }
        game.result()?.winner
    }
}
