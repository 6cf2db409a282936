//! The tasks there are, when each is due, and which threads wait for that.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::entry::{Crew, Entry, Place, Stand};
use super::thread::Thread;
use super::{End, GOOD_TURNS, Limits, SLOW, lock};

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
    workers: Vec<Arc<Thread>>,
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

    fn over(&mut self, stand: &mut Stand) {
        if stand.place != Place::Over {
            stand.place = Place::Over;
            match stand.crew {
                Crew::Prompt => self.prompt_tasks -= 1,
                Crew::Slow => self.slow_tasks -= 1,
            }
        }
    }

    /// Which crew a task belongs to after a turn that took so long.
    fn judge(&mut self, stand: &mut Stand, took: Duration) {
        let slow = took >= SLOW;
        match stand.crew {
            Crew::Prompt if slow => {
                stand.crew = Crew::Slow;
                stand.good = 0;
                self.prompt_tasks -= 1;
                self.slow_tasks += 1;
            }
            // One that is slow now and then, or was interrupted, gets there all the same.
            Crew::Slow if slow => stand.good = stand.good.saturating_sub(GOOD_TURNS / 8),
            Crew::Slow if stand.patient => {}
            Crew::Slow => {
                stand.good += 1;
                if stand.good >= GOOD_TURNS {
                    stand.crew = Crew::Prompt;
                    self.slow_tasks -= 1;
                    self.prompt_tasks += 1;
                }
            }
            Crew::Prompt => {}
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

    /// A new task. Returns whether another slow thread is needed, and counted.
    pub(super) fn enter(&self, entry: &Arc<Entry>, now: Instant) -> bool {
        let mut queues = lock(&self.queues);
        match lock(&entry.stand).crew {
            Crew::Prompt => queues.prompt_tasks += 1,
            Crew::Slow => queues.slow_tasks += 1,
        }
        self.put(&mut queues, entry, Some(now));
        let short = queues.slow_threads < self.slow_wanted(&queues);
        queues.slow_threads += usize::from(short);
        short
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
            queues.over(&mut stand);
            drop((stand, queues));
            drop(lock(&entry.task).take());
            entry.end(End::Stopped);
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
    pub(super) fn thread_begins(&self, crew: Crew) -> Arc<Thread> {
        let thread = Arc::new(Thread::new(crew));
        lock(&self.queues).workers.push(Arc::clone(&thread));
        thread
    }

    /// A thread ends.
    pub(super) fn thread_ends(&self, thread: &Arc<Thread>) {
        let mut queues = lock(&self.queues);
        queues.workers.retain(|other| !Arc::ptr_eq(other, thread));
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

    pub(super) fn workers(&self) -> Vec<Arc<Thread>> {
        lock(&self.queues).workers.clone()
    }

    /// The next task that is due, once it is. `None`: the thread is not needed any more. One that
    /// got nothing to do for `idle_max` is not.
    pub(super) fn next(&self, thread: &Thread, idle_max: Option<Duration>) -> Option<Arc<Entry>> {
        let crew = thread.crew;
        let idle_from = Instant::now();
        let mut queues = lock(&self.queues);
        loop {
            if queues.closing || thread.replaced.load(Relaxed) {
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
            queues.over(&mut stand);
            return Turned::Over;
        };
        queues.judge(&mut stand, took);
        let due = if woken { Some(Instant::now()) } else { due };
        drop(stand);
        self.put(&mut queues, entry, due);
        let short = queues.slow_threads < self.slow_wanted(&queues);
        queues.slow_threads += usize::from(short);
        Turned::GoesOn { short }
    }

    /// Marks a thread as replaced, unless its turn ended meanwhile. The caller starts another.
    pub(super) fn replace(&self, thread: &Thread) -> bool {
        let mut queues = lock(&self.queues);
        if thread.busy(self.epoch).is_none() || thread.replaced.swap(true, Relaxed) {
            return false;
        }
        queues.replaced += 1;
        true
    }

    /// Gives a turn without end up, unless it ended meanwhile: its task is over, its thread lost.
    pub(super) fn give_up(&self, thread: &Thread, entry: &Arc<Entry>) {
        let mut queues = lock(&self.queues);
        let mut stand = lock(&entry.stand);
        let Some(busy) = thread.busy(self.epoch).filter(|busy| *busy >= self.limits.stall) else {
            return;
        };
        if !matches!(stand.place, Place::Runs(_)) {
            return;
        }
        queues.over(&mut stand);
        if thread.crew == Crew::Slow && !thread.replaced.swap(true, Relaxed) {
            queues.slow_threads -= 1;
        }
        queues.lost += 1;
        let (lost, max) = (queues.lost, self.limits.lost_threads_max);
        let exhausted = lost > max;
        drop((stand, queues));
        tracing::error!(
            room = &*entry.name,
            lost,
            "a step has not ended after {} ms: an endless loop in the game, most likely. Its thread \
             burns a core until it does; with more than {max} of these at once the process ends",
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
    pub(super) fn busy(&self, thread: &Thread) -> Option<(Arc<Entry>, Duration)> {
        let busy = thread.busy(self.epoch)?;
        let entry = thread.running()?;
        Some((entry, busy))
    }
}
