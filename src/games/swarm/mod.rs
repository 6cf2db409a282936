//! `swarm`: creatures in one large world that eat pellets and each other, for up to 1,000 players.
//!
//! Each player sees what is near. Whoever eats grows; the larger is slower, and eats whom it
//! covers and outweighs. A boost makes faster and costs mass; so does time. The match ends when
//! the time is up, and the heaviest wins. [`creature`] swims and bites, [`food`] is eaten,
//! [`outcome`] ranks; this file is the order in which a step does it all.

pub mod bots;
mod cells;
pub mod creature;
pub mod food;
pub mod outcome;
mod training;

use greenroom_proto::{EntityId, Eye, List, Message, PlayerId, Replicate, Sight, Table, Tick};
use serde::{Deserialize, Serialize};

use crate::game::{Ctx, Game, Never, Pace, Spectators, To};
use crate::math;
use cells::{Cells, Spot};
use creature::Creature;
use food::{PELLET_RADIUS, Pellet};
use outcome::{LEADERS, Leader, Outcome, Score};

/// How many entities a new creature sees, far from the walls and with all seats taken.
const IN_SIGHT: f32 = 100.0;
/// How far a new creature sees, in units.
const REACH: f32 = 200.0;
/// How far the largest sees.
const REACH_MAX: f32 = 300.0;
/// How much farther a creature sees for each unit of its radius over that of a new one.
const REACH_GROWTH: f32 = 1.5;
/// Entities of one kind that a player sees at most.
pub const SEEN_MAX: usize = 150;
/// Pellets for each seat, if the creator of the world does not say how many.
const PELLETS_PER_SEAT: u32 = 4;
/// Sides of the cells in which pellets and creatures are looked for.
const CELLS: (f32, f32) = (32.0, 64.0);
/// Seconds that an eaten creature stays away.
const AWAY: f32 = 2.0;
/// Seconds for which a new creature is safe.
const SAFE: f32 = 3.0;
/// Skins that there are.
pub const SKINS: u32 = 16;

crate::options! {
    /// What the creator of a swarm chooses.
    pub struct SwarmOptions {
        /// Steps per second.
        tick_hz: u16 = 20, 5..=60;
        /// Clients get a frame every so many steps.
        send_every: u16 = 1, 1..=8;
        /// Seats. The world is the larger the more there are.
        max_players: u16 = 100, 2..=1000;
        /// Pellets in the world, which is the larger the more there are; 0 is four for each seat.
        pellets: u32 = 0, 0..=20000;
        /// Seconds until the match ends.
        time_limit_secs: u32 = 300, 5..=86400;
    }
}

impl SwarmOptions {
    /// How many pellets there are.
    #[must_use]
    pub fn pellet_count(&self) -> u32 {
        match self.pellets {
            0 => PELLETS_PER_SEAT * u32::from(self.max_players),
            pellets => pellets,
        }
    }

    /// The side of the world: about the same number of things around everybody, however many
    /// there are.
    #[must_use]
    pub fn side(&self) -> u16 {
        let things = (u32::from(self.max_players) + self.pellet_count()) as f32;
        let for_each = std::f32::consts::PI * REACH * REACH / IN_SIGHT;
        (things * for_each).sqrt().max(REACH).round() as u16
    }
}

/// Where a player wants to go. Three bytes; any value is legal.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Input {
    /// To the right, in percent of the full speed; below 0 is to the left.
    pub x: i8,
    /// Down, in percent of the full speed; below 0 is up.
    pub y: i8,
    /// Faster, for mass.
    pub boost: bool,
}

impl Input {
    /// At full speed into the direction of (x, y).
    #[must_use]
    pub fn towards(x: f32, y: f32, boost: bool) -> Self {
        let percent = 100.0 / math::hypot(x, y).max(0.001);
        Input { x: (x * percent).round() as i8, y: (y * percent).round() as i8, boost }
    }

    /// The wish as a vector, no longer than 1.
    #[must_use]
    pub fn direction(&self) -> (f32, f32) {
        let (x, y) = (f32::from(self.x) / 100.0, f32::from(self.y) / 100.0);
        let length = math::hypot(x, y).max(1.0);
        (x / length, y / length)
    }
}

/// What players are told once.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Event {
    /// A creature was eaten; both players learn it.
    Eaten {
        /// By whose.
        by: PlayerId,
        /// Whose.
        player: PlayerId,
    },
}

/// What players see: of creatures and pellets those around them.
#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Of the world, which is a square, in units.
    pub side: u16,
    /// Steps per second.
    pub tick_hz: u16,
    /// The last step.
    pub ends: Tick,
    /// Creatures in the world, as of the leaderboard.
    pub alive: u16,
    /// The heaviest, the best first; made anew once a second.
    pub leaders: List<Leader, LEADERS>,
    /// One per player who is alive.
    pub players: Table<Creature>,
    /// All over the world, always as many.
    pub pellets: Table<Pellet>,
}

