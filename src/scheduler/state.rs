//! The tasks there are, when each is due, and which threads wait for that.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::priority::ThreadId;
use super::{End, GOOD_TURNS, Limits, SLOW, Task, lock};

/// Which threads run a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crew {
    /// Those for short turns.
    Prompt,
    /// Those for long ones.
    Slow,
}

/// What the threads of a scheduler are doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Tasks with short turns.
    pub prompt_tasks: usize,
    /// Tasks with long turns.
    pub slow_tasks: usize,
    /// Threads of the slow crew.
    pub slow_threads: usize,
    /// Prompt threads that were replaced in the middle of a turn, in all.
    pub replaced: u64,
    /// Threads in turns without end.
    pub lost: usize,
}

type Ended = Box<dyn FnOnce(End) + Send>;

/// A task, whoever runs it.
pub(super) struct Entry {
    id: u64,
    pub(super) name: Arc<str>,
    pub(super) task: Mutex<Option<Box<dyn Task>>>,
    ended: Mutex<Option<Ended>>,
    /// Under the lock of all.
    stand: Mutex<Stand>,
}

struct Stand {
    crew: Crew,
    place: Place,
    /// Short turns of a slow task, less what its long ones cost.
    good: u32,
    stopping: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It waits, for this time or to be woken.
    Waits(Option<Instant>),
    /// It is in a turn; whether it was woken meanwhile.
    Runs(bool),
    /// It is over.
    Over,
}

impl Entry {
    pub(super) fn new(id: u64, name: Arc<str>, task: Box<dyn Task>, ended: Ended) -> Self {
        let place = Place::Waits(None);
        Entry {
            id,
            name,
            task: Mutex::new(Some(task)),
            ended: Mutex::new(Some(ended)),
            stand: Mutex::new(Stand { crew: Crew::Prompt, place, good: 0, stopping: false }),
        }
    }

    /// Tells whoever started the task how it ended; the first word counts.
    pub(super) fn end(&self, end: End) {
        let ended = lock(&self.ended).take();
        if let Some(ended) = ended {
            ended(end);
        }
    }
}

/// What all threads share.
pub(super) struct Shared {
    pub(super) limits: Limits,
    queues: Mutex<Queues>,
    prompt: Condvar,
    slow: Condvar,
    /// Since this the threads tell time.
    epoch: Instant,
    exhausted: Box<dyn Fn() + Send + Sync>,
    told_exhausted: AtomicBool,
}

#[derive(Default)]
struct Queues {
    prompt: Queue,
    slow: Queue,
    prompt_tasks: usize,
    slow_tasks: usize,
    slow_threads: usize,
    replaced: u64,
    lost: usize,
    /// All threads, for the watchdog.
    workers: Vec<Arc<Seat>>,
    closing: bool,
}

/// Tasks by the time they are due. One thread waits for the first of them, the others to be told:
/// else all would wake for one.
#[derive(Default)]
struct Queue {
    due: BTreeMap<(Instant, u64), Arc<Entry>>,
    /// Somebody waits for the first.
    watched: bool,
}

/// A thread, as the watchdog sees it.
pub(super) struct Seat {
    pub(super) crew: Crew,
    pub(super) thread: ThreadId,
    /// Nanoseconds from the epoch to the start of its turn; 0 while it has none.
    busy_since: AtomicU64,
    /// What it runs.
    running: Mutex<Option<Arc<Entry>>>,
    /// Another has taken its place: it ends after its turn.
    replaced: AtomicBool,
    /// Its turn was named for taking so long.
    named: AtomicBool,
}

/// What becomes of a task after a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turned {
    /// It waits for its next one. `short`: another slow thread is needed, and counted.
    GoesOn { short: bool },
    /// It has none.
    Over,
    /// It was given up while it ran; its thread is found again.
    GivenUp,
}

