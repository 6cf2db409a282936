//! The HTTP request that opens a connection, and our answer to it. A proper upgrade at `/ws` gets
//! 101, who asks for one of the [`Pages`] gets it; everything else gets a proper HTTP answer that says
//! what is wrong.

use std::convert::Infallible;
use std::future::{poll_fn, ready};
use std::sync::Mutex;
use std::time::Duration;

use greenroom_proto::SUBPROTOCOL;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::pages::{Page, Pages, Reach};

/// How long a peer has to read its answer and hang up.
const PART_MAX: Duration = Duration::from_secs(1);
/// What is read of it meanwhile, in bytes.
const PART_BYTES_MAX: u64 = 1 << 20;

/// A request that was upgraded.
pub struct Upgraded<IO> {
    /// The connection.
    pub io: IO,
    /// What the client sent after the head already.
    pub early: Vec<u8>,
    /// Where the page that opened it is from.
    pub origin: Option<String>,
    /// The name under which the client reached us.
    pub host: Option<String>,
}

impl<IO> Upgraded<IO> {
    /// The same request on what `change` makes of its connection.
    pub fn map<T>(self, change: impl FnOnce(IO) -> T) -> Upgraded<T> {
        let Upgraded { io, early, origin, host } = self;
        Upgraded { io: change(io), early, origin, host }
    }
}

/// Reads one request head and answers it. `None` when that was all there is to it.
pub async fn serve<IO>(
    io: IO,
    head_bytes_max: usize,
    deadline: Duration,
    pages: &Pages,
) -> Option<Upgraded<IO>>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let upgrade = Mutex::new(None);
    let service = service_fn(|request: Request<Incoming>| {
        let answer = match answer(&request, pages) {
            Answer::Upgrade(accept) => {
                let text = |name| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
                if let Ok(mut upgrade) = upgrade.lock() {
                    *upgrade = Some((text(header::ORIGIN), text(header::HOST)));
                }
                switching(accept)
            }
            Answer::Plain(response) => response,
        };
        ready(Ok::<_, Infallible>(answer))
    });
    // Every answer names its own `Connection`. With `keep_alive(false)` hyper would add `, close` to
    // that of the upgrade, and clients that compare the header as a whole (tungstenite) refuse it.
    let mut connection = http1::Builder::new()
        .max_buf_size(head_bytes_max)
        .timer(TokioTimer::new())
        .header_read_timeout(deadline)
        .serve_connection(TokioIo::new(io), service);
    // The head deadline is hyper's; this one covers answers that nobody reads.
    let served = poll_fn(|context| connection.poll_without_shutdown(context));
    let served = tokio::time::timeout(deadline * 2, served).await.ok()?;
    let parts = connection.into_parts();
    let io = parts.io.into_inner();
    let upgraded = served.ok().and_then(|()| upgrade.lock().ok()?.take());
    let Some((origin, host)) = upgraded else {
        part(io).await;
        return None;
    };
    Some(Upgraded { io, early: parts.read_buf.to_vec(), origin, host })
}

/// Ends a connection that was answered. What the peer still sends, such as the rest of a head that was
/// too long, is read and thrown away: closed with unread bytes the connection would be reset, and the
/// peer see that in the stead of the answer.
async fn part<IO: AsyncRead + AsyncWrite + Unpin>(mut io: IO) {
    let parted = async {
        io.shutdown().await?;
        tokio::io::copy(&mut io.take(PART_BYTES_MAX), &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(PART_MAX, parted).await;
}

enum Answer {
    Upgrade(String),
    Plain(Response<Full<Bytes>>),
}

fn answer<B>(request: &Request<B>, pages: &Pages) -> Answer {
    let headers = request.headers();
    let page = pages.get(request.uri().path());
    let plain = |status, text: &str| Answer::Plain(response(status, text));
    match request.uri().path() {
        "/ws" => {}
        path if (page.is_some() || path == "/healthz")
            && !matches!(*request.method(), Method::GET | Method::HEAD) =>
        {
            let mut response = response(StatusCode::METHOD_NOT_ALLOWED, "use GET here\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Answer::Plain(response);
        }
        "/healthz" => return plain(StatusCode::OK, "ok\n"),
        _ => match page {
            Some(page) => return Answer::Plain(read(page, headers)),
            None => {
                let text = "there is nothing here: clients connect to /ws\n";
                return plain(StatusCode::NOT_FOUND, text);
            }
        },
    }
    if request.method() != Method::GET {
        let mut response = response(StatusCode::METHOD_NOT_ALLOWED, "a WebSocket opens with GET\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        return Answer::Plain(response);
    }
    let upgrades = has_token(headers, &header::UPGRADE, "websocket")
        && has_token(headers, &header::CONNECTION, "upgrade");
    if !upgrades || request.version() < Version::HTTP_11 {
        let mut response = upgrade_required("open a WebSocket here: Upgrade: websocket\n");
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("upgrade, close"));
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        return Answer::Plain(response);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Answer::Plain(upgrade_required("only WebSocket version 13 is spoken here\n"));
    }
    // 16 random bytes in base 64 (RFC 6455, section 4.2.1).
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let Some(key) = key.filter(|key| key.len() == 24 && key.ends_with(b"==")) else {
        return plain(
            StatusCode::BAD_REQUEST,
            "the header Sec-WebSocket-Key is missing or wrong\n",
        );
    };
    if !has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        let text = "name the subprotocol: Sec-WebSocket-Protocol: greenroom.v1\n";
        return plain(StatusCode::BAD_REQUEST, text);
    }
    Answer::Upgrade(derive_accept_key(key))
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// Whether `Accept-Encoding` names gzip, and not as what must not be sent.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let named =
        asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case("gzip") && weight.parse::<f32>() != Ok(0.0)
    })
}

