//! The rules, through a room.

use super::*;
use crate::game::Said;
use crate::room::{AnyRoom, Command, Room};
use greenroom_proto::wire;

struct Table {
    room: Room<Connect4>,
    now_ms: u64,
}

impl Table {
    fn new() -> Self {
        Table { room: Room::new(r#"{"turn_secs": 10}"#, 3).unwrap(), now_ms: 0 }
    }

    /// Two players, and the one who moves first.
    fn started() -> (Self, PlayerId, PlayerId) {
        let mut table = Table::new();
        table.join(1);
        table.join(2);
        let [first, second] = table.state().players;
        (table, first, second)
    }

    fn step(&mut self, command: Command) -> Vec<Said> {
        let mut said = Vec::new();
        self.room.step(self.now_ms, &[command], &mut said);
        said
    }

    fn join(&mut self, player: u32) -> Vec<Said> {
        self.step(Command::join(PlayerId(player)))
    }

    fn drop(&mut self, player: PlayerId, column: u8) -> Result<Dropped, Illegal> {
        let body = wire::encode(&Request::Drop { column });
        let said = self.step(Command::Request { player, id: 9, body });
        said.iter()
            .find_map(|said| match said {
                Said::Reply { player: to, id: 9, body } if *to == player => wire::decode(body).ok(),
                _ => None,
            })
            .expect("a request is answered")
    }

    fn state(&self) -> &State {
        self.room.game().state()
    }
}

fn outcome(said: &[Said]) -> Option<Outcome> {
    said.iter().find_map(|said| match said {
        Said::Over { result } => serde_json::from_str(result).ok(),
        _ => None,
    })
}

#[test]
fn play_starts_when_both_seats_are_taken_and_nobody_else_fits() {
    let mut table = Table::new();
    table.join(1);
    assert_eq!(table.drop(PlayerId(1), 0), Err(Illegal::NotStarted));
    table.join(2);
    assert_eq!(table.state().phase, Phase::Playing);
    let refused = Said::JoinRefused(PlayerId(3), "both seats are taken".to_owned());
    assert_eq!(table.join(3), [refused]);
}

#[test]
fn a_seat_left_before_the_start_is_free_again() {
    let mut table = Table::new();
    table.join(1);
    assert_eq!(outcome(&table.step(Command::Leave { player: PlayerId(1) })), None);
    table.join(2);
    assert_eq!(table.state().phase, Phase::Waiting);
    table.join(3);
    assert_eq!(table.state().phase, Phase::Playing);
    assert_eq!(table.state().disc_of(PlayerId(1)), None);
}

#[test]
fn illegal_moves_say_why_and_change_nothing() {
    let (mut table, first, second) = Table::started();
    assert_eq!(table.drop(second, 0), Err(Illegal::NotYourTurn));
    for column in [7, 100, 255] {
        assert_eq!(table.drop(first, column), Err(Illegal::NoSuchColumn));
    }
    for turn in 0..6 {
        let player = if turn % 2 == 0 { first } else { second };
        assert_eq!(table.drop(player, 3), Ok(Dropped { row: turn, column: 3 }));
    }
    let before = table.state().board;
    assert_eq!(table.drop(first, 3), Err(Illegal::ColumnFull));
    assert_eq!((table.state().board, table.state().moves), (before, 6));
    assert_eq!(table.state().turn, first);
}

#[test]
fn four_in_a_line_win() {
    let (mut table, first, second) = Table::started();
    for _ in 0..3 {
        table.drop(first, 0).unwrap();
        table.drop(second, 1).unwrap();
    }
    let body = wire::encode(&Request::Drop { column: 0 });
    let said = table.step(Command::Request { player: first, id: 1, body });
    let won = Outcome { winner: Some(first), reason: Reason::Four, moves: 7 };
    assert_eq!(outcome(&said), Some(won));
    assert!(table.room.is_over());
    assert_eq!((table.state().phase, table.state().turn), (Phase::Over, PlayerId(0)));
}

#[test]
fn a_full_board_is_a_draw() {
    let (mut table, first, second) = Table::started();
    // Columns in an order that makes no four: filled one by one, every other pair swapped.
    let columns = [0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 2, 3, 2, 3, 2, 3, 3, 2, 3, 2, 3, 2, 4, 5, 4]
        .into_iter()
        .chain([5, 4, 5, 5, 4, 5, 4, 5, 4, 6, 6, 6, 6, 6]);
    for (turn, column) in columns.enumerate() {
        let player = if turn % 2 == 0 { first } else { second };
        table.drop(player, column).unwrap();
    }
    let body = wire::encode(&Request::Drop { column: 6 });
    let said = table.step(Command::Request { player: second, id: 1, body });
    assert_eq!(outcome(&said), Some(Outcome { winner: None, reason: Reason::Full, moves: 42 }));
}

#[test]
fn whoever_leaves_loses() {
    let (mut table, first, second) = Table::started();
    table.drop(first, 0).unwrap();
    let said = table.step(Command::Leave { player: first });
    let lost = Outcome { winner: Some(second), reason: Reason::Left, moves: 1 };
    assert_eq!(outcome(&said), Some(lost));
}

#[test]
fn whoever_lets_the_time_run_out_loses_and_a_move_starts_it_anew() {
    let (mut table, first, _) = Table::started();
    assert_eq!(table.room.next_timer_ms(), Some(10_000));
    table.now_ms = 9_999;
    table.drop(first, 0).unwrap();
    assert_eq!(table.room.next_timer_ms(), Some(19_999));
    let mut said = Vec::new();
    table.room.step(19_999, &[], &mut said);
    let lost = Outcome { winner: Some(first), reason: Reason::TimeUp, moves: 1 };
    assert_eq!(outcome(&said), Some(lost));
}

#[test]
fn a_backend_asks_how_it_stands_and_decides_it() {
    let mut room = Room::<Connect4>::new("", 1).unwrap();
    let mut said = Vec::new();
    let word = |id, text: &str| Command::Signal(Signal::Word { id, body: text.into() });
    let words = [word(1, "\"standing\""), word(2, "7"), word(3, r#"{"award":{"winner":2}}"#)];
    room.step(0, &words, &mut said);
    let reply = |id| {
        said.iter().find_map(|said| match said {
            Said::Heard { id: of, reply } if *of == id => reply.clone(),
            _ => None,
        })
    };
    assert_eq!(reply(1).unwrap(), r#"{"players":[0,0],"moves":0,"turn":0}"#);
    assert!(reply(2).unwrap().contains("say"));
    assert_eq!(reply(3).unwrap(), "\"so be it\"");
    let over = r#"{"winner":2,"reason":"awarded","moves":0}"#;
    assert!(said.contains(&Said::Over { result: over.to_owned() }));
}
