//! Bots for the arena: `hunter`, which is meant to be a match for somebody new to the game, and
//! `random`, which is meant to be beaten.

use super::bullet::{BULLET_LIFE, BULLET_SPEED, Bullet};
use super::ship::{SHIP_RADIUS, Ship, Status, TURN_RATE};
use super::{Arena, Input, State};
use crate::bot::{Acts, Bot, View};
use crate::math;
use crate::rng::Rng;
use greenroom_proto::Tick;

/// Where it wants to be: near enough to hit, far enough to dodge.
const DISTANCE: f32 = 220.0;
/// Seconds ahead that it looks for bullets.
const DODGE_AHEAD: f32 = 0.7;

/// Leads the nearest ship, saves its shots for when they are likely to hit, and dodges a bit.
#[derive(Debug)]
pub struct Hunter {
    rng: Rng,
    seen: Tick,
    /// Seconds between the frames it gets.
    frame: f32,
    /// How far off it aims, in radians; drawn again now and then. Nobody's hand is still.
    tremor: f32,
}

impl Hunter {
    /// A hunter whose hand trembles by this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Hunter { rng: Rng::new(seed), seen: Tick(0), frame: 0.0, tremor: 0.0 }
    }

    fn play(&mut self, me: &Ship, state: &State, now: Tick) -> Input {
        let Some(target) = nearest(me, state) else {
            let home = (f32::from(state.width) / 2.0 - me.x, f32::from(state.height) / 2.0 - me.y);
            let turn = self.turn(me, math::atan2(home.1, home.0));
            return Input {
                thrust: math::hypot(home.0, home.1) > DISTANCE,
                turn,
                ..Input::default()
            };
        };
        let distance = math::hypot(target.x - me.x, target.y - me.y);
        let lead = lead(me, target, self.frame);
        let aim = math::atan2(lead.1, lead.0) + self.tremor;
        let off = math::wrap_angle(aim - me.heading).abs();
        let after_turn = (off - TURN_RATE * self.frame).max(0.0);
        let wide = math::atan2(SHIP_RADIUS * 0.8, distance.max(1.0));
        let in_reach = lead.2 < BULLET_LIFE * 0.9 && target.status == Status::Flying;
        let fire = in_reach && me.ammo > 0 && after_turn < wide;
        if let Some(away) = danger(me, state, now)
            && !fire
        {
            let (x, y) = me.nose();
            let thrust = x * away.0 + y * away.1 > 0.2;
            let turn = self.turn(me, math::atan2(away.1, away.0));
            return Input { thrust, turn, fire, ..Input::default() };
        }
        let closing = off < 0.7 && distance > DISTANCE;
        Input { thrust: closing, turn: self.turn(me, aim), fire, ..Input::default() }
    }

    /// How to turn to point there by the next frame, if that is possible.
    fn turn(&self, me: &Ship, aim: f32) -> i8 {
        let off = math::wrap_angle(aim - me.heading);
        let full = (TURN_RATE * self.frame).max(0.001);
        (off / full * 100.0).clamp(-100.0, 100.0).round() as i8
    }
}

impl Bot for Hunter {
    type Game = Arena;

    fn act(&mut self, view: &View<'_, Arena>, act: &mut Acts<Arena>) {
        let hz = f32::from(view.state.tick_hz.max(1));
        self.frame = view.tick.0.saturating_sub(self.seen.0).clamp(1, 8) as f32 / hz;
        self.seen = view.tick;
        if self.rng.chance(4.0 * self.frame) {
            self.tremor = self.rng.between(-0.05, 0.05);
        }
        if let Some(me) = view.state.ship_of(view.me).filter(|ship| ship.is_flying()) {
            // Zero in a match without a network.
            let view_age_ms = u8::try_from(view.age.as_millis()).unwrap_or(u8::MAX);
            let input = self.play(me, view.state, view.tick);
            act.input(&Input { view_age_ms, ..input });
        }
    }
}

/// The ship to shoot at: the nearest, those that can be hit before those that cannot.
fn nearest<'a>(me: &Ship, state: &'a State) -> Option<&'a Ship> {
    let others = state.ships.values().filter(|ship| ship.is_flying() && ship.player != me.player);
    others.min_by(|one, other| {
        let rank = |ship: &Ship| {
            let distance = math::hypot(ship.x - me.x, ship.y - me.y);
            if ship.status == Status::Flying { distance } else { distance + 10_000.0 }
        };
        rank(one).total_cmp(&rank(other))
    })
}

/// Where to point so that a bullet and the target meet, and after how many seconds.
fn lead(me: &Ship, target: &Ship, delay: f32) -> (f32, f32, f32) {
    let v = (target.vx - me.vx, target.vy - me.vy);
    let r = (target.x - me.x + v.0 * delay, target.y - me.y + v.1 * delay);
    // |r + v t| = BULLET_SPEED t, the smaller t above 0. Ships are slower than that, but two that
    // fly apart may not be: then a bullet never gets there.
    let a = v.0 * v.0 + v.1 * v.1 - BULLET_SPEED * BULLET_SPEED;
    let b = r.0 * v.0 + r.1 * v.1;
    let c = r.0 * r.0 + r.1 * r.1;
    let root = b * b - a * c;
    let time = if a < -1.0 && root >= 0.0 { (-b - root.sqrt()) / a } else { f32::MAX };
    let ahead = time.clamp(0.0, BULLET_LIFE);
    (r.0 + v.0 * ahead, r.1 + v.1 * ahead, time)
}

/// The direction out of the way of the bullet that would hit next.
fn danger(me: &Ship, state: &State, now: Tick) -> Option<(f32, f32)> {
    let threat = |bullet: &Bullet| {
        let (x, y) = bullet.place(now, state.tick_hz);
        let r = (x - me.x, y - me.y);
        let v = (bullet.vx - me.vx, bullet.vy - me.vy);
        let speed2 = (v.0 * v.0 + v.1 * v.1).max(1.0);
        let time = -(r.0 * v.0 + r.1 * v.1) / speed2;
        let miss = (r.0 + v.0 * time, r.1 + v.1 * time);
        let near = math::hypot(miss.0, miss.1);
        let side = if miss.0 * -v.1 + miss.1 * v.0 > 0.0 { 1.0 } else { -1.0 };
        let speed = speed2.sqrt();
        let away = (v.1 / speed * side, -v.0 / speed * side);
        ((0.0..DODGE_AHEAD).contains(&time) && near < SHIP_RADIUS * 1.8).then_some((time, away))
    };
    let bullets = state.bullets.values().filter(|bullet| bullet.owner != me.player);
    let next = bullets.filter_map(threat).min_by(|one, other| one.0.total_cmp(&other.0))?;
    Some(next.1)
}

/// Holds the controls one way for a while, then another.
#[derive(Debug)]
pub struct Random {
    rng: Rng,
    input: Input,
    until: Tick,
}

impl Random {
    /// One that acts by this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Random { rng: Rng::new(seed), input: Input::default(), until: Tick(0) }
    }
}

impl Bot for Random {
    type Game = Arena;

    fn act(&mut self, view: &View<'_, Arena>, act: &mut Acts<Arena>) {
        if view.tick >= self.until {
            let hold = 1 + self.rng.below(u32::from(view.state.tick_hz.max(1)));
            self.until = Tick(view.tick.0.saturating_add(hold));
            self.input = Input {
                thrust: self.rng.chance(0.6),
                turn: (self.rng.below(201) as i32 - 100) as i8,
                fire: self.rng.chance(0.5),
                // Over whatever network.
                view_age_ms: self.rng.below(256) as u8,
            };
        }
        act.input(&self.input);
    }
}