impl State {
    /// A player's creature.
    #[must_use]
    pub fn creature_of(&self, player: PlayerId) -> Option<&Creature> {
        self.players.values().find(|creature| creature.player == player)
    }
}

/// What there is of a player, alive or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Soul {
    player: PlayerId,
    skin: u8,
    /// Its creature; none that is there after it was eaten.
    body: EntityId,
    /// Where its creature is, or was: what is around is what the player sees.
    place: (f32, f32),
    /// After it was eaten, when it comes back.
    back: Tick,
    eaten: u32,
    deaths: u32,
}

/// One world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Swarm {
    options: SwarmOptions,
    state: State,
    /// By player.
    souls: Vec<Soul>,
    #[serde(skip)]
    room: Room,
}

/// Memory to work in. Nothing in it outlives a step.
#[derive(Clone, Debug, Default)]
struct Room {
    pellets: Cells,
    creatures: Cells,
    /// Who eats what.
    meals: Vec<(EntityId, EntityId)>,
}

impl Game for Swarm {
    const NAME: &'static str = "swarm";

    type Options = SwarmOptions;
    type State = State;
    type Input = Input;
    type Request = Never;
    type Reply = ();
    type Event = Event;
    type Result = Outcome;

    fn pace(options: &SwarmOptions) -> Pace {
        Pace::Fixed { tick_hz: options.tick_hz, send_every: options.send_every }
    }

    fn seats(options: &SwarmOptions) -> u32 {
        u32::from(options.max_players)
    }

    /// Whoever looks on sees all of the world: too late to tell a player what is behind the next hill.
    fn spectators(_: &SwarmOptions) -> Option<Spectators> {
        Some(Spectators::after(std::time::Duration::from_secs(5)))
    }

    fn new(options: &SwarmOptions, ctx: &mut Ctx<Self>) -> Self {
        let side = options.side();
        let mut state = State {
            side,
            tick_hz: options.tick_hz,
            ends: Tick(options.time_limit_secs * u32::from(options.tick_hz)),
            ..State::default()
        };
        for _ in 0..options.pellet_count() {
            state.pellets.insert(Pellet::somewhere(side.into(), ctx.rng()));
        }
        Swarm { options: options.clone(), state, souls: Vec::new(), room: Room::default() }
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn sight(&self, player: PlayerId) -> Sight {
        let soul = self.soul(player).map(|place| &self.souls[place]);
        let middle = f32::from(self.state.side) / 2.0;
        let (x, y) = soul.map_or((middle, middle), |soul| soul.place);
        let radius = soul.and_then(|soul| self.state.players.get(soul.body)).map(|it| it.radius);
        Sight::of(player).around(Eye {
            x: x.into(),
            y: y.into(),
            reach: reach_of(radius.unwrap_or_default()).into(),
            most: SEEN_MAX,
        })
    }

    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        let now = ctx.tick();
        self.come_back(ctx);
        self.swim(ctx);
        self.eat_pellets(ctx);
        self.eat_creatures(ctx);
        if now.0 % u32::from(self.options.tick_hz) == 1 {
            self.rank();
        }
        if now >= self.state.ends {
            self.rank();
            ctx.end(&self.outcome());
        }
    }

    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        if self.souls.len() >= usize::from(self.options.max_players) {
            return Err(format!("all {} seats are taken", self.options.max_players));
        }
        let place = self.souls.partition_point(|soul| soul.player < player);
        let mut soul = Soul {
            player,
            skin: ctx.rng().below(SKINS) as u8,
            body: EntityId::default(),
            place: (0.0, 0.0),
            back: ctx.tick(),
            eaten: 0,
            deaths: 0,
        };
        hatch(&mut soul, &mut self.state, ctx);
        self.souls.insert(place, soul);
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, _: &mut Ctx<Self>) {
        if let Some(place) = self.soul(player) {
            let soul = self.souls.remove(place);
            self.state.players.remove(soul.body);
        }
    }
}

/// How far the player of a creature of this radius sees.
fn reach_of(radius: f32) -> f32 {
    let grown = radius - creature::radius_of(creature::MASS_START);
    (REACH + REACH_GROWTH * grown.max(0.0)).min(REACH_MAX)
}

/// Gives a soul a new creature, somewhere.
fn hatch(soul: &mut Soul, state: &mut State, ctx: &mut Ctx<Swarm>) {
    let side = f32::from(state.side);
    let place = (ctx.rng().between(0.0, side), ctx.rng().between(0.0, side));
    let safe_until = ctx.tick() + ctx.ticks(SAFE);
    let creature = Creature::new(soul.player, soul.skin, place, safe_until);
    soul.place = (creature.x, creature.y);
    soul.body = state.players.insert(creature);
}

