//! `GET /console/live`: one change a second, as server-sent events.
//!
//! `event: change`, its data JSON: `totals`, and of each table (`tree`, `rooms`, `connections`,
//! `crashes`) that is not as it was sent last `order` and `rows`, see [`super::change`]; `found`, how
//! many rooms are wanted. A page that reads slowly is sent nothing until its socket is free, then
//! the change from what it has to now. When nothing can be said a comment is sent instead. A stream
//! ends before its connection must, and the page asks for the next.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde_json::json;

use super::change::Sent;
use super::rooms::{self, Wanted};
use super::sample::{Console, PAGES_MAX, Place, Sample};
use crate::ops::Site;
use crate::ops::fault::{Code, Fault};
use crate::ops::given::Query;

/// How long a stream lasts: less than a connection does.
const LASTS: Duration = Duration::from_secs(50);
/// After so long without a look a comment says that the stream is alive.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// Bytes of what is looked for.
const FIND_MAX: usize = 64;

/// One page's stream.
struct Watcher {
    place: Place,
    wanted: Wanted,
    sent: Sent,
    ends: Instant,
    is_first: bool,
}

pub(super) async fn live(
    State(site): State<Arc<Site>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Fault> {
    let texts = [&wanted.game, &wanted.find];
    if texts.into_iter().flatten().any(|text| text.len() > FIND_MAX) {
        let text = format!("game and find have {FIND_MAX} bytes at most");
        return Err(Fault::new(Code::BadRequest, text));
    }
    let Some(place) = Console::open(&site) else {
        let text = format!("{PAGES_MAX} consoles are open, which is all there may be: close one");
        return Err(Fault::new(Code::Unavailable, text));
    };
    let ends = Instant::now() + LASTS;
    let watcher = Watcher { place, wanted, sent: Sent::default(), ends, is_first: true };
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, Body::from_stream(unfold(watcher, next))).into_response())
}

async fn next(mut watcher: Watcher) -> Option<(Result<Bytes, Infallible>, Watcher)> {
    if Instant::now() >= watcher.ends {
        return None;
    }
    let is_there =
        std::mem::take(&mut watcher.is_first) || watcher.place.changed(SILENCE_MAX).await;
    let sample = match is_there {
        true => watcher.place.next(SILENCE_MAX).await,
        false => None,
    };
    let text = match sample {
        Some(sample) => format!("event: change\ndata: {}\n\n", watcher.change(&sample)),
        None => ": nothing new\n\n".to_owned(),
    };
    Some((Ok(text.into()), watcher))
}

impl Watcher {
    fn change(&mut self, sample: &Sample) -> serde_json::Value {
        let (rooms, found) = rooms::page(&sample.rooms, &self.wanted);
        let mut change = json!({ "totals": sample.totals, "found": found });
        for (table, rows) in [
            ("tree", sample.tree.clone()),
            ("rooms", rooms),
            ("connections", sample.connections.clone()),
            ("crashes", sample.crashes.clone()),
        ] {
            if let Some(of) = self.sent.change(table, rows) {
                change[table] = of;
            }
        }
        change
    }
}
