//! The operator's console: its files, its stream, what it shows of one room, and its bounds.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use greenroom::faults::{Every, Faults};
use greenroom::proto::Profile;
use greenroom_client::Join;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::ops::{on_a_free_port, with_a_token};
use crate::support::http::{ask, change, get};
use crate::support::{TestServer, new_room, until, within};

/// A console that is open, with what it was sent so far.
struct Page {
    body: Incoming,
    pending: String,
    order: BTreeMap<String, Vec<String>>,
    rows: BTreeMap<(String, String), Value>,
    totals: Value,
    found: usize,
    connection: JoinHandle<()>,
}

impl Page {
    async fn open(ops: SocketAddr, query: &str) -> Self {
        let (response, connection) = stream(ops, query).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Page {
            body: response.into_body(),
            pending: String::new(),
            order: BTreeMap::new(),
            rows: BTreeMap::new(),
            totals: Value::Null,
            found: 0,
            connection,
        }
    }

    /// Takes changes until it is so.
    async fn until(&mut self, what: &str, is_so: impl Fn(&Page) -> bool) {
        within(what, async {
            while !is_so(self) {
                self.next().await;
            }
        })
        .await;
    }

    async fn next(&mut self) {
        let frame = self.body.frame().await.expect("the stream goes on").unwrap();
        self.pending.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        while let Some((event, rest)) = self.pending.split_once("\n\n") {
            if let Some(data) = event.strip_prefix("event: change\ndata: ") {
                let change: Value = serde_json::from_str(data).unwrap();
                let rest = rest.to_owned();
                self.apply(&change);
                self.pending = rest;
            } else {
                assert!(event.starts_with(": "), "{event}");
                self.pending = rest.to_owned();
            }
        }
    }

    fn apply(&mut self, change: &Value) {
        self.totals = change["totals"].clone();
        self.found = change["found"].as_u64().unwrap() as usize;
        for table in ["tree", "rooms", "connections", "crashes"] {
            let Some(of) = change.get(table) else { continue };
            for (key, row) in of["rows"].as_object().unwrap() {
                self.rows.insert((table.to_owned(), key.clone()), row.clone());
            }
            if let Some(order) = of["order"].as_array() {
                let order: Vec<_> =
                    order.iter().map(|key| key.as_str().unwrap().to_owned()).collect();
                self.rows.retain(|(of, key), _| of != table || order.contains(key));
                self.order.insert(table.to_owned(), order);
            }
        }
    }

    fn keys(&self, table: &str) -> &[String] {
        self.order.get(table).map_or(&[], Vec::as_slice)
    }

