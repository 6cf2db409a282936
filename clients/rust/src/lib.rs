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
//!     ..Connect::to("wss://127.0.0.1:8443")
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
//!         Update::Reply { .. } => {} // of requests that were started with `Client::start`
//!         Update::Ended { result } => { println!("{result}"); break }
//!         Update::Left => break,
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
//! # What is bounded, and what happens there
//!
//! | what | bound | then |
//! |---|---|---|
//! | a message from the server | 1 MiB | the connection is closed |
//! | inputs that the socket does not take yet | 1 | a newer one replaces it, see [`Sent`] |
//! | other messages that the socket does not take yet | 64 | [`CallError::Busy`] |
//! | requests under way | 64 | [`CallError::Busy`] |
//! | updates that come while a call waits for its answer | frames merge; 8,192 others | the connection is closed |
//! | events that come while the state is being sent anew | 8,192 | the connection is closed |
//! | silence of the server | 15 s, then a ping and 15 s more | the connection is closed |

mod address;
mod calls;
mod client;
mod connect;
mod drive;
mod error;
mod inputs;
mod seat;
mod socket;
mod stats;
mod stream;
mod trust;
mod update;

pub use client::Client;
pub use connect::Connect;
pub use error::{CallError, Closed, ClosedBy, ConnectError, OtherState, Step};
pub use greenroom_proto as proto;
pub use inputs::{Lead, Sent};
pub use seat::SeatInfo;
pub use stats::Stats;
pub use trust::{PreparedTrust, Trust};
pub use update::{Event, Join, Reply, RequestId, Update};
