//! What the operator's console has of a room beyond what anybody sees: what its steps cost, its
//! state, and a panic on request.
//!
//! Nothing is measured while no console is open: [`Observed`] says whether one is, and costs a room
//! one load of an atomic per step.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use greenroom_proto::{Rows, Tick};
use tokio::sync::oneshot;

use super::lock;

/// Steps that medians and the like are taken from: the last second of a room at 60 Hz.
pub const STEPS: usize = 64;
/// Consoles that wait for the state of one room at once; one more is refused.
const LOOKS_MAX: usize = 8;

/// Whether a console is open.
#[derive(Default)]
pub struct Observed(AtomicBool);

impl Observed {
    /// Whether rooms are to measure what they do.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// From now on they are, or are not.
    pub fn set(&self, on: bool) {
        self.0.store(on, Ordering::Relaxed);
    }
}

/// A room as its operator knows it.
#[derive(Default)]
pub struct Operator {
    costs: Mutex<Option<Box<Costs>>>,
    is_looked_at: AtomicBool,
    looks: Mutex<Vec<oneshot::Sender<State>>>,
    panics: AtomicBool,
}

/// All of a room's state as it was published last, hidden values included.
pub struct State {
    /// After this tick.
    pub tick: Tick,
    /// Its rows, to be read with the schema of the room's game.
    pub rows: Rows,
}

/// What steps have cost since somebody looks.
struct Costs {
    took_us: [u32; STEPS],
    late_us: [u32; STEPS],
    steps: usize,
    busy: Duration,
    bytes: u64,
}

/// What the last steps of a room have cost.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Half of the steps took so long at most, in µs.
    pub took_median_us: u32,
    /// 99 of 100 took so long at most, in µs.
    pub took_p99_us: u32,
    /// 99 of 100 began so late at most, in µs.
    pub late_p99_us: u32,
    /// Time in steps, since somebody looks.
    pub busy: Duration,
    /// Bytes of frames sent to players, since somebody looks.
    pub bytes: u64,
}

impl Operator {
    /// A step began so late and took so long, and its frames have so many bytes.
    pub fn step(&self, late: Duration, took: Duration, bytes: u64) {
        let us = |time: Duration| time.as_micros().try_into().unwrap_or(u32::MAX);
        let mut costs = lock(&self.costs);
        let costs = costs.get_or_insert_default();
        let place = costs.steps % STEPS;
        costs.took_us[place] = us(took);
        costs.late_us[place] = us(late);
        costs.steps += 1;
        costs.busy += took;
        costs.bytes += bytes;
    }

    /// What the last steps have cost; `None`: none was measured.
    pub fn cost(&self) -> Option<Cost> {
        let costs = lock(&self.costs);
        let costs = costs.as_deref()?;
        let known = costs.steps.min(STEPS);
        let (mut took, mut late) = (costs.took_us, costs.late_us);
        Some(Cost {
            took_median_us: quantile(&mut took[..known], 50),
            took_p99_us: quantile(&mut took[..known], 99),
            late_p99_us: quantile(&mut late[..known], 99),
            busy: costs.busy,
            bytes: costs.bytes,
        })
    }

    /// Nobody looks any more: what was measured is dropped.
    pub fn forget(&self) {
        *lock(&self.costs) = None;
    }

    /// Asks for the state, which comes when the room has its next turn; `None`: so many wait for it
    /// that none more may.
    pub(super) fn look(&self) -> Option<oneshot::Receiver<State>> {
        let (tell, state) = oneshot::channel();
        let mut looks = lock(&self.looks);
        looks.retain(|look| !look.is_closed());
        if looks.len() >= LOOKS_MAX {
            return None;
        }
        looks.push(tell);
        self.is_looked_at.store(true, Ordering::Release);
        Some(state)
    }

    /// The room has its turn: its state goes to whoever waits for it.
    pub fn show(&self, newest: Option<(Tick, &Rows)>) {
        if !self.is_looked_at.load(Ordering::Acquire) {
            return;
        }
        let Some((tick, rows)) = newest else { return };
        self.is_looked_at.store(false, Ordering::Release);
        for look in lock(&self.looks).drain(..) {
            let _ = look.send(State { tick, rows: rows.clone() });
        }
    }

    /// The next step is to panic.
    pub(super) fn ask_panic(&self) {
        self.panics.store(true, Ordering::Release);
    }

    /// Whether a panic was asked for.
    pub fn panics(&self) -> bool {
        self.panics.load(Ordering::Acquire)
    }

    /// Whether the next step is to panic, said once.
    pub fn take_panic(&self) -> bool {
        self.panics() && self.panics.swap(false, Ordering::AcqRel)
    }
}

impl Default for Costs {
    fn default() -> Self {
        Costs { took_us: [0; STEPS], late_us: [0; STEPS], steps: 0, busy: Duration::ZERO, bytes: 0 }
    }
}

/// So many of 100 values are as large at most.
fn quantile(values: &mut [u32], of_100: usize) -> u32 {
    let Some(last) = values.len().checked_sub(1) else { return 0 };
    let place = (values.len() * of_100).div_ceil(100).saturating_sub(1).min(last);
    *values.select_nth_unstable(place).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_those_of_the_last_steps_and_gone_once_nobody_looks() {
        let operator = Operator::default();
        assert_eq!(operator.cost(), None);
        let us = Duration::from_micros;
        for step in 1..=100 {
            operator.step(us(0), us(1_000_000 + step), 10);
        }
        for step in 1..=STEPS as u64 {
            operator.step(us(step * 2), us(step), 10);
        }
        let cost = operator.cost().unwrap();
        assert_eq!((cost.took_median_us, cost.took_p99_us, cost.late_p99_us), (32, 64, 128));
        assert_eq!(cost.bytes, 1_640);
        operator.forget();
        assert_eq!(operator.cost(), None);
    }

    #[test]
    fn so_many_may_wait_for_a_state_and_those_who_left_do_not_count() {
        let operator = Operator::default();
        let waiting: Vec<_> = (0..LOOKS_MAX).map(|_| operator.look().unwrap()).collect();
        assert!(operator.look().is_none());
        drop(waiting);
        let mut state = operator.look().unwrap();
        operator.show(None);
        assert!(state.try_recv().is_err());
        operator.show(Some((Tick(7), &Rows::default())));
        assert_eq!(state.try_recv().unwrap().tick, Tick(7));
    }

    #[test]
    fn a_panic_that_was_asked_for_comes_once() {
        let operator = Operator::default();
        assert!(!operator.take_panic());
        operator.ask_panic();
        assert!(operator.take_panic() && !operator.take_panic());
    }
}
