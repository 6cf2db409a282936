//! One run: starts the bots, breaks and ends them, adds up what they met with.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::bot::{self, Signals};
use super::course::{Row, Sampled, Sampler, pulse};
use super::report::{LATE_MS_MAX, Summary};
use super::scenario::Course;
use super::tally::Tally;
use super::target::{Plan, Target};
use super::threads::Threads;
use super::timetable::Timetable;

/// What a run came to.
pub(super) struct Outcome {
    pub(super) summary: Summary,
    /// Distinct errors, and how often they came.
    pub(super) errors: Vec<(String, u64)>,
    /// Nobody had a connection in the end.
    pub(super) alone: bool,
    /// Somebody stopped it before its time.
    pub(super) stopped: bool,
}

/// Somebody wants the program to end: Ctrl-C, or whoever gave it only so much time.
pub(super) async fn interrupted() {
    let ctrl_c = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        tokio::select! {
            _ = ctrl_c => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = ctrl_c.await;
}

/// No bot has had a connection for so long: the server is gone. A bot tries every five seconds at
/// least, and a server that is started anew is there sooner.
const GONE: Duration = Duration::from_secs(30);

/// Ends when nobody has been connected for [`GONE`].
async fn gone(is_anybody_connected: impl Fn() -> bool) {
    let mut last = Instant::now();
    while last.elapsed() < GONE {
        sleep(Duration::from_secs(1)).await;
        if is_anybody_connected() {
            last = Instant::now();
        }
    }
}

/// Runs it; `live` hears of each row.
pub(super) async fn run(
    plan: Plan,
    course: Course,
    target: &Target,
    live: impl Fn(&Row),
) -> Result<Outcome, String> {
    let (plan, tally) = (Arc::new(plan), Arc::new(Tally::new()));
    let threads = Threads::start(course.bots - plan.seeing(course.bots), &tally)?;
    let began = Instant::now();
    let ((stop, stops), (cut, cuts)) = (watch::channel(false), watch::channel(0));
    let mut bots = JoinSet::new();
    for number in 0..course.bots {
        let timetable = Timetable::new(began, target.input_hz, number, course.bots);
        let signals = Signals { stop: stops.clone(), cut: cuts.clone() };
        let thread = threads.of(number).filter(|_| !plan.sees(number));
        let (plan, tally) = (Arc::clone(&plan), Arc::clone(&tally));
        let part = course.part(number, began);
        let life = bot::live(plan, part, timetable, tally, signals);
        match thread {
            Some(thread) => bots.spawn_on(life, thread),
            None => bots.spawn(life),
        };
    }
    let warmup = (course.warmup_secs > 0.0).then(|| Duration::from_secs_f64(course.warmup_secs));
    let mut sampler = Sampler::new(Arc::clone(&tally), course.secs, warmup, target.server());
    let whole = Duration::from_secs_f64(course.secs);
    let breaks = async {
        if let Some(after) = course.scenario.breaks_after(whole) {
            sleep(after).await;
            cut.send_modify(|cuts| *cuts += 1);
        }
        std::future::pending::<()>().await;
    };
    let all_done = async { while bots.join_next().await.is_some() {} };
    let mut stopped = false;
    tokio::select! {
        () = sleep(whole) => {}
        () = interrupted() => stopped = true,
        // They gave up: nothing that would change by waiting.
        () = all_done => {}
        () = gone(|| tally.live.connected.get() > 0) => {}
        () = sampler.run(live) => {}
        () = pulse(&tally, Duration::ZERO) => {}
        () = breaks => {}
    }
    let seconds = began.elapsed().as_secs_f64();
    let alone = tally.live.connected.get() == 0;
    let Sampled { rows, generator, server } = sampler.done();
    let _ = stop.send(true);
    while bots.join_next().await.is_some() {}

    let (summary, errors) = tally.summary(course.bots, seconds);
    let generator_limited = summary.generator_late_ms > LATE_MS_MAX;
    let summary = Summary {
        scenario: course.scenario.name(),
        decoded: plan.decode,
        generator_limited,
        generator,
        server,
        series: rows,
        ..summary
    };
    Ok(Outcome { summary, errors, alone, stopped })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_server_is_gone_when_nobody_was_connected_for_half_a_minute() {
        let began = Instant::now();
        // Nobody is in the first 20 s, then some are, with breaks of 29 s, and from 100 s on nobody.
        gone(|| matches!(began.elapsed().as_secs(), 20..=30 | 59..=70 | 99)).await;
        assert_eq!(began.elapsed().as_secs(), 99 + GONE.as_secs());
    }
}
