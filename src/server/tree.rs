//! The crowds in the tree: rooms and connections; and the threads that step rooms.

use std::sync::Arc;
use std::time::Duration;

use greenroom_proto::{CloseCode, RoomId};
use tokio::sync::Notify;

use crate::actors::room::{self, Common};
use crate::config::Config;
use crate::directory::Directory;
use crate::directory::finished::Finished;
use crate::scheduler::{self, Scheduler};
use crate::supervision::{ChildExit, Dynamic, Intensity, Next, Partitioned, SupervisorSpec};

/// How often something below the root may be started anew. Nothing there should ever fail; what does
/// so often is beyond repair.
pub(super) const INTENSITY: Intensity = Intensity::new(10, Duration::from_secs(10));

/// The supervisors of rooms. One that dies and is started anew finds its rooms in the directory.
pub(super) fn room_supervisors(
    directory: &Arc<Directory>,
    common: &Common,
) -> (SupervisorSpec, Partitioned) {
    let count = cores();
    let (spec, handle) = Partitioned::new("rooms", count, |number| {
        let (of_exit, of_start) = (Arc::clone(directory), Arc::clone(directory));
        let common = common.clone();
        SupervisorSpec::dynamic(format!("rooms/{number}"), Dynamic::default())
            .on_exit(move |exit| room_ended(&of_exit, exit))
            .at_start(move || {
                let own = |id: RoomId| Partitioned::number_of(id.0, count) == number;
                let rooms = of_start.all().into_iter().filter(|record| own(record.id));
                rooms.map(|record| room::child(record, &common)).collect()
            })
    });
    (spec.intensity(INTENSITY), handle)
}

/// Those of audiences. What dies with them is not begun again: whoever looks on asks anew.
pub(super) fn audience_supervisors() -> (SupervisorSpec, Partitioned) {
    let (spec, handle) = Partitioned::new("audiences", cores(), |number| {
        SupervisorSpec::dynamic(format!("audiences/{number}"), Dynamic::default())
    });
    (spec.intensity(INTENSITY), handle)
}

pub(super) fn connection_supervisors() -> (SupervisorSpec, Partitioned) {
    let (spec, handle) = Partitioned::new("connections", cores(), |number| {
        // Each may wait a second for its client's goodbye; a container waits ten for us.
        let options = Dynamic { stop_at_once: 4096, ..Dynamic::default() };
        SupervisorSpec::dynamic(format!("connections/{number}"), options)
    });
    (spec.intensity(INTENSITY), handle)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get())
}

pub(super) fn start_scheduler(config: &Config, exhausted: &Arc<Notify>) -> Arc<Scheduler> {
    let defaults = scheduler::Limits::default();
    let limits = scheduler::Limits {
        prompt_threads: match config.process.room_threads {
            0 => defaults.prompt_threads,
            threads => threads,
        },
        slow_threads_max: config.process.slow_room_threads_max,
        stall: config.rooms.step_timeout,
        lost_threads_max: config.process.lost_threads_max,
    };
    let exhausted = Arc::clone(exhausted);
    // A permit is kept for whoever asks later.
    Scheduler::start(limits, move || exhausted.notify_one())
}

/// A room's actor has ended and is not started again: the room goes, and if it did not end well its
/// members are told.
fn room_ended(directory: &Directory, exit: &ChildExit<'_>) {
    // A supervisor that fails takes its rooms along; the next one finds them in the directory.
    let goes_on = exit.next == Next::SupervisorEnds && !directory.leaving().is_closing();
    if exit.next == Next::Restarted || goes_on {
        return;
    }
    let Ok(id) = exit.id.as_str().parse::<RoomId>() else { return };
    let Some(record) = directory.remove(id) else { return };
    if directory.leaving().is_closing() {
        // Also if its step hung: what it did before is in the journal.
        return record.go_away(directory.leaving().window_ms());
    }
    let code = match exit.exit {
        end if end.is_normal() => CloseCode::GoingAway,
        _ => {
            metrics::counter!("greenroom_rooms_failed_total").increment(1);
            tracing::error!(room = %id, game = record.entry.game.name(),
                "a room failed too often: {:?}", exit.exit);
            CloseCode::RoomFailed
        }
    };
    let tick = record.any_work().told();
    let failed = code == CloseCode::RoomFailed;
    directory.finished().keep(id, Finished::without(record.entry.game.name(), tick, failed));
    record.fail(code);
}
