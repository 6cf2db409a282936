//! The rooms there are, and what of each must outlive the actors that work on it.
//!
//! A [`RoomRecord`] is owned by no actor: the room's inbox, members and log live here, so that the
//! death of a room, the lobby or a connection takes nothing along that others need.

// The shell may read clocks.
#![allow(clippy::disallowed_methods)]

pub mod audience;
pub mod client;
pub mod clock;
pub mod leaving;
mod member;
pub mod members;
pub mod over;
mod roster;
pub mod saved;
pub mod seat;
pub mod spectator;
pub mod token;
pub mod work;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use greenroom_proto::{
    CloseCode, GameName, OptionsText, PlayerId, Refusal, RoomId, RoomInfo, Text, Tick,
};

use self::audience::{Audience, Watching};
pub use self::client::Client;
use self::clock::Clock;
use self::leaving::Leaving;
pub use self::member::Back;
use self::members::Members;
use self::over::Over;
use self::saved::{Restored, Saved};
pub use self::seat::{Booked, Seat};
use self::token::TokenKey;
use self::work::Work;
use crate::account::Person;
use crate::config::Config;
use crate::game::Pace;
use crate::registry::{Entry, RoomPlan};
use crate::room::Header;
use crate::room::inbox::{Inbox, InboxLimits};
use crate::room::recovery::Progress;
use crate::scheduler::Waker;

/// All rooms of this process.
#[derive(Default)]
pub struct Directory {
    rooms: Mutex<BTreeMap<RoomId, Arc<RoomRecord>>>,
    over: Over,
    leaving: Leaving,
    watching: Watching,
}

impl Directory {
    /// The room with this id.
    pub fn get(&self, id: RoomId) -> Option<Arc<RoomRecord>> {
        lock(&self.rooms).get(&id).cloned()
    }

    /// Adds a room unless there are `max` already.
    pub fn insert(&self, record: Arc<RoomRecord>, max: usize) -> bool {
        let mut rooms = lock(&self.rooms);
        let fits = rooms.len() < max;
        if fits {
            rooms.insert(record.id, record);
        }
        fits
    }

    /// Matches that ended while some of their players were away.
    pub fn over(&self) -> &Over {
        &self.over
    }

    /// Whether newcomers are taken.
    pub fn leaving(&self) -> &Leaving {
        &self.leaving
    }

    /// Those who look on, at any room.
    pub fn watching(&self) -> &Watching {
        &self.watching
    }

    /// Takes a room out.
    pub fn remove(&self, id: RoomId) -> Option<Arc<RoomRecord>> {
        lock(&self.rooms).remove(&id)
    }

    /// All rooms.
    pub fn all(&self) -> Vec<Arc<RoomRecord>> {
        lock(&self.rooms).values().cloned().collect()
    }

    /// How many rooms there are.
    pub fn len(&self) -> usize {
        lock(&self.rooms).len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A seat in the first open room of the game with these options.
    pub fn book_open(&self, game: &str, options: &str) -> Option<Booked> {
        let rooms = lock(&self.rooms);
        rooms
            .values()
            .filter(|room| room.entry.game.name() == game && room.plan.options == options)
            .find_map(|room| room.book().ok())
    }

    /// The first open rooms of a game.
    pub fn list(&self, game: &str, max: usize) -> Vec<RoomInfo> {
        let rooms = lock(&self.rooms);
        let of_game = rooms.values().filter(|room| room.entry.game.name() == game);
        of_game.filter_map(|room| room.info()).take(max).collect()
    }
}

/// A room, whoever works on it.
pub struct RoomRecord {
    /// Its id.
    pub id: RoomId,
    /// Its game.
    pub entry: Entry,
    /// Its options.
    pub plan: RoomPlan,
    /// Seed of its random numbers; no client ever gets it.
    pub seed: u64,
    /// Makes the tokens of its seats.
    pub tokens: Arc<TokenKey>,
    /// Where the game is in its work.
    pub progress: Progress,
    /// Nobody needs to be told that it has begun any more.
    begun: AtomicBool,
    begun_bell: Notify,
    /// It is to keep itself for another process, and then to stop.
    closing: AtomicBool,
    /// It looks at its inbox when it is told to and not only at its next tick.
    needs_word: AtomicBool,
    booking: Mutex<Booking>,
    inbox: Mutex<Inbox>,
    members: Mutex<Members>,
    audience: Audience,
    work: Mutex<Work>,
    waker: Mutex<Option<Waker>>,
}

struct Booking {
    open: bool,
    taken: u32,
    last_player: u32,
}

impl RoomRecord {
    /// A room that is about to be started.
    pub fn new(
        id: RoomId,
        (entry, plan): (Entry, RoomPlan),
        seed: u64,
        tokens: &Arc<TokenKey>,
        config: &Config,
    ) -> Arc<Self> {
        let limits = InboxLimits {
            lead_ticks_max: config.rooms.input_lead_ticks_max,
            requests_per_player_max: config.rooms.requests_per_player_max,
        };
        Arc::new(RoomRecord {
            id,
            entry,
            seed,
            tokens: Arc::clone(tokens),
            progress: Progress::default(),
            begun: AtomicBool::new(false),
            begun_bell: Notify::new(),
            closing: AtomicBool::new(false),
            needs_word: AtomicBool::new(plan.pace == Pace::OnCommand),
            audience: Audience::new(plan.spectators, config),
            plan,
            booking: Mutex::new(Booking { open: true, taken: 0, last_player: 0 }),
            inbox: Mutex::new(Inbox::new(limits)),
            members: Mutex::default(),
            work: Mutex::new(Work::new(Clock::new(Instant::now(), 0))),
            waker: Mutex::default(),
        })
    }

