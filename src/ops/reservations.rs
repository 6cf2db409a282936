//! Seats that a backend has kept for its players.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use greenroom_proto::PARTY_MAX;
use serde::Deserialize;
use serde_json::json;

use super::Site;
use super::fault::{Code, Fault};
use super::given::{Json, Room, SeatCode, not_kept};
use crate::directory::reservations::{EXPIRY_MAX, Kept, NotReserved, Reservation};

/// How many, and for how long.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    seats: u32,
    expires_ms: Option<u32>,
}

/// `POST /v1/rooms/{room}/reserve`
pub(super) async fn reserve(
    State(site): State<Arc<Site>>,
    Room(room): Room,
    Json(Wanted { seats, expires_ms }): Json<Wanted>,
) -> Result<Response, Fault> {
    if !(1..=PARTY_MAX as u32).contains(&seats) {
        return Err(Fault::new(Code::BadRequest, format!("seats is 1 to {PARTY_MAX}")));
    }
    let expiry = expires_ms
        .map_or(site.config.rooms.reservation, |millis| Duration::from_millis(millis.into()));
    if expiry.is_zero() || expiry > EXPIRY_MAX {
        let text = format!("expires_ms is 1 to {}", EXPIRY_MAX.as_millis());
        return Err(Fault::new(Code::BadRequest, text));
    }
    if site.hosted.directory.leaving().is_draining() {
        let text = "the server is stopping: make a room on another";
        return Err(Fault::new(Code::Stopping, text));
    }
    let kept = room.reserve_for(seats, expiry).map_err(|why| {
        let code = match why {
            NotReserved::UnknownRoom(_) => Code::RoomOver,
            NotReserved::Locked(_) | NotReserved::Full { .. } => Code::RoomFull,
            NotReserved::NoSeats => Code::BadRequest,
            NotReserved::NoRandom(_) => Code::Failed,
        };
        Fault::new(code, why.to_string())
    })?;
    let Reservation { room, codes, expires_in } = kept;
    let answer = json!({
        "room": room.to_string(),
        "codes": codes.iter().map(|code| &**code).collect::<Vec<_>>(),
        "expires_ms": expires_in.as_millis() as u64,
    });
    Ok((StatusCode::CREATED, super::json(&answer)).into_response())
}

/// `GET /v1/reservations/{code}`
pub(super) async fn look(
    State(site): State<Arc<Site>>,
    SeatCode(code): SeatCode,
) -> Result<Response, Fault> {
    let Kept { room, expires_in } =
        site.hosted.directory.reservation(&code).ok_or_else(not_kept)?;
    Ok(super::json(&json!({
        "room": room.to_string(),
        "expires_ms": expires_in.as_millis() as u64,
    })))
}

/// `POST /v1/reservations/{code}/cancel`
pub(super) async fn cancel(
    State(site): State<Arc<Site>>,
    SeatCode(code): SeatCode,
) -> Result<Response, Fault> {
    match site.hosted.directory.cancel_reservation(&code) {
        true => Ok(super::json(&json!({ "cancelled": code }))),
        false => Err(not_kept()),
    }
}
