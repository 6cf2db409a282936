//! Rooms as a backend makes and sees them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use greenroom_proto::{GameName, JoinTarget, OptionsText, Refusal, RoomId};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Site;
use super::fault::{Code, Fault};
use super::given::{self, Id, Json, Query};
use crate::actors::lobby::{self, Found, LobbyMsg, Wish};
use crate::directory::backend::Occupancy;
use crate::directory::finished::Finished;
use crate::directory::{Booked, RoomRecord};
use crate::game::Pace;

/// Rooms on a page, if nobody says, and at most.
const PAGE: usize = 50;
const PAGE_MAX: usize = 200;

/// Which rooms.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    game: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

/// `GET /v1/rooms`
pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Query(Wanted { game, limit, after }): Query<Wanted>,
) -> Result<Response, Fault> {
    if let Some(game) = &game {
        given::known(&site, game)?;
    }
    let limit = limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Fault::new(Code::BadRequest, format!("limit is 1 to {PAGE_MAX}")));
    }
    let after = after.map(|after| after.parse::<RoomId>()).transpose().map_err(|_| {
        Fault::new(Code::BadRequest, "after is the field `next` of the page before")
    })?;
    let of_game =
        |room: &RoomRecord| game.as_deref().is_none_or(|game| game == room.entry.game.name());
    // One more says whether there is another page.
    let mut rooms = site.hosted.directory.after(after, limit + 1, of_game);
    let more = rooms.len() > limit;
    rooms.truncate(limit);
    let next = rooms.last().filter(|_| more).map(|room| room.id.to_string());
    let rooms: Vec<_> = rooms.iter().map(|room| summary(room)).collect();
    Ok(super::json(&json!({ "rooms": rooms, "next": next })))
}

/// What is to be made.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRoom {
    game: String,
    #[serde(default)]
    options: Map<String, Value>,
}

/// `POST /v1/rooms`
pub(super) async fn create(
    State(site): State<Arc<Site>>,
    Json(NewRoom { game, options }): Json<NewRoom>,
) -> Result<Response, Fault> {
    given::known(&site, &game)?;
    let (Ok(game), Ok(options)) = (
        GameName::try_from(game.as_str()),
        OptionsText::try_from(&*Value::from(options).to_string()),
    ) else {
        let max = greenroom_proto::OPTIONS_MAX;
        return Err(Fault::new(Code::BadOptions, format!("options take {max} bytes at most")));
    };
    let booked = seat(&site, JoinTarget::Create { game, options }).await?;
    let room = Arc::clone(booked.room());
    room.begun().await;
    // The seat was for the question only.
    drop(booked);
    let open = room.occupancy().open;
    let failed =
        || site.hosted.directory.finished().get(room.id).is_none_or(|finished| finished.failed);
    if !open && failed() {
        let text = "the game failed when the room was made: the server's log says how";
        return Err(Fault::new(Code::GameFailed, text));
    }
    Ok((StatusCode::CREATED, super::json(&whole(&room))).into_response())
}

/// `GET /v1/rooms/{room}`
pub(super) async fn inspect(State(site): State<Arc<Site>>, Id(id): Id) -> Result<Response, Fault> {
    let directory = &site.hosted.directory;
    // First: a room is there for a moment longer than its match.
    if let Some(finished) = directory.finished().get(id) {
        return Ok(super::json(&ended(id, &finished)));
    }
    let room = directory.get(id).ok_or_else(|| given::unknown(id))?;
    Ok(super::json(&whole(&room)))
}

/// Asks the lobby.
async fn seat(site: &Site, to: JoinTarget) -> Result<Booked, Fault> {
    let wish = Wish { to, by: None };
    let ask = |taken, reply| LobbyMsg::Seat(wish.clone(), taken, reply);
    let asked = lobby::ask(&site.hosted.lobby, ask).await;
    let found = asked.map_err(|(why, text)| {
        let code = match why {
            Refusal::BadOptions => Code::BadOptions,
            Refusal::ServerFull => Code::ServerFull,
            Refusal::Stopping => Code::Stopping,
            Refusal::Failed => Code::GameFailed,
            _ => Code::BadRequest,
        };
        Fault::new(code, text)
    })?;
    match found {
        Found::Seat(booked) => Ok(booked),
        Found::Queue(_) => Err(Fault::new(Code::Unavailable, "the room is full: make another")),
    }
}

/// A room in a list.
fn summary(room: &RoomRecord) -> Map<String, Value> {
    let Occupancy { open, locked, seats, taken, free } = room.occupancy();
    let state = match (open, locked) {
        (false, _) => "closed",
        (true, true) => "locked",
        (true, false) if free > 0 => "open",
        (true, false) => "full",
    };
    let tick_hz = match room.plan.pace {
        Pace::Fixed { tick_hz, .. } => Some(tick_hz),
        Pace::OnCommand => None,
    };
    let told = room.any_work().told();
    let fields = json!({
        "room": room.id.to_string(),
        "game": room.entry.game.name(),
        "state": state,
        "options": value(&room.plan.options),
        "seats": seats,
        "taken": taken,
        "free": free,
        "tick": told.0,
        "tick_hz": tick_hz,
        "restarts": room.restarts(),
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// A room with its players.
fn whole(room: &RoomRecord) -> Map<String, Value> {
    let mut fields = summary(room);
    let members = room.members();
    let players: Vec<_> = members
        .seats()
        .map(|seat| json!({ "player": seat.player.0, "connected": seat.connected }))
        .collect();
    fields.insert("players".to_owned(), players.into());
    fields
}

/// A room that is not there any more.
pub(super) fn ended(id: RoomId, finished: &Finished) -> Value {
    json!({
        "room": id.to_string(),
        "game": finished.game,
        "state": if finished.failed { "failed" } else { "over" },
        "tick": finished.tick.0,
        "result": finished.result.as_deref().map(value),
    })
}

/// A text as the JSON that it should be.
pub(super) fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}
