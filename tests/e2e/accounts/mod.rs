//! Who clients are, and what follows from it.

mod connections;
mod hook;
mod people;
mod seats;
mod tokens;

use greenroom::proto::Then;
use greenroom_client::{Client, Connect, ConnectError};

use crate::support::within;

/// Connects, and is not let in: the close code, and what a client does then.
async fn turned_away(connect: Connect) -> (u16, Then) {
    match within("an answer", Client::connect(connect)).await {
        Err(ConnectError::Closed { closed, .. }) => (closed.code, closed.then),
        Err(error) => panic!("not closed: {error}"),
        Ok(_) => panic!("let in"),
    }
}
