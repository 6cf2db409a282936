//! What a request brings, read with an error that says what is wrong with it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use greenroom_proto::RoomId;
use serde::de::DeserializeOwned;

use super::Site;
use super::fault::{Code, Fault};
use crate::directory::RoomRecord;

/// A JSON body; none at all is `{}`.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Site>> for Json<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Fault> {
        let bytes = Bytes::from_request(request, site).await.map_err(|rejected| match rejected
            .status()
        {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(site),
            _ => Fault::new(Code::BadRequest, "the body did not arrive"),
        })?;
        let text = if bytes.is_empty() { &b"{}"[..] } else { &bytes };
        let bad = |error| {
            Fault::new(Code::BadRequest, format!("the body is not what is asked for: {error}"))
        };
        serde_json::from_slice(text).map(Json).map_err(bad)
    }
}

pub(super) fn too_large(site: &Site) -> Fault {
    let max = site.config.ops.body_bytes_max;
    Fault::new(Code::TooLarge, format!("the body has more than {max} bytes (ops_body_bytes_max)"))
}

/// What stands behind the question mark.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Site>> for Query<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Fault> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, site).await;
        let bad = |error| {
            Fault::new(Code::BadRequest, format!("the query is not what is asked for: {error}"))
        };
        Ok(Query(query.map_err(bad)?.0))
    }
}

/// The id of a room, in the path.
pub(super) struct Id(pub(super) RoomId);

impl FromRequestParts<Arc<Site>> for Id {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Fault> {
        let id = Path::<String>::from_request_parts(parts, site).await;
        let id = id.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Id).ok_or_else(|| Fault::new(Code::UnknownRoom, "this is no id of a room"))
    }
}

/// A room that is there, by its id in the path.
pub(super) struct Room(pub(super) Arc<RoomRecord>);

impl FromRequestParts<Arc<Site>> for Room {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Fault> {
        let Id(id) = Id::from_request_parts(parts, site).await?;
        match site.hosted.directory.get(id) {
            Some(room) => Ok(Room(room)),
            None if site.hosted.directory.finished().get(id).is_some() => Err(over()),
            None => Err(unknown(id)),
        }
    }
}

/// Refuses games that are not there.
pub(super) fn known(site: &Site, game: &str) -> Result<(), Fault> {
    let entry = site.hosted.games.get(game);
    entry.map(drop).map_err(|unknown| Fault::new(Code::UnknownGame, unknown.to_string()))
}

pub(super) fn over() -> Fault {
    Fault::new(Code::RoomOver, "the match in this room is over")
}

pub(super) fn unknown(id: RoomId) -> Fault {
    Fault::new(Code::UnknownRoom, format!("there is no room {id}, and none that ended lately"))
}

/// The code of a kept seat, in the path.
pub(super) struct SeatCode(pub(super) String);

impl FromRequestParts<Arc<Site>> for SeatCode {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Fault> {
        let code = Path::<String>::from_request_parts(parts, site).await;
        code.map(|Path(code)| SeatCode(code)).map_err(|_| not_kept())
    }
}

pub(super) fn not_kept() -> Fault {
    let text = "no seat is kept by this code: it was taken, given up, or kept for too long";
    Fault::new(Code::UnknownReservation, text)
}