    fn row(&self, table: &str, key: &str) -> &Value {
        self.rows.get(&(table.to_owned(), key.to_owned())).unwrap_or(&Value::Null)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// What comes when a console asks for its stream.
async fn stream(ops: SocketAddr, query: &str) -> (Response<Incoming>, JoinHandle<()>) {
    let request = Request::builder()
        .uri(format!("/console/live?{query}"))
        .header("host", ops.to_string())
        .body(Empty::<Bytes>::new())
        .unwrap();
    within("a stream", async {
        let tcp = TcpStream::connect(ops).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await.unwrap();
        let connection = tokio::spawn(async move { drop(connection.await) });
        (sender.send_request(request).await.unwrap(), connection)
    })
    .await
}

/// Its button to make rooms panic is there, and no room panics by itself.
fn with_faults(config: &mut greenroom::config::Config) {
    on_a_free_port(config);
    config.dev.faults = Faults { panic_room: Some(Every(u32::MAX)), ..Faults::default() };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_may_be_had_by_all_and_what_it_shows_with_the_token_only() {
    let server = TestServer::start(with_a_token).await;
    let ops = server.server.ops().unwrap();
    let page = get(ops, "/console").await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let files = page.text.split('"').filter(|part| part.starts_with("/console/"));
    let files: Vec<_> = files.map(str::to_owned).chain(["/console".to_owned()]).collect();
    assert_eq!(files.len(), 3, "a style, a script, the page");
    for path in files.iter().map(String::as_str).chain(["/console/change.js"]) {
        let file = get(ops, path).await;
        assert_eq!(
            (file.status, file.headers["cache-control"].to_str().unwrap()),
            (200, "no-cache")
        );
        let policy = file.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"));
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(file.headers["x-content-type-options"], "nosniff");
        let tag = file.headers["etag"].to_str().unwrap();
        let again = ask(ops, "GET", path, &[("if-none-match", tag)], "").await;
        assert_eq!((again.status, again.text.as_str()), (304, ""));
    }
    let json = ("content-type", "application/json");
    for (method, path) in [
        ("GET", "/console/live"),
        ("GET", "/console/rooms/0000000000007"),
        ("POST", "/console/rooms/0000000000007/panic"),
        ("GET", "/console/crashes/1-arena.crash.log"),
        ("GET", "/console/elsewhere"),
    ] {
        let nobody = ask(ops, method, path, &[json], "").await;
        assert_eq!((nobody.status, nobody.error().as_str()), (401, "unauthorized"), "{path}");
    }
    let with = [("authorization", "Bearer a-token-of-some-length")];
    assert_eq!(ask(ops, "GET", "/console/rooms/0000000000007", &with, "").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_seen_to_come_to_crash_and_to_be_back() {
    let server = TestServer::start(with_faults).await;
    let ops = server.server.ops().unwrap();
    let mut page = Page::open(ops, "").await;
    page.until("the tree", |page| page.keys("tree").contains(&"root lobby".to_owned())).await;
    assert_eq!(page.row("tree", "root lobby")["state"], "running");
    assert_eq!((page.keys("rooms").len(), &page.totals["faults"]), (0, &true.into()));

    let (_client, seat) = server.seated(new_room("{}")).await;
    let room = seat.room.to_string();
    page.until("its costs", |page| {
        let row = page.row("rooms", &room);
        row["tick_p99_us"].as_u64() > Some(0) && row["bytes_per_player_s"].as_u64() > Some(0)
    })
    .await;
    let row = page.row("rooms", &room);
    assert_eq!(
        (&row["players"], &row["game"], &row["restarts"]),
        (&1.into(), &"probe".into(), &0.into())
    );
    assert!(page.keys("tree").iter().any(|path| path.ends_with(&room)), "{:?}", page.keys("tree"));
    assert_eq!(page.totals["connections"]["seated"], 1);

    let panics = change(ops, &format!("POST /console/rooms/{room}/panic"), &json!({})).await;
    assert_eq!((panics.status, panics.json()), (200, json!({"restarts": 0})));
    page.until("the restart", |page| page.row("rooms", &room)["restarts"] == 1).await;
    page.until("the crash", |page| page.keys("crashes").len() == 1).await;
    assert_eq!(page.row("rooms", &room)["connected"], 1, "nobody is disconnected");
    let name = page.keys("crashes")[0].clone();
    assert!(name.contains(&room), "{name}");
    let file = std::fs::read(&server.crash_files()[0]).unwrap();
    let head = ask(ops, "HEAD", &format!("/console/crashes/{name}"), &[], "").await;
    assert_eq!(head.headers["content-length"], file.len().to_string());
    assert_eq!(head.headers["content-disposition"], "attachment");

    let ended = change(ops, &format!("POST /v1/rooms/{room}/end"), &json!({})).await;
    assert_eq!(ended.status, 200);
    page.until("the end", |page| page.keys("rooms").is_empty() && page.totals["rooms"] == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_based_room_panics_on_request_without_waiting_for_a_move() {
    let server = TestServer::start(with_faults).await;
    let ops = server.server.ops().unwrap();
    let (_client, seat) = server.seated(new_room(r#"{"tick_hz": 0}"#)).await;
    let panics = change(ops, &format!("POST /console/rooms/{}/panic", seat.room), &json!({})).await;
    assert_eq!(panics.status, 200);
    until("the restart", || server.restarts(seat.room) == 1).await;
    let seen = get(ops, &format!("/console/rooms/{}", seat.room)).await.json();
    assert_eq!((&seen["restarts"], &seen["members"][0]["pace"]), (&1.into(), &"in step".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_shown_or_done_says_why() {
    let server = TestServer::start(on_a_free_port).await;
    let ops = server.server.ops().unwrap();
    let (_client, seat) = server.seated(new_room("{}")).await;
    std::fs::write(server.dir.path().join("1-secret.crash.log"), "mine").unwrap();
    let json = ("content-type", "application/json");
    for (method, path, status, code) in [
        ("POST", &*format!("/console/rooms/{}/panic", seat.room), 403, "forbidden"),
        ("GET", "/console/rooms/0000000000007", 404, "unknown_room"),
        ("GET", "/console/crashes/1-none.crash.log", 404, "not_found"),
        ("GET", "/console/crashes/..%2F1-secret.crash.log", 404, "not_found"),
        ("GET", "/console/elsewhere", 404, "not_found"),
        ("GET", "/console/live?sort=colour", 400, "bad_request"),
        ("GET", "/console/live?colour=red", 400, "bad_request"),
        ("GET", &*format!("/console/live?find={}", "x".repeat(65)), 400, "bad_request"),
        ("POST", "/console/live", 405, "method_not_allowed"),
    ] {
        let answer = ask(ops, method, path, &[json], "").await;
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{method} {path}");
    }
    assert_eq!(server.restarts(seat.room), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_consoles_may_be_open_and_a_closed_one_makes_place() {
    let server = TestServer::start(on_a_free_port).await;
    let ops = server.server.ops().unwrap();
    let mut pages = Vec::new();
    for _ in 0..8 {
        pages.push(Page::open(ops, "").await);
    }
    let ninth = get(ops, "/console/live").await;
    assert_eq!((ninth.status, ninth.error().as_str()), (503, "unavailable"));
    assert!(ninth.text.contains("close one"), "{}", ninth.text);
    pages.pop();
    within("a place", async {
        while stream(ops, "").await.0.status() != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_rooms_are_a_page_of_a_hundred() {
    let server = TestServer::start(on_a_free_port).await;
    let ops = server.server.ops().unwrap();
    for _ in 0..1000 {
        let made = change(ops, "POST /v1/rooms", &json!({"game": "connect4"})).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let mut page = Page::open(ops, "sort=room").await;
    page.until("all rooms", |page| page.found == 1000).await;
    assert_eq!(page.keys("rooms").len(), 100);
    assert!(page.keys("rooms").is_sorted());
    assert!(page.keys("tree").len() < 40, "crowds are counted, not named: {:?}", page.keys("tree"));
    let one = page.keys("rooms")[99].clone();
    let mut page = Page::open(ops, &format!("game=connect4&find={one}")).await;
    page.until("the one", |page| page.keys("rooms") == [one.clone()] && page.found == 1).await;
    let mut page = Page::open(ops, "game=arena").await;
    page.until("none", |page| page.totals["rooms"] == 1000).await;
    assert_eq!((page.found, page.keys("rooms").len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_names_arrive_as_data_beside_the_state() {
    let server = TestServer::start(on_a_free_port).await;
    let ops = server.server.ops().unwrap();
    let name = "<img src=x onerror=alert(1)>";
    let mut client = server.connect().await;
    let profile = Profile::named(name).unwrap();
    let to = Join::Create { game: "who", options: "{}" };
    let seat = within("a seat", client.join_as(to, profile)).await.unwrap();
    let seen = get(ops, &format!("/console/rooms/{}", seat.room)).await.json();
    assert_eq!((&seen["members"][0]["name"], &seen["members_in_all"]), (&name.into(), &1.into()));
    assert_eq!(seen["members"][0]["pace"], "in step");
    assert!(seen["published"]["state"].is_object(), "{seen}");
    assert_eq!(seen["no_state"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_measured_while_no_console_is_open() {
    let server = TestServer::start(on_a_free_port).await;
    let ops = server.server.ops().unwrap();
    let (_client, seat) = server.seated(new_room("{}")).await;
    let room = server.server.room(seat.room).unwrap();
    let tick = || room.any_work().told().0;
    let before = tick();
    until("some steps", || tick() > before + 5).await;
    assert_eq!(room.operator().cost(), None);
    let page = Page::open(ops, "").await;
    until("steps are measured", || room.operator().cost().is_some()).await;
    drop(page);
    until("what was measured is dropped", || {
        !server.server.directory().observed().is_on() && room.operator().cost().is_none()
    })
    .await;
}