impl Queues {
    fn of(&mut self, crew: Crew) -> &mut Queue {
        match crew {
            Crew::Prompt => &mut self.prompt,
            Crew::Slow => &mut self.slow,
        }
    }
}

impl Shared {
    pub(super) fn new(limits: Limits, exhausted: Box<dyn Fn() + Send + Sync>) -> Arc<Self> {
        Arc::new(Shared {
            limits,
            queues: Mutex::default(),
            prompt: Condvar::new(),
            slow: Condvar::new(),
            epoch: Instant::now(),
            exhausted,
            told_exhausted: AtomicBool::new(false),
        })
    }

    fn bell(&self, crew: Crew) -> &Condvar {
        match crew {
            Crew::Prompt => &self.prompt,
            Crew::Slow => &self.slow,
        }
    }

    pub(super) fn load(&self) -> Load {
        let queues = lock(&self.queues);
        Load {
            prompt_tasks: queues.prompt_tasks,
            slow_tasks: queues.slow_tasks,
            slow_threads: queues.slow_threads,
            replaced: queues.replaced,
            lost: queues.lost,
        }
    }

    /// A new task.
    pub(super) fn enter(&self, entry: &Arc<Entry>, now: Instant) {
        let mut queues = lock(&self.queues);
        queues.prompt_tasks += 1;
        self.put(&mut queues, entry, Some(now));
    }

    /// The task waits from now on.
    fn put(&self, queues: &mut Queues, entry: &Arc<Entry>, due: Option<Instant>) {
        let mut stand = lock(&entry.stand);
        stand.place = Place::Waits(due);
        let crew = stand.crew;
        let Some(due) = due else { return };
        let queue = queues.of(crew);
        queue.due.insert((due, entry.id), Arc::clone(entry));
        let is_first = queue.due.first_key_value().is_some_and(|(key, _)| *key == (due, entry.id));
        if is_first {
            // Whoever watches waits for too late a time.
            queue.watched = false;
            self.bell(crew).notify_one();
        }
    }

    pub(super) fn wake(&self, entry: &Arc<Entry>, now: Instant) {
        let mut queues = lock(&self.queues);
        let mut stand = lock(&entry.stand);
        match stand.place {
            Place::Waits(due) => {
                if due.is_some_and(|due| due <= now) {
                    return;
                }
                let crew = stand.crew;
                drop(stand);
                if let Some(due) = due {
                    queues.of(crew).due.remove(&(due, entry.id));
                }
                self.put(&mut queues, entry, Some(now));
            }
            Place::Runs(_) => stand.place = Place::Runs(true),
            Place::Over => {}
        }
    }

    pub(super) fn stop(&self, entry: &Arc<Entry>) {
        let mut queues = lock(&self.queues);
        let mut stand = lock(&entry.stand);
        stand.stopping = true;
        if let Place::Waits(due) = stand.place {
            if let Some(due) = due {
                queues.of(stand.crew).due.remove(&(due, entry.id));
            }
            Self::over(&mut queues, &mut stand);
            drop((stand, queues));
            drop(lock(&entry.task).take());
            entry.end(End::Stopped);
        }
    }

    fn over(queues: &mut Queues, stand: &mut Stand) {
        if stand.place != Place::Over {
            stand.place = Place::Over;
            match stand.crew {
                Crew::Prompt => queues.prompt_tasks -= 1,
                Crew::Slow => queues.slow_tasks -= 1,
            }
        }
    }

    /// All threads end after their turns, and all tasks with them.
    pub(super) fn close(&self) {
        let mut queues = lock(&self.queues);
        queues.closing = true;
        let waiting =
            [std::mem::take(&mut queues.prompt.due), std::mem::take(&mut queues.slow.due)];
        drop(queues);
        self.prompt.notify_all();
        self.slow.notify_all();
        waiting.iter().flat_map(BTreeMap::values).for_each(|entry| self.stop(entry));
    }

    pub(super) fn is_closing(&self) -> bool {
        lock(&self.queues).closing
    }

