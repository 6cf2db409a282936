//! The rooms there are, and what of each must outlive the actors that work on it.
//!
//! A [`RoomRecord`] is owned by no actor: the room's inbox, members and log live here, so that the
//! death of a room, the lobby or a connection takes nothing along that others need.

// The shell may read clocks.
#![allow(clippy::disallowed_methods)]

pub mod audience;
pub mod backend;
mod booking;
pub mod client;
pub mod clock;
mod conduct;
mod finding;
pub mod finished;
pub mod forwards;
pub mod leaving;
mod member;
pub mod members;
mod moved;
mod moving;
pub mod operator;
pub mod over;
pub mod reservations;
mod rooms;
mod roster;
pub mod saved;
pub mod seat;
pub mod spectator;
pub mod token;
mod waiting;
pub mod watches;
pub mod words;
pub mod work;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use greenroom_proto::{CloseCode, GameName, JoinCode, RoomId, RoomInfo, Text, Tick};

use self::audience::{Audience, Watching};
use self::booking::Booking;
pub use self::client::Client;
use self::clock::Clock;
use self::conduct::Noted;
use self::finished::FinishedMatches;
use self::forwards::Forwards;
use self::leaving::Leaving;
pub use self::member::Back;
use self::members::Members;
use self::moving::Moving;
pub use self::moving::{MOVED, Mover};
use self::operator::{Observed, Operator};
use self::over::Over;
pub use self::rooms::NotInserted;
use self::rooms::Rooms;
use self::saved::{Restored, Saved};
pub use self::seat::{Booked, Seat};
use self::token::TokenKey;
use self::watches::{Changes, Watches};
use self::words::Words;
use self::work::Work;
use crate::config::Config;
use crate::game::Pace;
use crate::registry::{Entry, RoomPlan};
use crate::room::Header;
use crate::room::inbox::{Inbox, InboxLimits};
use crate::room::recovery::Progress;
use crate::scheduler::Waker;

/// All rooms of this process.
pub struct Directory {
    rooms: Mutex<Rooms>,
    over: Over,
    leaving: Leaving,
    watching: Watching,
    observed: Observed,
    finished: FinishedMatches,
    forwards: Arc<Forwards>,
    /// Since when time is counted.
    epoch: Instant,
    changes: Arc<Changes>,
    watches: Mutex<Watches>,
}

impl Default for Directory {
    fn default() -> Self {
        Directory {
            rooms: Mutex::default(),
            watching: Watching::default(),
            observed: Observed::default(),
            over: Over::default(),
            leaving: Leaving::default(),
            finished: FinishedMatches::default(),
            forwards: Arc::default(),
            epoch: Instant::now(),
            changes: Arc::default(),
            watches: Mutex::default(),
        }
    }
}

impl Directory {
    /// The room with this id.
    pub fn get(&self, id: RoomId) -> Option<Arc<RoomRecord>> {
        lock(&self.rooms).get(id).cloned()
    }

    /// Adds a room unless there are `max` already, or as many of its game as may be.
    pub fn insert(&self, record: &Arc<RoomRecord>, max: usize) -> Result<(), NotInserted> {
        lock(&self.rooms).insert(record, max)?;
        let _ = record.changes.set(Arc::clone(&self.changes));
        let _ = record.forwards.set(Arc::clone(&self.forwards));
        record.changed();
        Ok(())
    }

    /// Matches that ended while some of their players were away.
    pub fn over(&self) -> &Over {
        &self.over
    }

    /// How the last matches ended.
    pub fn finished(&self) -> &FinishedMatches {
        &self.finished
    }

    /// So many rooms behind this one, by id.
    pub fn after(
        &self,
        id: Option<RoomId>,
        max: usize,
        wanted: impl Fn(&RoomRecord) -> bool,
    ) -> Vec<Arc<RoomRecord>> {
        let rooms = lock(&self.rooms);
        rooms.after(id).filter(|room| wanted(room)).take(max).cloned().collect()
    }

    /// Whether newcomers are taken.
    pub fn leaving(&self) -> &Leaving {
        &self.leaving
    }

    /// Those who look on, at any room.
    pub fn watching(&self) -> &Watching {
        &self.watching
    }

    /// Whether an operator looks on at all of it.
    pub fn observed(&self) -> &Observed {
        &self.observed
    }

    /// Takes a room out.
    pub fn remove(&self, id: RoomId) -> Option<Arc<RoomRecord>> {
        let removed = lock(&self.rooms).remove(id);
        self.forwards.forget(id);
        self.changes.note(id);
        removed
    }

    /// The room that others come into by this code.
    pub fn by_code(&self, code: &str) -> Option<Arc<RoomRecord>> {
        let code = JoinCode::try_from(code).ok()?;
        lock(&self.rooms).by_code(&code).cloned()
    }

    /// All rooms.
    pub fn all(&self) -> Vec<Arc<RoomRecord>> {
        lock(&self.rooms).all().cloned().collect()
    }

