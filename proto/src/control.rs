//! Control messages: everything but inputs and state frames.

use serde::{Deserialize, Serialize};

use crate::bounded::{Blob, List, Text};
use crate::chat::ChatText;
use crate::close::CloseCode;
use crate::id::{PlayerId, RoomId, Tick};
use crate::identity::{AuthToken, Profile};
use crate::rooms::{Cursor, JoinCode, NewRoom, PAGE_MAX, PARTY_MAX, Query, RoomEntry, SeatCode};
use crate::roster::Roster;

/// Bytes of a game's name.
pub const GAME_NAME_MAX: usize = 32;
/// Bytes of a room's options, as JSON text.
pub const OPTIONS_MAX: usize = 1024;
/// Bytes of one request, reply, event or input of a game.
pub const BODY_MAX: usize = 4096;
/// Bytes of a match result, as JSON text.
pub const RESULT_MAX: usize = 16 * 1024;
/// Bytes of what the operator says to players.
pub const NOTICE_MAX: usize = 1024;
/// Rooms in one listing.
pub const LISTING_MAX: usize = 100;
/// Schemas that a client may say it has.
pub const SCHEMAS_MAX: usize = 8;
/// Bytes of a resume token.
pub const TOKEN_MAX: usize = 64;

/// A game's name.
pub type GameName = Text<GAME_NAME_MAX>;
/// A room's options, a JSON object; empty means all defaults.
pub type OptionsText = Text<OPTIONS_MAX>;
/// What the operator says to players.
pub type NoticeText = Text<NOTICE_MAX>;
/// A request, reply, event or input as the game encoded it.
pub type Body = Blob<BODY_MAX>;
/// What a client needs to come back to its seat, as the server made it. A secret: whoever has it
/// has the seat.
pub type Token = Blob<TOKEN_MAX>;

/// What a client says, besides inputs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ToServer {
    /// The first message on every connection.
    Hello {
        /// [`crate::PROTOCOL_VERSION`].
        protocol: u16,
        /// Name and version of the client, for logs: `greenroom-client/0.1.0`.
        client: Text<64>,
        /// Who this is, if the server wants to know.
        token: Option<AuthToken>,
        /// Hashes of the schemas that the client already has: they are not sent again.
        schemas: List<u64, SCHEMAS_MAX>,
    },
    /// Get a seat. Answered by `Joined` or `Refused`.
    Join {
        /// Comes back in the answer.
        id: u32,
        /// Where.
        to: JoinTarget,
        /// Hash of the only schema that the client can read; `None`: it takes any.
        schema: Option<u64>,
        /// What the person says about themself.
        profile: Profile,
    },
    /// Give the seat up. Answered by `Left`.
    Leave,
    /// The open rooms of a game. Answered by `Rooms` or `Refused`.
    List {
        /// Comes back in the answer.
        id: u32,
        /// Which game.
        game: GameName,
    },
    /// Something that the room must answer, once: by `Reply` or `Refused`.
    Request {
        /// Comes back in the answer. Higher than that of any request before it in this seat, and
        /// than [`Joined::requests`]; one that is sent again keeps its own.
        id: u32,
        /// As the game encoded it.
        body: Body,
    },
    /// The state cannot be trusted any more (its hash differs): send a full one.
    Resync,
    /// Come back to a seat whose connection broke, or which another connection still seems to have:
    /// the newest wins. Answered by `Joined` or `Refused`, and until then the client says nothing
    /// else. A refusal costs neither token nor seat.
    Resume {
        /// Comes back in the answer.
        id: u32,
        /// Of the newest `Joined` of this seat that the client has got.
        token: Token,
        /// Higher in each attempt: milliseconds since 1970 by the client's clock, or one more than
        /// the last. Of two attempts with one token the later counts, whichever arrives first.
        attempt: u64,
        /// Tick of the state that the client holds, if it holds one that it trusts.
        tick: Option<Tick>,
        /// Number of the newest event that the client has; those after it are sent again. `None`:
        /// it knows nothing of the time before, and is told what happens from now on.
        events: Option<u32>,
        /// Hash of the only schema that the client can read; `None`: it takes any.
        schema: Option<u64>,
    },
    /// What has arrived, so that the server need not keep it for a `Resume`. Said when 64 events
    /// and replies, or 8 KiB of them, have come since the last time; otherwise a second after one
    /// has come; and at once after a `Joined` that answers a `Resume`.
    Ack {
        /// Number of the newest event that arrived; 0: none.
        events: u32,
        /// The client waits for no answer to a request of this id or a lower one; 0: it may.
        replies: u32,
    },
    /// The rooms of which something holds. Answered by `Found` or `Refused`.
    Find {
        /// Comes back in the answer.
        id: u32,
        /// Which rooms.
        query: Query,
    },
    /// The same, and from then on what changes in it. Answered by `Watched` or `Refused`.
    Watch {
        /// Comes back in all answers.
        id: u32,
        /// Which rooms. Without a cursor, and without a condition on the age, which changes by itself.
        query: Query,
    },
    /// No more answers to the `Watch` of this id. One may be under way.
    Unwatch {
        /// Of the `Watch`.
        id: u32,
    },
    /// Keep seats for a party, for the time that the server is set to. Answered by `Reserved` or
    /// `Refused`. A connection has one reservation at a time: the one before is given up.
    Reserve {
        /// Comes back in the answer.
        id: u32,
        /// Where, as in `Join`.
        to: JoinTarget,
        /// How many, 1 to [`PARTY_MAX`].
        seats: u32,
    },
    /// A reserved seat is not needed. Not answered.
    Unreserve {
        /// Its code.
        code: SeatCode,
    },
    /// Look on without a seat. Answered by `Spectating` or `Refused`.
    Spectate {
        /// Comes back in the answer.
        id: u32,
        /// Which room.
        room: RoomId,
        /// Hash of the only schema that the client can read; `None`: it takes any.
        schema: Option<u64>,
    },
    /// The client has got a `Moved`, and what it says from now on is for that seat. Said at once after
    /// each. Not answered.
    Arrived {
        /// Of the `Moved`.
        room: RoomId,
        /// Of the `Moved`.
        player: PlayerId,
    },
    /// Say something to the others in the room. Answered as a `Request` is: by a `Reply` without a body,
    /// or by `Refused`. It has its number among the requests, and is sent again like one.
    Chat {
        /// Comes back in the answer. See `Request`.
        id: u32,
        /// To whom, in the terms of the game: 0 as it is usual, 1 perhaps to the team.
        scope: u8,
        /// What.
        text: ChatText,
    },
}

