//! Who may ask: programs with the token, or on this machine; never a web page but our own.
//!
//! A browser on the operator's machine reaches loopback from any page. Such a page is told from a
//! program by three things it cannot change: the name in `Host` (a name of its own that was made to
//! point here is not this machine's), its `Origin`, and that it cannot POST `application/json` to
//! another site without asking first, which nobody answers here. For methods other than GET, HEAD and
//! POST it has to ask in any case, and nothing is done here by them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ring::hmac;

use super::fault::{Code, Fault};
use super::given::too_large;
use super::{Site, console};
use crate::net::origin::is_loopback;

/// Bytes of a token: what nobody guesses, and what fits into a header.
const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 16..=1024;
/// These may be asked without a token: a probe has none, and learns one sentence.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];

/// So may the files that the console is made of, which say nothing of this server.
fn is_open(path: &str) -> bool {
    OPEN.contains(&path) || console::is_page(path)
}

/// A token cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the token of the operations address in {}: {why}", path.display())]
pub struct TokenError {
    path: PathBuf,
    why: String,
}

/// Who may ask.
pub struct Gate {
    token: Option<Token>,
    /// Only this machine gets here, and so does every page in its browsers.
    loopback: bool,
}

impl Gate {
    /// Of this address, with the token in this file.
    pub fn new(address: SocketAddr, token_file: Option<&Path>) -> Result<Self, TokenError> {
        let token = token_file.map(Token::read).transpose()?;
        Ok(Gate { token, loopback: address.ip().is_loopback() })
    }

    /// Whether a request may be looked at.
    fn admit(&self, request: &Request) -> Result<(), Fault> {
        let (method, headers) = (request.method(), request.headers());
        let host = text(headers, &header::HOST);
        if self.loopback && !host.is_some_and(is_loopback) {
            let text = "the Host header does not name this machine: use 127.0.0.1 or localhost";
            return Err(Fault::new(Code::Forbidden, text));
        }
        let own = |origin: &str| origin.split_once("://").map(|(_, authority)| authority) == host;
        if headers.contains_key(header::ORIGIN) && !text(headers, &header::ORIGIN).is_some_and(own)
        {
            let text = "a page of another origin may not ask here: have a backend ask";
            return Err(Fault::new(Code::Forbidden, text));
        }
        if let Some(token) = &self.token
            && !is_open(request.uri().path())
            && !bearer(headers).is_some_and(|given| token.is(given))
        {
            let text = "send the header Authorization: Bearer, with the token of ops_token_file";
            return Err(Fault::new(Code::Unauthorized, text));
        }
        if *method == Method::POST && !is_json(headers) {
            let text = "what changes something needs the header Content-Type: application/json";
            return Err(Fault::new(Code::UnsupportedMediaType, text));
        }
        Ok(())
    }
}

/// Lets a request through, for as long as one may take.
pub(super) async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    if let Err(fault) = site.gate.admit(&request) {
        return fault.into_response();
    }
    // Before it is waited for.
    let length = text(request.headers(), &header::CONTENT_LENGTH).and_then(|it| it.parse().ok());
    if length.is_some_and(|length: u64| length > site.config.ops.body_bytes_max as u64) {
        return too_large(&site).into_response();
    }
    match tokio::time::timeout(site.config.ops.timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Fault::new(Code::Timeout, "this took longer than ops_timeout_ms").into_response(),
    }
}

/// A secret, kept as a MAC of it: comparing MACs takes a time that says nothing of either.
struct Token {
    key: hmac::Key,
    tag: hmac::Tag,
}

