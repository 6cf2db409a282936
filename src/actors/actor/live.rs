//! Numbers about the actors that are alive now, for operations pages, metrics and the watchdog.
//!
//! Each actor has a few plain atomics that its mailbox and its wrapper write; nothing per message
//! goes through a lock shared by actors or through the `metrics` facade. A table of the live ones
//! is cut into 64 shards by actor id: starting and ending an actor locks one shard for the time of
//! a hash-map insertion. Asking the supervisors instead would need no table, but the moment one
//! looks is the moment a supervisor may be stuck. [`publish_metrics`] adds the table up per class
//! when somebody scrapes.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ractor::ActorId;

use super::mailbox::{Ending, MAILBOX_ALARM_DEPTH};

/// Connections come and go by the thousand on as many threads as there are cores.
const SHARDS: usize = 64;

type Shard = Mutex<HashMap<u64, Arc<Stats>>>;

static LIVE: LazyLock<[Shard; SHARDS]> =
    LazyLock::new(|| std::array::from_fn(|_| Mutex::default()));
static CLASSES: Mutex<BTreeMap<&'static str, &'static Class>> = Mutex::new(BTreeMap::new());
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// One live actor, as [`live`] found it.
#[derive(Debug, Clone)]
pub struct ActorInfo {
    /// Its id.
    pub id: ActorId,
    /// Its name, e.g. `room-17`.
    pub name: Arc<str>,
    /// Its class, e.g. `room`.
    pub class: &'static str,
    /// Messages waiting in its mailbox.
    pub depth: u32,
    /// Messages handled so far.
    pub handled: u64,
    /// Time spent in its functions so far.
    pub busy_total: Duration,
    /// The longest single one so far.
    pub slowest: Duration,
    /// What it is doing now and for how long; `None` when it waits for messages.
    pub busy: Option<(&'static str, Duration)>,
}

/// All live actors, in no order. Takes one shard's lock after the other.
pub fn live() -> Vec<ActorInfo> {
    collect(|_| true)
}

/// The live actor of this id.
pub fn live_actor(id: ActorId) -> Option<ActorInfo> {
    stats_of(id).map(|stats| info(id, &stats))
}

/// The actors that have been on the same message for longer than `limit`: what a watchdog asks.
pub fn stuck(limit: Duration) -> Vec<ActorInfo> {
    collect(|info| info.busy.is_some_and(|(_, since)| since > limit))
}

/// Hands the numbers of every class to the `metrics` recorder; call it before each scrape.
///
/// Counters `greenroom_actors_started_total`, `greenroom_actors_ended_total`,
/// `greenroom_actor_panics_total`, `greenroom_actor_messages_total`,
/// `greenroom_actor_busy_microseconds_total`, `greenroom_mailbox_alarms_total`; gauges
/// `greenroom_actors_live`, `greenroom_mailbox_depth_max`; all with the label `class`.
pub fn publish_metrics() {
    #[derive(Default)]
    struct Sum {
        live: u32,
        depth_max: u32,
        handled: u64,
        busy_ns: u64,
    }
    let mut sums = BTreeMap::<&'static str, Sum>::new();
    each(|_, stats| {
        let sum = sums.entry(stats.class.name).or_default();
        sum.live += 1;
        sum.depth_max = sum.depth_max.max(stats.depth());
        sum.handled += stats.handled.load(Relaxed);
        sum.busy_ns += stats.busy_ns.load(Relaxed);
    });
    for (name, class) in locked(&CLASSES).iter() {
        let now = sums.remove(name).unwrap_or_default();
        // An actor that ends between the sum and here is missing from this scrape, not counted
        // twice: `fetch_max` in the recorder keeps its counters from going back.
        let counter = |metric: &'static str, value| {
            metrics::counter!(metric, "class" => *name).absolute(value);
        };
        counter("greenroom_actors_started_total", class.started.load(Relaxed));
        counter("greenroom_actors_ended_total", class.ended.load(Relaxed));
        counter("greenroom_actor_panics_total", class.panics.load(Relaxed));
        counter("greenroom_mailbox_alarms_total", class.alarms.load(Relaxed));
        let handled = class.handled.load(Relaxed) + now.handled;
        counter("greenroom_actor_messages_total", handled);
        let busy_us = (class.busy_ns.load(Relaxed) + now.busy_ns) / 1000;
        counter("greenroom_actor_busy_microseconds_total", busy_us);
        metrics::gauge!("greenroom_actors_live", "class" => *name).set(now.live);
        metrics::gauge!("greenroom_mailbox_depth_max", "class" => *name).set(now.depth_max);
    }
}

