//! What the hooks of a game are given.

use std::sync::Arc;
use std::time::Duration;

use greenroom_proto::{MetaValue, PlayerId, Profile, RoomId, Tick, Visibility, wire};
use serde::{Deserialize, Serialize};

use super::{Game, MoveTo, Pace, Said, Talk, To};
use crate::account::{Account, Person};
use crate::rng::Rng;
use crate::room::conduct::Conduct;
use crate::room::listing::Listing;

/// What a game can see and do during a hook. In keyframes beside the game, inputs apart.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Ctx<G: Game> {
    pub(crate) tick: Tick,
    pub(crate) time_ms: u64,
    pub(crate) pace: Pace,
    pub(crate) rng: Rng,
    pub(crate) seats: Vec<SeatState<G::Input>>,
    pub(crate) timers: Vec<Timer>,
    pub(crate) effects_made: u32,
    /// Effects of which nothing has come yet, ascending.
    pub(crate) effects_open: Vec<u32>,
    pub(crate) over: bool,
    pub(crate) listing: Listing,
    pub(crate) conduct: Conduct,
    pub(crate) talk: Talk,
    /// Not known outside yet.
    #[serde(skip)]
    pub(crate) listing_changed: bool,
    #[serde(skip)]
    pub(crate) conduct_changed: bool,
    #[serde(skip)]
    pub(crate) said: Vec<Said>,
    /// What is said to the word that the game is being told.
    #[serde(skip)]
    pub(crate) reply: WordReply,
}

/// Whether the backend waits for a reply.
#[derive(Clone, Default)]
pub(crate) enum WordReply {
    /// It has said nothing.
    #[default]
    Nobody,
    /// It has, and nothing was said to it.
    Waits,
    /// This was, as JSON.
    Given(String),
}

/// A player in a room.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "I: Default")]
pub(crate) struct SeatState<I> {
    pub(crate) player: PlayerId,
    pub(crate) connected: bool,
    /// The seat ends in the next step, whoever comes back to it.
    pub(crate) going: bool,
    /// Until this time of the room the lines that the player has said take theirs.
    pub(crate) spoken_until_ms: u64,
    pub(crate) person: Arc<Person>,
    pub(crate) came_from: Option<RoomId>,
    /// In keyframes by itself: its type is the game's.
    #[serde(skip)]
    pub(crate) input: I,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Timer {
    pub(crate) due_ms: u64,
    pub(crate) id: u32,
}

/// Timers that a room may have running at once. One more is a bug in the game and panics.
pub const TIMERS_MAX: usize = 1024;

/// Effects of a room of which nothing has come yet, at most. One more is a bug in the game, or
/// their handler hangs, and panics.
pub const EFFECTS_MAX: usize = 1024;

impl<G: Game> Ctx<G> {
    pub(crate) fn new(pace: Pace, seed: u64) -> Self {
        Ctx {
            tick: Tick(0),
            time_ms: 0,
            pace,
            rng: Rng::new(seed),
            seats: Vec::new(),
            timers: Vec::new(),
            effects_made: 0,
            effects_open: Vec::new(),
            over: false,
            listing: Listing::default(),
            conduct: Conduct::default(),
            talk: Talk::default(),
            listing_changed: false,
            conduct_changed: false,
            said: Vec::new(),
            reply: WordReply::Nobody,
        }
    }

    /// The step being made; the first is 1.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// Time since the room began: by the tick at a fixed rate, else by the host's clock as it
    /// stands in the log.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_millis(self.time_ms)
    }

    /// Length of a step in seconds; 0 in a room that steps on commands.
    #[must_use]
    pub fn dt(&self) -> f32 {
        match self.pace {
            Pace::Fixed { tick_hz, .. } => 1.0 / f32::from(tick_hz),
            Pace::OnCommand => 0.0,
        }
    }

    /// Steps in so many seconds, rounded up; at least 1.
    #[must_use]
    pub fn ticks(&self, secs: f32) -> u32 {
        match self.pace {
            Pace::Fixed { tick_hz, .. } => ((secs * f32::from(tick_hz)).ceil() as u32).max(1),
            Pace::OnCommand => 1,
        }
    }

    /// Whether this step is one of those that come every so many seconds. Never in a room that
    /// steps on commands: there [`Ctx::timer`] makes a step.
    #[must_use]
    pub fn every(&self, secs: f32) -> bool {
        self.pace != Pace::OnCommand && self.tick.0.is_multiple_of(self.ticks(secs))
    }

    /// The room's random numbers.
    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// Everybody with a seat, in the order of joining.
    pub fn players(&self) -> impl Iterator<Item = PlayerId> {
        self.seats.iter().map(|seat| seat.player)
    }

