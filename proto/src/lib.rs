//! # The protocol `greenroom.v1`
//!
//! Everything that a Greenroom client and server say to each other, complete enough to write a
//! client in another language from this page and the types it links to.
//!
//! ## Connection
//!
//! A WebSocket (RFC 6455) at the path `/ws`, over TLS 1.3 (`wss`), or without TLS (`ws`) on
//! loopback. The client names the subprotocol `greenroom.v1`. There are no extensions; messages of
//! the client may be fragmented, those of the server never are. All messages are binary; the first
//! byte says which kind:
//!
//! | byte | direction | what follows |
//! |---|---|---|
//! | `0x00` | both | a control message: [`ToServer`] or [`ToClient`] |
//! | `0x01` | to server | an input |
//! | `0x02` | to client | a state frame |
//! | `0x03` | to client | a state frame with events |
//! | `0x04` | both | the number of a channel, then a message of another kind: [several rooms at once](#several-rooms-at-once) |
//!
//! A message of a client has at most 4 KiB unless the server is configured otherwise, and a client
//! may send so many a second as `Welcome` says. A client that breaks a rule is closed with a
//! [`CloseCode`]; before the close frame the server sends `Closing`, because a program may need the
//! time after which to come back, and after the close frame nothing.
//!
//! ## Control messages
//!
//! bincode 2.0.1, `config::standard()`: numbers of more than one byte as varints (below 251 the
//! byte itself; 251, 252 or 253, then 2, 4 or 8 bytes, little endian; never more bytes than the
//! type has), `i` types zig-zag first; one-byte integers as they are; `bool` as 0 or 1; `Option` as
//! 0, or 1 and the value; text and bytes as a length (varint of 64 bits) and the bytes; lists as a
//! length and the values; structs as their fields in order, those of one field without a name
//! ([`RoomId`], [`PlayerId`], [`Tick`]) as that field; enums as the variant's number in order from
//! 0 (varint of 32 bits) and its fields. So a [`CloseCode`] is its place among
//! [`CloseCode::ALL`], not its code. Nothing may follow the value. Texts are UTF-8. Every length
//! has a bound, which the types name: [`Text`], [`Blob`], [`List`], [`Map`] (slot,
//! key and value of each entry, by key) and [`Grid`] (its cells, row by row).
//!
//! ```text
//! client                                  server
//!   Hello {protocol: 4, …}          ─▶
//!                                   ◀─    Welcome
//!   Join {id: 1, OpenOrCreate {…}}  ─▶
//!                                   ◀─    Joined {id: 1, room, player, schema, …}
//!                                   ◀─    state frame: the whole state
//!   input, input, …                 ─▶
//!                                   ◀─    state frame, state frame, …
//!   Request {id: 2, …}              ─▶
//!                                   ◀─    Reply {id: 2, …}  or  Refused {id: 2, why, text}
//!   Ack {…}                         ─▶    now and then
//!                                   ◀─    Ended {result}
//! ```
//!
//! - `Hello` comes first and once, within 5 s, and the client waits for `Welcome`, for which the
//!   server may have to ask somebody who it is: it takes 5 s at most. Ids are the client's own and
//!   come back in answers; those of a seat's requests ascend.
//! - A connection has at most one seat on each channel. After `Left` or `Ended` it has none and may join again; no
//!   state frame follows these until the next `Joined`. A `Leave` that crosses an `Ended` is
//!   answered by one more `Left`.
//! - A reply is sent before the state frame of the step that made it. Requests that were taken are
//!   answered in the order of their ids; one that is refused at once may overtake them.
//! - `Notice` may come at any time while the client has a seat: the operator says something to the
//!   player, outside of the match. It is shown, and not answered.
//! - A client that can read one schema only says so in `Join` and `Resume`, and is refused
//!   (`OtherSchema`) where the state has another.
//! - Options and results are JSON texts; inputs, requests, replies and events are the game's own
//!   bytes (in Rust games: serde types, encoded as control messages are). What they look like
//!   ([`Shape`]) is what `greenroom schema` prints, and what a server answers over HTTP at
//!   `/schema/NAME`, NAME being the game's.
//!
//! ## Several rooms at once
//!
//! A client may be in a match and in a party, or a chat, over one connection. What it says as above is
//! said on the first channel. There are three more ([`frame::CHANNELS_MAX`]), with a place each: a
//! message on one of them is `0x04`, the channel's number (1 to 3), and then the message as it would
//! be on the first, in both directions.
//!
//! ```text
//! client                                  server
//!   Join {id: 1, arena}             ─▶
//!                                   ◀─    Joined {id: 1, …}, state frames, …
//!   0x04 1 Join {id: 2, party}      ─▶
//!                                   ◀─    0x04 1 Joined {id: 2, …}, 0x04 1 state frames, …
//!   0x04 1 Leave                    ─▶
//!                                   ◀─    0x04 1 Left
//! ```
//!
//! - On these channels go `Join`, `Leave`, `Request`, `Chat`, `Resync`, `Resume`, `Ack`, `Arrived`,
//!   `Spectate` and inputs, with their answers; everything else is said on the first. Each seat has its
//!   own token: on a new connection each is resumed by itself, on any channel. They may be asked for
//!   together; what comes for one that is back may come before the answer for another.
//! - A game says whether it is played beside others. At most one of the places that a connection has is
//!   in a game that does not (`NotBeside`).
//! - Where a seat's end would close the connection (kicked, replaced by another connection, the room
//!   failed), a client that has used another channel than the first gets `Dismissed` with the code
//!   on the seat's channel instead, and the connection goes on.
//! - Limits of messages are those of the connection.
//!
//! ## Who a client is
//!
//! The server finds out from the token in `Hello` (a secret, which is nowhere else: not in the URL)
//! which account this is and what its role allows. A server for development takes none: everybody
//! is a guest then, with an account that lasts as long as the connection.
//!
//! | what | close code | what a client does |
//! |---|---|---|
//! | the token is missing, wrong or expired | 4004 | asks its backend for another |
//! | who it is could not be found out in time | 4105 | comes back after a back-off |
//! | the account has connected from elsewhere | 4009 | shows that, and does not come back |
//! | the account has as many connections as it may | 4106 | comes back after a back-off |
//!
//! A client that comes back says `Hello` like any other: its token has to hold then, too. A `Resume`
//! is for the account that has the seat (`OtherAccount` for others); a guest has a seat by its
//! resume token alone. A spectator takes no seat (`NotAllowed`), but may look on and ask for lists.
//!
//! `Join` says what the person is to be called ([`Profile`]): the server cleans the name, and the
//! game may change or refuse it (`Game`). Its data are a JSON object or empty (`BadProfile`).
//!
//! ## Finding rooms
//!
//! `List` gives the first 100 open rooms of a game, oldest first. [`Query`] asks for more: up to 8
//! conditions, all of which are to hold, an order, a page. They are about seats taken, seats free, age,
//! and what a room says of itself: up to 16 entries of metadata, half of them set by its creator
//! ([`NewRoom`]), half by its game, which counts where both have a key.
//!
//! ```text
//! client                                  server
//!   Find {id: 1, query}             ─▶
//!                                   ◀─    Found {id: 1, rooms, next: Some(cursor)}
//!   Find {id: 2, query + cursor}    ─▶
//!                                   ◀─    Found {id: 2, rooms, next: None}
//!   Watch {id: 3, query}            ─▶
//!                                   ◀─    Watched {id: 3, added: [all there are], …}
//!                                   ◀─    Watched {id: 3, added, changed, removed}   when there is something
//!   Unwatch {id: 3}                 ─▶
//! ```
//!
//! - A cursor names a place in the order and not a number of rooms: a room that stays as it is is on
//!   exactly one page, whatever comes and goes. It holds for the query that it came with.
//! - A watch covers the first rooms of its query, as many as its limit. Each `Watched` is the change
//!   from the one before to now; a client that reads slowly gets fewer and loses nothing. They come in
//!   no order: a client that wants one sorts by the query's. `age_secs` is as of the room's last
//!   change. A connection watches 4 queries at most. Watches end with the connection, seats do not
//!   matter to them.
//! - `Find`, `Watch` and a join by `Match` are refused (`Busy`) when they come too often: 5 a second,
//!   if the server is not set otherwise, 20 at once. A query that makes no sense is refused (`BadQuery`).
//! - `Match` joins the first room in the order of a query that has a free seat, or makes one. Who asks
//!   the same at the same moment ends in the same room, if the new room's metadata is what the query
//!   asks for.
//! - A room that is `Unlisted` is in no answer and is joined by its id; one that is `Private` is joined
//!   by its code ([`JoinTarget::Code`]) or a kept seat only. Each `Joined` of a private room is followed
//!   by `RoomCode`. Wrong codes are counted by address: past 30, and then one a second, codes are
//!   refused (`Busy`).
//! - A room that its game has locked refuses newcomers (`Locked`), but not those with a kept seat.
//!
//! ## Seats that are kept or waited for
//!
//! `Reserve` keeps 1 to 16 seats in one room and answers with a code for each: friends join by
//! [`JoinTarget::Reserved`]. A code takes one seat, once; whoever has it has the seat. When its time is
//! over (`expires_ms`), by `Unreserve`, by the next `Reserve` of this connection, and when the process
//! ends, the seat is free again, and the code refused (`BadCode`). A matchmaker beside the server makes
//! the same codes.
//!
//! [`JoinTarget::Wait`] takes a seat in one room, or queues up for one where the room is full and its
//! game has a waiting list:
//!
//! ```text
//! client                                  server
//!   Join {id: 4, to: Wait(room)}    ─▶
//!                                   ◀─    Waiting {id: 4, place: 2}
//!                                   ◀─    Waiting {id: 4, place: 1}    somebody went
//!                                   ◀─    Joined {id: 4, …}            a seat is free
//! ```
//!
//! It is first come, first served, and nobody who comes later gets a seat before. `Leave` goes out of
//! the list and is answered by `Left`; so does the end of the connection. A list that is full refuses
//! (`WaitingFull`), a match that ends meanwhile too (`UnknownRoom`).
//!
//! ## Who else is here
//!
//! Where the game tells, everybody with a seat hears of everybody else by [`Roster`]: all of it (with
//! `anew`) after each `Joined`, also one that answers a `Resume`, and then what changes, before the
//! frame of the step in which it did. Those in a row up to one without `more` are one change. A
//! client keeps the people by their player ids; one who is named again takes the place of the entry
//! before. A client that was skipped because its socket took no more gets all of it anew. The number
//! of those who look on is brought up to date with other changes, or once a second.
//!
//! ## Being moved to another room
//!
//! A game sends its players to other rooms: from a lobby to a match and back. Such a client is told once,
//! and from then on has another seat, as if it had joined there:
//!
//! ```text
//! client                                  server
//!                                   ◀─    state frame of the lobby
//!   input, Request {id: 7, …}       ─▶          (they cross: the input is nothing)
//!                                   ◀─    Moved {from: the lobby, joined: {room, player, token, schema, …}}
//!                                   ◀─    Refused {id: 7, why: Moved}
//!                                   ◀─    state frame of the match: the whole state
//!   Arrived {room, player}          ─▶
//!   input, …                        ─▶          for the match from here on
//! ```
//!
//! - Nothing of the room before follows `Moved`, none of its events either that were not sent yet. The
//!   state comes whole, events count from 1, inputs and acknowledged events anew; requests have higher ids
//!   than [`Joined::requests`], as ever. `RoomCode` and `Roster` follow as after a `Joined`.
//! - `Arrived` is said at once after each `Moved`, with its room and player. Until it comes, the server
//!   takes what the client says for what it said to the room before: inputs and `Ack`s are nothing,
//!   requests are refused (`Moved`).
//! - Requests that the room before has not answered are not answered any more. Those that it had got are
//!   refused (`Moved`) before the `Moved`, unless that answers a `Resume`; a client takes each `Moved`
//!   as the end of all of them.
//! - A client that could read one schema only is not moved to a room with another.
//! - A `Leave` that crosses a `Moved` gives up the new seat.
//! - **Coming back.** A `Moved` may be lost with its connection, and who is away is moved, too. So the token
//!   of the seat before, and of any before that, leads to the newest seat until the client has shown
//!   that it knows of it. Such a `Resume` is answered by `Moved` with the id of the question, and its `from` is
//!   the room of the token.
//!
//! ## Looking on
//!
//! ```text
//! client                                  server
//!   Spectate {id: 1, room, …}       ─▶
//!                                   ◀─    Spectating {id: 1, delay_ms, events: 41, schema, …}
//!                                   ◀─    state frame: the whole state
//!                                   ◀─    state frame, state frame with event 42, …
//!   Leave                           ─▶
//!                                   ◀─    Left
//! ```
//!
//! Whoever looks on has no seat: neither player nor token, and no say. Requests and inputs are
//! refused (`Spectator`; inputs with id 0), and the connection can have either a seat or a place
//! among those who look on (`AlreadySeated`). State frames are those of a seat, with zeros in their
//! head; they hold what the game shows to everybody, [`Spectating::delay_ms`] later than players see
//! it. Events are those for everybody; their numbers go on from [`Spectating::events`]. `Resync`,
//! `Ended` and `Left` are as in a seat; nothing is acknowledged. A client whose connection broke
//! looks on anew.
//!
//! Refused are those whom the game (`NoSpectators`) or the number of others (`AudienceFull`) keeps
//! out. A private room is shown to nobody without a seat (`UnknownRoom`).
//!
//! ## Banned
//!
//! `Banned`, and then `Left`, says that the client's account was banned from the room in which it had a
//! seat or looked on. For so long by the room's time the account gets no seat there, whatever the `Join`
//! says, and does not look on; it is refused (`Banned`), and the text says for how long still. Where any
//! room will do it is led to another.
//!
//! ## Talking
//!
//! Where the game has a chat, `Chat` says a line to the others with a seat, and to those who look on
//! if the game lets them hear it. What is heard comes as [`RoomEvent::Chat`] among the events of a frame:
//! numbered with them, so that a line is neither missed nor heard twice, whatever breaks. The speaker
//! hears it, too. Lines from before the client came are the first events of its seat;
//! [`ChatLine::at`] says when they were said. A client leaves out a room's event that it does not know.
//!
//! ```text
//! client                                  server
//!   Chat {id: 7, scope: 0, text}    ─▶
//!                                   ◀─    Reply {id: 7, body: []}  or  Refused {id: 7, why, text}
//!                                   ◀─    state frame with event 12: Chat {from, name, …}
//! ```
//!
//! A line is cleaned as names are. Refused are one that is empty or too long (`BadText`), the one after
//! too many (`TooFast`), those of somebody who is muted (`Muted`), what the game does not let through
//! (`Game`), those of who looks on (`Spectator`), and all where there is no chat (`NoChat`).
//!
//! ## Inputs
//!
//! `0x01`, then the low 16 bits (little endian) of the tick that the input is for, then the game's
//! bytes. The server takes it for the tick with these bits that is nearest to its own. An input
//! that comes late is for the next tick; one that is too early (more than
//! `Joined::input_lead_ticks_max`) is taken as that much early. Of two for one tick the newer
//! counts. See [`frame::write_input`].
//!
//! ## State frames
//!
//! ```text
//! u8      0x02, or 0x03 if events follow the head
//! u16     inputs applied: how many of this seat's inputs, in the order in which they arrived, up
//!         to and with the newest that the room has applied (low 16 bits, little endian)
//! i8      slack: how many ticks before its own the newest input came; below 0: late
//! events  (0x03 only) varint count, at most 4,096; then for each, oldest first:
//!           varint number (counts up from 1 in a seat), varint ticks before this frame's,
//!           varint length, at most 4,096, the game's bytes; of an event that is the room's own
//!           8,192 is added to the length, and the bytes are a `RoomEvent`
//! u8      flags: 1 = the whole state, 2 = a hash follows, 4 = the change from an older frame;
//!         never 1 and 4 together, never another
//! tick    u32, little endian, of a whole state; else u16, its low 16 bits: of the ticks that have
//!         them the one from 32,768 before the tick of the last frame (or of `Joined`, where that
//!         came later) to 32,767 after it
//! varint  (flag 4 only) ticks since the base
//! u32     (flag 2 only) state hash after this frame, little endian
//! state   see [`codec`]; all the rest
//! ```
//!
//! These varints are LEB128: seven bits a byte, lowest first, the top bit set on all but the last;
//! at most 32 bits in five bytes.
//!
//! Without flag 1 or 4 the state is a *step* from the frame before. With flag 4 it is a *change*
//! from the frame that the client applied last, whose tick is this one's less the ticks since the
//! base: the frames between were never sent to it. The order in which TCP delivers is the order of
//! bases: a client never acknowledges a frame, and a server never sends a change from a state that
//! it did not hand over before.
//!
//! A client whose hash differs from the frame's, or which cannot apply a frame, sends `Resync` and
//! leaves out states until it gets the whole one; heads and events hold all the same.
//!
//! ## State
//!
//! A [`Schema`] lists tables; a row of a table has so many lanes, `i32` each, and so many texts.
//! Table 0 holds the state's single values in one row at slot 0 with generation 0. A row is named
//! by its table, its slot and its generation, which tells apart those that use one slot after
//! another. How rows come, go and change is written down in [`codec`].
//!
//! A schema is encoded as control messages are; its hash is FNV-1a (64 bits) over the bytes. A
//! client need not take one that breaks a rule:
//!
//! - The first table, and only it, is `Single`; it is not `restricted`.
//! - `of` is the number of an earlier table, whose rows are not `Cells`, and which is not
//!   `restricted` unless this one is.
//! - A table has so many slots: `Single` 1, `Entities` 65,536, others `each` times those of their
//!   owner's table: at least 1, at most 2²⁴.
//! - A row has at most 64 groups of lanes and texts together. A group has at most 4 lanes.
//!   `joined` says nothing of a row's first lane. Cells have at least a lane or a text, unless
//!   there is only one.
//! - Lanes that wrap (`Angle`, 1 to 24 bits) are grouped with such of as many bits only.
//! - A `Quat` (4 to 15 bits) is the first of a group of four, the others are `QuatPart`s of as many
//!   bits, which are nowhere else. It goes on as it went, whatever its `predict` says.
//! - `near` names lanes of a `restricted` table of `Entities`.
//!
//! A lane is any `i32`, whatever its kind: a client must bear a variant that has no name (it reads
//! it as the first). [`schema::LaneKind`] says how it reads as a value. Names tell how values
//! nest:
//!
//! - A lane called `a.b` is part `b` of the value `a`; parts 0, 1, 2 … are those of an array. In a
//!   table of which each row is one value, that value has the empty name.
//! - An `Option` is a `Some` lane and then the lanes and texts of its value, under the same name.
//! - An enumeration is a `Variant` lane; the data of variant `V` of the value `a` are called `a.V`
//!   (one without a name), `a.V.0`, `a.V.1` (several) or `a.V.name`.
//! - `Low` and `High` have one name. A quaternion `a` has lanes called `a`, `a.a`, `a.b`, `a.c`.
//! - A table whose rows another owns is called by the owner's name, a dot and the field's. The rows
//!   of a map have a `key` and a `value`. A field that not all may see is an `Owned` table with one
//!   slot, `restricted`, whose lanes and texts have the field's name.
//!
//! The state hash is the wrapping 32-bit sum over all rows of `h ^ h >> 15` (logical shift), where
//!
//! ```text
//! mix(h, w) = rotate_left((h ^ w) * 0x9e3779b1, 13)        32 bits, wrapping
//! h = 0x811c9dc5
//! h = mix(h, lane)                 for each lane in order
//! h = mix(h, length), then         for each text in order: its bytes' number,
//!     h = mix(h, byte)             then each byte
//! h = mix(h, table << 24 ^ slot)
//! h = mix(h, generation)
//! ```
//!
//! The rows of `Single` and `Cells` count too. Slot and generation are those of the frames that the
//! client got.
//!
//! `proto/vectors` in the repository holds messages, schemas and frames with all that they say, as
//! JSON: a decoder that reads them all is right.
//!
//! ## Coming back
//!
//! A connection that ends without the client's having closed it with 1000 keeps its seat for
//! [`Joined::hold_ms`]: the room goes on, and what happens in it waits for the client, within
//! bounds. A client that wants to end closes with 1000, which gives the seat up like `Leave`.
//!
//! ```text
//! client                                  server
//!   Hello {…}                       ─▶
//!                                   ◀─    Welcome
//!   Resume {id, token, tick: Some(731), events: Some(17), …}  ─▶
//!                                   ◀─    Joined {id, token, inputs: 902, events: 17, requests: 5, …}
//!   Ack {events: 17, replies: 3}    ─▶
//!   Request {id: 4, …}, Request {id: 5, …}, Request {id: 6, …}, newest input  ─▶
//!                                   ◀─    Reply {id: 4, …}, Reply {id: 5, …}, Reply {id: 6, …}
//!                                   ◀─    state frame: events 18, 19, …; change from tick 731
//! ```
//!
//! **The token** is opaque and a secret: whoever has it has the seat. Each `Joined` brings a new
//! one, also one that answers a `Resume`. The one before holds until the server gets the next
//! message on the connection that was sent the new one, because that `Joined` may be lost. So the
//! client always uses the newest that it has got, says nothing between `Resume` and its answer, and
//! says `Ack` at once after it. A program that is started anew and kept the token comes back with
//! `events: None` and `tick: None`.
//!
//! **The newest connection has the seat.** A client may come back before the server knows that the
//! connection before broke. That one is then closed with 4008, after which a client does not come
//! back: it would take the seat from the one that has it. A connection that has a seat already is
//! refused with `AlreadySeated`.
//!
//! **What is sent again:**
//!
//! | what | by whom | how |
//! |---|---|---|
//! | events | server | those after `Resume::events`, in order, with the first frames. `Joined::events` is the number that the client said; it sees neither gap nor repeat. |
//! | requests | client | all that it waits for, in the order of their ids, each with its own, before new ones. The server does each once, and answers once more what it has done already. |
//! | replies | server | by that alone. A request below `Joined::requests` that the server was too busy to take is refused once more. |
//! | inputs | client | the newest only, which becomes number `Joined::inputs + 1`. Those under way when the connection broke may be lost. |
//! | state | server | the change from `Resume::tick` (flag 4), or the whole state. |
//!
//! **The schema may be another** than before: the server was replaced by a new version, which has
//! taken the match over. `Joined` says so, and brings it unless the client named it in its `Hello`;
//! the state comes whole. A client that can read the old one only is refused (`OtherSchema`).
//!
//! **`Ack`** lets the server forget events and replies. A client counts what arrives (not what the
//! game has taken) and says `Ack` once 64 events and replies, or 8 KiB of their bodies, have come
//! since the last, and otherwise a second after the first of them came. So it is never more than
//! one a second in a quiet game. Where the seat is not held (`hold_ms` is 0) none is needed. A
//! client that never says it is closed (4101) or cannot come back (`TooFarBehind`) once too much
//! waits.
//!
//! **When it is refused**, by [`Refusal`]:
//!
//! | why | what a client does |
//! |---|---|
//! | `TooFarBehind` | asks again at once with `events: None`, and tells the program that it missed some |
//! | `Failed`, `Busy`, `Stopping` | breaks the connection and tries again after a back-off, while the seat is held |
//! | `SeatGone` | it is over; where the match ended meanwhile, `Ended` with its result came before; may join another room on this connection |
//! | `BadToken` | the same; another connection has come back since, or the server forgot |
//! | `OtherSchema` | the same: the program has to be updated |
//! | `OtherAccount`, `NotAllowed` | the same: this is not the account that has the seat, or it may have none |
//! | others | it is over |
//!
//! ## Closing
//!
//! | codes | what a client does |
//! |---|---|
//! | 4000–4099, 1000, and the protocol errors 1002, 1003, 1007, 1009 | does not come back: shows the reason |
//! | 4100–4199, 1001, 1005, 1006, 1011–1014 | comes back after a back-off |
//! | 4200–4299 | comes back at once |
//!
//! The window of `Closing` spreads the clients of a server that stops: each comes back after a time
//! at random up to it. (Greenroom's is 100 ms and 2 ms for each client, 20 s at most.) A back-off is a time at random (from 0: full jitter) up to a bound that
//! doubles with each attempt from 250 ms to 1 s, and to 10 s once the connection has been gone for
//! 30 s; where there is a window too, up to the larger of both. Only the first attempt is made at
//! once, and connections that last less than 5 s count as attempts. A client without a seat connects
//! in the same way, and joins.
//!
//! [`CloseCode`] lists them all.

