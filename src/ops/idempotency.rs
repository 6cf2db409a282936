//! A change that is asked for twice is done once: a backend that got no answer asks again with the
//! same `Idempotency-Key`, and gets the answer to the first.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::watch;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Site;
use super::fault::{Code, Fault};
use super::given::too_large;

/// Keys that are remembered at most; the oldest go first. With the largest answers, of 64 KiB, they
/// take 64 MiB; a usual one has some hundred bytes.
const KEYS_MAX: usize = 1024;
/// For how long one is remembered: a backend that has not asked again by then has given up.
const KEPT: Duration = Duration::from_secs(600);
/// Letters of a key.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 1..=128;
/// Bytes of an answer that is remembered.
const ANSWER_BYTES_MAX: usize = 128 * 1024;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The keys of this process. The next one knows none of them.
#[derive(Default)]
pub(crate) struct Keys(Mutex<Known>);

#[derive(Default)]
struct Known {
    by_key: BTreeMap<String, Asked>,
    order: VecDeque<(Instant, String)>,
}

/// What was asked under a key.
#[derive(Clone)]
struct Asked {
    /// A hash of it.
    what: u64,
    answer: watch::Receiver<Option<Answer>>,
}

/// What was answered.
#[derive(Clone)]
struct Answer {
    status: StatusCode,
    body: Bytes,
}

/// What a key comes to.
enum Entered {
    First(watch::Sender<Option<Answer>>, watch::Receiver<Option<Answer>>),
    Again(watch::Receiver<Option<Answer>>),
    Other,
}

impl Keys {
    fn enter(&self, key: &str, what: u64) -> Entered {
        let now = Instant::now();
        let mut known = self.lock();
        while known.order.len() >= KEYS_MAX
            || known.order.front().is_some_and(|(since, _)| now >= *since + KEPT)
        {
            let Some((_, oldest)) = known.order.pop_front() else { break };
            known.by_key.remove(&oldest);
        }
        match known.by_key.get(key) {
            Some(asked) if asked.what == what => Entered::Again(asked.answer.clone()),
            Some(_) => Entered::Other,
            None => {
                let (tell, answer) = watch::channel(None);
                let asked = Asked { what, answer: answer.clone() };
                known.by_key.insert(key.to_owned(), asked);
                known.order.push_back((now, key.to_owned()));
                Entered::First(tell, answer)
            }
        }
    }

    /// Nothing was done: the key is as good as new.
    fn forget(&self, key: &str) {
        let mut known = self.lock();
        known.by_key.remove(key);
        known.order.retain(|(_, other)| other != key);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what is asked, unless it was asked under the same key before. Who only looks, as by `GET`, is
/// told what is so now.
pub(super) async fn once(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let key = request.headers().get(&KEY).filter(|_| *request.method() == Method::POST);
    let Some(key) = key else { return next.run(request).await };
    let key = key.to_str().ok().filter(|key| KEY_BYTES.contains(&key.len())).map(str::to_owned);
    let Some(key) = key else {
        let text = "an Idempotency-Key has 1 to 128 letters of ASCII";
        return Fault::new(Code::BadRequest, text).into_response();
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, site.config.ops.body_bytes_max).await else {
        return too_large(&site).into_response();
    };
    let line = format!("{} {}", parts.method, parts.uri);
    let what = xxh3_64_with_seed(&body, xxh3_64_with_seed(line.as_bytes(), 0));
    match site.keys.enter(&key, what) {
        Entered::First(tell, answer) => {
            // Beside the connection: it may break, and what was begun is to come to its end.
            tokio::spawn(async move {
                let response = next.run(Request::from_parts(parts, Body::from(body))).await;
                // Nothing was done: to be tried again.
                let again = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
                if again.contains(&response.status()) {
                    site.keys.forget(&key);
                }
                let status = response.status();
                let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await;
                let _ = tell.send(Some(Answer { status, body: body.unwrap_or_default() }));
            });
            answered(answer, false).await
        }
        Entered::Again(answer) => answered(answer, true).await,
        Entered::Other => {
            let text = "this Idempotency-Key was used for another request: take a new one";
            Fault::new(Code::KeyReused, text).into_response()
        }
    }
}

async fn answered(mut answer: watch::Receiver<Option<Answer>>, replayed: bool) -> Response {
    let answer = answer.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone());
    let Some(Answer { status, body }) = answer else {
        return Fault::new(Code::Failed, "the server failed over this").into_response();
    };
    let json = HeaderValue::from_static("application/json");
    let mut response = (status, [(header::CONTENT_TYPE, json)], body).into_response();
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_one_request_until_it_is_forgotten() {
        let keys = Keys::default();
        assert!(matches!(keys.enter("a", 1), Entered::First(..)));
        assert!(matches!(keys.enter("a", 1), Entered::Again(_)));
        assert!(matches!(keys.enter("a", 2), Entered::Other));
        keys.forget("a");
        assert!(matches!(keys.enter("a", 2), Entered::First(..)));
        for number in 0..2 * KEYS_MAX {
            keys.enter(&number.to_string(), 1);
        }
        assert!(matches!(keys.enter("a", 9), Entered::First(..)));
        assert_eq!(keys.lock().by_key.len(), KEYS_MAX);
        assert_eq!(keys.lock().order.len(), KEYS_MAX);
    }
}
