//! The operator's console: a page at `/console` that shows what goes on while it goes on.
//!
//! | path | what |
//! |---|---|
//! | `GET /console`, `GET /console/FILE` | the page, as it was built in; may be had without the token |
//! | `GET /console/live?game=&find=&sort=` | server-sent events, one change a second: [`stream`] |
//! | `GET /console/rooms/{room}` | one room with its members and its state: [`look`] |
//! | `GET /console/crashes/{name}` | a crash file |
//! | `POST /console/rooms/{room}/panic` | makes a room panic, where `--dev-faults` asks for faults |
//!
//! These are the page's own and change with it; programs use `/v1`, and so does the page for what
//! it changes. Nothing is measured or collected while no page is open.
//!
//! ```text
//! rooms, supervisors, links ─▶ sample ─▶ one for all pages ─▶ change ─▶ a page
//!                              once a     watch channel:      from what that
//!                              second     the latest only     page has to now
//! ```

pub(super) mod change;
mod connections;
mod look;
mod page;
mod rooms;
mod sample;
mod stream;
mod tree;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

pub(super) use self::page::is_page;
pub(crate) use self::sample::Console;
use super::Site;
use super::fault::{Code, Fault};
use super::given::{Json, Room};
use super::room::Nothing;

/// The console's routes.
pub(super) fn router() -> Router<Arc<Site>> {
    page::routes()
        .route("/console/live", get(stream::live))
        .route("/console/rooms/{room}", get(look::look))
        .route("/console/rooms/{room}/panic", post(panic))
        .route("/console/crashes/{name}", get(crash))
}

/// `POST /console/rooms/{room}/panic`
async fn panic(
    State(site): State<Arc<Site>>,
    Room(room): Room,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Response, Fault> {
    if !has_faults(&site) {
        let text = "this server does not fail on request: start it with --dev-faults to try that";
        return Err(Fault::new(Code::Forbidden, text));
    }
    room.panic();
    Ok(super::json(&json!({ "restarts": room.restarts() })))
}

/// Whether this server fails on request: never one that strangers connect to.
fn has_faults(site: &Site) -> bool {
    !site.config.dev.faults.is_none()
}

/// `GET /console/crashes/{name}`
async fn crash(State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Response, Fault> {
    let read = tokio::task::spawn_blocking(move || site.hosted.crashes.read(&name));
    let bytes = read.await.ok().flatten().ok_or_else(|| {
        Fault::new(
            Code::NotFound,
            "there is no such crash file: the oldest go when newer ones come",
        )
    })?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, bytes).into_response())
}