/// Where a client wants a seat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum JoinTarget {
    /// A new room.
    Create {
        /// Which game.
        game: GameName,
        /// Its options.
        options: OptionsText,
    },
    /// Any open room of the game with these options; refused if there is none.
    Open {
        /// Which game.
        game: GameName,
        /// Its options.
        options: OptionsText,
    },
    /// Any open room of the game with these options, or else a new one.
    OpenOrCreate {
        /// Which game.
        game: GameName,
        /// Its options.
        options: OptionsText,
    },
    /// One room.
    Room(RoomId),
    /// A reserved seat.
    Reserved(SeatCode),
    /// A new room, with more to say about it than its options.
    New {
        /// Which game.
        game: GameName,
        /// What it is to be.
        room: NewRoom,
    },
    /// The first room with a free seat of which the query holds. Its limit and cursor count for
    /// nothing.
    Match {
        /// Which rooms.
        query: Query,
        /// If there is none, such a one is made; else the client is refused. Set the metadata that the
        /// query asks for, or nobody else who asks will find the room.
        or_create: Option<NewRoom>,
    },
    /// The private room with this code; lower case and `-` count for nothing.
    Code(Text<16>),
    /// One room; if it is full and its game has a waiting list, the client queues up: it is told its
    /// place (`Waiting`) until it gets the seat (`Joined`), or until it says `Leave` (`Left`).
    Wait(RoomId),
}

