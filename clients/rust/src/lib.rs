//! The Rust client of Greenroom: connect over wss, take a seat in a room, send inputs and
//! requests, hold a copy of the room's state.
//!
//! ```no_run
//! use std::time::Duration;
//! use greenroom_client::{Client, Connect, Join, Trust, Update};
//! use greenroom_proto::{Replicate, Table};
//! use serde::{Deserialize, Serialize};
//!
//! // The game's own types, shared with the server.
//! #[derive(Replicate)]
//! # #[sync(crate = "greenroom_proto")]
//! struct World { round: u32, ships: Table<Ship> }
//! #[derive(Replicate, Clone)]
//! # #[sync(crate = "greenroom_proto")]
//! struct Ship { #[sync(step = 0.25)] x: f32, lives: u8 }
//! #[derive(Serialize)]
//! struct Steer { left: bool }
//! #[derive(Serialize)]
//! enum Ask { Buy { item: u8 } }
//! #[derive(Deserialize, Debug)]
//! enum Answer { Bought, TooExpensive }
//! #[derive(Deserialize, Debug)]
//! enum Happened { Goal }
//!
//! # async fn play() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = Client::connect(Connect {
//!     trust: Trust::CaFile("certs/ca.pem".into()),
//!     ..Connect::to("wss://127.0.0.1:8443").expects::<World>()
//! })
//! .await?;
//! let joined = client.join(Join::OpenOrCreate { game: "ships", options: "" }).await?;
//! println!("{} in room {}", joined.player, joined.room);
//!
//! let answer: Answer = client.request(&Ask::Buy { item: 7 }, Duration::from_secs(2)).await?;
//! println!("{answer:?}");
//! loop {
//!     match client.next().await {
//!         Update::Frame { .. } => {
//!             if let Some(world) = client.state::<World>()? {
//!                 client.input(&Steer { left: world.round % 2 == 0 })?;
//!             }
//!         }
//!         Update::Event(event) => println!("{:?}", event.decode::<Happened>()?),
//!         Update::Rooms { .. } => {} // of what is watched, see `Client::watch`
//!         Update::Reply { .. } => {} // of requests that were started with `Client::start`
//!         Update::Ended { result } => { println!("{result}"); break }
//!         Update::Left => break,
//!         Update::Dismissed(lost) => { println!("{lost}"); break } // see "Several rooms at once"
//!         Update::Moved { seat, .. } => println!("now in {}", seat.room), // by the game
//!         Update::Notice { text } => println!("{text}"), // from who runs the server
//!         Update::Chat(said) => println!("{}: {}", said.name, said.text),
//!         Update::Banned { text, .. } => println!("{text}"), // and then `Left`
//!         Update::Broken { why, .. } => println!("{}: trying to come back", why.reason),
//!         Update::People(changes) => println!("{changes:?}"), // see `Client::roster`
//!         Update::Resumed { after, .. } => println!("back after {after:?}"),
//!         Update::Closed(closed) => return Err(closed.into()),
//!     }
//! }
//! client.close().await;
//! # Ok(()) }
//! ```
//!
//! # Who drives the socket
//!
//! The caller does: bytes move while [`Client::next`] (or another method that waits) is being
//! awaited, and there is no task behind the scenes. So
//!
//! - nothing queues between the socket and the game. A game that stalls lets TCP fill up, the
//!   server notices and sends one change from the last frame to now: the way it treats every slow
//!   client, and the one that costs neither side memory;
//! - the state is borrowed, not locked, and it is the state of the update handed out last;
//! - a thousand clients cost a thousand sockets and no more.
//!
//! The price: await [`Client::next`] whenever there is nothing else to do, or call
//! [`Client::try_next`] once per drawn frame. A client that does neither for long does not answer
//! pings and is closed. `next` is cancel-safe, so it may stand in a `select!` beside a timer.
//!
//! # Who this is
//!
//! is said by [`Connect::token`], where the server wants to know; what the person is called, by
//! [`Client::join_as`]:
//!
//! ```no_run
//! # use greenroom_client::{Client, Connect, Join, proto::Profile};
//! # async fn play(token: String) -> Result<(), Box<dyn std::error::Error>> {
//! let connect = Connect { token: Some(token), ..Connect::to("wss://127.0.0.1:8443") };
//! let mut client = Client::connect(connect).await?;
//! let room = Join::OpenOrCreate { game: "ships", options: "" };
//! client.join_as(room, Profile::named("Ada")?).await?;
//! # Ok(()) }
//! ```
//!
//! A token that is not taken is a [`ConnectError::Closed`] with code 4004, and after 4009 the account
//! has connected from elsewhere: neither is tried again. A client that comes back says its token
//! anew, so [`Client::set_token`] has to have given it one that still holds.
//!
//! # When the connection breaks
//!
//! the server holds the seat for a while ([`SeatInfo::hold`]), and the client comes back to it by
//! itself, driven by the caller like everything else. Between [`Update::Broken`] and
//! [`Update::Resumed`] the state stays as it is, [`Client::input`] keeps the newest input, and
//! requests, new ones too, wait for their answers within their deadlines. Then everything goes on:
//!
//! - events come without a gap, each once, unless `Resumed` says that some are lost;
//! - each request is done once, whether it had arrived before the break or not;
//! - the newest input goes out again, so that keys that are held stay held. [`Sent::ordinal`] counts
//!   on, and [`Client::applied`] with it;
//! - the state comes as the change from the last frame, or whole.
//!
//! What ended the connection decides: after a code that says that trying again makes no sense, after
//! a broken promise of the server, without a seat, or with [`Resume::Off`], the end is the end.
//! Pauses between attempts are random, up to 250 ms and doubling to 1 s, after 30 s to 10 s, and
//! within the window that a stopping server names. It is over ([`Update::Closed`], whose
//! [`Closed::lost`] says why) when the server refuses, or when it does not succeed in time.
//!
//! A program that was started anew comes back with [`Client::resume`].
//!
//! # When the game moves the player
//!
//! to another room, from a lobby to a match and back, the seat becomes another with one update and
//! without a gap: [`Update::Moved`]. Up to it everything is of the old room, and after it of the new
//! one: state, events, inputs, requests, roster, [`Client::seat`]. The first frame is whole. Requests
//! that the old room has not answered end with
//! [`Refusal::Moved`](greenroom_proto::Refusal::Moved).
//!
//! ```no_run
//! # use greenroom_client::{Client, Connect, Update};
//! # use greenroom_client::proto::Replicate;
//! # #[derive(Replicate, Debug)]
//! # #[sync(crate = "greenroom_proto")]
//! # struct Lobby { ready: u32 }
//! # #[derive(Replicate, Debug)]
//! # #[sync(crate = "greenroom_proto")]
//! # struct Match { round: u32 }
//! # async fn play() -> Result<(), Box<dyn std::error::Error>> {
//! let connect = Connect::to("wss://127.0.0.1:8443").knows::<Lobby>().knows::<Match>();
//! let mut client = Client::connect(connect).await?;
//! # let update = client.next().await;
//! match update {
//!     Update::Moved { seat, .. } if seat.shows::<Match>() => println!("it begins"),
//!     Update::Moved { seat, .. } if seat.shows::<Lobby>() => println!("back in the lobby"),
//!     Update::Moved { seat, .. } => println!("{} is newer than this program", seat.game),
//!     Update::Frame { .. } => println!("{:?}", client.state::<Match>()?),
//!     _ => {}
//! }
//! # Ok(()) }
//! ```
//!
//! A program that [expects](Connect::expects) one schema is not moved to rooms with another. When a
//! move and a break of the connection meet, `Moved` comes right after [`Update::Resumed`].
//!
//! # How it feels to play
//!
//! A state comes some times a second. What a game draws between, others smoothly and its own at once, is
//! made by [`feel`].
//!
//! # Several rooms at once
//!
//! A party, or a chat, beside a match, over one connection: three more channels, each with a seat of
//! its own. [`Client::beside`] is one of them, with the methods that [`Client`] has for its first.
//! Games say whether they are played beside others; at most one seat of a connection is in a game
//! that does not ([`Refusal::NotBeside`](greenroom_proto::Refusal::NotBeside)).
//!
//! ```no_run
//! # use std::time::Duration;
//! # use greenroom_client::{Client, Connect, Join, Update};
//! # use greenroom_client::proto::Replicate;
//! # #[derive(Replicate, Debug)]
//! # #[sync(crate = "greenroom_proto")]
//! # struct Party { ready: u32 }
//! # #[derive(Replicate, Debug)]
//! # #[sync(crate = "greenroom_proto")]
//! # struct Match { round: u32 }
//! # async fn play() -> Result<(), Box<dyn std::error::Error>> {
//! const PARTY: u8 = 1;
//! let connect = Connect::to("wss://127.0.0.1:8443").knows::<Party>().knows::<Match>();
//! let mut client = Client::connect(connect).await?;
//! client.join(Join::OpenOrCreate { game: "match", options: "" }).await?;
//! let mut party = client.beside(PARTY)?;
//! party.join(Join::OpenOrCreate { game: "party", options: "" }).await?;
//! party.chat(0, "good luck").await?;
//! loop {
//!     match client.next_any().await {
//!         (0, Update::Frame { .. }) => println!("{:?}", client.state::<Match>()?),
//!         (PARTY, Update::Frame { .. }) => println!("{:?}", client.beside(PARTY)?.state::<Party>()?),
//!         (PARTY, Update::Chat(line)) => println!("{}: {}", line.name, line.text),
//!         (channel, Update::Dismissed(lost)) => println!("{lost}: {channel} is free"),
//!         (_, Update::Closed(closed)) => return Err(closed.into()),
//!         _ => {}
//!     }
//! }
//! # }
//! ```
//!
//! - Each seat is left, ends, and is moved by itself. Where its end would close a connection with one
//!   seat (kicked, replaced by another connection, the room failed), it is [`Update::Dismissed`].
//! - When the connection breaks, all of them come back together: `Broken` and `Resumed` are told on
//!   each channel with a seat. One that is not had again is `Dismissed`, or `Ended` with the result; the
//!   others go on. Only if all are refused the connection is closed. Who looked on is `Dismissed`, and
//!   what was asked without a seat ends with [`CallError::Closed`].
//! - [`Client::next`] gives the updates of the first channel, [`Beside::next`] those of another,
//!   [`Client::next_any`] all. Whichever is awaited drives the whole connection, and the updates of the
//!   other channels wait, each channel's in a queue of its own. When one of them is full, its seat is
//!   given up (`Dismissed`) and what waits of it is dropped; the other seats stay.
//!
//! # What is bounded, and what happens there
//!
//! | what | bound | then |
//! |---|---|---|
//! | a message from the server | 1 MiB | the connection is closed |
//! | inputs that the socket does not take yet | 1 on each channel | a newer one replaces it, see [`Sent`] |
//! | other messages that the socket does not take yet | 72 | [`CallError::Busy`] |
//! | requests under way on all channels; each is kept until it is answered | 64 of 4 KiB | [`CallError::Busy`] |
//! | inputs while the connection is broken | 1 for each seat | a newer one replaces it |
//! | events and replies of which the server is not told that they came | 64, 8 KiB or a second | it is told |
//! | time to come back | [`SeatInfo::hold`], and 10 minutes | the connection is closed |
//! | updates that wait on a channel while the caller waits for something else | frames merge; 8,192 others | the connection is closed; with seats on other channels, the seat is given up |
//! | channels beside the first | 3 | [`CallError::NoChannel`] |
//! | what comes for seats that are back while others are still asked for | 4,096 messages, 4 MiB | the next attempt |
//! | events that come while the state is being sent anew | 8,192 | the connection is closed |
//! | silence of the server | 15 s, then a ping and 15 s more | the connection is broken |

mod acks;
mod address;
mod beside;
mod broken;
mod calls;
mod client;
mod closed;
mod connect;
mod drive;
mod error;
pub mod feel;
mod first;
mod greet;
mod hear;
mod inputs;
mod link;
mod moved;
mod open;
mod pauses;
mod place;
mod resume;
mod returning;
mod rooms;
mod roster;
mod seat;
mod socket;
mod stats;
mod stream;
mod trust;
mod update;

pub use beside::Beside;
pub use client::Client;
pub use closed::{Closed, ClosedBy, Lost};
pub use connect::Connect;
pub use error::{CallError, ConnectError, OtherState, Step};
pub use greenroom_proto as proto;
pub use inputs::{Lead, Sent};
pub use resume::Resume;
pub use rooms::{Page, Reservation, WatchId};
pub use roster::{PersonChange, Roster};
pub use seat::{SeatInfo, Spectated};
pub use stats::Stats;
pub use trust::{PreparedTrust, Trust};
pub use update::{Event, Join, Reply, RequestId, Update};
