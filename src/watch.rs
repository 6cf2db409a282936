//! A thread that looks for actors which have been on the same message for over a second, and names
//! them: in the log, and as counts. It is a thread of its own because what it looks for may hold up
//! every worker of the runtime. (Steps of rooms are the [scheduler](crate::scheduler)'s: its watchdog
//! names them.)

// The shell may use maps in any order.
#![allow(clippy::disallowed_types)]

use std::collections::HashSet;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use metrics::{counter, gauge};

use crate::actors::actor::stuck;

/// From when on an actor is named: handlers take microseconds and never wait.
pub const STUCK: Duration = Duration::from_secs(1);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Watches for as long as it is held.
pub struct Watch {
    _ends: Sender<()>,
}

impl Watch {
    /// Starts the thread.
    #[must_use]
    pub fn start() -> Self {
        let (ends, ended) = channel::<()>();
        let watch = move || {
            let mut known = HashSet::new();
            while ended.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                look(&mut known);
            }
        };
        if let Err(error) = std::thread::Builder::new().name("watch".into()).spawn(watch) {
            tracing::error!("nobody looks for actors that are stuck: {error}");
        }
        Watch { _ends: ends }
    }
}

/// Names those that were not stuck before.
fn look(known: &mut HashSet<u64>) {
    let stuck = stuck(STUCK);
    gauge!("greenroom_actors_stuck").set(stuck.len() as f64);
    known.retain(|id| stuck.iter().any(|actor| actor.id.pid() == *id));
    for actor in stuck {
        let Some((message, since)) = actor.busy.filter(|_| known.insert(actor.id.pid())) else {
            continue;
        };
        counter!("greenroom_actors_stuck_total", "class" => actor.class).increment(1);
        tracing::warn!(
            actor = &*actor.name,
            class = actor.class,
            message,
            secs = since.as_secs_f64(),
            waiting = actor.depth,
            "an actor is on the same message for over a second"
        );
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;
    use crate::actors::actor::{self, Actor, Context, Failure, Named};

    struct Sleeper;
    struct Sleep(Duration);

    impl Named for Sleep {
        fn name(&self) -> &'static str {
            "sleep"
        }
    }

    impl Actor for Sleeper {
        const CLASS: &'static str = "sleeper";
        type Msg = Sleep;
        type Args = ();
        async fn start((): (), _: &Context<Sleep>) -> Result<Self, Failure> {
            Ok(Sleeper)
        }
        async fn handle(&mut self, Sleep(time): Sleep, _: &Context<Sleep>) -> Result<(), Failure> {
            std::thread::sleep(time);
            Ok(())
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_actor_that_is_stuck_is_known_until_it_goes_on() {
        let sleeper = actor::spawn::<Sleeper>("sleeper", ()).await.unwrap();
        let (id, mut known) = (sleeper.id().pid(), HashSet::new());
        sleeper.cast(Sleep(STUCK + STUCK)).unwrap();
        look(&mut known);
        assert!(!known.contains(&id), "it has only just begun");
        let mut until = async |wanted: bool| {
            let deadline = std::time::Instant::now() + Duration::from_secs(20);
            while known.contains(&id) != wanted {
                assert!(std::time::Instant::now() < deadline);
                tokio::time::sleep(Duration::from_millis(20)).await;
                look(&mut known);
            }
        };
        until(true).await;
        until(false).await;
    }
}