    /// How many rooms there are.
    pub fn len(&self) -> usize {
        lock(&self.rooms).len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rooms of a game, oldest first.
    pub fn of_game(&self, game: &str) -> Vec<Arc<RoomRecord>> {
        lock(&self.rooms).of_game(game).cloned().collect()
    }

    /// What the first open and listed room of the game with these options gives.
    pub fn first_open<T>(
        &self,
        game: &str,
        options: &str,
        take: impl Fn(&Arc<RoomRecord>) -> Option<T>,
    ) -> Option<T> {
        let rooms = lock(&self.rooms);
        rooms
            .of_game(game)
            .filter(|room| room.plan.options == options && room.is_listed())
            .find_map(take)
    }

    /// The first open rooms of a game.
    pub fn list(&self, game: &str, max: usize) -> Vec<RoomInfo> {
        let rooms = lock(&self.rooms);
        rooms.of_game(game).filter_map(|room| room.info()).take(max).collect()
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
    /// When the room was made; of one that was brought back, by its own time.
    born: Instant,
    /// Who wants to know that what is told of the room has changed.
    changes: OnceLock<Arc<Changes>>,
    /// Which seats lead to seats of this room.
    forwards: OnceLock<Arc<Forwards>>,
    /// Who is being moved out of it.
    moving: Moving,
    booking: Mutex<Booking>,
    inbox: Mutex<Inbox>,
    members: Mutex<Members>,
    audience: Audience,
    conduct: Mutex<Noted>,
    work: Mutex<Work>,
    waker: Mutex<Option<Waker>>,
    words: Words,
    operator: Operator,
    /// The backend wants the match to end, with this result.
    end: Mutex<Option<String>>,
}

impl RoomRecord {
    /// A room that is about to be started.
    pub fn new(
        id: RoomId,
        made_from: (Entry, RoomPlan),
        seed: u64,
        tokens: &Arc<TokenKey>,
        config: &Config,
    ) -> Arc<Self> {
        Self::born_at(Instant::now(), id, made_from, seed, tokens, config)
    }

    fn born_at(
        born: Instant,
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
            born,
            changes: OnceLock::new(),
            forwards: OnceLock::new(),
            moving: Moving::default(),
            booking: Mutex::new(Booking::new(&plan)),
            audience: Audience::new(plan.spectators, config),
            conduct: Mutex::default(),
            plan,
            inbox: Mutex::new(Inbox::new(limits)),
            members: Mutex::default(),
            work: Mutex::new(Work::new(Clock::new(Instant::now(), 0))),
            waker: Mutex::default(),
            words: Words::default(),
            operator: Operator::default(),
            end: Mutex::default(),
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
        let now = Instant::now();
        let born = now.checked_sub(Duration::from_millis(saved.time_ms)).unwrap_or(now);
        let record = Self::born_at(born, id, made_from, saved.header.seed, tokens, config);
        lock(&record.booking).restore(saved.members.len() as u32, saved.last_player);
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
            last_player: lock(&self.booking).last_player(),
            members: members.saved(&lock(&self.inbox)),
        }
    }

    /// What is told of the room is another.
    fn changed(&self) {
        if let Some(changes) = self.changes.get() {
            changes.note(self.id);
        }
    }

    /// By this others come in where the room is private.
    pub fn code(&self) -> JoinCode {
        self.tokens.room_code(self.id)
    }

    /// Seats that are taken: by those who have one, for whom one is held, who are about to get one.
    #[must_use]
    pub fn taken(&self) -> u32 {
        lock(&self.booking).taken()
    }

    /// The room's name on the wire.
    pub fn game_name(&self) -> GameName {
        Text::cut(self.entry.game.name())
    }

    /// For how long a seat is held without a connection.
    pub fn seat_hold(&self) -> Duration {
        Duration::from_millis(self.plan.seat_hold_ms.into())
    }

    /// Since the room was made, in its own time and in that of processes before this one.
    pub fn age(&self) -> Duration {
        self.born.elapsed()
    }

    /// What its operator has of it.
    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    /// Asks for the state as it was published last. It comes at the room's next turn, which a room
    /// that hangs never has; `None`: too many wait for it.
    pub fn look(&self) -> Option<oneshot::Receiver<operator::State>> {
        let state = self.operator.look()?;
        self.wake();
        Some(state)
    }

    /// The room's next step is to panic, as a [fault](crate::faults) that was asked for.
    pub fn panic(&self) {
        self.operator.ask_panic();
        self.wake();
    }

    /// Where the room's commands wait.
    pub fn inbox(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.inbox)
    }

    /// Who is here. Whoever needs the inbox too locks it afterwards; whoever needs the members of
    /// another room locks those of the lower id first.
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
        self.audience.go_away(window_ms);
        self.words.close();
        self.has_begun();
    }

    /// The room is gone: sends its members away.
    pub fn fail(&self, code: CloseCode) {
        self.shut();
        self.members().fail(code);
        self.audience.fail(code);
        self.words.close();
        self.has_begun();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is changed in single steps that do not panic half-way, and no
    // game's code runs under them.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
