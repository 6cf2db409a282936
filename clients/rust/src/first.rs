//! The seat on the first channel: all that most programs need.

use std::time::Duration;

use greenroom_proto::{Profile, Replicate, RoomId, Rows, Tick, Token};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::beside::Beside;
use crate::client::Client;
use crate::error::{CallError, OtherState};
use crate::inputs::Sent;
use crate::roster::Roster;
use crate::seat::{SeatInfo, Spectated};
use crate::update::{Join, RequestId, Update};

impl Client {
    pub(crate) fn first(&mut self) -> Beside<'_> {
        Beside { client: self, on: 0 }
    }

    /// Takes a seat. The first [`Update::Frame`] brings the room's state.
    ///
    /// When it is given up (by its deadline, or because the future is dropped) and the server
    /// gives the seat after all, the seat is given back at once.
    pub async fn join(&mut self, to: Join<'_>) -> Result<SeatInfo, CallError> {
        self.join_as(to, Profile::default()).await
    }

    /// The same as somebody with a name, see [`Profile::named`].
    pub async fn join_as(&mut self, to: Join<'_>, profile: Profile) -> Result<SeatInfo, CallError> {
        self.first().join_as(to, profile).await
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
        told: impl FnMut(u32),
    ) -> Result<SeatInfo, CallError> {
        self.first().wait_for_seat(room, profile, deadline, told).await
    }

    /// Looks on at a room without a seat, as a spectator: the state is what the game shows to those,
    /// and events are those for everybody. [`Client::leave`] ends it; a connection that breaks does,
    /// too: then connect and look on anew.
    ///
    /// ```no_run
    /// # use greenroom_client::{CallError, Client, Update};
    /// # use greenroom_client::proto::Replicate;
    /// # async fn watch<World: Replicate + std::fmt::Debug + 'static>(
    /// #     mut client: Client,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let rooms = client.list("ships").await?;
    /// let first = rooms.first().ok_or("nobody plays")?;
    /// let spectated = client.spectate(first.room).await?;
    /// println!("{} of {}, {:?} late", spectated.room, spectated.game, spectated.delay);
    /// loop {
    ///     match client.next().await {
    ///         Update::Frame { .. } => println!("{:?}", client.state::<World>()?),
    ///         Update::Ended { .. } | Update::Left | Update::Closed(_) => break,
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn spectate(&mut self, room: RoomId) -> Result<Spectated, CallError> {
        self.first().spectate(room).await
    }

    /// Where this client looks on, while it does.
    #[must_use]
    pub fn spectated(&self) -> Option<Spectated> {
        self.places[0].spectated()
    }

    /// Takes back a seat that this program had before it was started anew, with the
    /// [`Client::seat_token`] from then. The state comes whole; events are those from now on.
    /// Whoever else has the seat loses it: a connection of the same player.
    ///
    /// When it is given up before the server has answered, the connection is closed, and the token
    /// holds: connect again.
    pub async fn resume(&mut self, token: &Token) -> Result<SeatInfo, CallError> {
        self.first().resume(token).await
    }

    /// With this the same program, started anew, has its seat again: see [`Client::resume`]. It
    /// changes when the client comes back, so it is to be kept after each [`Update::Resumed`]. A
    /// secret: whoever has it has the seat.
    ///
    /// `None` without a seat, and where seats are not held.
    #[must_use]
    pub fn seat_token(&self) -> Option<&Token> {
        self.places[0].token()
    }

    /// Gives the seat up and waits until it is free, or looks on no more. While the connection is broken, this waits for
    /// it to be back.
    pub async fn leave(&mut self) -> Result<(), CallError> {
        self.first().leave().await
    }

    /// The seat, while there is one.
    #[must_use]
    pub fn seat(&self) -> Option<&SeatInfo> {
        self.places[0].info()
    }

    /// The people in the room, as far as the game tells: nobody where it does not, and without a seat.
    /// Kept up to date; [`Update::People`] says what has changed.
    ///
    /// ```no_run
    /// # use greenroom_client::{Client, PersonChange, Update};
    /// # async fn greet(mut client: Client) {
    /// while let Update::People(changes) = client.next().await {
    ///     for change in changes {
    ///         match change {
    ///             PersonChange::Joined(someone) => println!("{} is here", someone.profile.name),
    ///             PersonChange::Left(someone) => println!("{} has gone", someone.profile.name),
    ///             PersonChange::Dropped(player) | PersonChange::Resumed(player) => {
    ///                 println!("{:?}", client.roster().and_then(|roster| roster.get(player)));
    ///             }
    ///         }
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn roster(&self) -> Option<&Roster> {
        self.places[0].roster()
    }

    /// With this others come into the private room that the client has a seat in: 8 characters that
    /// can be read aloud. `None` in other rooms.
    #[must_use]
    pub fn room_code(&self) -> Option<&str> {
        self.places[0].room_code()
    }

    /// The state as of the last [`Update::Frame`], as the game's own type; also when the seat is
    /// over. `None` before the first frame and while the state is being sent anew.
    pub fn state<S: Replicate + 'static>(&self) -> Result<Option<S>, OtherState> {
        self.places[0].state()
    }

    /// The same as rows, with their tick, for a program that does not know the game's types.
    #[must_use]
    pub fn rows(&self) -> Option<(Tick, &Rows)> {
        self.places[0].rows()
    }

    /// Sends an input. Never waits: see [`Sent`] for what happens when the socket takes no more, or
    /// the connection is broken.
    pub fn input<I: Serialize>(&mut self, input: &I) -> Result<Sent, CallError> {
        self.first().input(input)
    }

    /// Sends an input for that tick: for a program that keeps a pace of its own, see [`crate::feel`].
    pub fn input_for<I: Serialize>(&mut self, tick: Tick, input: &I) -> Result<Sent, CallError> {
        self.first().input_for(tick, input)
    }

    /// Sends an input that the game's own code encoded.
    pub fn input_bytes(&mut self, input: &[u8]) -> Result<Sent, CallError> {
        self.first().input_bytes(input)
    }

    /// The [`Sent::ordinal`] of the newest input that the room has applied, as of the last frame.
    #[must_use]
    pub fn applied(&self) -> u32 {
        self.places[0].applied()
    }

    /// The tick that this input was for; `None` if none is applied yet.
    #[must_use]
    pub fn applied_tick(&self) -> Option<Tick> {
        self.places[0].applied_tick()
    }

    /// How many ticks before its own the newest input came, as of the last frame; below 0: late.
    #[must_use]
    pub fn input_slack(&self) -> i8 {
        self.places[0].input_slack()
    }

    /// Asks the room something and waits for the answer. Updates that come meanwhile are kept for
    /// [`Client::next`]. When the future is dropped, the answer is thrown away.
    pub async fn request<Q: Serialize, R: DeserializeOwned>(
        &mut self,
        request: &Q,
        deadline: Duration,
    ) -> Result<R, CallError> {
        self.first().request(request, deadline).await
    }

    /// Says something to the others in the room, where its game has a chat, and waits until it is said
    /// or refused. It is heard as [`Update::Chat`], here too. `scope` says to whom, in the terms of the
    /// game: 0 as it is usual.
    ///
    /// It is said once, also when the connection breaks meanwhile and comes back.
    ///
    /// ```no_run
    /// # use greenroom_client::{CallError, Client, Update, proto::Refusal};
    /// # async fn talk(mut client: Client) -> Result<(), CallError> {
    /// match client.chat(0, "gg").await {
    ///     Err(CallError::Refused { why: Refusal::Muted | Refusal::TooFast, text }) => {
    ///         println!("not now: {text}");
    ///     }
    ///     other => other?,
    /// }
    /// loop {
    ///     match client.next().await {
    ///         Update::Chat(line) => println!("{}: {}", line.name, line.text),
    ///         Update::Closed(_) => return Ok(()),
    ///         _ => {}
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn chat(&mut self, scope: u8, text: &str) -> Result<(), CallError> {
        self.first().chat(scope, text).await
    }

    /// Asks the room something without waiting: the answer, or what became of it, is an
    /// [`Update::Reply`].
    pub fn start<Q: Serialize>(
        &mut self,
        request: &Q,
        deadline: Duration,
    ) -> Result<RequestId, CallError> {
        self.first().start(request, deadline)
    }

    /// [`Client::start`] with a request that the game's own code encoded.
    pub fn start_bytes(
        &mut self,
        request: Vec<u8>,
        deadline: Duration,
    ) -> Result<RequestId, CallError> {
        self.first().start_bytes(request, deadline)
    }

    /// Waits for the next update. Cancel-safe: nothing is lost when the future is dropped. Those of
    /// [other channels](Client::beside) wait there meanwhile.
    pub async fn next(&mut self) -> Update {
        self.first().next().await
    }

    /// The next update if one is there, without waiting. For a loop that draws; it has to run
    /// inside of a tokio runtime of which another thread is awake.
    pub fn try_next(&mut self) -> Option<Update> {
        self.first().try_next()
    }
}
