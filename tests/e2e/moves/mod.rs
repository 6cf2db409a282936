//! Players are moved from one room to another.

mod bot;
mod cut;
mod killed;
mod plain;
mod stays;
mod storm;

use greenroom::proto::{List, PlayerId, RoomId, Text};
use greenroom_client::{Client, SeatInfo, Update};

use crate::support::probe::{Goal, Request};
use crate::support::{DEADLINE, find, within};

/// Has these players moved, or all; returns the effect's number.
async fn send_on(client: &mut Client, players: &[PlayerId], to: Goal) -> i32 {
    let players = List::try_from(players.to_vec()).unwrap();
    within("an answer", client.request(&Request::Move(players, to), DEADLINE)).await.unwrap()
}

/// Asks for the same, without waiting: the answer may come too late.
fn start_move(client: &mut Client, players: &[PlayerId], to: Goal) {
    let players = List::try_from(players.to_vec()).unwrap();
    client.start(&Request::Move(players, to), DEADLINE).unwrap();
}

/// Drives the client until it is moved; returns the room before, and the seat.
async fn moved(client: &mut Client) -> (RoomId, SeatInfo) {
    find(client, |update| match update {
        Update::Moved { from, seat } => Some((from, seat)),
        _ => None,
    })
    .await
}

fn new(options: &str) -> Goal {
    Goal::New(Text::cut(options))
}
