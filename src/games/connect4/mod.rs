//! `connect4`: two players drop discs into seven columns; four in a line win. Turn by turn: the
//! room makes a step when somebody moves or a player's time is up, and costs nothing between. It can
//! be played beside another game, on the same connection.
//!
//! Play starts when both seats are taken; chance says who moves first. Whoever leaves loses, and
//! so does whoever lets the time for a move run out.

mod board;
pub mod bots;
mod training;

use std::time::Duration;

use greenroom_proto::{Message, PlayerId, Replicate};
use serde::{Deserialize, Serialize};

pub use board::{Board, COLUMNS, ROWS};

use crate::game::{Ctx, Game, Pace, People, Signal, To, ensure};

crate::options! {
    /// What the creator of a match chooses.
    pub struct Connect4Options {
        /// Seconds that a player has for a move.
        turn_secs: u16 = 30, 1..=3600;
    }
}

/// What a player may ask for.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Drop a disc.
    Drop {
        /// From the left, 0 to 6.
        column: u8,
    },
}

/// Where a disc has come to lie.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Dropped {
    /// From the bottom, 0 to 5.
    pub row: u8,
    /// From the left, 0 to 6.
    pub column: u8,
}

/// Why a disc was not dropped. Nothing has changed.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Illegal {
    /// The other player is still to come.
    NotStarted,
    /// The match is over.
    Over,
    /// It is the other player's turn.
    NotYourTurn,
    /// There are columns 0 to 6.
    NoSuchColumn,
    /// Nothing fits into the column any more.
    ColumnFull,
}

/// What players are told once.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Event {
    /// Both are there.
    Started {
        /// Who moves first.
        first: PlayerId,
    },
    /// A disc was dropped.
    Dropped {
        /// Whose.
        player: PlayerId,
        /// From the bottom, 0 to 5.
        row: u8,
        /// From the left, 0 to 6.
        column: u8,
    },
}

/// How a match ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Who has won; nobody when the board is full.
    pub winner: Option<PlayerId>,
    /// Why it ended.
    pub reason: Reason,
    /// Discs dropped.
    pub moves: u8,
}

/// Why a match ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Four in a line.
    Four,
    /// The board is full.
    Full,
    /// The loser has left.
    Left,
    /// The loser let the time run out.
    TimeUp,
    /// The studio's backend has decided it.
    Awarded,
}

/// What a studio's backend may say: `"standing"`, or `{"award": {"winner": 1}}`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// How does the match stand?
    Standing,
    /// It is over, and this player has won; nobody, if not said.
    Award {
        /// Who.
        winner: Option<PlayerId>,
    },
}

/// What it is told.
#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// Who moves first and second; player 0 stands for nobody.
    pub players: [PlayerId; 2],
    /// Discs dropped.
    pub moves: u8,
    /// Whose turn it is.
    pub turn: PlayerId,
}

/// Where a match stands.
#[derive(Replicate, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Phase {
    /// A seat is free.
    #[default]
    Waiting,
    /// Somebody is to move.
    Playing,
    /// It has ended.
    Over,
}

/// What both players see.
#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Where the match stands.
    pub phase: Phase,
    /// The discs.
    pub board: Board,
    /// Who moves first (disc 1) and second (disc 2), once it has started.
    pub players: [PlayerId; 2],
    /// Discs dropped.
    pub moves: u8,
    /// Whose turn it is; nobody's (player 0) before the start and after the end.
    pub turn: PlayerId,
    /// Seconds that a player has for a move, counted from the last.
    pub turn_secs: u16,
}

impl State {
    /// The disc of a player, 1 or 2.
    #[must_use]
    pub fn disc_of(&self, player: PlayerId) -> Option<u8> {
        self.players.iter().position(|other| *other == player).map(|place| 1 + place as u8)
    }
}

/// One match.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connect4 {
    state: State,
}

impl Game for Connect4 {
    const NAME: &'static str = "connect4";
    const SEATS: u32 = 2;
    const BESIDE: bool = true;

    type Options = Connect4Options;
    type State = State;
    type Input = ();
    type Request = Request;
    type Reply = Result<Dropped, Illegal>;
    type Event = Event;
    type Result = Outcome;

    fn pace(_: &Connect4Options) -> Pace {
        Pace::OnCommand
    }

