//! The way in: HTTP, deadlines of each step, web origins, and the bounds on connections.

use std::time::Duration;

use greenroom_client::{ClosedBy, ConnectError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::raw::{Got, Target, upgrade_headers};
use crate::support::{TestServer, new_room, until, within};

/// The head of the answer to a request line and headers.
async fn answer(target: &Target, head: &str) -> String {
    let mut raw = target.tls(target.tcp().await).await.unwrap();
    let answer = raw.http(head).await;
    raw.end().await;
    answer.to_lowercase()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_an_upgrade_gets_a_proper_answer() {
    let server = TestServer::start(|_| {}).await;
    let target = Target::of(&server);
    let proper = upgrade_headers();
    let without = |name: &str| -> String {
        let lines = proper.split_inclusive("\r\n").filter(|line| !line.starts_with(name));
        lines.collect()
    };
    let plain = "Host: localhost\r\n".to_owned();
    let version_8 = proper.replace("Version: 13", "Version: 8");
    let other_protocol = proper.replace("greenroom.v1", "chat");
    let cases = [
        ("GET /healthz", &plain, "200 "),
        ("HEAD /healthz", &plain, "200 "),
        ("GET /", &plain, "200 "),
        ("GET /replay", &plain, "200 "),
        ("GET /play/app.js", &plain, "200 "),
        ("POST /", &plain, "405 "),
        ("GET /greenroom.js", &plain, "200 "),
        ("GET /schema/arena", &plain, "200 "),
        ("GET /schema/chess", &plain, "404 "),
        ("PUT /greenroom.js", &plain, "405 "),
        ("GET /elsewhere", &plain, "404 "),
        ("GET /elsewhere", &proper, "404 "),
        ("POST /healthz", &plain, "405 "),
        ("DELETE /ws", &proper, "405 "),
        ("GET /ws", &plain, "426 "),
        ("GET /ws", &version_8, "426 "),
        ("GET /ws", &without("Sec-WebSocket-Version"), "426 "),
        ("GET /ws", &without("Sec-WebSocket-Key"), "400 "),
        ("GET /ws", &without("Sec-WebSocket-Protocol"), "400 "),
        ("GET /ws", &other_protocol, "400 "),
    ];
    for (request, headers, status) in cases {
        let answer = answer(&target, &format!("{request} HTTP/1.1\r\n{headers}\r\n")).await;
        assert!(answer.starts_with(&format!("http/1.1 {status}")), "{request}: {answer}");
        if status == "426 " {
            assert!(answer.contains("sec-websocket-version: 13\r\n"), "{answer}");
        }
        assert!(answer.contains("connection: ") && answer.contains("close\r\n"), "{answer}");
    }
    // However much of it is still on its way when it is answered.
    for bytes in [40_000, 400_000] {
        let huge = format!("GET /ws HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(bytes));
        assert!(answer(&target, &huge).await.starts_with("http/1.1 431 "));
    }
    until("all are gone", || server.server.connections() == 0).await;
    let (client, _) = server.seated(new_room("")).await;
    client.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_a_directory_are_shown_and_nothing_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    let web = dir.path().join("web");
    std::fs::create_dir(&web).unwrap();
    std::fs::write(dir.path().join("secret"), "secret").unwrap();
    std::fs::write(web.join("index.html"), "<p>My Game").unwrap();
    std::fs::write(web.join("a b.png"), "png").unwrap();
    let pages = Some(web);
    let server = TestServer::start(move |config| config.listen.pages = pages).await;
    let target = Target::of(&server);
    let get = async |path: &str| answer(&target, &format!("GET {path} HTTP/1.1\r\n\r\n")).await;
    let page = get("/").await;
    assert!(page.starts_with("http/1.1 200 ") && page.contains("text/html"), "{page}");
    assert!(page.contains("x-content-type-options: nosniff"), "{page}");
    // They may load what they like, and are for this server alone.
    assert!(
        !page.contains("content-security-policy") && !page.contains("access-control"),
        "{page}"
    );
    assert!(get("/a%20b.png").await.contains("image/png"));
    for path in ["/greenroom.js", "/finding.js", "/schema/arena", "/healthz"] {
        assert!(get(path).await.starts_with("http/1.1 200 "), "{path}");
    }
    let others = [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "//secret",
        "/./index.html",
        "/replay",
        "/play/app.js",
        "/index.html/",
    ];
    for path in others {
        let answer = get(path).await;
        assert!(answer.starts_with("http/1.1 404 "), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_handshakes_and_heads_run_into_their_deadlines() {
    let server = TestServer::start(|config| {
        config.deadlines.tls_timeout = Duration::from_millis(150);
        config.deadlines.head_timeout = Duration::from_millis(150);
    })
    .await;
    let target = Target::of(&server);
    let mut silent = target.tcp().await;
    let mut rest = Vec::new();
    within("the end of a silent TCP connection", silent.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty());

    let mut halting = target.tcp().await;
    halting.write_all(&[22, 3, 1, 2, 0]).await.unwrap();
    within("the end of half a TLS handshake", halting.read_to_end(&mut rest)).await.unwrap();

    let mut slow = target.tls(target.tcp().await).await.unwrap();
    slow.send(b"GET /ws HTTP/1.1\r\nHost: local").await;
    slow.end().await;
    let mut mute = target.tls(target.tcp().await).await.unwrap();
    mute.end().await;
    until("no place is held", || server.server.connections() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_follows_the_head_in_one_piece_is_heard() {
    let server = TestServer::start(|_| {}).await;
    let target = Target::of(&server);
    let mut raw = target.tls(target.tcp().await).await.unwrap();
    let mut bytes = vec![greenroom::proto::frame::CONTROL];
    let hello = crate::support::raw::hello(greenroom::proto::PROTOCOL_VERSION);
    greenroom::proto::wire::encode_into(&hello, &mut bytes);
    let mut sent = format!("GET /ws HTTP/1.1\r\n{}\r\n", upgrade_headers()).into_bytes();
    sent.extend(crate::support::raw::masked(0x82, &bytes));
    raw.send(&sent).await;
    assert!(raw.http("").await.starts_with("HTTP/1.1 101"));
    assert!(matches!(raw.next().await, Got::Control(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_pages_are_told_that_they_may_not_connect() {
    let server = TestServer::start(|config| {
        config.listen.origins = vec!["https://play.example".into()];
    })
    .await;
    let target = Target::of(&server);
    for (origin, code) in [("https://evil.example", Some(4003)), ("https://play.example", None)] {
        let mut raw = target.tls(target.tcp().await).await.unwrap();
        raw.upgrade(&format!("Origin: {origin}\r\n")).await;
        match code {
            Some(code) => assert_eq!(raw.close_code().await.0, code),
            None => raw.greet().await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_has_so_many_connections_and_one_more_is_told_when_to_come_back() {
    let server = TestServer::start(|config| {
        config.listen.limit_loopback = true;
        config.listen.connections_per_address_max = 2;
    })
    .await;
    let target = Target::of(&server);
    let first = target.greeted().await;
    let mut second = target.greeted().await;
    let (code, window) = target.open().await.close_code().await;
    assert_eq!(code, 4103);
    assert!(window.is_some_and(|window| window > 0), "{window:?}");
    // The library tells the same.
    let refused = greenroom_client::Client::connect(server.connect_with()).await;
    let Err(ConnectError::Closed { closed, .. }) = refused else { panic!("it was let in") };
    assert_eq!((closed.by, closed.code), (ClosedBy::Server, 4103));
    assert_eq!(closed.retry_after_ms, window);
    // Those who are in play on, and a place that becomes free is given again.
    second.frame(0x89, &[]).await;
    assert_eq!(second.next().await, Got::Pong);
    drop(first);
    until("a place is free", || server.server.connections() == 1).await;
    target.greeted().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_bound_in_all_some_are_told_and_the_rest_is_dropped() {
    /// As many as are told at the same time.
    const REFUSALS: usize = 64;
    let server = TestServer::start(|config| config.listen.connections_max = 1).await;
    let target = Target::of(&server);
    let first = target.greeted().await;
    // They hold the refusals by not going on with TLS.
    let mut held = Vec::new();
    for _ in 0..REFUSALS {
        held.push(target.tcp().await);
    }
    // Accepted in order: by the time that this one is dropped, all before it were counted.
    let mut dropped = target.tcp().await;
    let mut nothing = Vec::new();
    let _ = within("a plain drop", dropped.read_to_end(&mut nothing)).await;
    assert!(nothing.is_empty());
    drop(held);
    within("a refusal in words again", async {
        loop {
            if let Ok(mut raw) = target.tls(target.tcp().await).await {
                raw.upgrade("").await;
                return assert_eq!(raw.close_code().await.0, 4103);
            }
        }
    })
    .await;
    drop(first);
    until("the place is free", || server.server.connections() == 0).await;
    target.greeted().await;
}