/// What remains of a class when its actors have ended.
struct Class {
    name: &'static str,
    started: AtomicU64,
    ended: AtomicU64,
    panics: AtomicU64,
    alarms: AtomicU64,
    handled: AtomicU64,
    busy_ns: AtomicU64,
}

/// One actor's numbers. `depth` and `alarm_at` are written by senders too, the rest by the actor
/// alone, so plain loads and stores do.
pub(super) struct Stats {
    name: Arc<str>,
    class: &'static Class,
    depth: AtomicU32,
    alarm_at: AtomicU32,
    handled: AtomicU64,
    busy_ns: AtomicU64,
    slowest_ns: AtomicU64,
    /// Nanoseconds since `EPOCH`; 0: idle.
    busy_since: AtomicU64,
    /// A lock of its own that only a reader of introspection ever contends for.
    busy_kind: Mutex<&'static str>,
    ending: AtomicU8,
}

impl Stats {
    pub(super) fn new(name: Arc<str>, class: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            class: Class::of(class),
            depth: AtomicU32::new(0),
            alarm_at: AtomicU32::new(MAILBOX_ALARM_DEPTH),
            handled: AtomicU64::new(0),
            busy_ns: AtomicU64::new(0),
            slowest_ns: AtomicU64::new(0),
            busy_since: AtomicU64::new(0),
            busy_kind: Mutex::new(""),
            ending: AtomicU8::new(0),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn class(&self) -> &'static str {
        self.class.name
    }

    pub(super) fn depth(&self) -> u32 {
        self.depth.load(Relaxed)
    }

    /// A message is about to be sent: counted before, so that the depth never falls below zero.
    pub(super) fn queued(&self) {
        let depth = self.depth.fetch_add(1, Relaxed) + 1;
        let alarm_at = self.alarm_at.load(Relaxed);
        if depth >= alarm_at {
            self.alarm(depth, alarm_at);
        }
    }

    /// A message was taken, or could not be sent. An empty mailbox arms the first alarm again.
    pub(super) fn taken(&self) {
        let before = self.depth.fetch_sub(1, Relaxed);
        if before == 1 && self.alarm_at.load(Relaxed) != MAILBOX_ALARM_DEPTH {
            self.alarm_at.store(MAILBOX_ALARM_DEPTH, Relaxed);
        }
    }

    #[cold]
    fn alarm(&self, depth: u32, alarm_at: u32) {
        let next = alarm_at.saturating_mul(2);
        let mine = self.alarm_at.compare_exchange(alarm_at, next, Relaxed, Relaxed);
        if mine.is_ok() {
            self.class.alarms.fetch_add(1, Relaxed);
            tracing::warn!(
                actor = self.name(),
                class = self.class.name,
                depth,
                busy_with = ?self.busy(),
                "mailbox is long: the actor does not keep up with its senders"
            );
        }
    }

    /// The actor begins something; returns the time for [`end`](Self::end).
    pub(super) fn begin(&self, kind: &'static str) -> u64 {
        *locked(&self.busy_kind) = kind;
        let now = now_ns();
        self.busy_since.store(now, Relaxed);
        now
    }

