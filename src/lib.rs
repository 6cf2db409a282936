//! # Greenroom
//!
//! A server for multiplayer game rooms. A game is one Rust type ([`Game`]); Greenroom hosts any
//! number of its matches in one process, on all cores, and keeps every client's copy of the state
//! in step over wss. This page is the architecture: what holds it together, what is where, in
//! which order to read.
//!
//! ## Three ideas
//!
//! 1. **A room is a pure function of its log.** The log holds what the room was made from and every
//!    command in the step that applied it. Stepping reads no clock, no randomness but its own, no
//!    hash-map order, and does no I/O. So a match can be had again from its log, bit for bit, on
//!    another machine: replays, the simulator and crash recovery are the same thing.
//! 2. **Latest state wins.** TCP delivers in order, so the base of a change is whatever was handed
//!    to that client's socket last: nobody acknowledges anything, and no queue of changes exists.
//!    A client whose socket is full is *behind*: it is skipped, costs nothing, and gets one change
//!    from its base to now when its socket is free again. Only events queue, within bounds.
//! 3. **A pure middle and a thin shell.** Games, rooms, logs, sessions and outboxes are plain Rust
//!    without async, clock or socket; `cargo check --no-default-features` builds them alone. Actors
//!    and sockets move values between them.
//!
//! ## The tree
//!
//! ```text
//! root                one-for-one; started downwards, stopped upwards
//! ├─ ops              health, metrics, the console, the backend's interface (serve --ops)
//! ├─ journal          closes the journal in order (serve --state-dir)
//! ├─ replays          has the last replays on disk (serve --replay-dir)
//! ├─ results          appends match results to a file (serve --results)
//! ├─ lobby            finds and makes rooms; holds nothing that cannot be rebuilt
//! ├─ listings         tells those who watch rooms what changes
//! ├─ connections      partitioned; each connection is a temporary child
//! │   └─ connection   greets, seats and releases one client; its reader is a task beside it
//! ├─ rooms            partitioned; each room is a transient child with a budget of restarts
//! │   └─ room #n      has its room worked on, and knows how that ended
//! ├─ audiences        partitioned; each is a transient child with a budget of restarts
//! │   └─ audience     has a room shown to those who look on without a seat, while there are any
//! └─ listener         accepts; last up, first down
//! ```
//!
//! Every one of them is a [ractor](https://docs.rs/ractor) actor behind one thin wrapper
//! ([`actors::actor`]) that counts its mailbox, times what it does and names its panics. The
//! supervisors ([`supervision`]) follow OTP and are public: a studio's own actors hang in the same
//! tree. What must survive an actor lives in records that no actor owns ([`directory`]).
//!
//! ## A step
//!
//! Rooms are stepped by threads of their own ([`scheduler`]), which are replaced when a game holds
//! them up: nobody else is late because of it. A step is
//!
//! ```text
//! noted ─────────▶ made ──────────────▶ told
//! commands into    the game's code;     events, answers, frames go out;
//! the log and the  may panic or hang,   none of the game's code runs
//! journal          holds no lock
//! ```
//!
//! so it is seen by everybody or by nobody, and what somebody saw no killed process has forgotten.
//!
//! Those who look on without a seat are no part of it: the room puts a copy of its frame down
//! ([`directory::audience`]) and goes on. A task that waits for all rooms shows it to them, with a
//! history of its own; it may be slow or fail, and no player notices.
//!
//! ## What happens when something fails
//!
//! | what | then |
//! |---|---|
//! | a hook, a timer or a tick panics | the room's actor is restarted and restores the room from its log: keyframe, steps, and the failed step without what failed ([`room::recovery`]). Its players get one whole state; nobody is disconnected. A crash file plays up to the panic |
//! | it does so too often | the room ends, its players get a typed code (4007) |
//! | what shows a room to those who look on fails | it is started again, they get one whole state; too often, and they are closed (4104); no player notices |
//! | a step never ends | its thread is given up, the room restored on another; too many lost threads end the process |
//! | a connection breaks | its seat is held ([`Game::seat_hold`]); the client comes back with a token: events go on without a gap, requests are done once, the state goes on from what the client has |
//! | a client reads too slowly | it is *behind*: skipped, then brought to now by one change; past a deadline closed, and may come back |
//! | the process dies | with a state directory its rooms are brought back by the next one, which stands still until the players are back, 3 s at most ([`journal`]) |
//! | a step kills the process | the third process leaves it out |
//! | the process is replaced by another build | stopped in order, it leaves a keyframe of each room with its players in it ([`server::stopping`]); the next takes it over as it is or through [`Game::migrate`] ([`fingerprint`]), or sets it aside |
//! | a build was killed, and another is started | its rooms with steps after their keyframe are set aside: only that build makes the same of them |
//! | the hook that knows the accounts hangs, panics or has an error | that client is told to come back, after a panic refused; the others wait their turn |
//! | the disk fails, or somebody deletes the journal under it | it is said, counted, and the matches go on; their replays are lost, results wait for it |
//! | the process dies while the disk fails | its rooms are back as of the last record before; their players have their seats again, whatever token they got since ([`resume`]) |
//! | a certificate is renewed by one that cannot be used | it is said, and the one before is shown on ([`certs::Identity`]) |
//! | the operations address | restarted on the same socket; given up after ten times in ten seconds, and the matches go on |
//! | the lobby | restarted; whoever waits for its answer asks again, once |
//! | listings | restarted; who watches what is in the directory |
//! | results, replays, journal, the listener | restarted; what they hold is beside them: a queue, a thread, the sockets |
//! | the thread that writes the journal panics | it is started anew, rooms begin anew in the journal, as after an error of the disk; nobody waits |
//! | a supervisor of rooms | restarted; its rooms are in the directory, and are restored as after a panic |
//! | a supervisor of connections | restarted; its connections are closed, and their clients come back |
//! | more than ten of these in ten seconds | the process ends with an error; the next one goes on, as above |
//! | any of these while players are moved to another room | each has one seat: the new one if that room's game had let them in, else the old one |
//! | a room crashes whose seats are kept or waited for | they are in the room's record: nobody loses one. Of a process that ends only seats that are taken survive |
//!
//! Nearly all of it can be asked for, to see it: [`faults`].
//!
//! ## The way of an input, with the bound on each arrow
//!
//! ```text
//! client ─wss─▶ reader ─▶ session ─▶ inbox ─▶ room ─▶ history ─▶ outbox ─▶ socket ─wss─▶ client
//!              frame and  tokens,    per      step    body made   behind or  one message,
//!              message    order      player           once per    in step;   then stuck
//!              bytes                                  base        events
//! ```
//!
//! | where | bound | when it is hit |
//! |---|---|---|
//! | [`net::admission`] | connections in all and per address | told to come back (4103), past 64 of those dropped |
//! | [`net::admission`] | wrong codes of rooms per address: 30, then one a second | refused |
//! | [`actors::listener::door`] | time for TLS, HTTP head, first message | dropped, 408 or closed (4100) |
//! | [`auth::gate`] | clients of whom it is found out at once who they are; time for it | they wait their turn; told to come back (4105) |
//! | [`actors::connection`] | 8 messages before the welcome | closed (4001) |
//! | [`net::pages`] | 1,024 files and 64 MiB of the game's own pages, read at the start | the server does not start |
//! | [`auth::accounts`] | connections of an account | the oldest is closed (4009), or the newest told to come back (4106) |
//! | [`account`], [`proto::Profile`] | 64 bytes of an account's id, 512 of its claims; 32 of a name, 256 of what else a person says | refused; a name is cut |
//! | [`net::reader`] | bytes of a frame and a message | closed (1009) |
//! | [`session`] | messages and pings per second | closed (4005) |
//! | [`proto::frame::CHANNELS_MAX`] | 3 channels beside the first, each with a place in a room | closed (4000) |
//! | [`actors::connection`] | questions for rooms a second; 4 watches | refused |
//! | [`finding`] | 8 conditions, pages of 50 rooms; different queries that are watched in all | refused |
//! | [`directory::watches`] | what changed since the last message, some times a second | one merged change; a stuck watcher is skipped |
//! | [`seating`] | seats kept are seats of the room, for an hour at most; those who wait, by the game, 64 at most | refused |
//! | [`proto::OPTIONS_MAX`] | 1,024 bytes of options, or less if the game says so ([`Game::OPTIONS_BYTES_MAX`]) | refused |
//! | [`room::listing`] | 8 entries of metadata by the creator, 8 by the game | refused; as a panic |
//! | [`room::conduct`] | 256 accounts banned from a room, and 256 muted; 64 decisions of the backend that wait | the one that ends first is lifted; refused (429) |
//! | [`game::Chat`] | 512 bytes of a line, and as many characters and lines in a time as the game says; 32 lines for those who come later | refused; the oldest go |
//! | [`Rewind`] | 250 ms that a game looks back for who shot, or as it says; 64 ticks | older counts as that old |
//! | [`room::inbox`] | one input per player and tick, some requests per player | input: the newer replaces the older; request: refused |
//! | [`room::history`] | frames and bytes; only frames somebody stands on are kept | the client gets the whole state |
//! | [`proto::Sizes`] | what clients take of a state, or less if the game says so ([`Game::STATE_BYTES_MAX`]) | as a panic: the step is left out, or the room ends (4007) |
//! | [`outbox`] | events and their bytes per client that wait, and as many that were sent and are not confirmed | waiting: closed (4101); kept: the oldest go, and who missed one comes back without |
//! | [`room::origin`] | 8 seats that lead to one, of a player whose client has not said that it knows | not moved, the game is told |
//! | [`answers`] | 64 answers and 32 KiB per client that are not confirmed | the oldest go; asked again, such a request is refused |
//! | `net::socket` | one frame, and 256 KiB of replies behind it | frame: skipped; replies: closed (4101) |
//! | [`directory::audience`] | those who look on at a room, and at all rooms | refused |
//! | [`room::backlog`] | frames of a room that wait to be shown late, in bytes; events for those who look on | every second frame is left out; the oldest events go, and who missed one is closed (4101) |
//! | [`room::log`] | two keyframes and the records after each | the older goes |
//! | [`journal`] | 8 MiB that wait for the disk | records are lost, rooms begin anew |
//! | [`effects`] | 16 of a room at once, a minute for each | wait their turn; cut off, and lost to the game |
//! | [`actors::results`] | 4,096 results that wait for the disk | are in the log instead |
//! | [`scheduler`] | 64 threads for rooms with long steps; 8 lost threads | they share; the process ends with an error |
//! | [`crash_files`] | 32 files | the oldest go |
//! | [`config::StopTimes`] | 9 s for a stop, shares of it for rooms, connections, results, effects, journal | what is not done is cut off: a hung room's last state is in the journal |
//! | [`ops`] | 64 connections of a minute each; 16 KiB of head, 32 KiB of body; 10 s for a request | wait in the kernel; 431, 413; 504 |
//! | [`ops`], the console | 8 pages at once, 100 rooms and 100 connections on each, 1 MiB of a room's state in words; a page's socket that is full | refused (503); the first by the order asked for; said instead; skipped, then one change |
//! | [`directory::operator`] | 8 consoles that wait for the state of a room, for a second | refused (429); said instead |
//! | [`directory::words`] | 64 words of the backend that wait for a room; 64 KiB for a reply | refused (429); said (500) |
//! | [`directory::over`] | 4,096 results for those who had a seat and did not hear them, for a minute, or as long as their seats would be held; 16,384 seats from which they were moved there | the oldest go; they are told that the seat is gone |
//! | [`directory::finished`] | the last 1,024 results, for 10 minutes | the oldest go |
//! | `ops::idempotency` | 1,024 keys, for 10 minutes | the oldest go: such a change is done again |
//! | [`fingerprint`] | 64 types deep, 16,384 lines | what is beyond is not seen |
//! | [`replays`] | 1,000 files, 1 GiB, 30 days; as much again for matches that are not over | the oldest go; a match beyond is not kept |
//! | [`replays`] | 16 MiB that wait for the disk | replays are lost, no room waits |
//!
//! ## What is where
//!
//! In the order in which data flows:
//!
//! | module | one idea | pure |
//! |---|---|---|
//! | [`game`], [`mod@options`], [`math`], [`rng`] | what a game author writes and may use | yes |
//! | [`account`] | who plays, as the studio and as a room know them | yes |
//! | [`fingerprint`] | the layout of a type's bytes as a number | yes |
//! | [`bot`] | players that are programs | yes |
//! | [`training`] | what a learner is to know of a game | yes |
//! | [`games`] | arena, cards, connect4 and swarm | yes |
//! | [`registry`] | games by name, their types erased: bytes in, bytes out | yes |
//! | [`room`] | one match: step, keyframe, hash; its inbox and log; its history of frames and what each viewer sees of them | yes |
//! | [`finding`] | whether a query holds of a room, its place in the order, what changed in a window | yes |
//! | [`room::origin`], [`directory::forwards`] | which seats players had before they were moved | partly |
//! | [`seating`] | the seats of a room as numbers: taken, kept, waited for | yes |
//! | [`session`], [`outbox`], [`answers`] | what a client may say next; what it is still to be sent; what it was answered | yes |
//! | [`resume`] | which tokens give a seat back | yes |
//! | [`room::course`], [`intensity`] | how far a room's log was carried out and how it goes on after a panic or a dead process; how often that is tried | yes |
//! | [`effects`] | what a game asks of the outside world | yes |
//! | [`journal`] | files with which unfinished matches survive the process; records and reading them are pure | partly |
//! | [`published`] | a state in words: rows as JSON, by the names of their schema | yes |
//! | [`panics`] | a panic as a value: text and place | yes |
//! | [`faults`] | failures that are asked for, to see what comes of them | yes |
//! | [`replays`] | the whole logs of finished matches, as files | |
//! | [`directory`] | the rooms there are, and what of each outlives its actors: members, log, tokens | |
//! | [`scheduler`] | threads that step rooms at their times | |
//! | [`net`] | TCP, TLS, HTTP head and pages, WebSocket; deadlines | |
//! | [`auth`] | who a client is: signed tokens or a hook; connections per account; names | partly |
//! | [`actors`], [`supervision`] | who does what, and what happens when they fail | |
//! | [`server`] | the tree put together; rooms of another process brought back; stopped in order | |
//! | [`ops`] | what operator, scraper and backend ask and say over HTTP | |
//! | [`crash_files`], [`watch`] | panics written down; actors that are stuck, named | |
//! | [`config`], [`certs`], `cli` | settings, development certificates, commands | |
//!
//! The wire format is [`proto`]; the client is `clients/rust`, the simulator `sim`.
//!
//! **Reading path:** [`game`], then `games/connect4`, [`room`], `actors/room.rs` and its `runner.rs`,
//! `net/link.rs`, [`server`].
//!
//! ## Decisions worth knowing
//!
//! - **Rooms are not stepped by the async runtime.** A game is somebody's code that computes, perhaps
//!   for ever; a runtime's worker that is held up holds up sockets and cannot be replaced, and its
//!   timers round up to the next millisecond twice. A room is an actor all the same: supervised,
//!   restarted, stopped in order.
//! - **Log first.** A step is in the kernel's hands before it is made, not only before it is shown:
//!   at no cost in latency, and what kills the process is known to the next one.
//! - **Nobody acknowledges frames, but events and answers.** A frame's base is what was handed over
//!   last; on a new connection the client says what it holds. Events are kept until the client has
//!   confirmed them, which it does once a second at most.
//! - **Rooms are stopped before connections**, and so stand to the right of them in the tree: a room
//!   is kept with its players in it, and none is dropped because the server goes.
//! - **A keyframe says who can read it**: bincode without names is small and quick, and decodes a
//!   changed type into nonsense. Names in every keyframe would cost more bytes than the game; one
//!   number over all of them does the same.
//! - **A player is moved in two phases**: the old room's seat is theirs until the new room's game has let
//!   them in, and then, under the locks of both rooms' members, the other is. Who was let in is in the
//!   new room's log, and with it where they came from: that decides after `kill -9`, too
//!   ([`room::origin`]). The old token leads to the new seat until the client knows of it.
//! - **Tokens count their generations**, so that a resume whose answer is lost costs nothing and an
//!   old token is worth nothing once the new one has arrived.
//! - **What people say is an event among the game's.** It has its number among theirs, so that all that
//!   holds of events holds of it: order, bounds, resume, those who look on. A mark in its length tells
//!   them apart, and costs the game's own events nothing.
//! - **Who somebody is, is in the log.** A `Join` holds account and name, and the game admits the name
//!   inside the step, so that a replay has the same people under the same names. A seat is its
//!   account's also in the next process; a token alone gives it to nobody else.
//! - **A list that is watched is sent as a state is**: the change from what that watcher was sent last to
//!   now. Each room that changes is looked at once for each different query, not for each watcher, and
//!   nothing is done for those that stay as they are.
//! - **A kept seat's code names its room**, so that there is no second place where it is written down
//!   and that could say otherwise.
//! - **Frames do not pass through mailboxes.** A ractor mailbox is unbounded and costs about 400 ns
//!   and an allocation per message. A room encodes a body once for all clients with the same base,
//!   seals it for each and writes it to the kernel right there, under the connection's lock. A
//!   wake-up per frame would cost more than the write.
//! - **Inputs do not either.** The reader puts them into the room's inbox, which is bounded and
//!   merges; the connection's actor gets everything that is not hot.
//! - **Predict, and send what came otherwise.** Both ends step the same integer predictor; what is
//!   as expected costs nothing, not even a bit. The codec ([`proto::codec`]) makes a record for each
//!   row that is not, once; bodies for any number of viewers are these records put together.
//! - **Codes are fixed**, trained once on streams of several kinds: a room that retrained them from
//!   what happens in it would tell every viewer something of what it may not see. Codes of a
//!   stream's own would save 2 to 12 % of the code words, about half of that of a frame.
//! - **Viewers that do not see everything name rows by slots of their own**, in the order of birth,
//!   so that hidden rows leave no trace in slots, generations, sizes or hashes.
//! - **tungstenite reads, we write.** Its reading side is strict and well tested. Its writing side
//!   would copy each frame once more per client and can wait for nobody.
//! - **ring, not aws-lc**, under rustls: it builds with a C compiler alone.
//! - **A backend speaks to the game through the log**, as a signal with a reply. What it says to players
//!   past the game is a notice, and no part of the match.
//! - **Supervisors are our own**, because ractor has the signals but neither strategies, intensity
//!   nor ordered stops.