    /// A room that was found in the journal, and that nobody works on yet.
    pub fn restored(
        id: RoomId,
        made_from: (Entry, RoomPlan),
        restored: Restored,
        tokens: &Arc<TokenKey>,
        config: &Config,
    ) -> Arc<Self> {
        let Restored { saved, log } = restored;
        let record = RoomRecord::new(id, made_from, saved.header.seed, tokens, config);
        let mut booking = lock(&record.booking);
        booking.taken = saved.members.len() as u32;
        booking.last_player = saved.last_player;
        drop(booking);
        let mut inbox = lock(&record.inbox);
        for member in &saved.members {
            inbox.restore(member.player, member.asked);
        }
        drop(inbox);
        lock(&record.members).restore(saved.members, config.outbox.limits());
        let mut work = lock(&record.work);
        work.clock = Clock::new(Instant::now(), saved.time_ms);
        work.epoch = saved.epoch;
        work.told = saved.tick;
        work.found = Some(saved.attempts);
        work.log = Some(log);
        drop(work);
        record
    }

    /// What the journal needs besides game and records, after the step `tick`.
    pub fn saved(&self, work: &Work, tick: Tick, header: &Header) -> Saved {
        let members = lock(&self.members);
        // Time does not pass while the room stands still.
        let now = work.still_until.map_or_else(Instant::now, |_| work.clock.start());
        Saved {
            header: header.clone(),
            tick,
            end: tick,
            time_ms: work.clock.time_ms(now),
            epoch: work.epoch,
            attempts: 0,
            last_player: lock(&self.booking).last_player,
            members: members.saved(&lock(&self.inbox)),
        }
    }

    /// Somebody joined before the process was started anew.
    pub fn expect(&self, player: PlayerId, person: Arc<Person>) {
        let mut booking = lock(&self.booking);
        booking.taken += 1;
        booking.last_player = booking.last_player.max(player.0);
        drop(booking);
        self.members().expect(player, person);
        self.inbox().restore(player, 0);
    }

    /// Takes a free seat, or says why there is none.
    pub fn book(self: &Arc<Self>) -> Result<Booked, Refusal> {
        let mut booking = lock(&self.booking);
        if !booking.open {
            return Err(Refusal::UnknownRoom);
        }
        if booking.taken >= self.plan.seats {
            return Err(Refusal::RoomFull);
        }
        booking.taken += 1;
        booking.last_player += 1;
        Ok(Booked::new(Seat { room: Arc::clone(self), player: PlayerId(booking.last_player) }))
    }

    /// Seats that are taken: by those who have one, for whom one is held, who are about to get one.
    #[must_use]
    pub fn taken(&self) -> u32 {
        lock(&self.booking).taken
    }

    /// Frees a seat.
    pub fn unbook(&self) {
        let mut booking = lock(&self.booking);
        booking.taken = booking.taken.saturating_sub(1);
    }

