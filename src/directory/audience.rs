//! Those who look on at a room without a seat, and what the room hands over for them.
//!
//! The room puts a frame down here and goes on: one copy, whoever and however many look on. Who
//! [shows](crate::actors::audience) it to them has time of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use greenroom_proto::frame::FRAME_EVENTS_MAX;
use greenroom_proto::{CloseCode, EventKind, Refusal, Rows, Sight, Tick, ToClient};

use super::spectator::Spectator;
use super::{Client, lock};
use crate::account::AccountId;
use crate::config::Config;
use crate::game::Spectators;
use crate::room::backlog::{Backlog, BacklogLimits, PublicEvent, Shown};
use crate::scheduler::Waker;

/// How all of it ends for those who look on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The match is over, with this result.
    Over(String),
    /// The room is gone without one.
    Gone,
}

/// Counts those who look on at all rooms.
#[derive(Clone, Default)]
pub struct Watching(Arc<AtomicUsize>);

/// Those who look on at one room.
pub struct Audience {
    /// Whether there is anybody: the room asks in each step.
    any: AtomicBool,
    delay_ms: u32,
    per_room_max: usize,
    began: Instant,
    stage: Mutex<Stage>,
}

struct Stage {
    backlog: Backlog,
    spectators: BTreeMap<u64, Arc<Spectator>>,
    /// Counts who comes and who goes.
    changes: u64,
    last_number: u64,
    /// How many have shown it to them, one after the other.
    shows: u64,
    all: Option<Watching>,
    /// Somebody shows it to them, or is about to.
    is_shown: bool,
    waker: Option<Waker>,
    /// Tick of the frame that was put down last, and of the one that was shown last.
    put: Option<Tick>,
    shown: Tick,
    /// How it ends, and when.
    ending: Option<(u64, Ending)>,
}

/// What a client gets that asked to look on.
pub struct Entered {
    /// The client as it is known here.
    pub spectator: Arc<Spectator>,
    /// Nobody shows it to them yet: whoever gets this sees to it that somebody does, and this is
    /// the number of whoever that is.
    pub show: Option<u64>,
}

impl Audience {
    /// Nobody looks on.
    #[must_use]
    pub fn new(how: Option<Spectators>, config: &Config) -> Self {
        let delay = how.unwrap_or_default().delay.max(config.spectators.delay);
        let delay_ms = delay.as_millis().try_into().unwrap_or(u32::MAX);
        let limits = BacklogLimits {
            bytes_max: config.spectators.delay_bytes_max,
            events_max: config.outbox.events_max.min(FRAME_EVENTS_MAX as usize),
            event_bytes_max: config.outbox.event_bytes_max,
        };
        let stage = Stage {
            backlog: Backlog::new(limits, delay_ms.into()),
            spectators: BTreeMap::new(),
            changes: 0,
            last_number: 0,
            shows: 0,
            all: None,
            is_shown: false,
            waker: None,
            put: None,
            shown: Tick(0),
            ending: None,
        };
        Audience {
            any: AtomicBool::new(false),
            delay_ms,
            per_room_max: config.spectators.per_room_max,
            began: Instant::now(),
            stage: Mutex::new(stage),
        }
    }

    /// How much later than the players they see everything.
    pub fn delay_ms(&self) -> u32 {
        self.delay_ms
    }

    /// Somebody wants to look on.
    pub fn enter(
        &self,
        client: &Arc<Client>,
        account: &AccountId,
        all: &Watching,
        all_max: usize,
    ) -> Result<Entered, Refusal> {
        let mut stage = self.stage();
        if stage.ending.is_some() {
            return Err(Refusal::UnknownRoom);
        }
        if stage.spectators.len() >= self.per_room_max || !all.add(all_max) {
            return Err(Refusal::AudienceFull);
        }
        stage.all.get_or_insert_with(|| all.clone());
        stage.last_number += 1;
        let told = stage.backlog.newest_event(stage.shown);
        let spectator = Spectator::new(client, account.clone(), stage.last_number, told);
        stage.spectators.insert(spectator.number, Arc::clone(&spectator));
        stage.changes += 1;
        let is_first = !std::mem::replace(&mut stage.is_shown, true);
        stage.shows += u64::from(is_first);
        self.any.store(true, Ordering::Release);
        Ok(Entered { spectator, show: is_first.then_some(stage.shows) })
    }

    /// Somebody has gone.
    pub fn remove(&self, spectator: &Spectator) {
        self.stage().take(spectator.number);
        self.wake();
    }

    /// Those of these accounts look on no more, and are told this.
    pub fn send_away(&self, word: impl Fn(&AccountId) -> Option<ToClient>) {
        if !self.is_watched() {
            return;
        }
        let mut all = self.stage();
        let away: Vec<_> = all
            .spectators
            .values()
            .filter_map(|spectator| Some((Arc::clone(spectator), word(&spectator.account)?)))
            .collect();
        away.iter().for_each(|(spectator, _)| all.take(spectator.number));
        drop(all);
        for (spectator, word) in away {
            // No frame follows, and whoever is about to begin has begun or will not.
            let mut stand = spectator.stand();
            stand.is_there = false;
            if spectator.client.unwatch(&spectator) {
                spectator.client.line.control(&word);
                spectator.client.line.control(&ToClient::Left);
            }
        }
        self.wake();
    }

    /// How many look on.
    pub fn count(&self) -> usize {
        if self.is_watched() { self.stage().spectators.len() } else { 0 }
    }

    /// The tick of the frame that was shown last.
    pub fn shown(&self) -> Tick {
        self.stage().shown
    }

