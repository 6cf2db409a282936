//! Whether the process lives, and whether it may be sent clients.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use super::Site;
use crate::server::Readiness;

/// The process lives: it answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether the server may be sent clients, in one sentence.
pub(super) async fn readyz(State(site): State<Arc<Site>>) -> (StatusCode, String) {
    let readiness = site.hosted.condition.readiness();
    let status = match readiness {
        Readiness::Ready => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, format!("{readiness}\n"))
}
