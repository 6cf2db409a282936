//! How it feels to play: what a game draws between the room's frames.
//!
//! | what | why |
//! |---|---|
//! | [`Interpolator`] | others move smoothly, a little in the past, however irregularly frames come |
//! | [`Predictor`] | the player's own answers a key in the next picture, and goes over smoothly to what the room says |
//! | [`Pace`] | one input for each tick, which arrives in time for it and not much earlier |
//!
//! Times are those since any moment that the caller chooses, the same for all three: nothing here
//! looks at a clock, knows of a socket or starts a task. The same three are in the JavaScript client,
//! with the same numbers, and both pass `clients/vectors/feel.json`.
//!
//! ```no_run
//! # use std::collections::BTreeMap;
//! # use std::time::{Duration, Instant};
//! # use greenroom_client::{Client, Update, proto::Tick};
//! # use greenroom_client::feel::*;
//! # #[derive(Clone)] struct Ship { player: u32, x: f32, vx: f32 }
//! # #[derive(Clone, serde::Serialize)] struct Keys { right: bool }
//! # fn keys() -> Keys { Keys { right: false } }
//! # fn ships(_: &Client) -> Vec<Ship> { Vec::new() }
//! # fn draw(_: &BTreeMap<u32, Ship>, _: Option<&Ship>) {}
//! struct Flight;
//! impl Rule for Flight {
//!     type State = Ship;
//!     type Input = Keys;
//!     fn step(&mut self, ship: &Ship, keys: &Keys, _: Tick) -> Ship {
//!         let vx = if keys.right { ship.vx + 1.0 } else { ship.vx };
//!         Ship { x: ship.x + vx, vx, ..*ship }
//!     }
//! }
//!
//! # fn play(client: &mut Client, me: u32) -> Result<(), Box<dyn std::error::Error>> {
//! let x = Field::linear(|ship: &Ship| ship.x.into(), |ship, x| ship.x = x as f32);
//! let mut others = Interpolator::new(Interpolation::of([x]));
//! let mut mine = Predictor::new(Flight, Keys { right: false }, Prediction { jump: 100.0, ..Prediction::of([x]) });
//! let mut pace = Pace::new(30, 1).ok_or("a room that steps when somebody acts")?;
//! let start = Instant::now();
//! loop { // for each picture
//!     let now = start.elapsed();
//!     while let Some(update) = client.try_next() {
//!         let Update::Frame { tick, .. } = update else { continue };
//!         let ships = ships(client);
//!         let own = ships.iter().find(|ship| ship.player == me).cloned();
//!         mine.server(own, tick, client.applied_tick(), now);
//!         pace.frame(tick, client.input_slack(), client.applied_tick(), now, None);
//!         others.push(Duration::from_secs(tick.0.into()) / 30, ships.into_iter().map(|ship| (ship.player, ship)), now);
//!     }
//!     for tick in pace.due(now) {
//!         client.input_for(tick, &keys())?;
//!         mine.input(keys(), tick);
//!     }
//!     draw(&others.at(now), mine.state(now, pace.share(), &keys()).as_ref());
//! }
//! # }
//! ```

mod fields;
mod glide;
mod interpolator;
mod pace;
mod predictor;
mod recent;

use std::time::Duration;

pub use fields::Field;
pub use interpolator::{Interpolation, Interpolator};
pub use pace::Pace;
pub use predictor::{Prediction, Predictor, Rule};

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// What is before the moment from which on times count is that moment.
fn duration(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default()
}

#[cfg(test)]
mod tests;