/// What the server says, besides state frames.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ToClient {
    /// The answer to `Hello`.
    Welcome {
        /// Name and version of the server.
        server: Text<64>,
        /// The games that it hosts.
        games: List<GameName, 256>,
        /// Messages that the client may send per second in the long run; twice as many at once.
        messages_per_sec: u32,
        /// Every so many milliseconds a client is pinged, and closed if it then says nothing at all
        /// for some time.
        ping_interval_ms: u32,
    },
    /// A seat was given, or given back. The state follows: whole, or as the change from the one
    /// that a `Resume` named.
    Joined(Joined),
    /// A request of any kind was not granted.
    Refused {
        /// Of the message that asked.
        id: u32,
        /// Why, for a program.
        why: Refusal,
        /// Why, for a person.
        text: Text<256>,
    },
    /// The room's answer to a request.
    Reply {
        /// Of the request.
        id: u32,
        /// As the game encoded it.
        body: Body,
    },
    /// A listing.
    Rooms {
        /// Of the message that asked.
        id: u32,
        /// The rooms, oldest first.
        rooms: List<RoomInfo, LISTING_MAX>,
    },
    /// The seat was given up.
    Left,
    /// The match is over and so is the seat.
    Ended {
        /// The result as a JSON text.
        result: Text<RESULT_MAX>,
    },
    /// The server is about to close this connection. Sent before the close frame, because a
    /// browser sees the frame's code and reason but not the window.
    Closing {
        /// Why.
        code: CloseCode,
        /// Connect again after a random time up to this, in milliseconds.
        retry_after_ms: u32,
    },
    /// The rooms that were asked for.
    Found {
        /// Of the message that asked.
        id: u32,
        /// In the order that was asked for.
        rooms: List<RoomEntry, PAGE_MAX>,
        /// With this in the same query the next page begins; `None`: there is none.
        next: Option<Cursor>,
    },
    /// What is watched, first all of it, then what has changed since the message before.
    Watched {
        /// Of the `Watch`.
        id: u32,
        /// Rooms that were not in it.
        added: List<RoomEntry, PAGE_MAX>,
        /// Rooms of which something has changed.
        changed: List<RoomEntry, PAGE_MAX>,
        /// Rooms that are not in it any more.
        removed: List<RoomId, PAGE_MAX>,
    },
    /// Seats are kept.
    Reserved {
        /// Of the message that asked.
        id: u32,
        /// Where.
        room: RoomId,
        /// One for each seat.
        codes: List<SeatCode, PARTY_MAX>,
        /// For so long.
        expires_ms: u32,
    },
    /// The room is full, and the client has this place in its waiting list.
    Waiting {
        /// Of the message that asked.
        id: u32,
        /// 1: the next.
        place: u32,
    },
    /// Said after the `Joined` of a private room: with this code others come in.
    RoomCode {
        /// Which room.
        room: RoomId,
        /// Its code.
        code: JoinCode,
    },
    /// Who runs the server has something to say to the player: to be shown. It is no part of the
    /// match, and not said again to who was away.
    Notice {
        /// What.
        text: NoticeText,
    },
    /// The client looks on from now on. The state follows, whole.
    Spectating(Spectating),
    /// Who is in the room, where the game tells: all of it after a `Joined`, then what changes.
    Roster(Roster),
    /// The seat on this channel is taken away, for a reason for which a connection without other
    /// channels is closed. The connection stays.
    Dismissed {
        /// Why, and by its class what to do next.
        code: CloseCode,
    },
    /// The game has moved the player to another room: this seat takes the place of the one before. The
    /// state follows, whole. Also answers a `Resume` of a seat that was moved while the client was
    /// away.
    Moved {
        /// The room of the seat before.
        from: RoomId,
        /// The new seat; `id` is that of the `Resume`, or 0.
        joined: Joined,
    },
    /// The client's account is kept out of this room from now on; `Left` follows.
    Banned {
        /// Which room.
        room: RoomId,
        /// For so long by the room's time, in milliseconds.
        for_ms: u64,
        /// For a person: how long, and why.
        text: Text<256>,
    },
}

