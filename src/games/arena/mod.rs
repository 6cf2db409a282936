//! `arena`: ships that thrust, turn and shoot, for 2 to 32 players, in real time.
//!
//! Whoever is there plays; players come and go as they like. The match ends when one has shot
//! `score_limit` ships or the time is up. [`ship`] flies, [`bullet`] hits, [`outcome`] ranks; this
//! file is the order in which a step does it all.

pub mod bots;
pub mod bullet;
pub mod outcome;
pub mod ship;
mod training;

use greenroom_proto::{EntityId, Message, PlayerId, Replicate, Table, Tick};
use serde::{Deserialize, Serialize};

use crate::game::{Chat, Ctx, Game, Never, Pace, People, REWIND, Rewind, To};
use crate::math;
use bullet::{BULLET_LIFE, Bullet, Way};
use outcome::Outcome;
use ship::{AMMO, Field, SHIP_RADIUS, Ship, Status};

/// Seconds between two shots of one ship.
const SHOT_INTERVAL: f32 = 0.2;
/// Seconds after which a shot comes back.
const RELOAD: f32 = 0.7;
/// Seconds that a shot ship stays away.
const WRECKED: f32 = 2.0;
/// Seconds for which a new ship cannot be hit, unless it shoots.
const SHIELDED: f32 = 1.5;

crate::options! {
    /// What the creator of an arena chooses.
    pub struct ArenaOptions {
        /// Steps per second.
        tick_hz: u16 = 30, 1..=128;
        /// Clients get a frame every so many steps.
        send_every: u16 = 1, 1..=8;
        /// Seats.
        max_players: u8 = 8, 2..=32;
        /// Seconds until the match ends.
        time_limit_secs: u32 = 60, 5..=3600;
        /// Whoever has shot so many ships wins at once.
        score_limit: u16 = 10, 1..=1000;
        /// Hits that a ship takes before it is a wreck.
        life: u8 = 3, 1..=10;
    }
}

/// What a player does with the controls. Four bytes; any value is legal.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Input {
    /// Burn the engine.
    pub thrust: bool,
    /// Turn by so many percent of the full rate; below 0 is to the left. More than 100 is 100.
    pub turn: i8,
    /// Keep the trigger pulled.
    pub fire: bool,
    /// How long before the tick that this is for the picture was which the player aims at, in
    /// milliseconds: shots hit what is seen. More than 250 is 250; 0 where it is not known.
    pub view_age_ms: u8,
}

/// What players are told once.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Event {
    /// A bullet has hit a ship.
    Hit {
        /// Whose bullet.
        by: PlayerId,
        /// Whose ship.
        player: PlayerId,
    },
    /// A ship was shot down.
    Kill {
        /// By whom.
        by: PlayerId,
        /// Whose ship.
        player: PlayerId,
    },
    /// A ship has come, or come back.
    Spawn {
        /// Whose.
        player: PlayerId,
    },
}

/// What everybody sees.
#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Of the field, in units.
    pub width: u16,
    /// Of the field, in units.
    pub height: u16,
    /// Steps per second: where a bullet is depends on it.
    pub tick_hz: u16,
    /// The last step.
    pub ends: Tick,
    /// Whoever has shot so many wins at once.
    pub score_limit: u16,
    /// One per player.
    pub ships: Table<Ship>,
    /// Those in the air.
    pub bullets: Table<Bullet>,
}

impl State {
    /// A player's ship.
    #[must_use]
    pub fn ship_of(&self, player: PlayerId) -> Option<&Ship> {
        self.ships.values().find(|ship| ship.player == player)
    }
}

/// One match in the arena.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Arena {
    options: ArenaOptions,
    field: Field,
    state: State,
    /// Where ships were, for who shoots at what they see.
    past: Rewind<EntityId, (f32, f32)>,
}

impl Game for Arena {
    const NAME: &'static str = "arena";
    const VERSION: u32 = 2;

    type Options = ArenaOptions;
    type State = State;
    type Input = Input;
    type Request = Never;
    type Reply = ();
    type Event = Event;
    type Result = Outcome;

    fn pace(options: &ArenaOptions) -> Pace {
        Pace::Fixed { tick_hz: options.tick_hz, send_every: options.send_every }
    }

