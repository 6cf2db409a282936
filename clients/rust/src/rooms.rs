//! Rooms before one has a seat: found, watched, seats in them kept.

use std::time::Duration;

use greenroom_proto::{Cursor, Query, RoomEntry, RoomId, ToServer};

use crate::calls::{Answer, Asked};
use crate::client::{Client, noop, unfitting};
use crate::error::CallError;
use crate::update::{Join, bounded};

/// Rooms that were found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// In the order that was asked for.
    pub rooms: Vec<RoomEntry>,
    /// With this in the same query the next page begins; `None`: there is none.
    pub next: Option<Cursor>,
}

/// Seats that are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reservation {
    /// Where.
    pub room: RoomId,
    /// One for each seat, for [`Join::Reserved`]. A secret: whoever has it has the seat.
    pub codes: Vec<String>,
    /// For so long.
    pub expires_in: Duration,
}

/// Something that is watched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WatchId(pub(crate) u32);

impl Client {
    /// The rooms of which a query holds: one page. Rooms come and go between two pages, but none that
    /// stays as it is is left out or comes twice.
    ///
    /// ```
    /// # use greenroom_client::{CallError, Client, proto::*};
    /// # async fn find(client: &mut Client) -> Result<(), CallError> {
    /// let mut query = Query {
    ///     game: Text::cut("race"),
    ///     conditions: List::first([
    ///         Condition { fact: Fact::Key(Text::cut("map")), test: Test::Is("Monza".into()) },
    ///         Condition { fact: Fact::Free, test: Test::Between(1, i64::MAX) },
    ///     ]),
    ///     sort: Sort { by: Fact::Players, descending: true },
    ///     ..Query::default()
    /// };
    /// loop {
    ///     let page = client.find(&query).await?;
    ///     for room in &page.rooms {
    ///         println!("{} {}/{}", room.room, room.players, room.players_max);
    ///     }
    ///     query.cursor = page.next;
    ///     if query.cursor.is_none() {
    ///         break;
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn find(&mut self, query: &Query) -> Result<Page, CallError> {
        let query = query.clone();
        let message = |id| ToServer::Find { id, query };
        match self.ask_server(Asked::Find, message).await? {
            (_, Answer::Found(page)) => Ok(page),
            (_, other) => Err(unfitting(&other)),
        }
    }

    /// Watches the rooms of which a query holds, the first 50 in its order: [`crate::Update::Rooms`]
    /// brings all of them, and then what changes. It ends with [`Client::unwatch`] or the connection.
    /// A client that reads slowly gets one change to the present, never a queue.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use greenroom_client::{CallError, Client, Update, proto::*};
    /// # async fn watch(client: &mut Client) -> Result<(), CallError> {
    /// let query = Query { game: Text::cut("race"), ..Query::default() };
    /// let races = client.watch(&query).await?;
    /// let mut rooms = BTreeMap::new();
    /// loop {
    ///     match client.next().await {
    ///         Update::Rooms { watch, added, changed, removed } if watch == races => {
    ///             rooms.extend(added.into_iter().chain(changed).map(|room| (room.room, room)));
    ///             removed.iter().for_each(|room| drop(rooms.remove(room)));
    ///         }
    ///         Update::Closed(_) => break,
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn watch(&mut self, query: &Query) -> Result<WatchId, CallError> {
        let query = query.clone();
        let message = |id| ToServer::Watch { id, query };
        match self.ask_server(Asked::Watch, message).await? {
            (id, Answer::Watching) => Ok(WatchId(id)),
            (_, other) => Err(unfitting(&other)),
        }
    }

    /// Watches no more. An update may be under way.
    pub fn unwatch(&mut self, watch: WatchId) -> Result<(), CallError> {
        self.link.say(0, &ToServer::Unwatch { id: watch.0 }, &mut noop())
    }

    /// Has seats kept for a party, 1 to 16, for as long as the server is set to (15 s, if not said).
    /// The seats that this connection had kept before are given up.
    ///
    /// ```
    /// # use greenroom_client::{CallError, Client, Join};
    /// # async fn together(client: &mut Client) -> Result<(), CallError> {
    /// let room = Join::OpenOrCreate { game: "race", options: "" };
    /// let kept = client.reserve(room, 2).await?;
    /// println!("tell your friend: {}", kept.codes[1]);
    /// client.join(Join::Reserved(&kept.codes[0])).await?;
    /// # Ok(()) }
    /// ```
    pub async fn reserve(&mut self, to: Join<'_>, seats: u32) -> Result<Reservation, CallError> {
        let to = to.target()?;
        let message = |id| ToServer::Reserve { id, to, seats };
        match self.ask_server(Asked::Reserve, message).await? {
            (_, Answer::Reserved(reservation)) => Ok(reservation),
            (_, other) => Err(unfitting(&other)),
        }
    }

    /// Gives a seat up that was kept.
    pub fn unreserve(&mut self, code: &str) -> Result<(), CallError> {
        let code = bounded("code", code)?;
        self.link.say(0, &ToServer::Unreserve { code }, &mut noop())
    }
}