/// A seat in a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Joined {
    /// Of the message that asked.
    pub id: u32,
    /// Where.
    pub room: RoomId,
    /// Which game.
    pub game: GameName,
    /// Who the client is there.
    pub player: PlayerId,
    /// The room's tick at the join.
    pub tick: Tick,
    /// Ticks per second; 0 in a room that steps on commands.
    pub tick_hz: u16,
    /// A frame is sent every so many ticks.
    pub send_every: u16,
    /// Ticks by which an input may be early; what is earlier still is taken for this tick.
    pub input_lead_ticks_max: u32,
    /// With this the client comes back to the seat when its connection breaks. Each `Joined` brings
    /// a new one; the one before holds until the client's next message on this connection.
    pub token: Token,
    /// For how long the seat is held without a connection, in milliseconds; 0: it is not, and there
    /// is no coming back.
    pub hold_ms: u32,
    /// Inputs of this seat that have arrived so far: the next one is counted after them.
    pub inputs: u32,
    /// Number of the last event before those that follow: 0 in a new seat, and what the client said
    /// in its `Resume`, if it said a number.
    pub events: u32,
    /// Id of the newest request of this seat that was taken; new ones are higher. One that the
    /// client has sent and got no answer to is to be sent again with the id that it has: it is
    /// done once, whether it arrived or not.
    pub requests: u32,
    /// Hash of the schema.
    pub schema_hash: u64,
    /// The schema as [`crate::wire::encode`] writes a [`crate::schema::Schema`], unless the
    /// client said in its `Hello` that it has it.
    pub schema: Option<Blob<{ 64 * 1024 }>>,
}

/// A place among those who look on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Spectating {
    /// Of the message that asked.
    pub id: u32,
    /// Where.
    pub room: RoomId,
    /// Which game.
    pub game: GameName,
    /// The tick of the frame that was shown last; 0: none was.
    pub tick: Tick,
    /// Ticks per second; 0 in a room that steps on commands.
    pub tick_hz: u16,
    /// A frame is sent every so many ticks, or less often.
    pub send_every: u16,
    /// How much later than the players spectators see everything, in milliseconds.
    pub delay_ms: u32,
    /// Number of the last event before those that follow.
    pub events: u32,
    /// Hash of the schema.
    pub schema_hash: u64,
    /// The schema, as in [`Joined::schema`].
    pub schema: Option<Blob<{ 64 * 1024 }>>,
}

/// A room in a listing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomInfo {
    /// Its id.
    pub room: RoomId,
    /// Seats taken.
    pub players: u32,
    /// Seats there are.
    pub players_max: u32,
    /// Its options, complete.
    pub options: OptionsText,
}

/// Why something was not granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Refusal {
    /// No game of this name.
    UnknownGame,
    /// No room of this id, or its match is over.
    UnknownRoom,
    /// The options are not what the game allows.
    BadOptions,
    /// No seat is free.
    RoomFull,
    /// The server hosts as many rooms as it may.
    ServerFull,
    /// The connection has a seat already.
    AlreadySeated,
    /// The connection has no seat.
    NoSeat,
    /// The game said no.
    Game,
    /// Too many requests wait already.
    Busy,
    /// The game failed while it handled this.
    Failed,
    /// The server is stopping.
    Stopping,
    /// The token is none of this server's, or was replaced by a newer one.
    BadToken,
    /// The seat was given up, or its room is over.
    SeatGone,
    /// Events that the client does not have are not kept any more: it can come back without them.
    TooFarBehind,
    /// The game's state has another schema than the client can read: update the client.
    OtherSchema,
    /// The client's role does not allow this.
    NotAllowed,
    /// The seat is another account's.
    OtherAccount,
    /// What the person says about themself is not in the form that it must have.
    BadProfile,
    /// The room takes nobody now.
    Locked,
    /// The query, or the room that was to be made, breaks a rule, which the text names.
    BadQuery,
    /// No seat is reserved by this code, or not any more; or no room has it.
    BadCode,
    /// There are as many rooms of the game as there may be.
    TooManyRooms,
    /// As many wait for a seat as may, or the game has no waiting list.
    WaitingFull,
    /// The game shows this room to nobody without a seat.
    NoSpectators,
    /// As many look on as may.
    AudienceFull,
    /// Who looks on has no say.
    Spectator,
    /// The game is not played beside another one on the same connection.
    NotBeside,
    /// The player was moved to another room before the request was answered. It may have been done.
    Moved,
    /// The account is kept out of this room; the text says for how long still.
    Banned,
    /// The account may not talk in this room; the text says for how long still.
    Muted,
    /// The chat takes so many lines in a time; the text says when it takes the next.
    TooFast,
    /// Nobody talks in this room.
    NoChat,
    /// There is nothing to be seen in the line, or it is longer than this room takes.
    BadText,
}
