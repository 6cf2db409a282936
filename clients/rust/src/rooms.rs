//! Rooms before one has a seat: found, watched, seats in them kept or waited for.

use std::future::poll_fn;
use std::task::{Poll, ready};
use std::time::Duration;

use greenroom_proto::{Cursor, JoinTarget, Profile, Query, RoomEntry, RoomId, ToServer};

use crate::calls::{Answer, Asked};
use crate::client::{Client, noop, unfitting};
use crate::error::CallError;
use crate::seat::SeatInfo;
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
        match self.call(Asked::Find, self.connect.call_deadline, message).await? {
            Answer::Found(page) => Ok(page),
            other => Err(unfitting(&other)),
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
        let deadline = self.connect.call_deadline;
        let (id, answer) = self.call_numbered(Asked::Watch, deadline, message).await?;
        match answer {
            Answer::Watching => Ok(WatchId(id)),
            other => Err(unfitting(&other)),
        }
    }

    /// Watches no more. An update may be under way.
    pub fn unwatch(&mut self, watch: WatchId) -> Result<(), CallError> {
        self.say(&ToServer::Unwatch { id: watch.0 }, &mut noop())
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
        match self.call(Asked::Reserve, self.connect.call_deadline, message).await? {
            Answer::Reserved(reservation) => Ok(reservation),
            other => Err(unfitting(&other)),
        }
    }

    /// Gives a seat up that was kept.
    pub fn unreserve(&mut self, code: &str) -> Result<(), CallError> {
        let code = bounded("code", code)?;
        self.say(&ToServer::Unreserve { code }, &mut noop())
    }

    /// Takes a seat in this room as [`Client::join_as`] does, and waits for one if it is full and its game has a waiting list.
    /// `told` gets the client's place whenever it changes; 1 is the next. When the time is over, or
    /// the future is dropped, the client is out of the list.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use greenroom_client::{CallError, Client, proto::{Profile, RoomId}};
    /// # async fn wait(client: &mut Client, room: RoomId) -> Result<(), Box<dyn std::error::Error>> {
    /// let told = |place| println!("{} before you", place - 1);
    /// let ada = Profile::named("Ada")?;
    /// let seat = client.wait_for_seat(room, ada, Duration::from_secs(300), told).await?;
    /// # Ok(()) }
    /// ```
    pub async fn wait_for_seat(
        &mut self,
        room: RoomId,
        profile: Profile,
        deadline: Duration,
        mut told: impl FnMut(u32),
    ) -> Result<SeatInfo, CallError> {
        if self.seated {
            return Err(CallError::AlreadySeated);
        }
        self.abandon();
        let (to, schema) = (JoinTarget::Wait(room), self.connect.only_schema);
        let message = |id| ToServer::Join { id, to, schema, profile };
        self.awaited = Some(self.ask(Asked::Join, deadline, message)?);
        let mut last = None;
        let answer = poll_fn(|cx| {
            loop {
                let place = self.queued.map(|(_, place)| place);
                if place != last {
                    last = place;
                    last.into_iter().for_each(&mut told);
                }
                if let Some(answer) = self.answer.take() {
                    self.awaited = None;
                    return Poll::Ready(answer);
                }
                if let Some(closed) = &self.closed {
                    return Poll::Ready(Err(closed.clone().into()));
                }
                ready!(self.poll_turn(cx));
            }
        })
        .await;
        // Out of the list, if it is still in it.
        self.abandon();
        match (answer?, &self.seat) {
            (Answer::Joined, Some(seat)) => Ok(seat.info.clone()),
            (other, _) => Err(unfitting(&other)),
        }
    }

    /// With this others come into the private room that the client has a seat in: 8 characters that
    /// can be read aloud. `None` in other rooms.
    #[must_use]
    pub fn room_code(&self) -> Option<&str> {
        self.seat.as_ref().filter(|_| self.seated)?.code.as_deref()
    }
}
