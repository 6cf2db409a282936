//! The server from outside: real wss on a free port, clients that play, peers that misbehave. One
//! file per theme; `support` starts servers, connects, and waits for conditions with a deadline.

#![cfg(feature = "server")]
#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions
#![allow(clippy::disallowed_methods)] // and may read the clock

mod accounts;
mod asked_faults;
mod backend;
mod backend_example;
mod backend_fuzz;
mod behaviours;
mod beside;
mod channel_storm;
mod channels;
mod coming_back;
mod commands_rooms;
mod conduct;
mod console;
mod crashes;
mod damaged;
mod deaths;
mod deploy_example;
mod deploys;
mod dev;
mod effects;
mod finding;
mod full_disk;
mod half_open;
mod hostile;
mod http;
mod idle;
mod killed;
mod lobby;
mod matches;
mod metrics;
mod moves;
mod open_files;
mod ops;
mod people;
mod renewed;
mod replays;
mod reserved;
mod results;
mod seat_claims;
mod seat_storm;
mod shutdown;
mod slow_client;
mod stalled_memory;
mod storm;
mod support;
mod unfinished;
