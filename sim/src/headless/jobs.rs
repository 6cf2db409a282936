//! Matches on all cores, handed on in their order.
//!
//! Each match depends on nothing but its number, so what comes out is the same however many threads
//! play. They run ahead of the match that is handed on next by a bounded number, whatever that one
//! takes: finished matches, with their logs, are not piled up in memory.

use std::any::Any;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Matches that each thread may be ahead of the one that is handed on next.
const AHEAD: usize = 8;

/// So many threads; 0: one for each core.
pub(super) fn threads(jobs: usize) -> NonZeroUsize {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    NonZeroUsize::new(jobs).unwrap_or(cores)
}

/// What a panic said.
type Panic = Box<dyn Any + Send>;

struct Plan<T> {
    /// Places in the list: of the next to be played, and of the next to be handed on.
    played: usize,
    handed: usize,
    done: BTreeMap<usize, Result<T, Panic>>,
    /// No more are to be played.
    over: bool,
}

struct Shared<T> {
    plan: Mutex<Plan<T>>,
    changed: Condvar,
}

/// Plays the first `count` of something on so many threads, and hands what comes of each to `take`,
/// in their order, until that has enough. A panic in one of them goes on from here, in its turn.
pub(super) fn in_order<T: Send>(
    jobs: NonZeroUsize,
    count: usize,
    play: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(usize, T) -> ControlFlow<()>,
) {
    let plan = Plan { played: 0, handed: 0, done: BTreeMap::new(), over: false };
    let shared = Shared { plan: Mutex::new(plan), changed: Condvar::new() };
    let ahead = AHEAD.saturating_mul(jobs.get());
    std::thread::scope(|scope| {
        for _ in 0..jobs.get().min(count) {
            scope.spawn(|| {
                while let Some(place) = shared.next(count, ahead) {
                    let outcome = catch_unwind(AssertUnwindSafe(|| play(place)));
                    shared.lock().done.insert(place, outcome);
                    shared.changed.notify_all();
                }
            });
        }
        // Also where `take` panics.
        let _over = Over(&shared);
        for place in 0..count {
            let outcome = shared.outcome(place).unwrap_or_else(|panic| resume_unwind(panic));
            if take(place, outcome).is_break() {
                return;
            }
        }
    });
}

impl<T> Shared<T> {
    /// The next to be played, once it is near enough.
    fn next(&self, count: usize, ahead: usize) -> Option<usize> {
        let mut plan = self.lock();
        while !plan.over && plan.played < count && plan.played >= plan.handed.saturating_add(ahead)
        {
            plan = self.changed.wait(plan).unwrap_or_else(PoisonError::into_inner);
        }
        if plan.over || plan.played >= count {
            return None;
        }
        plan.played += 1;
        Some(plan.played - 1)
    }

    fn outcome(&self, place: usize) -> Result<T, Panic> {
        let mut plan = self.lock();
        loop {
            if let Some(outcome) = plan.done.remove(&place) {
                plan.handed = place + 1;
                self.changed.notify_all();
                return outcome;
            }
            plan = self.changed.wait(plan).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Plan<T>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing more is played from when this is dropped.
struct Over<'a, T>(&'a Shared<T>);

impl<T> Drop for Over<'_, T> {
    fn drop(&mut self) {
        self.0.lock().over = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn jobs(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn what_is_handed_on_is_in_order_and_the_same_on_any_number_of_threads() {
        for threads in [1, 2, 7] {
            let mut came = Vec::new();
            // The early ones take the longest.
            let play = |place: usize| {
                (0..(200 - place) * 200).for_each(|n| {
                    std::hint::black_box(n);
                });
                place * 3
            };
            in_order(jobs(threads), 200, play, |place, outcome| {
                came.push((place, outcome));
                ControlFlow::Continue(())
            });
            assert!(came.iter().copied().eq((0..200).map(|place| (place, place * 3))));
        }
    }

    #[test]
    fn nobody_runs_far_ahead_of_one_that_takes_long() {
        let (threads, begun) = (3, AtomicUsize::new(0));
        let most = AHEAD * threads;
        let play = |place: usize| {
            begun.fetch_add(1, Ordering::SeqCst);
            if place == 0 {
                // Until the others may go no further.
                while begun.load(Ordering::SeqCst) < most {
                    std::thread::yield_now();
                }
                for _ in 0..1000 {
                    std::thread::yield_now();
                    assert_eq!(begun.load(Ordering::SeqCst), most);
                }
            }
        };
        in_order(jobs(threads), 1000, play, |_, ()| ControlFlow::Continue(()));
        assert_eq!(begun.load(Ordering::SeqCst), 1000);
    }

    #[test]
    fn who_has_enough_ends_it_and_so_does_a_panic_in_its_turn() {
        let mut came = 0;
        in_order(
            jobs(4),
            usize::MAX,
            |place| place,
            |place, _| {
                came += 1;
                if place == 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!(came, 21);
        let mut came = Vec::new();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            in_order(
                jobs(3),
                100,
                |place| if place == 30 { resume_unwind(Box::new("thirty")) } else { place },
                |place, _| {
                    came.push(place);
                    ControlFlow::Continue(())
                },
            );
        }));
        assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"thirty"));
        assert!(came.into_iter().eq(0..30));
    }
}
