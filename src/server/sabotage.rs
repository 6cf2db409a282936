//! Ends actors by the clock, where [faults](crate::faults) of that kind are asked for.

use std::time::Duration;

use tokio::task::JoinSet;

use super::ServeError;
use crate::actors::room::Keeper;
use crate::config::Config;
use crate::faults::{Faults, Timed};
use crate::supervision::SupervisorRef;

/// What ends others. Dropped, it does not any more.
pub(super) struct Sabotage {
    _tasks: JoinSet<()>,
}

/// A child of the root, or one of its children after the other.
#[derive(Clone, Copy)]
enum Victim {
    Child(&'static str),
    OneBelow(&'static str),
}

/// Faults are for whoever tries them out, alone.
pub(super) fn check(config: &Config) -> Result<(), ServeError> {
    let faults = &config.dev.faults;
    if faults.is_none() {
        return Ok(());
    }
    if !config.listen.bind.ip().is_loopback() {
        return Err(ServeError::FaultsOffLoopback(config.listen.bind));
    }
    tracing::warn!(
        "THIS SERVER FAILS ON PURPOSE: {faults}. Leave out dev_faults if that is not what you want"
    );
    Ok(())
}

impl Sabotage {
    /// Starts the clocks.
    pub(super) fn start(faults: &Faults, root: &SupervisorRef, keeper: Option<&Keeper>) -> Self {
        let mut tasks = JoinSet::new();
        for (timed, victim) in [
            (faults.kill_journal, Victim::Child("journal")),
            (faults.kill_results, Victim::Child("results")),
            (faults.kill_replays, Victim::Child("replays")),
            (faults.kill_listener, Victim::Child("listener")),
            (faults.kill_rooms, Victim::OneBelow("rooms")),
            (faults.kill_connections, Victim::OneBelow("connections")),
        ] {
            let Some(timed) = timed else { continue };
            let root = root.clone();
            tasks.spawn(async move {
                for turn in 0.. {
                    if !wait(timed, turn).await {
                        return;
                    }
                    kill(&root, victim, turn).await;
                }
            });
        }
        if let (Some(timed), Some(keeper)) = (faults.panic_journal, keeper.cloned()) {
            tasks.spawn(async move {
                for turn in 0.. {
                    if !wait(timed, turn).await {
                        return;
                    }
                    tracing::warn!("a fault that was asked for: the journal's writer panics");
                    keeper.journal().panic_writer();
                }
            });
        }
        if let Some(timed) = faults.kill_process {
            tasks.spawn(async move {
                wait(timed, 0).await;
                tracing::warn!("a fault that was asked for: this process is killed");
                kill_process();
            });
        }
        Sabotage { _tasks: tasks }
    }
}

/// Waits for the next time; `false` if there is none.
async fn wait(timed: Timed, turn: usize) -> bool {
    let time: Duration = match timed {
        Timed::Every(time) => time,
        Timed::After(time) if turn == 0 => time,
        Timed::After(_) => return false,
    };
    tokio::time::sleep(time).await;
    true
}

async fn kill(root: &SupervisorRef, victim: Victim, turn: usize) {
    let found = match victim {
        Victim::Child(id) => root.child(id).await,
        Victim::OneBelow(id) => one_below(root, id, turn).await,
    };
    let name = match victim {
        Victim::Child(id) | Victim::OneBelow(id) => id,
    };
    match found {
        Ok(cell) => {
            tracing::warn!(actor = %cell.get_id(), "a fault that was asked for: {name} is killed");
            cell.kill();
        }
        // It is just being started anew, or there is none.
        Err(error) => tracing::warn!("{name} was to be killed: {error}"),
    }
}

async fn one_below(
    root: &SupervisorRef,
    id: &'static str,
    turn: usize,
) -> Result<ractor::ActorCell, crate::supervision::SupervisorError> {
    use crate::supervision::SupervisorError::Ended;
    let above = SupervisorRef::of(&root.child(id).await?).ok_or(Ended)?;
    let children = above.which_children().await?;
    let next = children.get(turn % children.len().max(1)).ok_or(Ended)?;
    above.child(next.id.clone()).await
}

/// As `kill -9` does.
fn kill_process() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort();
}
