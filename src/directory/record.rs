//! A room, whoever works on it: what must outlive those who do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use greenroom_proto::{CloseCode, GameName, JoinCode, RoomId, Text, Tick};
use tokio::sync::{Notify, oneshot};

use super::audience::Audience;
use super::booking::Booking;
use super::clock::Clock;
use super::conduct::Noted;
use super::forwards::Forwards;
use super::lock;
use super::members::Members;
use super::moving::Moving;
use super::operator::{self, Operator};
use super::token::TokenKey;
use super::watches::Changes;
use super::words::Words;
use super::work::Work;
use crate::config::Config;
use crate::game::Pace;
use crate::registry::{Entry, RoomPlan};
use crate::room::Header;
use crate::room::course::Course;
use crate::room::inbox::{Inbox, InboxLimits};
use crate::room::saved::{Restored, Saved};
use crate::scheduler::Waker;

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
    /// Nobody needs to be told that it has begun any more.
    pub(super) begun: AtomicBool,
    pub(super) begun_bell: Notify,
    /// It is to keep itself for another process, and then to stop.
    pub(super) closing: AtomicBool,
    /// It looks at its inbox when it is told to and not only at its next tick.
    pub(super) needs_word: AtomicBool,
    /// When the room was made; of one that was brought back, by its own time.
    pub(super) born: Instant,
    /// Who wants to know that what is told of the room has changed.
    pub(super) changes: OnceLock<Arc<Changes>>,
    /// Which seats lead to seats of this room.
    pub(super) forwards: OnceLock<Arc<Forwards>>,
    /// Who is being moved out of it.
    pub(super) moving: Moving,
    pub(super) booking: Mutex<Booking>,
    pub(super) inbox: Mutex<Inbox>,
    pub(super) members: Mutex<Members>,
    pub(super) audience: Audience,
    pub(super) conduct: Mutex<Noted>,
    pub(super) work: Mutex<Work>,
    pub(super) waker: Mutex<Option<Waker>>,
    pub(super) words: Words,
    pub(super) operator: Operator,
    /// The backend wants the match to end, with this result.
    pub(super) end: Mutex<Option<String>>,
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
        let (course, time_ms) = (Course::found(log, &saved), saved.time_ms);
        lock(&record.booking).restore(saved.members.len() as u32, saved.last_player);
        let mut inbox = lock(&record.inbox);
        for member in &saved.members {
            inbox.restore(member.player, member.asked);
        }
        drop(inbox);
        lock(&record.members).restore(saved.members, config.outbox.limits());
        let mut work = lock(&record.work);
        work.clock = Clock::new(Instant::now(), time_ms);
        work.course = Some(course);
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
            epoch: work.epoch(),
            attempts: 0,
            last_player: lock(&self.booking).last_player(),
            members: members.saved(&lock(&self.inbox)),
        }
    }

    /// What is told of the room is another.
    pub(super) fn changed(&self) {
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