    /// A thread has begun.
    pub(super) fn sit(&self, crew: Crew) -> Arc<Seat> {
        let seat = Arc::new(Seat {
            crew,
            thread: ThreadId::current(),
            busy_since: AtomicU64::new(0),
            running: Mutex::default(),
            replaced: AtomicBool::new(false),
            named: AtomicBool::new(false),
        });
        lock(&self.queues).workers.push(Arc::clone(&seat));
        seat
    }

    /// A thread ends.
    pub(super) fn rise(&self, seat: &Arc<Seat>) {
        let mut queues = lock(&self.queues);
        queues.workers.retain(|other| !Arc::ptr_eq(other, seat));
    }

    /// A slow thread that was counted could not be started.
    pub(super) fn not_started(&self) {
        lock(&self.queues).slow_threads -= 1;
    }

    /// Whether there is anything to look after.
    pub(super) fn is_idle(&self) -> bool {
        let queues = lock(&self.queues);
        queues.prompt_tasks + queues.slow_tasks == 0
    }

    pub(super) fn workers(&self) -> Vec<Arc<Seat>> {
        lock(&self.queues).workers.clone()
    }

    /// The next task that is due, once it is. `None`: the thread is not needed any more. One that
    /// got nothing to do for `idle_max` is not.
    pub(super) fn next(&self, seat: &Seat, idle_max: Option<Duration>) -> Option<Arc<Entry>> {
        let crew = seat.crew;
        let idle_from = Instant::now();
        let mut queues = lock(&self.queues);
        loop {
            if queues.closing || seat.replaced.load(Relaxed) {
                return None;
            }
            let now = Instant::now();
            let queue = queues.of(crew);
            let first = queue.due.first_key_value().map(|(key, _)| *key);
            match first {
                Some(key) if key.0 <= now => {
                    let entry = queue.due.remove(&key)?;
                    // The next one needs somebody who waits for it.
                    if !queue.due.is_empty() && !queue.watched {
                        self.bell(crew).notify_one();
                    }
                    lock(&entry.stand).place = Place::Runs(false);
                    return Some(entry);
                }
                Some((due, _)) if !queue.watched => {
                    queue.watched = true;
                    queues = self.wait(crew, queues, due - now);
                    // Perhaps somebody else watches meanwhile, for an earlier one; then two do.
                    queues.of(crew).watched = false;
                }
                _ => match idle_max {
                    Some(idle_max) => {
                        // As many stay as there are tasks: nobody else would wait for them.
                        let spare = queues.slow_threads > self.slow_wanted(&queues);
                        if spare && now - idle_from >= idle_max {
                            queues.slow_threads -= 1;
                            return None;
                        }
                        queues = self.wait(crew, queues, idle_max);
                    }
                    None => {
                        let waited = self.bell(crew).wait(queues);
                        queues = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
                    }
                },
            }
        }
    }

