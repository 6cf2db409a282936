//! The rules: two teams push crates over the middle of the field. Whoever's half has fewer of them when
//! the time is up has won.

use greenroom::prelude::*;
use std::collections::BTreeMap;

use crate::world::{Body, HALF, World};

greenroom::options! {
    /// What the creator of a match chooses.
    pub struct CratesOptions {
        /// Steps per second.
        tick_hz: u16 = 30, 10..=60;
        /// Crates.
        crates: u16 = 500, 1..=2000;
        /// Seats.
        max_players: u8 = 8, 2..=16;
        /// Seconds until the match ends.
        time_limit_secs: u32 = 120, 5..=3600;
    }
}

/// Where a player pushes: percent of the full force; more than 100 is 100.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Input {
    /// To the right.
    pub x: i8,
    /// Upwards.
    pub y: i8,
}

/// Something that can be pushed.
#[derive(Replicate, Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Crate {
    /// In steps of 3 cm.
    #[sync(step = 0.03125)]
    pub x: f32,
    /// In steps of 3 cm.
    #[sync(step = 0.03125, join)]
    pub y: f32,
    /// In radians.
    #[sync(angle = 9)]
    pub angle: f32,
}

/// Somebody who pushes.
#[derive(Replicate, Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Pusher {
    /// Who.
    pub player: PlayerId,
    /// Whether in the left team.
    pub left: bool,
    /// In steps of 3 cm.
    #[sync(step = 0.03125)]
    pub x: f32,
    /// In steps of 3 cm.
    #[sync(step = 0.03125, join)]
    pub y: f32,
}

/// What everybody sees.
#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The last step.
    pub ends: Tick,
    /// Crates in the left half, and in the right.
    pub counts: [u16; 2],
    /// Everything that can be pushed.
    pub crates: Table<Crate>,
    /// Everybody who pushes.
    pub pushers: Table<Pusher>,
}

/// How a match ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Crates in the left half, and in the right.
    pub counts: [u16; 2],
}

/// One match.
#[derive(Serialize, Deserialize)]
pub struct Crates {
    state: State,
    world: World,
    crates: Vec<(EntityId, Body)>,
    pushers: BTreeMap<PlayerId, (EntityId, Body)>,
}

impl Crates {
    /// How many bodies move.
    #[must_use]
    pub fn awake(&self) -> usize {
        self.world.awake()
    }

    /// Writes down for the clients where everything is.
    fn show(&mut self) {
        let State { crates, pushers, counts, .. } = &mut self.state;
        *counts = [0, 0];
        for (id, body) in &self.crates {
            if let (Some(shown), Some(([x, y], angle))) =
                (crates.get_mut(*id), self.world.at(*body))
            {
                *shown = Crate { x, y, angle };
                counts[usize::from(x >= 0.0)] += 1;
            }
        }
        for (id, body) in self.pushers.values() {
            if let (Some(shown), Some(([x, y], _))) = (pushers.get_mut(*id), self.world.at(*body)) {
                (shown.x, shown.y) = (x, y);
            }
        }
    }
}

impl Game for Crates {
    const NAME: &'static str = "crates";
    type Options = CratesOptions;
    type State = State;
    type Input = Input;
    type Request = Never;
    type Reply = ();
    type Event = Never;
    type Result = Outcome;

    fn pace(options: &CratesOptions) -> Pace {
        Pace::Fixed { tick_hz: options.tick_hz, send_every: 1 }
    }

    fn seats(options: &CratesOptions) -> u32 {
        options.max_players.into()
    }

    fn new(options: &CratesOptions, ctx: &mut Ctx<Self>) -> Self {
        let ends = Tick(u32::from(options.tick_hz) * options.time_limit_secs);
        let mut world = World::new(options.tick_hz);
        let mut state = State { ends, ..State::default() };
        let crates = (0..options.crates)
            .map(|_| {
                // They may overlap: the first steps push them apart.
                let [x, y] = HALF.map(|half| ctx.rng().between(1.0 - half, half - 1.0));
                let angle = ctx.rng().between(-3.0, 3.0);
                let body = world.crate_at([x, y], angle);
                (state.crates.insert(Crate { x, y, angle }), body)
            })
            .collect();
        Crates { state, world, crates, pushers: BTreeMap::new() }
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        let lefts = self.state.pushers.values().filter(|pusher| pusher.left).count();
        let left = 2 * lefts <= self.state.pushers.values().count();
        let side = if left { -1.0 } else { 1.0 };
        let (x, y) = (side * HALF[0] / 2.0, ctx.rng().between(-HALF[1] / 2.0, HALF[1] / 2.0));
        let id = self.state.pushers.insert(Pusher { player, left, x, y });
        self.pushers.insert(player, (id, self.world.pusher_at([x, y])));
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, _: &mut Ctx<Self>) {
        if let Some((id, body)) = self.pushers.remove(&player) {
            self.state.pushers.remove(id);
            self.world.remove(body);
        }
    }

    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        for (player, (_, body)) in &self.pushers {
            let Input { x, y } = ctx.input(*player);
            let part = |part: i8| f32::from(part.clamp(-100, 100)) / 100.0;
            self.world.push(*body, [part(x), part(y)]);
        }
        self.world.step();
        self.show();
        if ctx.tick() >= self.state.ends {
            ctx.end(&Outcome { counts: self.state.counts });
        }
    }
}