impl Token {
    fn read(path: &Path) -> Result<Self, TokenError> {
        let bad = |why: String| TokenError { path: path.to_owned(), why };
        let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
        let secret = text.trim();
        if !TOKEN_BYTES.contains(&secret.len()) || !secret.bytes().all(|b| b.is_ascii_graphic()) {
            let why = "write 16 to 1,024 letters into it, such as those of `openssl rand -hex 32`";
            return Err(bad(why.to_owned()));
        }
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|error| bad(error.to_string()))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &random);
        let tag = hmac::sign(&key, secret.as_bytes());
        Ok(Token { key, tag })
    }

    fn is(&self, given: &str) -> bool {
        hmac::verify(&self.key, given.as_bytes(), self.tag.as_ref()).is_ok()
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, &header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = text(headers, &header::CONTENT_TYPE).and_then(|kind| kind.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::body::Body;

    use super::*;

    fn gate(address: IpAddr, token: Option<&str>) -> Gate {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        token.inspect(|token| std::fs::write(&path, token).unwrap());
        Gate::new((address, 9464).into(), token.map(|_| path.as_path())).unwrap()
    }

    fn code(gate: &Gate, line: &str, headers: &[(&'static str, &str)]) -> Option<Code> {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        gate.admit(&request.body(Body::empty()).unwrap()).err().map(|fault| fault.code())
    }

    #[test]
    fn pages_are_kept_out_and_programs_are_not() {
        let gate = gate([127, 0, 0, 1].into(), None);
        let get = |headers: &[(&'static str, &str)]| code(&gate, "GET /metrics", headers);
        let (forbidden, here) = (Some(Code::Forbidden), ("host", "127.0.0.1:9464"));
        assert_eq!(get(&[here]), None);
        assert_eq!(get(&[("host", "localhost")]), None);
        assert_eq!(get(&[("host", "[::1]:9464")]), None);
        assert_eq!(get(&[]), forbidden);
        assert_eq!(get(&[("host", "evil.example:9464")]), forbidden);
        assert_eq!(get(&[("host", "127.0.0.1.evil.example")]), forbidden);
        assert_eq!(get(&[here, ("origin", "http://127.0.0.1:9464")]), None);
        assert_eq!(get(&[here, ("origin", "http://127.0.0.1:3000")]), forbidden);
        assert_eq!(get(&[here, ("origin", "https://evil.example")]), forbidden);
        assert_eq!(get(&[here, ("origin", "null")]), forbidden);
        assert_eq!(get(&[here, ("origin", "\u{e4}")]), forbidden);
        let post = |kind| code(&gate, "POST /v1/drain", &[here, ("content-type", kind)]);
        assert_eq!(post("application/json; charset=utf-8"), None);
        assert_eq!(post("text/plain"), Some(Code::UnsupportedMediaType));
        assert_eq!(code(&gate, "POST /v1/drain", &[here]), Some(Code::UnsupportedMediaType));
        // Nobody does anything by these: the routes say so, with what may be done.
        assert_eq!(code(&gate, "OPTIONS /v1/drain", &[here]), None);
        let preflight = [here, ("origin", "https://evil.example")];
        assert_eq!(code(&gate, "OPTIONS /v1/drain", &preflight), forbidden);
    }

    #[test]
    fn with_a_token_only_who_has_it_may_ask() {
        let gate = gate([0, 0, 0, 0].into(), Some("0123456789abcdef\n"));
        let get = |headers: &[(&'static str, &str)]| code(&gate, "GET /metrics", headers);
        let unauthorized = Some(Code::Unauthorized);
        assert_eq!(get(&[("authorization", "Bearer 0123456789abcdef")]), None);
        assert_eq!(get(&[("authorization", "bearer  0123456789abcdef ")]), None);
        assert_eq!(get(&[("authorization", "Bearer 0123456789abcdeg")]), unauthorized);
        assert_eq!(get(&[("authorization", "Basic 0123456789abcdef")]), unauthorized);
        assert_eq!(get(&[("authorization", "Bearer")]), unauthorized);
        assert_eq!(get(&[]), unauthorized);
        assert_eq!(code(&gate, "GET /readyz", &[("host", "10.0.0.7:9464")]), None);
        assert_eq!(code(&gate, "GET /readyz/", &[]), unauthorized);
    }

    #[test]
    fn a_token_that_is_none_is_refused_with_advice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let refused = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Gate::new(([127, 0, 0, 1], 1).into(), Some(&path)).err().map(|error| error.to_string())
        };
        assert!(refused("short").unwrap().contains("openssl rand"));
        assert!(refused("sixteen and more, with spaces").is_some());
        assert!(refused("0123456789abcdef").is_none());
        std::fs::remove_file(&path).unwrap();
        assert!(Gate::new(([127, 0, 0, 1], 1).into(), Some(&path)).is_err());
    }
}