    fn people(_: &Connect4Options) -> People {
        People::Named
    }

    fn new(options: &Connect4Options, _: &mut Ctx<Self>) -> Self {
        Connect4 { state: State { turn_secs: options.turn_secs, ..State::default() } }
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn join(&mut self, _: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        // The one who joins is among the players already.
        let here: Vec<PlayerId> = ctx.players().collect();
        match (self.state.phase, here.as_slice()) {
            (Phase::Waiting, [_]) => Ok(()),
            (Phase::Waiting, [one, other]) => {
                let swap = ctx.rng().chance(0.5);
                self.start(if swap { [*other, *one] } else { [*one, *other] }, ctx);
                Ok(())
            }
            _ => Err("both seats are taken".to_owned()),
        }
    }

    fn leave(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
        if self.state.phase == Phase::Playing {
            self.end(self.other(player), Reason::Left, ctx);
        }
    }

    fn request(
        &mut self,
        player: PlayerId,
        Request::Drop { column }: Request,
        ctx: &mut Ctx<Self>,
    ) -> Result<Dropped, Illegal> {
        let column_at = usize::from(column);
        ensure(self.state.phase != Phase::Waiting, Illegal::NotStarted)?;
        ensure(self.state.phase != Phase::Over, Illegal::Over)?;
        ensure(self.state.turn == player, Illegal::NotYourTurn)?;
        ensure(column_at < COLUMNS, Illegal::NoSuchColumn)?;
        let disc = self.state.disc_of(player).ok_or(Illegal::NotYourTurn)?;
        let row = self.state.board.drop(column_at, disc).ok_or(Illegal::ColumnFull)?;
        let dropped = Dropped { row: row as u8, column };
        ctx.send(To::All, &Event::Dropped { player, row: dropped.row, column });
        ctx.cancel_timer(u32::from(self.state.moves));
        self.state.moves += 1;
        if self.state.board.wins_at(row, column_at) {
            self.end(Some(player), Reason::Four, ctx);
        } else if self.state.board.is_full() {
            self.end(None, Reason::Full, ctx);
        } else {
            self.turn_of(self.other(player), ctx);
        }
        Ok(dropped)
    }

    fn signal(&mut self, signal: &Signal, ctx: &mut Ctx<Self>) {
        match signal.word() {
            Some(Ok(Word::Standing)) => {
                let State { players, moves, turn, .. } = self.state;
                ctx.reply(&Standing { players, moves, turn });
            }
            Some(Ok(Word::Award { winner })) => {
                self.end(winner, Reason::Awarded, ctx);
                ctx.reply(&"so be it");
            }
            Some(Err(error)) => ctx.reply(&format!("say \"standing\" or award: {error}")),
            None => {}
        }
    }

    fn timer(&mut self, move_number: u32, ctx: &mut Ctx<Self>) {
        if self.state.phase == Phase::Playing && move_number == u32::from(self.state.moves) {
            self.end(self.other(self.state.turn), Reason::TimeUp, ctx);
        }
    }
}

impl Connect4 {
    fn start(&mut self, players: [PlayerId; 2], ctx: &mut Ctx<Self>) {
        self.state.phase = Phase::Playing;
        self.state.players = players;
        ctx.send(To::All, &Event::Started { first: players[0] });
        self.turn_of(Some(players[0]), ctx);
    }

    /// The player is to move, and the clock runs. The timer bears the number of the move, so that
    /// one of an earlier move means nothing.
    fn turn_of(&mut self, player: Option<PlayerId>, ctx: &mut Ctx<Self>) {
        self.state.turn = player.unwrap_or_default();
        let time = Duration::from_secs(u64::from(self.state.turn_secs));
        ctx.timer(time, u32::from(self.state.moves));
    }

    fn end(&mut self, winner: Option<PlayerId>, reason: Reason, ctx: &mut Ctx<Self>) {
        self.state.phase = Phase::Over;
        self.state.turn = PlayerId::default();
        ctx.end(&Outcome { winner, reason, moves: self.state.moves });
    }

    fn other(&self, player: PlayerId) -> Option<PlayerId> {
        self.state.players.iter().copied().find(|other| *other != player)
    }
}

#[cfg(test)]
mod tests;
