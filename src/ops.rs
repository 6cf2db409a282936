//! The operations address: health, metrics, and what a studio's backend asks and says.
//!
//! ```text
//! actors::ops ─▶ connection ─▶ gate ─▶ deadline ─▶ route
//!                head, age     who      of one      says what,
//!                              asks     request     in JSON
//! ```
//!
//! Plain HTTP/1.1 by hyper and axum, on this machine alone if not said otherwise. It is the first
//! thing up and the last one down, so that it can say why nothing else is there.

// The shell may read clocks.
#![allow(clippy::disallowed_methods)]

pub mod connection;
pub mod fault;
pub mod gate;
mod health;
pub mod meters;
mod scrape;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

use self::fault::{Code, Fault};
use self::gate::Gate;
pub(crate) use self::scrape::recorder;
use crate::directory::Directory;
use crate::net::admission::Admission;
use crate::registry::Games;
use crate::server::Condition;

/// What all requests share.
pub struct Site {
    /// Who may ask.
    pub(crate) gate: Gate,
    /// How long a request may take.
    pub(crate) timeout: Duration,
    /// How long a request's head may take.
    pub(crate) head_timeout: Duration,
    /// Bytes of a request's head.
    pub(crate) head_bytes_max: usize,
    /// Bytes of a request's body.
    pub(crate) body_bytes_max: usize,
    /// Connections at once.
    pub(crate) connections_max: usize,
    /// Whether the server may be sent clients.
    pub(crate) condition: Arc<Condition>,
    /// What counts; `None`: the program has a recorder of its own.
    pub(crate) recorder: Option<PrometheusHandle>,
    /// The games there are.
    pub(crate) games: Games,
    /// The rooms there are.
    pub(crate) directory: Arc<Directory>,
    /// Counts connections.
    pub(crate) admission: Arc<Admission>,
}

/// All routes.
pub(crate) fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(scrape::metrics))
        .fallback(async || Fault::new(Code::NotFound, "there is nothing here"))
        .method_not_allowed_fallback(async || {
            Fault::new(Code::MethodNotAllowed, "this is not done with this method")
        })
        .layer(DefaultBodyLimit::max(site.body_bytes_max))
        .layer(from_fn_with_state(Arc::clone(&site), gate::guard))
        .with_state(site)
}

/// A JSON answer.
fn json(body: &impl serde::Serialize) -> Response {
    let text = serde_json::to_string(body).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
