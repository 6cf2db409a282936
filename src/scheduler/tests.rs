use std::sync::Condvar;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, channel};

use super::*;

/// Far longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(20);

/// A task from a closure.
struct Does<F>(F);

impl<F: FnMut(Instant) -> Next + Send + 'static> Task for Does<F> {
    fn turn(&mut self, now: Instant, _: &Waker) -> Next {
        (self.0)(now)
    }
}

fn scheduler(change: impl FnOnce(&mut Limits)) -> Arc<Scheduler> {
    let mut limits = Limits { prompt_threads: 2, ..Limits::default() };
    change(&mut limits);
    Scheduler::start(limits, || {})
}

/// Runs a task; the receiver gets its end.
fn run(
    scheduler: &Scheduler,
    turn: impl FnMut(Instant) -> Next + Send + 'static,
) -> (Running, Receiver<End>) {
    let (tell, ends) = channel();
    let running = scheduler.run("test", Does(turn), move |end| drop(tell.send(end)));
    (running, ends)
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A gate that turns wait at until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn pass(&self) {
        let open = self.0.1.wait_while(self.0.0.lock().unwrap(), |open| !*open);
        drop(open.unwrap());
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

#[test]
fn turns_come_at_the_times_asked_for_and_never_before() {
    let scheduler = scheduler(|_| {});
    let (tell, told) = channel();
    let mut due = Instant::now();
    let mut left = 20;
    let (_running, ends) = run(&scheduler, move |now| {
        tell.send((due, now)).unwrap();
        left -= 1;
        due = now + Duration::from_millis(3);
        if left == 0 { Next::Done } else { Next::At(due) }
    });
    assert!(matches!(ends.recv_timeout(DEADLINE), Ok(End::Done)));
    let turns: Vec<_> = told.iter().collect();
    assert_eq!(turns.len(), 20);
    assert!(turns.iter().all(|(due, now)| now >= due));
}

#[test]
fn a_task_that_waits_runs_when_it_is_woken_and_once_for_many_words() {
    let scheduler = scheduler(|_| {});
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    let gate = Gate::default();
    let at = gate.clone();
    let (running, ends) = run(&scheduler, move |_| {
        if counted.fetch_add(1, Relaxed) == 1 {
            at.pass();
        }
        Next::Wait
    });
    until("the first turn", || count.load(Relaxed) == 1);
    running.waker().wake();
    until("the second turn", || count.load(Relaxed) == 2);
    // Woken many times in the middle of a turn it has one more.
    (0..100).for_each(|_| running.waker().wake());
    gate.open();
    until("the third turn", || count.load(Relaxed) == 3);
    running.stop();
    assert!(matches!(ends.recv_timeout(DEADLINE), Ok(End::Stopped)));
    assert_eq!(count.load(Relaxed), 3);
    running.waker().wake();
}

#[test]
fn a_word_before_the_time_brings_the_turn_forward() {
    let scheduler = scheduler(|_| {});
    let (tell, told) = channel();
    let far = Duration::from_secs(3600);
    let (running, _ends) = run(&scheduler, move |now| {
        tell.send(()).unwrap();
        Next::At(now + far)
    });
    for _ in 0..1000 {
        told.recv_timeout(DEADLINE).unwrap();
        running.waker().wake();
    }
}

#[test]
fn a_panic_ends_its_task_only() {
    let scheduler = scheduler(|_| {});
    let (_bad, ends) = run(&scheduler, |_| panic!("as the test asks"));
    let Ok(End::Panicked(panicked)) = ends.recv_timeout(DEADLINE) else { panic!("no panic") };
    assert_eq!(panicked.text(), "as the test asks");
    for _ in 0..4 {
        let (_good, ends) = run(&scheduler, |_| Next::Done);
        assert!(matches!(ends.recv_timeout(DEADLINE), Ok(End::Done)));
    }
}

#[test]
fn more_tasks_in_long_turns_than_there_are_threads_hold_nobody_up() {
    let scheduler = scheduler(|_| {});
    let gate = Gate::default();
    let hogs: Vec<_> = (0..8)
        .map(|_| {
            let gate = gate.clone();
            run(&scheduler, move |now| {
                gate.pass();
                std::thread::sleep(2 * SLOW);
                Next::At(now)
            })
        })
        .collect();
    // All are in a turn that does not end, and yet another task gets on.
    let (_other, ends) = run(&scheduler, |_| Next::Done);
    assert!(matches!(ends.recv_timeout(DEADLINE), Ok(End::Done)));
    until("every hog has a turn", || scheduler.load().replaced >= 8);
    gate.open();
    // From then on they run elsewhere.
    until("the hogs are slow", || scheduler.load().slow_tasks == 8);
    let replaced = scheduler.load().replaced;
    assert!(scheduler.load().slow_threads <= 8);
    std::thread::sleep(5 * SLOW);
    assert_eq!(scheduler.load().replaced, replaced);
    drop(hogs);
    until("they are gone", || scheduler.load().slow_tasks == 0);
}

#[test]
fn a_slow_task_that_gets_better_is_prompt_again() {
    let scheduler = scheduler(|_| {});
    let mut first = true;
    let (running, _ends) = run(&scheduler, move |_| {
        if std::mem::take(&mut first) {
            std::thread::sleep(2 * SLOW);
        }
        Next::Wait
    });
    until("it is slow", || scheduler.load().slow_tasks == 1);
    until("it is prompt", || {
        running.waker().wake();
        scheduler.load().prompt_tasks == 1
    });
}

#[test]
fn a_patient_task_is_slow_from_its_first_turn_and_stays_so() {
    let scheduler = scheduler(|_| {});
    let (turn, turns) = channel();
    let task = Does(move |now: Instant| {
        let _ = turn.send(std::thread::current().name().map(str::to_owned));
        Next::At(now)
    });
    let _running = scheduler.run_patiently("patient", task, |_| {});
    for _ in 0..3 * GOOD_TURNS {
        let name = turns.recv_timeout(DEADLINE).unwrap();
        assert_eq!(name.as_deref(), Some("slow rooms"));
    }
    let load = scheduler.load();
    assert_eq!((load.prompt_tasks, load.slow_tasks), (0, 1));
}

#[test]
fn a_slow_task_that_waits_for_long_is_still_served() {
    let scheduler = scheduler(|limits| limits.slow_threads_max = 1);
    let (tell, told) = channel();
    let slow = |tell: std::sync::mpsc::Sender<()>| {
        move |_| {
            std::thread::sleep(2 * SLOW);
            let _ = tell.send(());
            Next::Wait
        }
    };
    let tasks: Vec<_> = (0..3).map(|_| run(&scheduler, slow(tell.clone()))).collect();
    (0..3).for_each(|_| told.recv_timeout(DEADLINE).unwrap());
    for _ in 0..3 {
        tasks.iter().for_each(|(running, _)| running.waker().wake());
        (0..3).for_each(|_| told.recv_timeout(DEADLINE).unwrap());
    }
    assert!(scheduler.load().slow_threads <= 1);
}

#[test]
fn a_turn_without_end_is_given_up_and_found_if_it_ends_after_all() {
    let exhausted = Arc::new(AtomicBool::new(false));
    let limits = Limits {
        prompt_threads: 1,
        stall: Duration::from_millis(50),
        lost_threads_max: 2,
        ..Limits::default()
    };
    let told = Arc::clone(&exhausted);
    let scheduler = Scheduler::start(limits, move || told.store(true, Relaxed));
    let gate = Gate::default();
    let mut hung = Vec::new();
    for lost in 1..=3 {
        let at = gate.clone();
        let (running, ends) = run(&scheduler, move |now| {
            at.pass();
            Next::At(now)
        });
        assert!(matches!(ends.recv_timeout(DEADLINE), Ok(End::Stalled(_))));
        assert_eq!(scheduler.load().lost, lost);
        assert_eq!(scheduler.exhausted(), lost > 2);
        until("word of too many", || exhausted.load(Relaxed) == (lost > 2));
        hung.push((running, ends));
    }
    let (_good, ends) = run(&scheduler, |_| Next::Done);
    assert!(matches!(ends.recv_timeout(DEADLINE), Ok(End::Done)));
    gate.open();
    until("the threads are found", || scheduler.load().lost == 0);
    assert_eq!(scheduler.load().prompt_tasks, 0);
    for (_, ends) in hung {
        assert!(ends.recv_timeout(DEADLINE).is_err(), "an end is told once");
    }
}

#[test]
fn tasks_end_with_their_scheduler() {
    let scheduler = scheduler(|_| {});
    let (_one, waits) = run(&scheduler, |now| Next::At(now + Duration::from_secs(3600)));
    until("it waits", || scheduler.load().prompt_tasks == 1);
    let gate = Gate::default();
    let at = gate.clone();
    let (_two, runs) = run(&scheduler, move |now| {
        at.pass();
        Next::At(now)
    });
    std::thread::sleep(Duration::from_millis(5));
    drop(scheduler);
    assert!(matches!(waits.recv_timeout(DEADLINE), Ok(End::Stopped)));
    gate.open();
    assert!(matches!(runs.recv_timeout(DEADLINE), Ok(End::Stopped)));
}

/// Tasks that are woken, stopped and started from several threads at once: none is lost, none has
/// two turns at a time, and each that is not stopped has one.
#[test]
fn a_crowd_of_tasks_is_served_whatever_happens() {
    let scheduler = scheduler(|_| {});
    let threads: Vec<_> = (0..4u64)
        .map(|thread| {
            let scheduler = Arc::clone(&scheduler);
            std::thread::spawn(move || {
                let mut random = thread;
                let mut next = move || {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
                    random >> 33
                };
                let mut tasks = Vec::new();
                for _ in 0..400 {
                    let inside = AtomicBool::new(false);
                    let served = Arc::new(AtomicBool::new(false));
                    let serves = Arc::clone(&served);
                    let mut left = next() % 20;
                    let wait = next() % 3;
                    let (running, ends) = run(&scheduler, move |now| {
                        assert!(!inside.swap(true, Relaxed), "two turns at a time");
                        serves.store(true, Relaxed);
                        inside.store(false, Relaxed);
                        left = left.saturating_sub(1);
                        match (left, wait) {
                            (0, _) => Next::Done,
                            (_, 0) => Next::Wait,
                            (_, wait) => Next::At(now + Duration::from_micros(wait * 100)),
                        }
                    });
                    tasks.push((running, ends, served));
                    for (running, ..) in &tasks {
                        if next() % 4 == 0 {
                            running.waker().wake();
                        }
                    }
                    if next() % 7 == 0 {
                        let gone = next() as usize % tasks.len();
                        let (running, ends, _) = tasks.swap_remove(gone);
                        running.stop();
                        assert!(!matches!(
                            ends.recv_timeout(DEADLINE),
                            Err(_) | Ok(End::Panicked(_))
                        ));
                    }
                }
                for (running, ends, served) in tasks {
                    until("it has a turn", || served.load(Relaxed));
                    running.stop();
                    assert!(!matches!(ends.recv_timeout(DEADLINE), Err(_) | Ok(End::Panicked(_))));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    until("all are gone", || {
        let load = scheduler.load();
        load.prompt_tasks + load.slow_tasks == 0
    });
}