    /// The newest input of a player; the default before the first and for somebody without seat.
    #[must_use]
    pub fn input(&self, player: PlayerId) -> G::Input {
        self.seat(player).map(|seat| seat.input.clone()).unwrap_or_default()
    }

    /// Whether the player has a seat, with or without a connection.
    #[must_use]
    pub fn is_seated(&self, player: PlayerId) -> bool {
        self.seat(player).is_some()
    }

    /// Whether the player's connection is up.
    #[must_use]
    pub fn is_connected(&self, player: PlayerId) -> bool {
        self.seat(player).is_some_and(|seat| seat.connected)
    }

    /// Whose the player's seat is, for as long as it lasts: role and claims are those of the join.
    /// The account has the same id in every room; a guest has one of their own.
    #[must_use]
    pub fn account(&self, player: PlayerId) -> Option<&Account> {
        self.seat(player).map(|seat| &seat.person.account)
    }

    /// What the player says about themself, as [`Game::admit`] left it.
    #[must_use]
    pub fn profile(&self, player: PlayerId) -> Option<&Profile> {
        self.seat(player).map(|seat| &seat.person.profile)
    }

    /// The room from which the player was moved here, if they were: where to move them back to.
    #[must_use]
    pub fn came_from(&self, player: PlayerId) -> Option<RoomId> {
        self.seat(player)?.came_from
    }

    /// Tells players something, once and in order, along with the state of this step.
    pub fn send(&mut self, to: To, event: &G::Event) {
        self.said.push(Said::Event { to, body: wire::encode(event) });
    }