mod bounded;
mod chat;
mod close;
pub mod codec;
mod control;
pub mod frame;
mod grid;
mod id;
mod identity;
pub mod layout;
mod map;
pub mod message;
pub mod recording;
mod replicate;
mod rooms;
mod roster;
mod rows;
pub mod schema;
mod seen;
mod size;
mod table;
pub mod wire;

pub use bounded::{Blob, Full, List, Text, TooLong};
pub use chat::{CHAT_BYTES_MAX, ChatLine, ChatText, RoomEvent};
pub use close::{CloseCode, Then};
pub use codec::bits::BadState;
pub use control::{
    BODY_MAX, Body, GAME_NAME_MAX, GameName, JoinTarget, Joined, LISTING_MAX, NOTICE_MAX,
    NoticeText, OPTIONS_MAX, OptionsText, RESULT_MAX, Refusal, RoomInfo, SCHEMAS_MAX, Spectating,
    TOKEN_MAX, ToClient, ToServer, Token,
};
pub use frame::{Event, EventKind, Frame, HashCheck, Head, Replica};
pub use greenroom_derive::{Message, Replicate};
pub use grid::Grid;
pub use id::{NotARoomId, PlayerId, RoomId, Tick};
pub use identity::{AUTH_TOKEN_MAX, AuthToken, NAME_MAX, PROFILE_DATA_MAX, Profile};
pub use layout::Layout;
pub use map::Map;
pub use message::{Message, Shape};
pub use replicate::{
    Describe, Publish, Recover, Replicate, Sync, Takes, layout_of, publish, quat, recover,
    schema_of,
};
pub use rooms::{
    CONDITIONS_MAX, Condition, Cursor, Fact, JoinCode, METADATA_HALF_MAX, METADATA_MAX, MetaEntry,
    MetaKey, MetaText, MetaValue, NewRoom, ONE_OF_MAX, PAGE_MAX, PARTY_MAX, Query, RoomEntry,
    SeatCode, Sort, Test, Visibility,
};
pub use roster::{ACCOUNT_MAX, ROSTER_MAX, Roster, Someone};
pub use rows::{ROWS_BYTES_MAX, Rows, TableRows};
pub use schema::Schema;
pub use seen::{Eye, Seen, Sight, Teams};
pub use size::{Part, Sizes, TooLarge};
pub use table::{ENTITIES_MAX, EntityId, Table};
pub use wire::Malformed;

/// The WebSocket subprotocol that both ends must name.
pub const SUBPROTOCOL: &str = "greenroom.v1";
/// The version in `Hello`. A change of format raises it in the same commit.
pub const PROTOCOL_VERSION: u16 = 4;
