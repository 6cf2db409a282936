//! Random schedules of ends, starts and stops against a model of a few lines.
//!
//! A failure prints its seed: run it again with `GREENROOM_SEED=… cargo test --test supervision
//! model`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use greenroom::actors::actor::Ending;
use greenroom::supervision::{
    ChildState, Intensity, Restart, Strategy, SupervisorRef, SupervisorSpec,
};

use crate::probe::{ENDS, End, Journal, Plan, begin_end, ended, probe_with, settled, states};

const SCHEDULES: u64 = 300;
const STEPS: usize = 60;
const ALLOWED: u32 = 4;
const PERIOD_MS: u64 = 1000;

/// SplitMix64: enough for a test, and nothing to depend on.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

/// What a supervisor is expected to be.
struct Model {
    strategy: Strategy,
    row: Vec<Kid>,
    now: u64,
    restarts: Vec<u64>,
    try_again: VecDeque<String>,
    failed: bool,
    journal: Vec<String>,
}

#[derive(Clone)]
struct Kid {
    id: String,
    restart: Restart,
    running: bool,
    restarting: bool,
    restarts: u32,
    fail_starts: u32,
}

impl Model {
    fn note(&mut self, mark: char, id: &str) {
        self.journal.push(format!("{mark}{id}"));
    }

    fn at(&self, id: &str) -> Option<usize> {
        self.row.iter().position(|kid| kid.id == id)
    }

    /// Returns whether it started.
    fn start(&mut self, at: usize) -> bool {
        let kid = &mut self.row[at];
        let id = kid.id.clone();
        if kid.fail_starts > 0 {
            kid.fail_starts -= 1;
            self.note('!', &id);
            return false;
        }
        kid.running = true;
        self.note('+', &id);
        true
    }

    /// The supervisor stops it.
    fn stop(&mut self, id: &str) {
        let Some(at) = self.at(id) else { return };
        if self.row[at].running {
            self.row[at].running = false;
            self.note('-', id);
        }
        if self.row[at].restart == Restart::Temporary {
            self.row.remove(at);
        }
    }

    fn stop_all(&mut self) {
        for kid in self.row.clone().iter().rev() {
            self.stop(&kid.id);
        }
    }

    /// These ended at the same moment: their exits are read one after the other, before any start
    /// that failed is tried again. A stopped or replaced incarnation's exit is stale.
    fn ended(&mut self, ends: &[(String, End)]) {
        for (id, how) in ends {
            let at = self.at(id).expect("a child that ran");
            self.row[at].running = false;
            if *how == End::Stop {
                self.note('-', id);
            }
        }
        let mut stale = Vec::new();
        for (id, how) in ends {
            let Some(at) = self.at(id).filter(|_| !self.failed && !stale.contains(id)) else {
                continue;
            };
            match self.row[at].restart {
                Restart::Permanent => stale.extend(self.restart(id)),
                Restart::Transient if *how != End::Stop => stale.extend(self.restart(id)),
                Restart::Transient => {}
                Restart::Temporary => drop(self.row.remove(at)),
            }
        }
        while let Some(id) = self.try_again.pop_front() {
            let still_down = self.at(&id).is_some_and(|at| self.row[at].restarting);
            if still_down && !self.failed {
                self.restart(&id);
            }
        }
    }

    /// Tries once. Returns whom it affected.
    fn restart(&mut self, id: &str) -> Vec<String> {
        self.restarts.retain(|then| self.now - then <= PERIOD_MS);
        if self.restarts.len() >= ALLOWED as usize {
            self.failed = true;
            self.stop_all();
            return Vec::new();
        }
        self.restarts.push(self.now);
        let at = self.at(id).expect("permanent or transient");
        let affected = match self.strategy {
            Strategy::OneForOne => at..at + 1,
            Strategy::OneForAll => 0..self.row.len(),
            Strategy::RestForOne => at..self.row.len(),
        };
        let affected: Vec<String> = self.row[affected].iter().map(|kid| kid.id.clone()).collect();
        for other in affected.iter().rev().filter(|other| *other != id) {
            self.stop(other);
        }
        for other in &affected {
            let Some(at) = self.at(other) else { continue };
            self.row[at].restarting = !self.start(at);
            if self.row[at].restarting {
                self.try_again.push_back(other.clone());
                break;
            }
            self.row[at].restarts += 1;
        }
        affected
    }
}

/// The real supervisor beside its model.
struct Run {
    dice: Dice,
    model: Model,
    root: SupervisorRef,
    journal: Journal,
    plans: HashMap<String, Arc<Plan>>,
    born: usize,
}

