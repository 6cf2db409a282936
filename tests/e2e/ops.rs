//! The operations address: who may ask, its bounds, health and readiness.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use greenroom::config::{AddressChoice, Config};
use greenroom::server::{Readiness, Server, ServerSpec};
use greenroom::{Games, certs};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::http::{ask, get};
use crate::support::process::{Process, run};
use crate::support::{TestServer, until, within};

/// An operations address on a free port.
pub fn on_a_free_port(config: &mut Config) {
    config.ops.address = AddressChoice::At("127.0.0.1:0".parse().unwrap());
}

/// Which only who has the token may ask.
pub fn with_a_token(config: &mut Config) {
    on_a_free_port(config);
    let path = config.rooms.crash_dir.with_file_name("token");
    std::fs::write(&path, "a-token-of-some-length\n").unwrap();
    config.ops.token_file = Some(path);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_is_told_from_the_first_moment_to_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let paths = certs::ensure(&dir.path().join("certs"), false).unwrap().paths;
    let identity = certs::Identity::of_files(&paths.server, &paths.server_key).unwrap();
    let mut config = Config::default();
    config.listen.bind = "127.0.0.1:0".parse().unwrap();
    config.listen.plain = None;
    on_a_free_port(&mut config);
    let spec = ServerSpec { config, games: Games::builtin(), identity, results: None };
    let server = Server::begin(spec).await.unwrap();
    let ops = server.ops().unwrap();
    assert_eq!(get(ops, "/healthz").await.text, "ok\n");
    let starting = get(ops, "/readyz").await;
    assert_eq!((starting.status, server.readiness()), (503, Readiness::Starting));
    assert_eq!(starting.text, "starting: matches are brought back\n");
    server.open().await.unwrap();
    let ready = get(ops, "/readyz").await;
    assert_eq!((ready.status, ready.text.as_str()), (200, "ready\n"));
    server.drain();
    let stopping = get(ops, "/readyz").await;
    assert_eq!((stopping.status, get(ops, "/healthz").await.status), (503, 200));
    assert_eq!(stopping.text, "stopping: nobody new is taken\n");
    within("the stop", server.stop()).await;
    TcpListener::bind(ops).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_and_who_may_not_ask_gets_a_typed_answer() {
    let server = TestServer::start(on_a_free_port).await;
    let ops = server.server.ops().unwrap();
    let json = ("content-type", "application/json");
    for (method, path, header, status, code) in [
        ("GET", "/elsewhere", json, 404, "not_found"),
        ("POST", "/healthz", json, 405, "method_not_allowed"),
        ("POST", "/healthz", ("content-type", "text/plain"), 415, "unsupported_media_type"),
        ("GET", "/healthz", ("host", "evil.example"), 403, "forbidden"),
        ("GET", "/healthz", ("origin", "https://evil.example"), 403, "forbidden"),
    ] {
        let answer = ask(ops, method, path, &[header], "").await;
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_address_says_which_methods_it_has() {
    let server = TestServer::start(on_a_free_port).await;
    let ops = server.server.ops().unwrap();
    for (path, allow) in [
        ("/healthz", "GET,HEAD"),
        ("/metrics", "GET,HEAD"),
        ("/console", "GET,HEAD"),
        ("/v1/rooms", "GET,HEAD,POST"),
        ("/v1/drain", "POST"),
    ] {
        for method in ["OPTIONS", "DELETE", "PUT", "BREW"] {
            let answer = ask(ops, method, path, &[], "").await;
            let refused =
                (answer.status, answer.error(), answer.headers["allow"].to_str().unwrap());
            assert_eq!(refused, (405, "method_not_allowed".to_owned(), allow), "{method} {path}");
        }
        let head = ask(ops, "HEAD", path, &[], "").await;
        let status = if allow.contains("HEAD") { 200 } else { 405 };
        assert_eq!((head.status, head.text.as_str()), (status, ""), "HEAD {path}");
        let beside = ask(ops, "GET", &format!("{path}/"), &[], "").await;
        assert_eq!((beside.status, beside.error().as_str()), (404, "not_found"), "{path}/");
    }
    // A page of another site that asks whether it may.
    let page = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    let answer = ask(ops, "OPTIONS", "/v1/drain", &page, "").await;
    let allowed = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
    assert_eq!((answer.status, allowed), (403, false));
    assert_eq!(server.server.readiness(), Readiness::Ready);
}

/// What is sent after the head of `POST /v1/rooms` with this length, and the status that comes back.
async fn status_after(
    ops: SocketAddr,
    length: usize,
    mut send: impl AsyncFnMut(&mut TcpStream),
) -> String {
    let mut tcp = TcpStream::connect(ops).await.unwrap();
    let head = format!(
        "POST /v1/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    tcp.write_all(head.as_bytes()).await.unwrap();
    send(&mut tcp).await;
    let mut said = Vec::new();
    within("an answer", tcp.read_buf(&mut said)).await.unwrap();
    String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_huge_or_slow_get_an_answer_and_no_more() {
    let server = TestServer::start(|config| {
        on_a_free_port(config);
        config.ops.timeout = Duration::from_millis(400);
    })
    .await;
    let ops = server.server.ops().unwrap();
    let nothing = async |_: &mut TcpStream| {};
    let too_large = "HTTP/1.1 413 Payload Too Large";
    assert_eq!(status_after(ops, usize::MAX >> 1, nothing).await, too_large);
    let all = async |tcp: &mut TcpStream| {
        for _ in 0..256 {
            if tcp.write_all(&[b' '; 65_536]).await.is_err() {
                break;
            }
        }
    };
    assert_eq!(status_after(ops, 16 << 20, all).await, too_large);
    let drop_by_drop = async |tcp: &mut TcpStream| {
        while tcp.write_all(b" ").await.is_ok() {
            let mut said = [0];
            let answered = tokio::time::timeout(Duration::from_millis(20), tcp.peek(&mut said));
            if answered.await.is_ok() {
                break;
            }
        }
    };
    assert_eq!(status_after(ops, 1000, drop_by_drop).await, "HTTP/1.1 504 Gateway Timeout");
    assert_eq!(get(ops, "/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_looks_is_told_what_is_so_now_whatever_the_key() {
    let server = TestServer::start(on_a_free_port).await;
    let ops = server.server.ops().unwrap();
    let key = [("idempotency-key", "one")];
    for rooms in 0..2 {
        let answer = ask(ops, "GET", "/v1/rooms", &key, "").await;
        assert!(!answer.headers.contains_key("idempotency-replayed"));
        assert_eq!(answer.json()["rooms"].as_array().unwrap().len(), rooms, "{answer:?}");
        let (client, _) = server.seated(crate::support::new_room("")).await;
        std::mem::forget(client);
    }
    assert!(ask(ops, "GET", "/metrics", &key, "").await.text.contains("greenroom_rooms"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_token_file_only_who_has_the_token_may_ask() {
    let server = TestServer::start(with_a_token).await;
    let ops = server.server.ops().unwrap();
    let nobody = get(ops, "/metrics").await;
    assert_eq!((nobody.status, nobody.error().as_str()), (401, "unauthorized"));
    assert_eq!(nobody.headers["www-authenticate"], "Bearer");
    assert_eq!(get(ops, "/readyz").await.status, 200);
    let with = [("authorization", "Bearer a-token-of-some-length")];
    assert_ne!(ask(ops, "GET", "/metrics", &with, "").await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_heads_and_silence_are_bounded() {
    let server = TestServer::start(|config| {
        on_a_free_port(config);
        config.ops.connections_max = 2;
        config.deadlines.head_timeout = Duration::from_millis(200);
    })
    .await;
    let ops = server.server.ops().unwrap();
    let mut silent = Vec::new();
    for _ in 0..2 {
        silent.push(TcpStream::connect(ops).await.unwrap());
    }
    // The third waits for a place, which the silent ones lose at their deadline.
    assert_eq!(get(ops, "/healthz").await.status, 200);
    for mut silent in silent {
        let mut rest = Vec::new();
        within("the end of a silent connection", silent.read_to_end(&mut rest)).await.unwrap();
    }
    let mut huge = TcpStream::connect(ops).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    let mut said = String::new();
    let _ = huge.write_all(head.as_bytes()).await;
    let _ = within("an answer to a huge head", huge.read_to_string(&mut said)).await;
    assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_in_use_is_an_error_for_who_asked_for_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let serve = ["serve", "--bind", "127.0.0.1:0", "--plain", "off", "--ops"];
    let (code, _, err) = run(&dir, &[&serve[..], &[address.as_str()]].concat());
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("for operations") && err.contains("--ops off"), "{err}");
    let (code, _, err) = run(&dir, &[&serve[..], &["0.0.0.0:0"]].concat());
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("--ops-token-file"), "{err}");

    // The usual port is held by us or by somebody else: either way the server does without.
    let _usual = TcpListener::bind("127.0.0.1:9464");
    let server = Process::serve(&["--plain", "off", "--ops", "auto"]);
    until("the warning", || server.errors().contains("no operations on 127.0.0.1:9464")).await;
}
