//! The supervision tree as rows, each with its depth.

use std::collections::BTreeMap;
use std::time::Duration;

use ractor::ActorId;
use serde_json::json;

use super::change::Rows;
use crate::actors::actor;
use crate::supervision::{ChildInfo, ChildKind, ChildState, SupervisorRef};

/// Children of one supervisor that are named; of a larger crowd only the number is said.
const NAMED_MAX: usize = 24;
/// Levels below the root: partitions and what hangs in them.
const DEPTH_MAX: usize = 3;
/// How long one supervisor is waited for. One that does not answer is shown so.
const PATIENCE: Duration = Duration::from_millis(250);

/// Messages that each actor had handled when it was looked at last.
#[derive(Default)]
pub(super) struct Handled(BTreeMap<u64, u64>);

/// The tree below and with its root. `elapsed`: since it was looked at last.
pub(super) async fn tree(root: &SupervisorRef, handled: &mut Handled, elapsed: Duration) -> Rows {
    let mut rows = Rows::new();
    let mut now = Handled::default();
    let top = Open { above: String::new(), depth: 0, info: None, supervisor: Some(root.clone()) };
    let mut open = vec![top];
    // Children are looked at before siblings, so the rows stand in the order of the tree.
    while let Some(Open { above, depth, info, supervisor }) = open.pop() {
        let name = info.as_ref().map_or("root".to_owned(), |info| info.id.to_string());
        let path = if above.is_empty() { name.clone() } else { format!("{above} {name}") };
        let id = match &supervisor {
            Some(supervisor) => Some(supervisor.id()),
            None => info.as_ref().and_then(|info| info.actor),
        };
        let mut row = measured(id, handled, &mut now, elapsed);
        row["name"] = name.into();
        row["depth"] = depth.into();
        row["restarts"] = info.as_ref().map_or(0, |info| info.restarts).into();
        row["state"] = info.as_ref().map_or("running", |info| word(info.state)).into();
        if let Some(supervisor) = supervisor {
            let supervisor = supervisor.deadline(PATIENCE);
            match supervisor.count_children().await {
                Ok(counts) => row["children"] = counts.specs.into(),
                Err(_) => row["state"] = "no answer".into(),
            }
            let few = row["children"].as_u64().is_some_and(|count| count <= NAMED_MAX as u64);
            if few && depth < DEPTH_MAX {
                let children = supervisor.which_children().await.unwrap_or_default();
                for info in children.into_iter().rev().take(NAMED_MAX) {
                    let below = supervisor_of(&supervisor, &info).await;
                    open.push(Open {
                        above: path.clone(),
                        depth: depth + 1,
                        info: Some(info),
                        supervisor: below,
                    });
                }
            }
        }
        rows.push((path, row));
    }
    *handled = now;
    rows
}

/// A node that is still to be looked at.
struct Open {
    /// Path of its supervisor.
    above: String,
    depth: usize,
    /// `None`: the root.
    info: Option<ChildInfo>,
    /// There if it is a supervisor, and runs.
    supervisor: Option<SupervisorRef>,
}

async fn supervisor_of(above: &SupervisorRef, info: &ChildInfo) -> Option<SupervisorRef> {
    if info.kind != ChildKind::Supervisor {
        return None;
    }
    SupervisorRef::of(&above.child(info.id.clone()).await.ok()?)
}

fn measured(
    id: Option<ActorId>,
    before: &Handled,
    now: &mut Handled,
    elapsed: Duration,
) -> serde_json::Value {
    let Some(actor) = id.and_then(actor::live_actor) else { return json!({}) };
    let pid = actor.id.pid();
    now.0.insert(pid, actor.handled);
    let rate = before.0.get(&pid).map(|before| {
        let more = actor.handled.saturating_sub(*before) as f64;
        (more / elapsed.as_secs_f64().max(0.001)).round()
    });
    json!({
        "mailbox": actor.depth,
        "messages_per_s": rate,
        "busy_with": actor.busy.map(|(message, _)| message),
        "busy_ms": actor.busy.map(|(_, since)| since.as_millis() as u64),
    })
}

fn word(state: ChildState) -> &'static str {
    match state {
        ChildState::Running => "running",
        ChildState::Restarting => "restarting",
        ChildState::Stopped => "stopped",
    }
}