    fn people(_: &ArenaOptions) -> People {
        People::Named
    }

    fn seats(options: &ArenaOptions) -> u32 {
        u32::from(options.max_players)
    }

    fn chat(_: &ArenaOptions) -> Option<Chat> {
        Some(Chat::default())
    }

    fn new(options: &ArenaOptions, _: &mut Ctx<Self>) -> Self {
        let field = Field::for_players(options.max_players);
        let state = State {
            width: field.width as u16,
            height: field.height as u16,
            tick_hz: options.tick_hz,
            ends: Tick(options.time_limit_secs * u32::from(options.tick_hz)),
            score_limit: options.score_limit,
            ..State::default()
        };
        let past = Rewind::new(options.tick_hz, REWIND);
        Arena { options: options.clone(), field, state, past }
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        let now = ctx.tick();
        self.come_back(ctx);
        let ways = self.fly(ctx);
        self.bounce_apart();
        self.remember(now);
        self.shoot(&ways, ctx);
        let goal = self.state.score_limit;
        if now >= self.state.ends || self.state.ships.values().any(|ship| ship.score >= goal) {
            ctx.end(&Outcome::of(self.state.ships.values()));
        }
    }

    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        if self.state.ships.len() >= usize::from(self.options.max_players) {
            return Err(format!("all {} seats are taken", self.options.max_players));
        }
        let mut ship = Ship { player, ..Ship::default() };
        self.launch(&mut ship, ctx);
        self.state.ships.insert(ship);
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, _: &mut Ctx<Self>) {
        let Arena { state, past, .. } = self;
        for (id, _) in state.ships.iter().filter(|(_, ship)| ship.player == player) {
            past.forget(&id);
        }
        state.ships.retain(|ship| ship.player != player);
    }
}

impl Arena {
    /// Wrecks return and shields fall when their time is up.
    fn come_back(&mut self, ctx: &mut Ctx<Self>) {
        let now = ctx.tick();
        let due: Vec<EntityId> = self
            .state
            .ships
            .iter()
            .filter(|(_, ship)| ship.status != Status::Flying && ship.until <= now)
            .map(|(id, _)| id)
            .collect();
        for id in due {
            let Some(ship) = self.state.ships.get(id) else { continue };
            let mut ship = ship.clone();
            match ship.status {
                Status::Wrecked => self.launch(&mut ship, ctx),
                Status::Shielded | Status::Flying => ship.status = Status::Flying,
            }
            if let Some(place) = self.state.ships.get_mut(id) {
                *place = ship;
            }
        }
    }

    /// Puts a ship into the field, whole, still and shielded, far from the others.
    fn launch(&self, ship: &mut Ship, ctx: &mut Ctx<Self>) {
        let mut best = (f32::MIN, 0.0, 0.0);
        for _ in 0..8 {
            let margin = 3.0 * SHIP_RADIUS;
            let x = ctx.rng().between(margin, self.field.width - margin);
            let y = ctx.rng().between(margin, self.field.height - margin);
            let nearest = self
                .state
                .ships
                .values()
                .filter(|other| other.is_flying() && other.player != ship.player)
                .map(|other| math::hypot(other.x - x, other.y - y))
                .fold(f32::MAX, f32::min);
            if nearest > best.0 {
                best = (nearest, x, y);
            }
        }
        let now = ctx.tick();
        (ship.x, ship.y) = (best.1, best.2);
        (ship.vx, ship.vy) = (0.0, 0.0);
        // Towards the middle, where the others are.
        ship.heading =
            math::atan2(self.field.height / 2.0 - ship.y, self.field.width / 2.0 - ship.x);
        ship.thrusting = false;
        ship.status = Status::Shielded;
        ship.until = now + ctx.ticks(SHIELDED);
        ship.life = self.options.life;
        ship.ammo = AMMO;
        (ship.ready, ship.reload) = (now, now);
        ctx.send(To::All, &Event::Spawn { player: ship.player });
    }