fn response(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A page, with gzip for whoever takes it; only that it is still the same to whoever has it.
fn read(page: &Page, asked: &HeaderMap) -> Response<Full<Bytes>> {
    let is_known = asked.get(header::IF_NONE_MATCH) == Some(&page.tag);
    let gzip = page.gzip.as_ref().filter(|_| takes_gzip(asked));
    let mut response = match is_known {
        true => Response::default(),
        false => Response::new(Full::new(gzip.unwrap_or(&page.body).clone())),
    };
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    if gzip.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if page.gzip.is_some() {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(page.content_type));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::ETAG, page.tag.clone());
    // Kept, and asked for again each time: another build has other files.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Some(policy) = page.reach.policy() {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    if page.reach == Reach::Anybody {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
}

fn upgrade_required(text: &str) -> Response<Full<Bytes>> {
    let mut response = response(StatusCode::UPGRADE_REQUIRED, text);
    response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

fn switching(accept: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    if let Ok(accept) = HeaderValue::try_from(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(build: impl FnOnce(&mut Request<()>)) -> StatusCode {
        let mut request = Request::get("/ws").body(()).unwrap();
        for (name, value) in [
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "other, greenroom.v1"),
        ] {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        build(&mut request);
        let pages = Pages::new([("arena".to_owned(), "{}".to_owned())]);
        match answer(&request, &pages) {
            Answer::Upgrade(accept) => {
                // The example of RFC 6455, section 1.3.
                assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
                StatusCode::SWITCHING_PROTOCOLS
            }
            Answer::Plain(response) => response.status(),
        }
    }

    #[test]
    fn what_is_not_a_proper_upgrade_gets_a_proper_answer() {
        let set = |name: &'static str, value: &'static str| {
            status(|request| {
                request.headers_mut().insert(name, HeaderValue::from_static(value));
            })
        };
        let path =
            |path: &'static str| status(|request| *request.uri_mut() = path.parse().unwrap());
        assert_eq!(status(|_| {}), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(path("/ws?x=1"), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(path("/healthz"), StatusCode::OK);
        assert_eq!(path("/"), StatusCode::OK);
        assert_eq!(path("/replay"), StatusCode::OK);
        assert_eq!(path("/play/app.js"), StatusCode::OK);
        assert_eq!(path("/greenroom.js"), StatusCode::OK);
        assert_eq!(path("/schema/arena?x"), StatusCode::OK);
        assert_eq!(path("/schema/chess"), StatusCode::NOT_FOUND);
        assert_eq!(path("/elsewhere"), StatusCode::NOT_FOUND);
        assert_eq!(status(|r| *r.method_mut() = Method::POST), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(set("sec-websocket-version", "8"), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(set("upgrade", "h2c"), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(set("sec-websocket-key", "short"), StatusCode::BAD_REQUEST);
        assert_eq!(set("sec-websocket-protocol", "other"), StatusCode::BAD_REQUEST);
        let missing = status(|r| drop(r.headers_mut().remove("sec-websocket-key")));
        assert_eq!(missing, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn own_pages_have_a_policy_and_what_is_known_is_not_sent_again() {
        let pages = Pages::new([]);
        let read_as = |path, tag: Option<&HeaderValue>| {
            let tag = tag.map(|tag| (header::IF_NONE_MATCH, tag.clone()));
            read(pages.get(path).unwrap(), &tag.into_iter().collect())
        };
        let page = read_as("/", None);
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"));
        assert!(!page.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
        let tag = &page.headers()[header::ETAG];
        assert_eq!(read_as("/", Some(tag)).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(read_as("/replay", Some(tag)).status(), StatusCode::OK);
        let client = read_as("/greenroom.js", None);
        assert_eq!(client.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert!(!client.headers().contains_key(header::CONTENT_SECURITY_POLICY));
    }

    #[test]
    fn the_client_is_sent_with_gzip_to_whoever_takes_it() {
        let coding = |path: &str, accepts: &'static str| {
            let pages = Pages::new([("arena".to_owned(), "{}".to_owned())]);
            let mut asked = HeaderMap::new();
            asked.insert("accept-encoding", HeaderValue::from_static(accepts));
            let headers = read(pages.get(path).unwrap(), &asked).headers().clone();
            let text = |name: header::HeaderName| {
                headers.get(name).map(|value| value.to_str().unwrap().to_owned())
            };
            (text(header::CONTENT_ENCODING), text(header::VARY))
        };
        let (some, none) = (|text: &str| Some(text.to_owned()), None);
        for accepts in ["gzip", "gzip, deflate, br", "br;q=1.0, GZIP;q=0.8"] {
            assert_eq!(coding("/greenroom.js", accepts), (some("gzip"), some("accept-encoding")));
        }
        for accepts in ["", "br", "identity", "gzip;q=0", "gzip; q=0.0"] {
            assert_eq!(coding("/greenroom.js", accepts), (none.clone(), some("accept-encoding")));
        }
        assert_eq!(coding("/schema/arena", "gzip"), (none.clone(), none));
    }
}