fn soul_of(souls: &mut [Soul], player: PlayerId) -> Option<&mut Soul> {
    let place = souls.binary_search_by_key(&player, |soul| soul.player).ok()?;
    souls.get_mut(place)
}

impl Swarm {
    fn soul(&self, player: PlayerId) -> Option<usize> {
        self.souls.binary_search_by_key(&player, |soul| soul.player).ok()
    }

    /// Whose time is up, comes back.
    fn come_back(&mut self, ctx: &mut Ctx<Self>) {
        for soul in &mut self.souls {
            if soul.back <= ctx.tick() && self.state.players.get(soul.body).is_none() {
                hatch(soul, &mut self.state, ctx);
            }
        }
    }

    /// Creatures go where their players want.
    fn swim(&mut self, ctx: &Ctx<Self>) {
        let (now, dt, side) = (ctx.tick(), ctx.dt(), f32::from(self.state.side));
        for soul in &mut self.souls {
            let Some(creature) = self.state.players.get_mut(soul.body) else { continue };
            // Whose connection is broken stays where it is.
            let input = match ctx.is_connected(soul.player) {
                true => ctx.input(soul.player),
                false => Input::default(),
            };
            creature.swim(&input, now, dt, side);
            soul.place = (creature.x, creature.y);
        }
    }

    /// Creatures eat the pellets that they touch; for each a new one comes somewhere else.
    fn eat_pellets(&mut self, ctx: &mut Ctx<Self>) {
        let side = f32::from(self.state.side);
        let State { players, pellets, .. } = &mut self.state;
        let Room { pellets: cells, meals, .. } = &mut self.room;
        let spots = pellets.iter().map(|(id, pellet)| Spot { id, x: pellet.x, y: pellet.y });
        cells.sort(side, CELLS.0, spots);
        meals.clear();
        for (id, creature) in players.iter() {
            let reach = creature.radius + PELLET_RADIUS;
            cells.around(creature.x, creature.y, reach, |pellet| meals.push((id, pellet)));
        }
        for (eater, pellet) in meals.drain(..) {
            // Of two who touch one, the first has it.
            let Some(pellet) = pellets.remove(pellet) else { continue };
            if let Some(eater) = players.get_mut(eater) {
                eater.eat(pellet.worth());
            }
            pellets.insert(Pellet::somewhere(side, ctx.rng()));
        }
    }

    /// Creatures eat those whom they cover and outweigh.
    fn eat_creatures(&mut self, ctx: &mut Ctx<Self>) {
        let side = f32::from(self.state.side);
        let players = &mut self.state.players;
        let Room { creatures: cells, meals, .. } = &mut self.room;
        let spots = players.iter().map(|(id, creature)| Spot { id, x: creature.x, y: creature.y });
        cells.sort(side, CELLS.1, spots);
        meals.clear();
        for spot in cells.spots() {
            let Some(creature) = players.get(spot.id) else { continue };
            cells.around(spot.x, spot.y, creature.radius, |other| {
                if players.get(other).is_some_and(|other| creature.bites(other)) {
                    meals.push((spot.id, other));
                }
            });
        }
        let back = ctx.tick() + ctx.ticks(AWAY);
        for (eater, eaten) in meals.drain(..) {
            // Who was eaten in this step eats nobody any more, and is not eaten twice.
            if players.get(eater).is_none() {
                continue;
            }
            let Some(eaten) = players.remove(eaten) else { continue };
            let Some(eater) = players.get_mut(eater) else { continue };
            eater.eat_creature(&eaten);
            let (by, player) = (eater.player, eaten.player);
            if let Some(soul) = soul_of(&mut self.souls, by) {
                soul.eaten += 1;
            }
            if let Some(soul) = soul_of(&mut self.souls, player) {
                (soul.deaths, soul.back) = (soul.deaths + 1, back);
            }
            ctx.send(To::Group(vec![by, player]), &Event::Eaten { by, player });
        }
    }

    /// Makes the leaderboard.
    fn rank(&mut self) {
        let creatures = self.state.players.values();
        self.state.leaders = outcome::leaders(creatures.map(|it| (it.player, it.mass())));
        self.state.alive = self.state.players.len() as u16;
    }

    fn outcome(&self) -> Outcome {
        Outcome::of(self.souls.iter().map(|soul| Score {
            player: soul.player,
            mass: self.state.players.get(soul.body).map_or(0.0, Creature::mass),
            eaten: soul.eaten,
            deaths: soul.deaths,
        }))
    }
}

#[cfg(test)]
mod tests;