    /// Ships do what their players want; returns the way of each.
    fn fly(&mut self, ctx: &Ctx<Self>) -> Vec<(EntityId, Way)> {
        let (now, dt) = (ctx.tick(), ctx.dt());
        let mut ways = Vec::with_capacity(self.state.ships.len());
        for (id, ship) in self.state.ships.iter_mut().filter(|(_, ship)| ship.is_flying()) {
            // Whose connection is broken drifts.
            let input = match ctx.is_connected(ship.player) {
                true => ctx.input(ship.player),
                false => Input::default(),
            };
            let from = (ship.x, ship.y);
            ship.fly(&input, dt, self.field);
            ways.push((id, Way { from, to: (ship.x, ship.y) }));
            if ship.ammo < AMMO && ship.reload <= now {
                ship.ammo += 1;
                ship.reload = now + ctx.ticks(RELOAD);
            }
            if input.fire && ship.ammo > 0 && ship.ready <= now {
                if ship.ammo == AMMO {
                    ship.reload = now + ctx.ticks(RELOAD);
                }
                ship.ammo -= 1;
                ship.ready = now + ctx.ticks(SHOT_INTERVAL);
                ship.status = Status::Flying;
                let bullet =
                    Bullet { view_age_ms: input.view_age_ms, ..Bullet::fired_by(ship, now) };
                self.state.bullets.insert(bullet);
            }
        }
        ways
    }

    /// Ships that touch bounce. Every pair once, in the order of their slots.
    fn bounce_apart(&mut self) {
        let mut flying: Vec<&mut Ship> =
            self.state.ships.values_mut().filter(|ship| ship.is_flying()).collect();
        for one in 1..flying.len() {
            let (before, rest) = flying.split_at_mut(one);
            for other in before {
                ship::collide(other, rest[0], self.field);
            }
        }
    }

    /// Notes where ships are now, as everybody will see it. A wreck that comes back comes from nowhere.
    fn remember(&mut self, now: Tick) {
        for (id, ship) in self.state.ships.iter().filter(|(_, ship)| ship.is_flying()) {
            self.past.record(now, id, (ship.x, ship.y));
        }
    }

    /// Bullets fly, hit, and are gone at a wall or when their time is up.
    fn shoot(&mut self, ways: &[(EntityId, Way)], ctx: &mut Ctx<Self>) {
        let (now, hz) = (ctx.tick(), self.state.tick_hz);
        let (life, field, wrecked) = (ctx.ticks(BULLET_LIFE), self.field, ctx.ticks(WRECKED));
        let past = &self.past;
        let State { ships, bullets, .. } = &mut self.state;
        let mut landed: Vec<(PlayerId, bool)> = Vec::new();
        bullets.retain(|bullet| {
            // A bullet that is born now is at the nose of its ship.
            let before = Tick(now.0.saturating_sub(1));
            let way = Way { from: bullet.place(before, hz), to: bullet.place(now, hz) };
            let target = ways.iter().find(|(id, ship)| {
                ships.get(*id).is_some_and(|ship| {
                    ship.status == Status::Flying && ship.player != bullet.owner
                }) && bullet::hits(way, bullet::seen_way(bullet, *ship, *id, past, now))
            });
            if let Some(ship) = target.and_then(|(id, _)| ships.get_mut(*id)) {
                let killed = hit(ship, now + wrecked);
                let (by, player) = (bullet.owner, ship.player);
                landed.push((by, killed));
                ctx.send(
                    To::All,
                    &match killed {
                        true => Event::Kill { by, player },
                        false => Event::Hit { by, player },
                    },
                );
                return false;
            }
            now < bullet.born + life && field.contains(way.to.0, way.to.1)
        });
        for (by, killed) in landed {
            // Whoever has left gets nothing.
            if let Some(ship) = ships.values_mut().find(|ship| ship.player == by) {
                ship.hits = ship.hits.saturating_add(1);
                ship.score = ship.score.saturating_add(u16::from(killed));
            }
        }
    }
}

/// A bullet hits the ship; whether it was the last that it could take.
fn hit(ship: &mut Ship, until: Tick) -> bool {
    ship.life = ship.life.saturating_sub(1);
    let killed = ship.life == 0;
    if killed {
        ship.status = Status::Wrecked;
        ship.until = until;
        ship.deaths = ship.deaths.saturating_add(1);
        ship.thrusting = false;
        (ship.vx, ship.vy) = (0.0, 0.0);
    }
    killed
}

#[cfg(test)]
mod tests;
