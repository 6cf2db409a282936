//! One run: starts the bots, breaks and ends them, adds up what they met with.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::bot::{self, Signals};
use super::course::{Row, Sampled, Sampler};
use super::report::{LATE_MS_MAX, Summary};
use super::scenario::Course;
use super::tally::Tally;
use super::target::{Plan, Target};
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

/// Runs it; `live` hears of each row.
pub(super) async fn run(
    plan: Plan,
    course: Course,
    target: &Target,
    live: impl Fn(&Row),
) -> Outcome {
    let (plan, tally) = (Arc::new(plan), Arc::new(Tally::new()));
    let began = Instant::now();
    let ((stop, stops), (cut, cuts)) = (watch::channel(false), watch::channel(0));
    let mut bots = JoinSet::new();
    for number in 0..course.bots {
        let timetable = Timetable::new(began, target.input_hz, number, course.bots);
        let signals = Signals { stop: stops.clone(), cut: cuts.clone() };
        let (plan, tally) = (Arc::clone(&plan), Arc::clone(&tally));
        let part = course.part(number, began);
        bots.spawn(bot::live(plan, part, timetable, tally, signals));
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
        _ = tokio::signal::ctrl_c() => stopped = true,
        // They gave up: nothing that would change by waiting.
        () = all_done => {}
        () = sampler.run(live) => {}
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
    Outcome { summary, errors, alone, stopped }
}