    fn wait<'a>(
        &self,
        crew: Crew,
        queues: MutexGuard<'a, Queues>,
        time: Duration,
    ) -> MutexGuard<'a, Queues> {
        let waited = self.bell(crew).wait_timeout(queues, time);
        waited.unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    fn slow_wanted(&self, queues: &Queues) -> usize {
        queues.slow_tasks.min(self.limits.slow_threads_max.max(1))
    }

    /// A turn is over that took so long. `due` is when the task's next one is, if it has one.
    pub(super) fn turned(
        &self,
        entry: &Arc<Entry>,
        took: Duration,
        due: Option<Option<Instant>>,
    ) -> Turned {
        let mut queues = lock(&self.queues);
        let mut stand = lock(&entry.stand);
        let Place::Runs(woken) = stand.place else {
            queues.lost -= 1;
            return Turned::GivenUp;
        };
        let Some(due) = due.filter(|_| !stand.stopping && !queues.closing) else {
            Self::over(&mut queues, &mut stand);
            return Turned::Over;
        };
        Self::judge(&mut queues, &mut stand, took);
        let due = if woken { Some(Instant::now()) } else { due };
        drop(stand);
        self.put(&mut queues, entry, due);
        let short = queues.slow_threads < self.slow_wanted(&queues);
        queues.slow_threads += usize::from(short);
        Turned::GoesOn { short }
    }

    /// Which crew a task belongs to after a turn that took so long.
    fn judge(queues: &mut Queues, stand: &mut Stand, took: Duration) {
        let slow = took >= SLOW;
        match stand.crew {
            Crew::Prompt if slow => {
                stand.crew = Crew::Slow;
                stand.good = 0;
                queues.prompt_tasks -= 1;
                queues.slow_tasks += 1;
            }
            // One that is slow now and then, or was interrupted, gets there all the same.
            Crew::Slow if slow => stand.good = stand.good.saturating_sub(GOOD_TURNS / 8),
            Crew::Slow => {
                stand.good += 1;
                if stand.good >= GOOD_TURNS {
                    stand.crew = Crew::Prompt;
                    queues.slow_tasks -= 1;
                    queues.prompt_tasks += 1;
                }
            }
            Crew::Prompt => {}
        }
    }

    /// Marks a thread as replaced, unless its turn ended meanwhile. The caller starts another.
    pub(super) fn replace(&self, seat: &Seat) -> bool {
        let mut queues = lock(&self.queues);
        if seat.busy(self.epoch).is_none() || seat.replaced.swap(true, Relaxed) {
            return false;
        }
        queues.replaced += 1;
        true
    }

    /// Gives a turn without end up, unless it ended meanwhile: its task is over, its thread lost.
    pub(super) fn give_up(&self, seat: &Seat, entry: &Arc<Entry>) {
        let mut queues = lock(&self.queues);
        let mut stand = lock(&entry.stand);
        let Some(busy) = seat.busy(self.epoch).filter(|busy| *busy >= self.limits.stall) else {
            return;
        };
        if !matches!(stand.place, Place::Runs(_)) {
            return;
        }
        Self::over(&mut queues, &mut stand);
        if seat.crew == Crew::Slow && !seat.replaced.swap(true, Relaxed) {
            queues.slow_threads -= 1;
        }
        queues.lost += 1;
        let exhausted = queues.lost > self.limits.lost_threads_max;
        drop((stand, queues));
        tracing::error!(
            task = &*entry.name,
            "a turn has not ended after {} ms: its thread is lost",
            busy.as_millis()
        );
        entry.end(End::Stalled(busy));
        if exhausted && !self.told_exhausted.swap(true, Relaxed) {
            (self.exhausted)();
        }
    }

    pub(super) fn now_ns(&self) -> u64 {
        // 0 means idle.
        (self.epoch.elapsed().as_nanos() as u64).max(1)
    }

    /// What a thread runs, and for how long.
    pub(super) fn busy(&self, seat: &Seat) -> Option<(Arc<Entry>, Duration)> {
        let busy = seat.busy(self.epoch)?;
        let entry = lock(&seat.running).clone()?;
        Some((entry, busy))
    }
}

impl Seat {
    pub(super) fn begin(&self, entry: &Arc<Entry>, now_ns: u64) {
        *lock(&self.running) = Some(Arc::clone(entry));
        self.named.store(false, Relaxed);
        self.busy_since.store(now_ns, Relaxed);
    }

    pub(super) fn end(&self) {
        self.busy_since.store(0, Relaxed);
        *lock(&self.running) = None;
    }

    /// Whether its turn is to be named for taking so long: once.
    pub(super) fn names_stuck(&self) -> bool {
        !self.named.swap(true, Relaxed)
    }

    fn busy(&self, epoch: Instant) -> Option<Duration> {
        let since = self.busy_since.load(Relaxed);
        let now = epoch.elapsed().as_nanos() as u64;
        (since != 0).then(|| Duration::from_nanos(now.saturating_sub(since)))
    }
}