    /// Closes the room to newcomers.
    pub fn shut(&self) {
        lock(&self.booking).open = false;
    }

    /// Closes the room to newcomers if nobody has a seat or is about to get one.
    pub fn shut_if_empty(&self) -> bool {
        let mut booking = lock(&self.booking);
        booking.open &= booking.taken != 0;
        !booking.open
    }

    fn info(&self) -> Option<RoomInfo> {
        let booking = lock(&self.booking);
        booking.open.then(|| RoomInfo {
            room: self.id,
            players: booking.taken,
            players_max: self.plan.seats,
            options: OptionsText::cut(&self.plan.options),
        })
    }

    /// The room's name on the wire.
    pub fn game_name(&self) -> GameName {
        Text::cut(self.entry.game.name())
    }

    /// For how long a seat is held without a connection.
    pub fn seat_hold(&self) -> Duration {
        Duration::from_millis(self.plan.seat_hold_ms.into())
    }

    /// Where the room's commands wait.
    pub fn inbox(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.inbox)
    }

    /// Who is here. Whoever needs the inbox too locks it afterwards.
    pub fn members(&self) -> MutexGuard<'_, Members> {
        lock(&self.members)
    }

    /// Who looks on.
    pub fn audience(&self) -> &Audience {
        &self.audience
    }

    /// A new worker: from now on those before do nothing any more. Returns its number.
    pub fn hire(&self) -> u64 {
        let mut work = lock(&self.work);
        work.worker += 1;
        work.worker
    }

    /// How often somebody has had to start over.
    pub fn restarts(&self) -> u64 {
        lock(&self.work).worker.saturating_sub(1)
    }

    /// The work, if it still belongs to this worker. Whoever needs members or inbox too locks them
    /// afterwards.
    pub fn work(&self, worker: u64) -> Option<MutexGuard<'_, Work>> {
        Some(lock(&self.work)).filter(|work| work.worker == worker)
    }

    /// The work, whoever has it.
    pub fn any_work(&self) -> MutexGuard<'_, Work> {
        lock(&self.work)
    }

    /// The room is there, or there will be none.
    pub fn has_begun(&self) {
        self.begun.store(true, Ordering::Release);
        self.begun_bell.notify_waiters();
    }

    /// Waits until the room is there, or will never be.
    pub async fn begun(&self) {
        let mut bell = std::pin::pin!(self.begun_bell.notified());
        bell.as_mut().enable();
        if !self.begun.load(Ordering::Acquire) {
            bell.await;
        }
    }

    /// The room is to keep itself for another process, and then to stop.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.wake_in_any_case();
    }

    /// Until when at most the room stands still, for its players to come back.
    pub fn still_until(&self) -> Option<Instant> {
        lock(&self.work).still_until
    }

    /// The room has a turn, whatever it waits for.
    pub fn wake_in_any_case(&self) {
        if let Some(waker) = lock(&self.waker).clone() {
            waker.wake();
        }
    }

    /// Whether the room is to keep itself and stop.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Whether the room looks at its inbox only when it is told to.
    pub fn needs_word(&self, needs: bool) {
        self.needs_word.store(needs || self.plan.pace == Pace::OnCommand, Ordering::Release);
    }

    /// Somebody works on the room now; `waker` tells them that something waits.
    pub fn started(&self, waker: Waker) {
        *lock(&self.waker) = Some(waker);
        // What came just before has woken nobody.
        self.wake();
    }

    /// Something waits in the inbox, or a member can be sent frames again. A room with a fixed
    /// rate sees it at its next tick and needs no word.
    pub fn wake(&self) {
        if self.needs_word.load(Ordering::Acquire) {
            self.wake_in_any_case();
        }
    }

    /// The server goes: sends the room's members away, to come back within this time.
    pub fn go_away(&self, window_ms: u32) {
        self.shut();
        self.members().go_away(window_ms);
        self.audience.close(CloseCode::GoingAway, window_ms);
        self.has_begun();
    }

    /// The room is gone: sends its members away.
    pub fn fail(&self, code: CloseCode) {
        self.shut();
        self.members().fail(code);
        self.audience.fail(code);
        self.has_begun();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is changed in single steps that do not panic half-way, and no
    // game's code runs under them.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