impl Run {
    async fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let strategies = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne];
        let strategy = dice.pick(&strategies);
        let intensity = Intensity::new(ALLOWED, Duration::from_millis(PERIOD_MS));
        let spec = SupervisorSpec::new("root", strategy).intensity(intensity);
        Self {
            dice,
            model: Model {
                strategy,
                row: Vec::new(),
                now: 0,
                restarts: Vec::new(),
                try_again: VecDeque::new(),
                failed: false,
                journal: Vec::new(),
            },
            root: spec.start().await.unwrap(),
            journal: Journal::default(),
            plans: HashMap::new(),
            born: 0,
        }
    }

    async fn step(&mut self) -> String {
        let all: Vec<String> = self.model.row.iter().map(|kid| kid.id.clone()).collect();
        let up = |model: &Model| -> Vec<String> {
            let running = model.row.iter().filter(|kid| kid.running);
            running.map(|kid| kid.id.clone()).collect()
        };
        let running = up(&self.model);
        match self.dice.roll(12) {
            0 | 1 => self.start_child().await,
            2..=5 if !running.is_empty() => {
                let id = running[self.dice.roll(running.len())].clone();
                let how = self.dice.pick(&ENDS);
                self.end(&[(id.clone(), how)]).await;
                format!("{how:?} {id}")
            }
            6 if running.len() >= 2 => {
                let first = self.dice.roll(running.len());
                let second = (first + 1 + self.dice.roll(running.len() - 1)) % running.len();
                let both =
                    [(running[first].clone(), End::Kill), (running[second].clone(), End::Kill)];
                self.end(&both).await;
                format!("kill {both:?}")
            }
            7 if !all.is_empty() => {
                let id = &all[self.dice.roll(all.len())];
                self.root.terminate_child(id.as_str()).await.unwrap();
                self.model.stop(id);
                format!("terminate {id}")
            }
            8 if !all.is_empty() => {
                let id = &all[self.dice.roll(all.len())];
                self.restart_by_hand(id).await
            }
            9 if !all.is_empty() => {
                let id = &all[self.dice.roll(all.len())];
                let outcome = self.root.delete_child(id.as_str()).await;
                let at = self.model.at(id).unwrap();
                assert_eq!(outcome.is_ok(), !self.model.row[at].running);
                if outcome.is_ok() {
                    self.model.row.remove(at);
                }
                format!("delete {id}")
            }
            10 if !all.is_empty() => {
                let at = self.dice.roll(all.len());
                let starts = 1 + self.dice.roll(3) as u32;
                self.model.row[at].fail_starts = starts;
                self.plans[&all[at]].fail_starts.store(starts, SeqCst);
                format!("the next {starts} starts of {} fail", all[at])
            }
            _ => {
                let ms = 1 + self.dice.roll(700) as u64;
                tokio::time::advance(Duration::from_millis(ms)).await;
                self.model.now += ms;
                format!("{ms} ms pass")
            }
        }
    }

    async fn start_child(&mut self) -> String {
        let id = format!("k{}", self.born);
        self.born += 1;
        let kinds =
            [Restart::Permanent, Restart::Permanent, Restart::Transient, Restart::Temporary];
        let restart = self.dice.pick(&kinds);
        let fails = self.dice.roll(8) == 0;
        let plan = Arc::new(Plan::default());
        plan.fail_starts.store(fails.into(), SeqCst);
        let spec = probe_with(&id, &self.journal, &plan).restart(restart);
        let started = self.root.start_child(spec).await;
        assert_eq!(started.is_err(), fails);
        self.plans.insert(id.clone(), plan);
        self.model.row.push(Kid {
            id: id.clone(),
            restart,
            running: false,
            restarting: false,
            restarts: 0,
            fail_starts: fails.into(),
        });
        if !self.model.start(self.model.row.len() - 1) {
            self.model.row.pop();
        }
        format!("start {restart:?} {id}")
    }

    async fn restart_by_hand(&mut self, id: &str) -> String {
        let outcome = self.root.restart_child(id).await;
        let at = self.model.at(id).unwrap();
        let expected = !self.model.row[at].running && self.model.start(at);
        assert_eq!(outcome.is_ok(), expected);
        if expected {
            self.model.row[at].restarts += 1;
        }
        format!("restart {id}")
    }

    /// Ends one or more children at the same moment. They are on one thread with us, so their
    /// exits reach the supervisor in this order before it can read the first.
    async fn end(&mut self, ends: &[(String, End)]) {
        let mut cells = Vec::new();
        for (id, _) in ends {
            cells.push(self.root.child(id.as_str()).await.unwrap());
        }
        for (cell, (_, how)) in cells.iter().zip(ends) {
            begin_end(cell, *how);
        }
        for cell in &cells {
            cell.wait(None).await.unwrap();
        }
        settled(&self.root).await;
        self.model.ended(ends);
    }

    async fn check(&mut self) {
        let expected = std::mem::take(&mut self.model.journal);
        if self.model.failed {
            assert_eq!(ended(&self.root).await, Ending::Failed);
        } else {
            let row = self.model.row.iter().map(|kid| {
                let state = if kid.running { ChildState::Running } else { ChildState::Stopped };
                (kid.id.clone(), state, kid.restarts)
            });
            assert_eq!(states(&self.root).await, row.collect::<Vec<_>>());
        }
        assert_eq!(self.journal.take(), expected);
    }
}

async fn run(seed: u64) -> usize {
    let mut run = Run::new(seed).await;
    for step in 0..STEPS {
        let what = run.step().await;
        println!("  {step}: {what}");
        run.check().await;
        if run.model.failed {
            return step;
        }
    }
    run.root.shutdown().await.unwrap();
    run.model.stop_all();
    assert_eq!(run.journal.take(), run.model.journal);
    STEPS
}

#[tokio::test(start_paused = true)]
async fn the_supervisor_does_what_the_model_says() {
    let given = std::env::var("GREENROOM_SEED").ok();
    let (first, schedules) = match given.and_then(|seed| seed.parse().ok()) {
        Some(seed) => (seed, 1),
        None => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            (now.unwrap().as_nanos() as u64, SCHEDULES)
        }
    };
    let mut steps = 0;
    for seed in first..first + schedules {
        println!("GREENROOM_SEED={seed}");
        steps += run(seed).await;
    }
    println!("{steps} steps compared");
    assert!(schedules == 1 || steps > 1000, "the schedules end too early to mean anything");
}
