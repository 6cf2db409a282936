//! Stopping one child: asked, waited for, killed.

use std::time::Duration;

use ractor::ActorCell;

use super::child::{ChildId, Shutdown};
use super::exit::Exit;

/// How long a killed child is waited for. A kill takes effect at the child's next await, within
/// microseconds; what has not ended by then computes without awaiting and nothing can end it.
const KILL_GRACE: Duration = Duration::from_secs(1);

/// Ends the child and returns when it has: [`Exit::Shutdown`] if it stopped within its time,
/// [`Exit::Killed`] if it had to be killed, [`Exit::Lost`] if even that was of no use.
pub(super) async fn stop(id: &ChildId, cell: &ActorCell, shutdown: Shutdown) -> Exit {
    let limit = match shutdown {
        Shutdown::Kill => None,
        Shutdown::Within(limit) => Some(Some(limit)),
        Shutdown::Infinity => Some(None),
    };
    if let Some(limit) = limit {
        cell.stop(None);
        if cell.wait(limit).await.is_ok() {
            return Exit::Shutdown;
        }
        tracing::warn!(child = %id, ?limit, "child did not stop in time: it is killed");
    }
    cell.kill();
    if cell.wait(Some(KILL_GRACE)).await.is_ok() {
        return Exit::Killed;
    }
    tracing::error!(child = %id, "child computes without awaiting and cannot be killed: its thread is lost");
    Exit::Lost
}
