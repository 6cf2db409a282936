//! `GET /console/rooms/{room}`: one room, its members, and its state by the names of its schema.
//!
//! The state is what the room published last, whole: hidden values too, for it is the operator who
//! asks. The room hands out a copy at its next turn; none of the game's code runs for it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use greenroom_proto::Schema;
use serde_json::{Value, json};

use super::connections::ms;
use crate::directory::members::SeenMember;
use crate::directory::operator;
use crate::ops::Site;
use crate::ops::fault::{Code, Fault};
use crate::ops::given::{self, Room};
use crate::published;

/// How long a room is waited for. One that has no turn meanwhile is shown without its state.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of a state that are shown.
const STATE_BYTES_MAX: usize = 1024 * 1024;
/// Why a state is not shown.
const NO_TURN: &str =
    "the room has had no turn for a second: it hangs, stands still or is restored";
const TOO_LARGE: &str = "the state takes more than 1 MiB in words: see greenroom-sim replay";
/// Members that are shown; how many there are in all is said.
const MEMBERS_MAX: usize = 256;

pub(super) async fn look(State(_): State<Arc<Site>>, Room(room): Room) -> Result<Response, Fault> {
    let state = room.look().ok_or_else(|| {
        Fault::new(Code::Busy, "too many wait for the state of this room: close a console")
    })?;
    let published = match tokio::time::timeout(PATIENCE, state).await {
        Ok(Ok(state)) => {
            // Takes a while for a large world.
            let schema = room.entry.schema.clone();
            let read = tokio::task::spawn_blocking(move || in_words(&schema, &state));
            read.await.map_err(|_| Fault::new(Code::Failed, "the server is stopping"))?
        }
        Ok(Err(_)) => return Err(given::over()),
        Err(_) => Err(NO_TURN),
    };
    let members = room.members().seen();
    let shown: Vec<_> = members.iter().take(MEMBERS_MAX).map(member).collect();
    Ok(crate::ops::json(&json!({
        "room": room.id.to_string(),
        "game": room.entry.game.name(),
        "options": crate::ops::rooms::value(&room.plan.options),
        "restarts": room.restarts(),
        "members": shown,
        "members_in_all": members.len(),
        "published": published.as_ref().ok(),
        "no_state": published.as_ref().err(),
    })))
}

/// The state by the names of its fields, or why it is not shown.
fn in_words(schema: &Schema, state: &operator::State) -> Result<Value, &'static str> {
    let value = published::state(schema, &state.rows);
    match serde_json::to_string(&value) {
        Ok(text) if text.len() <= STATE_BYTES_MAX => {
            Ok(json!({ "tick": state.tick.0, "state": value }))
        }
        _ => Err(TOO_LARGE),
    }
}

fn member(member: &SeenMember) -> Value {
    json!({
        "player": member.player.0,
        "name": member.name,
        "account": member.account,
        "pace": member.pace.word(),
        "latency_ms": member.latency.map(ms),
        "backlog_bytes": member.backlog.bytes,
        "stuck_ms": member.backlog.stuck.map(|stuck| stuck.as_millis() as u64),
    })
}
