//! The operations address: health, metrics, and what a studio's backend asks and says.
//!
//! ```text
//! actors::ops ─▶ connection ─▶ gate ─▶ deadline ─▶ idempotency ─▶ route
//!                head, age     who      of one      a change is    says what,
//!                              asks     request     done once      in JSON
//! ```
//!
//! Plain HTTP/1.1 by hyper and axum, on this machine alone if not said otherwise. It is the first
//! thing up and the last one down, so that it can say why nothing else is there. `openapi.json`
//! describes it, and is served; a test holds it against the routes, and another asks whatever it
//! says can be asked. The page for people at `/console` asks of it what it changes; what the page
//! is shown is its own and stands in `console`.

// The shell may read clocks.
#![allow(clippy::disallowed_methods)]

mod conduct;
pub mod connection;
mod console;
pub mod fault;
pub mod gate;
mod given;
mod health;
mod idempotency;
pub mod meters;
mod moves;
mod reservations;
mod room;
mod rooms;
mod scrape;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use metrics_exporter_prometheus::PrometheusHandle;

pub(crate) use self::console::Console;
use self::fault::{Code, Fault};
use self::gate::Gate;
pub(crate) use self::idempotency::Keys;
pub(crate) use self::scrape::recorder;
use crate::actors::actor::Mailbox;
use crate::actors::lobby::LobbyMsg;
use crate::config::Config;
use crate::crash_files::CrashFiles;
use crate::directory::Directory;
use crate::net::admission::Admission;
use crate::registry::Games;
use crate::server::Condition;
use crate::supervision::{Slot, SupervisorRef};

/// The interface as OpenAPI 3.1 describes it.
pub const OPENAPI: &str = include_str!("ops/openapi.json");

/// What all requests share.
pub struct Site {
    /// Who may ask.
    pub(crate) gate: Gate,
    /// The server's configuration.
    pub(crate) config: Arc<Config>,
    /// What counts; `None`: the program has a recorder of its own.
    pub(crate) recorder: Option<PrometheusHandle>,
    /// The server that is asked about.
    pub(crate) hosted: Hosted,
    /// Changes that were asked for.
    pub(crate) keys: Keys,
    /// Operators who look on.
    pub(crate) console: Console,
}

/// A server, as far as one may ask about it.
pub(crate) struct Hosted {
    /// Whether it may be sent clients.
    pub(crate) condition: Arc<Condition>,
    /// The games there are.
    pub(crate) games: Games,
    /// The rooms there are.
    pub(crate) directory: Arc<Directory>,
    /// Who makes rooms.
    pub(crate) lobby: Slot<Mailbox<LobbyMsg>>,
    /// Counts connections.
    pub(crate) admission: Arc<Admission>,
    /// The top of the tree.
    pub(crate) root: Slot<SupervisorRef>,
    /// Panics that were written down.
    pub(crate) crashes: CrashFiles,
}

impl Site {
    /// How long a room is waited for: less than a request may take, so that what comes then is said.
    fn patience(&self) -> Duration {
        let timeout = self.config.ops.timeout;
        timeout - timeout / 8
    }
}

/// All routes, by method and path.
fn routes() -> Vec<(&'static str, &'static str, MethodRouter<Arc<Site>>)> {
    vec![
        ("get", "/healthz", get(health::healthz)),
        ("get", "/readyz", get(health::readyz)),
        ("get", "/metrics", get(scrape::metrics)),
        ("get", "/openapi.json", get(openapi)),
        ("get", "/v1/rooms", get(rooms::list)),
        ("post", "/v1/rooms", post(rooms::create)),
        ("get", "/v1/rooms/{room}", get(rooms::inspect)),
        ("post", "/v1/rooms/{room}/signal", post(room::signal)),
        ("post", "/v1/rooms/{room}/send", post(room::send)),
        ("post", "/v1/rooms/{room}/announce", post(room::announce)),
        ("post", "/v1/rooms/{room}/kick", post(room::kick)),
        ("post", "/v1/rooms/{room}/move", post(moves::move_players)),
        ("get", "/v1/rooms/{room}/conduct", get(conduct::look)),
        ("post", "/v1/rooms/{room}/ban", post(conduct::ban)),
        ("post", "/v1/rooms/{room}/unban", post(conduct::unban)),
        ("post", "/v1/rooms/{room}/mute", post(conduct::mute)),
        ("post", "/v1/rooms/{room}/unmute", post(conduct::unmute)),
        ("post", "/v1/rooms/{room}/end", post(room::end)),
        ("post", "/v1/rooms/{room}/reserve", post(reservations::reserve)),
        ("get", "/v1/reservations/{code}", get(reservations::look)),
        ("post", "/v1/reservations/{code}/cancel", post(reservations::cancel)),
        ("post", "/v1/announce", post(room::announce_to_all)),
        ("post", "/v1/drain", post(room::drain)),
    ]
}

/// Whoever answers.
pub(crate) fn router(site: Arc<Site>) -> Router {
    let nothing = async || Fault::new(Code::NotFound, "there is nothing here: see /openapi.json");
    let other_method =
        async || Fault::new(Code::MethodNotAllowed, "this is not done with this method");
    let routes = routes().into_iter();
    routes
        .fold(Router::new(), |router, (_, path, route)| router.route(path, route))
        .fallback(nothing)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(Arc::clone(&site), idempotency::once))
        // Past that: a stream has no answer that could be kept.
        .merge(console::router().method_not_allowed_fallback(other_method))
        .layer(DefaultBodyLimit::max(site.config.ops.body_bytes_max))
        .layer(from_fn_with_state(Arc::clone(&site), gate::guard))
        .with_state(site)
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// A JSON answer.
fn json(body: &impl serde::Serialize) -> Response {
    let text = serde_json::to_string(body).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn described() -> Value {
        serde_json::from_str(OPENAPI).unwrap()
    }

    #[test]
    fn the_description_has_all_routes_and_nothing_else() {
        let described = described();
        let paths = described["paths"].as_object().unwrap().iter();
        let described: BTreeSet<_> = paths
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(move |method| (method.as_str(), &**path))
            })
            .collect();
        let routes: BTreeSet<_> =
            routes().into_iter().map(|(method, path, _)| (method, path)).collect();
        assert_eq!(described, routes);
    }

    #[test]
    fn the_description_has_all_error_codes_with_their_status() {
        let described = described();
        let words: Vec<_> = Code::ALL.iter().map(|code| code.word()).collect();
        let error = &described["components"]["schemas"]["Error"]["properties"]["error"];
        assert_eq!(error["enum"], serde_json::json!(words));
        let statuses: BTreeSet<_> =
            Code::ALL.iter().map(|code| code.status().to_string()).collect();
        let responses = described["components"]["responses"].as_object().unwrap();
        assert_eq!(responses.keys().cloned().collect::<BTreeSet<_>>(), statuses);
    }
}