    /// Whether anybody looks on.
    pub fn is_watched(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// The room has told its players this frame.
    pub fn put(&self, tick: Tick, rows: &Rows, sight: Sight) {
        if !self.is_watched() || self.stage().put == Some(tick) {
            return;
        }
        // Copied without the lock: nobody waits for that.
        let shown = Shown { tick, rows: rows.clone(), sight };
        let now_ms = self.now_ms();
        let mut stage = self.stage();
        stage.put = Some(tick);
        stage.backlog.put(now_ms, shown);
        drop(stage);
        self.wake();
    }

    /// The room has told everybody something.
    pub fn tell(&self, kind: EventKind, tick: Tick, body: &[u8]) {
        if self.is_watched() {
            self.stage().backlog.tell(PublicEvent { tick, kind, body: body.into() });
        }
    }

    /// It ends for them, as late as everything.
    pub fn end(&self, ending: Ending) {
        let due = self.now_ms() + u64::from(self.delay_ms);
        self.stage().ending.get_or_insert((due, ending));
        self.wake();
    }

    /// The room has failed, if it has not ended before: closes their connections.
    pub fn fail(&self, code: CloseCode) {
        let mut stage = self.stage();
        if stage.ending.is_none() {
            stage.ending = Some((0, Ending::Gone));
            drop(stage);
            self.close(code);
        }
    }

    /// The server goes: closes their connections, to come back within this time.
    pub fn go_away(&self, window_ms: u32) {
        let code = CloseCode::GoingAway;
        self.clear(|client| client.line.close_with_window(code, window_ms));
    }

    /// Closes their connections.
    pub fn close(&self, code: CloseCode) {
        self.clear(|client| client.line.dismiss(code));
    }

    fn clear(&self, tell: impl Fn(&Client)) {
        let all = self.stage().take_all();
        for spectator in all {
            spectator.stand().is_there = false;
            if spectator.client.unwatch(&spectator) {
                tell(&spectator.client);
            }
        }
        self.wake();
    }

    /// Whoever shows it to them has something to do.
    pub fn wake(&self) {
        let waker = self.stage().waker.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Somebody shows it to them from now on.
    pub fn is_shown_by(&self, waker: Waker) {
        self.stage().waker = Some(waker);
        self.wake();
    }

    /// Whoever had this number shows it to them no more. `true` if that is not as it should be:
    /// somebody is there, and nobody else shows it to them.
    pub fn is_dark(&self, show: u64) -> bool {
        let mut stage = self.stage();
        if stage.shows != show {
            return false;
        }
        stage.is_shown = false;
        stage.waker = None;
        !stage.spectators.is_empty()
    }

    /// Those who look on, if others do than at the time of `changes`.
    pub fn crowd(&self, changes: &mut Option<u64>) -> Option<Vec<Arc<Spectator>>> {
        let stage = self.stage();
        let is_other = changes.replace(stage.changes) != Some(stage.changes);
        is_other.then(|| stage.spectators.values().cloned().collect())
    }

    /// The newest frame that it is time for.
    pub fn take(&self) -> Option<Shown> {
        let now_ms = self.now_ms();
        let mut stage = self.stage();
        let shown = stage.backlog.take(now_ms)?;
        stage.shown = shown.tick;
        Some(shown)
    }

    /// Number of the last event up to this tick.
    pub fn newest_event(&self, tick: Tick) -> u32 {
        self.stage().backlog.newest_event(tick)
    }

    /// See [`Backlog::events_after`].
    pub fn events_after(&self, after: u32, tick: Tick) -> Vec<PublicEvent> {
        self.stage().backlog.events_after(after, tick).1
    }

    /// When there is something to show; `None`: not before the room has made more of it.
    pub fn due(&self) -> Option<Instant> {
        let stage = self.stage();
        let ending = stage.ending.as_ref().map(|(due, _)| *due);
        let due = stage.backlog.due_ms().into_iter().chain(ending).min()?;
        Some(self.began + std::time::Duration::from_millis(due))
    }

    /// How it ends, if it does now and all was shown. They are nobody's any more.
    pub fn take_ending(&self) -> Option<(Ending, Vec<Arc<Spectator>>)> {
        let now_ms = self.now_ms();
        let mut stage = self.stage();
        let is_due = |(due, _): &&(u64, Ending)| *due <= now_ms;
        let (_, ending) = stage.ending.as_ref().filter(is_due)?.clone();
        if stage.backlog.due_ms().is_some() {
            return None;
        }
        Some((ending, stage.take_all()))
    }

    /// Nobody looks on: nothing more is to be shown. `false` if somebody does.
    pub fn close_if_empty(&self) -> bool {
        let mut stage = self.stage();
        let is_empty = stage.spectators.is_empty();
        if is_empty {
            self.any.store(false, Ordering::Release);
            stage.backlog.clear();
            stage.put = None;
            stage.is_shown = false;
            stage.waker = None;
        }
        is_empty
    }

    fn now_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        lock(&self.stage)
    }
}

impl Stage {
    fn take(&mut self, number: u64) {
        if self.spectators.remove(&number).is_some() {
            self.changes += 1;
            self.all.iter().for_each(|all| all.remove(1));
        }
    }

    fn take_all(&mut self) -> Vec<Arc<Spectator>> {
        let taken: Vec<_> = std::mem::take(&mut self.spectators).into_values().collect();
        self.changes += 1;
        self.all.iter().for_each(|all| all.remove(taken.len()));
        taken
    }
}

impl Watching {
    /// How many look on.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, max: usize) -> bool {
        let more = |count: usize| (count < max).then_some(count + 1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn remove(&self, count: usize) {
        self.0.fetch_sub(count, Ordering::Relaxed);
    }
}