    pub(super) fn end(&self, since: u64) {
        let took = now_ns().saturating_sub(since);
        self.busy_since.store(0, Relaxed);
        let busy_ns = self.busy_ns.load(Relaxed) + took;
        self.busy_ns.store(busy_ns, Relaxed);
        if took > self.slowest_ns.load(Relaxed) {
            self.slowest_ns.store(took, Relaxed);
        }
    }

    pub(super) fn count_handled(&self) {
        let handled = self.handled.load(Relaxed) + 1;
        self.handled.store(handled, Relaxed);
    }

    pub(super) fn ended(&self, how: Ending) {
        if how == Ending::Panicked {
            self.class.panics.fetch_add(1, Relaxed);
        }
        self.ending.store(how as u8, Relaxed);
    }

    /// A killed actor runs none of our code at its end, so what was never noted is a kill.
    pub(super) fn ending(&self) -> Ending {
        match self.ending.load(Relaxed) {
            1 => Ending::Normal,
            2 => Ending::Failed,
            3 => Ending::Panicked,
            _ => Ending::Killed,
        }
    }

    fn busy(&self) -> Option<(&'static str, Duration)> {
        let since = self.busy_since.load(Relaxed);
        let kind = *locked(&self.busy_kind);
        (since != 0).then(|| (kind, Duration::from_nanos(now_ns().saturating_sub(since))))
    }
}

impl Class {
    /// Classes are constants of the program: a handful, made once and never freed.
    fn of(name: &'static str) -> &'static Self {
        locked(&CLASSES).entry(name).or_insert_with(|| {
            Box::leak(Box::new(Self {
                name,
                started: AtomicU64::new(0),
                ended: AtomicU64::new(0),
                panics: AtomicU64::new(0),
                alarms: AtomicU64::new(0),
                handled: AtomicU64::new(0),
                busy_ns: AtomicU64::new(0),
            }))
        })
    }
}

/// An actor's entry in the table, for as long as this is held.
pub(super) struct Live {
    id: ActorId,
    stats: Arc<Stats>,
}

impl Live {
    pub(super) fn enter(id: ActorId, stats: Arc<Stats>) -> Self {
        stats.class.started.fetch_add(1, Relaxed);
        locked(shard(id)).insert(id.pid(), stats.clone());
        Self { id, stats }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        locked(shard(self.id)).remove(&self.id.pid());
        let class = self.stats.class;
        let handled = self.stats.handled.load(Relaxed);
        class.handled.fetch_add(handled, Relaxed);
        let busy_ns = self.stats.busy_ns.load(Relaxed);
        class.busy_ns.fetch_add(busy_ns, Relaxed);
        class.ended.fetch_add(1, Relaxed);
    }
}

pub(super) fn stats_of(id: ActorId) -> Option<Arc<Stats>> {
    locked(shard(id)).get(&id.pid()).cloned()
}

fn collect(wanted: impl Fn(&ActorInfo) -> bool) -> Vec<ActorInfo> {
    let mut found = Vec::new();
    each(|id, stats| {
        let info = info(id, stats);
        if wanted(&info) {
            found.push(info);
        }
    });
    found
}

fn info(id: ActorId, stats: &Stats) -> ActorInfo {
    ActorInfo {
        id,
        name: stats.name.clone(),
        class: stats.class.name,
        depth: stats.depth(),
        handled: stats.handled.load(Relaxed),
        busy_total: Duration::from_nanos(stats.busy_ns.load(Relaxed)),
        slowest: Duration::from_nanos(stats.slowest_ns.load(Relaxed)),
        busy: stats.busy(),
    }
}

fn each(mut visit: impl FnMut(ActorId, &Stats)) {
    for shard in LIVE.iter() {
        for (&pid, stats) in locked(shard).iter() {
            visit(ActorId::Local(pid), stats);
        }
    }
}

fn shard(id: ActorId) -> &'static Shard {
    &LIVE[id.pid() as usize % SHARDS]
}

/// None of these locks guards anything that a panic could leave half done.
fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now_ns() -> u64 {
    // 0 means idle.
    (EPOCH.elapsed().as_nanos() as u64).max(1)
}