    /// Calls [`Game::timer`] with `id` once `after` has passed. In a room with a fixed rate that
    /// is the first tick at or after the time. Less than a millisecond counts as one, so that a
    /// timer never runs in the step that starts it: one that starts itself anew cannot hold the
    /// room in that step for good.
    ///
    /// # Panics
    /// With more than [`TIMERS_MAX`] timers running.
    pub fn timer(&mut self, after: Duration, id: u32) {
        assert!(self.timers.len() < TIMERS_MAX, "a room has at most {TIMERS_MAX} timers");
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX).max(1);
        let due_ms = self.time_ms.saturating_add(after_ms);
        let place = self.timers.partition_point(|timer| timer.due_ms <= due_ms);
        self.timers.insert(place, Timer { due_ms, id });
    }

    /// Stops all timers with this id.
    pub fn cancel_timer(&mut self, id: u32) {
        self.timers.retain(|timer| timer.id != id);
    }

    /// Asks the host to do something outside the room. The answer arrives at [`Game::signal`]
    /// with the number returned here, or word that none will come.
    ///
    /// # Panics
    /// With more than [`EFFECTS_MAX`] of which nothing has come yet.
    pub fn effect<E: Serialize>(&mut self, effect: &E) -> u32 {
        let number = self.open_effect();
        self.said.push(Said::Effect { number, body: wire::encode(effect) });
        number
    }

    /// Has these players moved to another room, all of them or, where it has not seats for all, none.
    /// Whoever has no seat is left out. Clients are told with one message, and until they are, they
    /// play on here; those that are away are moved as such. It is an effect with the number returned
    /// here: when the other game has let a player in, [`Game::leave`] is called for them; a player
    /// who stays, for this reason or that, is named by [`Signal::NotMoved`](super::Signal::NotMoved);
    /// after the death of the process [`Signal::Lost`](super::Signal::Lost) comes in the stead of both
    /// for those who are still here.
    ///
    /// A match that ends takes along whoever is still on the way: end it in [`Game::leave`], when the
    /// last one has gone.
    ///
    /// What this room has said up to this step, those who are moved get before they go. Later events that
    /// still wait to be sent when somebody goes are not told any more, in a room that sends only every
    /// few steps; nor are any to a client that reads slowly. What players must know there, the new room
    /// tells.
    ///
    /// # Panics
    /// With more than [`EFFECTS_MAX`] effects of which nothing has come yet.
    pub fn move_players(&mut self, players: &[PlayerId], to: MoveTo) -> u32 {
        let number = self.open_effect();
        let mut movers = Vec::new();
        for player in players {
            if self.is_seated(*player) && !movers.contains(player) {
                movers.push(*player);
            }
        }
        self.said.push(Said::Move { number, players: movers, to: Box::new(to) });
        number
    }

    fn open_effect(&mut self) -> u32 {
        assert!(
            self.effects_open.len() < EFFECTS_MAX,
            "a room has at most {EFFECTS_MAX} effects under way"
        );
        self.effects_made += 1;
        self.effects_open.push(self.effects_made);
        self.effects_made
    }

    /// Answers the word of the studio's backend that [`Game::signal`] was just called with; it gets
    /// this as JSON, or `null` if nothing is said. The first reply to a word counts; one to nothing
    /// goes nowhere.
    pub fn reply<R: Serialize>(&mut self, reply: &R) {
        if matches!(self.reply, WordReply::Waits) {
            let text = serde_json::to_string(reply).unwrap_or_else(|error| {
                serde_json::json!({ "error": error.to_string() }).to_string()
            });
            self.reply = WordReply::Given(text);
        }
    }

    /// Ends the match after this step. The first call counts.
    pub fn end(&mut self, result: &G::Result) {
        if !self.over {
            self.over = true;
            let result = serde_json::to_string(result).unwrap_or_else(|error| {
                serde_json::json!({ "error": error.to_string() }).to_string()
            });
            self.said.push(Said::Over { result });
        }
    }

    /// What the room says of itself under this key, by its game or its creator.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&MetaValue> {
        self.listing.get(key)
    }

    /// Has the room say so of itself to everybody who looks for one: `map`, `mode`, `round`. What the
    /// creator set under the same key does not count any more.
    ///
    /// # Panics
    /// With more than 8 such entries ([`greenroom_proto::METADATA_HALF_MAX`]), or a key of more than
    /// 32 bytes.
    pub fn set_metadata(&mut self, key: &str, value: impl Into<MetaValue>) {
        self.listing_changed |= self.listing.set(key, value.into());
    }

    /// Takes away what the room says under this key, whoever set it.
    pub fn remove_metadata(&mut self, key: &str) {
        self.listing_changed |= self.listing.remove(key);
    }

    /// Takes nobody new from after this step on, but those with a reserved seat: a match has begun.
    /// Whoever was on the way is still let in, or not, by [`Game::join`].
    pub fn lock(&mut self) {
        self.listing_changed |= !std::mem::replace(&mut self.listing.locked, true);
    }

    /// Takes newcomers again.
    pub fn unlock(&mut self) {
        self.listing_changed |= std::mem::replace(&mut self.listing.locked, false);
    }

    /// Whether the room takes nobody new.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.listing.locked
    }

    /// Who finds the room.
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        self.listing.visibility
    }

    /// Changes who finds the room.
    pub fn set_visibility(&mut self, visibility: Visibility) {
        let before = std::mem::replace(&mut self.listing.visibility, visibility);
        self.listing_changed |= before != visibility;
    }

    /// Seats that the creator chose; `None`: as many as [`Game::seats`] says. Not known yet in
    /// [`Game::new`].
    #[must_use]
    pub fn seats_chosen(&self) -> Option<u32> {
        self.listing.seats
    }

    pub(crate) fn seat(&self, player: PlayerId) -> Option<&SeatState<G::Input>> {
        self.seats.get(self.place(player)?)
    }

    pub(crate) fn seat_mut(&mut self, player: PlayerId) -> Option<&mut SeatState<G::Input>> {
        let place = self.place(player)?;
        self.seats.get_mut(place)
    }

    /// Where a player's seat is. They nearly always joined in the order of their ids: then it is
    /// found by halving, also among a thousand.
    fn place(&self, player: PlayerId) -> Option<usize> {
        let halving = self.seats.binary_search_by_key(&player, |seat| seat.player);
        halving.ok().or_else(|| self.seats.iter().position(|seat| seat.player == player))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::games::connect4::Connect4;

    #[test]
    fn a_timer_never_runs_in_the_step_that_starts_it() {
        let mut ctx: Ctx<Connect4> = Ctx::new(Pace::OnCommand, 1);
        ctx.time_ms = 50;
        ctx.timer(Duration::ZERO, 7);
        ctx.timer(Duration::from_micros(900), 8);
        assert!(ctx.timers.iter().all(|timer| timer.due_ms == 51));
    }

    #[test]
    fn seconds_are_steps_at_a_fixed_rate() {
        let mut ctx: Ctx<Connect4> = Ctx::new(Pace::Fixed { tick_hz: 20, send_every: 1 }, 1);
        assert_eq!([0.0, 0.01, 0.05, 0.06, 2.0].map(|secs| ctx.ticks(secs)), [1, 1, 1, 2, 40]);
        let times = (1..=200).filter(|tick| {
            ctx.tick = Tick(*tick);
            ctx.every(2.0)
        });
        assert_eq!(times.collect::<Vec<_>>(), [40, 80, 120, 160, 200]);
        assert!(!Ctx::<Connect4>::new(Pace::OnCommand, 1).every(2.0));
    }
}