// Games in this crate and in others write the same paths.
extern crate self as greenroom;

pub use greenroom_proto as proto;
#[doc(hidden)]
pub use serde_json;

// The pure part: no async, no clock, no socket. clippy.toml bans what would break that.
pub mod account;
pub mod answers;
pub mod auth;
pub mod bot;
pub mod effects;
pub mod faults;
pub mod finding;
pub mod fingerprint;
pub mod game;
pub mod games;
pub mod intensity;
pub mod journal;
pub mod math;
pub mod options;
pub mod outbox;
pub mod panics;
#[doc(hidden)]
pub mod planted;
pub mod published;
pub mod registry;
pub mod resume;
pub mod rng;
pub mod room;
pub mod seating;
pub mod session;
pub mod training;

// The shell.
#[cfg(feature = "server")]
pub mod actors;
#[cfg(feature = "server")]
mod build_id;
#[cfg(feature = "server")]
mod by_time;
#[cfg(feature = "server")]
pub mod certs;
#[cfg(feature = "server")]
mod cli;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
pub mod crash_files;
#[cfg(feature = "server")]
pub mod directory;
#[cfg(feature = "server")]
pub mod net;
#[cfg(feature = "server")]
pub mod ops;
#[cfg(feature = "server")]
pub mod os;
#[cfg(feature = "server")]
pub mod replays;
#[cfg(feature = "server")]
pub mod scheduler;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod supervision;
#[cfg(feature = "server")]
pub mod watch;
#[cfg(feature = "server")]
mod whole_file;

#[cfg(feature = "server")]
pub use cli::{cli, cli_of};
pub use game::{
    Chat, Ctx, Game, MoveTo, Never, OldGame, Pace, Past, People, REWIND, Rewind, Signal,
    Spectators, To, Winner, ensure,
};
pub use options::{NoOptions, OptionHelp, OptionValue, Options};
pub use registry::Games;
pub use rng::Rng;

/// What a game needs, in one `use`. (The derives of serde name the crate `serde`, on which the
/// crate of a game therefore depends by itself.)
pub mod prelude {
    pub use crate::account::{Account, Role};
    pub use crate::bot::{Acts, Bot, View};
    pub use crate::{
        Chat, Ctx, Game, Games, MoveTo, Never, NoOptions, OldGame, Options, Pace, People, REWIND,
        Rewind, Rng, Signal, Spectators, To, Winner, ensure, math,
    };
    pub use greenroom_proto::{
        Blob, EntityId, Eye, Full, Grid, List, Map, Message, PlayerId, Profile, Replicate, Seen,
        Sight, Table, Teams, Text, Tick, TooLong,
    };
    pub use serde::{Deserialize, Serialize};
}
