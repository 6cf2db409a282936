//! The real binary: how it starts, how it stops, what it says.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use greenroom::Games;
use greenroom::bot::Act;
use greenroom::config::{AddressChoice, Config};
use greenroom::proto::{Refusal, Then, ToClient};
use greenroom::server::{Readiness, Server, ServerSpec};
use greenroom_client::{CallError, Client, Closed, ConnectError, Join, Update};

use crate::support::process::{Process, run};
use crate::support::raw::Got;
use crate::support::{TestServer, closed, ended, find, new_room, next, until, within};

/// Plays in the arena until the connection ends.
async fn play(mut client: Client, seated: Arc<AtomicUsize>) -> Closed {
    let games = Games::builtin();
    let mut bot = games.get("arena").unwrap().bot("random", 1).unwrap();
    let arena = Join::OpenOrCreate { game: "arena", options: "" };
    let me = within("a seat", client.join(arena)).await.unwrap().player;
    seated.fetch_add(1, Ordering::Relaxed);
    loop {
        match next(&mut client).await {
            Update::Frame { .. } => {
                let (tick, rows) = client.rows().unwrap();
                for act in bot.act(me, tick, rows, Duration::ZERO) {
                    let Act::Input(input) = act else { panic!("the arena knows no requests") };
                    client.input_bytes(&input).unwrap();
                }
            }
            // It would come back, if there were a server.
            Update::Closed(closed) | Update::Broken { why: closed, .. } => return closed,
            _ => {}
        }
    }
}

/// A match that ends because one leaves.
async fn short_match(server: &Process) {
    let game = Join::OpenOrCreate { game: "connect4", options: "" };
    let (mut one, mut two) = (server.connect().await, server.connect().await);
    within("a seat", one.join(game)).await.unwrap();
    within("a seat", two.join(game)).await.unwrap();
    within("leave", one.leave()).await.unwrap();
    ended(&mut two).await;
}

async fn stops_in_order_at(signal: &str) {
    let args = ["--plain", "off", "--match-grace-ms", "0"];
    // These tests may be run by `nohup` themselves.
    let mut server = match signal {
        "SIGHUP" => Process::serve_under(&["env", "--default-signal=HUP"], &args),
        _ => Process::serve(&args),
    };
    let (mut players, seated) = (Vec::new(), Arc::new(AtomicUsize::new(0)));
    for _ in 0..4 {
        players.push(tokio::spawn(play(server.connect().await, Arc::clone(&seated))));
    }
    until("all play", || seated.load(Ordering::Relaxed) == 4).await;
    for _ in 0..3 {
        short_match(&server).await;
    }
    // It does not answer the close frame, so the server waits for it a moment.
    let mut rude = server.target().greeted().await;
    server.signal(signal);
    let window = match rude.next().await {
        Got::Control(ToClient::Closing { retry_after_ms, .. }) => retry_after_ms,
        other => panic!("{other:?}"),
    };
    assert!(window > 0);
    let Got::Close(4200, reason) = rude.next().await else { panic!("no close frame") };
    assert_eq!(reason, "the server is stopping");
    let late = Client::connect(server.connect_with()).await;
    assert!(matches!(late, Err(ConnectError::Unreachable { .. })), "{:?}", late.err());
    for player in players {
        let closed = within("the end of a player", player).await.unwrap();
        assert_eq!((closed.code, closed.then), (4200, Then::Reconnect));
        assert_eq!(closed.retry_after_ms, Some(window));
    }
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.errors());
    assert!(server.errors().contains(&format!("{signal}: stopping")), "{}", server.errors());
    let results = std::fs::read_to_string(server.file("results.jsonl")).unwrap();
    assert_eq!(results.lines().count(), 3, "{results}");
    for line in results.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["result"]["reason"], "left", "{line}");
    }
    assert!(!server.errors().contains("ERROR"), "{}", server.errors());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_stops_in_order() {
    stops_in_order_at("SIGTERM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigint_stops_in_order() {
    stops_in_order_at("SIGINT").await;
}

/// Its terminal is closed.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sighup_stops_in_order() {
    stops_in_order_at("SIGHUP").await;
}

/// As `nohup` starts it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_to_stay_without_a_terminal_stays() {
    let args = ["--plain", "off", "--match-grace-ms", "0"];
    let mut server = Process::serve_under(&["nohup"], &args);
    let mut client = server.connect().await;
    server.signal("HUP");
    let arena = Join::OpenOrCreate { game: "arena", options: "" };
    within("a seat", client.join(arena)).await.unwrap();
    server.signal("TERM");
    let code = find(&mut client, |update| match update {
        Update::Broken { why, .. } => Some(why.code),
        _ => None,
    })
    .await;
    assert_eq!(code, 4200);
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.errors());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_stops_at_once() {
    let mut server = Process::serve(&["--plain", "off"]);
    let mut rude = server.target().greeted().await;
    server.signal("TERM");
    assert!(matches!(rude.next().await, Got::Control(ToClient::Closing { .. })));
    assert!(matches!(rude.next().await, Got::Close(4200, _)));
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(1), "{}", server.errors());
    assert!(server.errors().contains("SIGTERM again: stopped at once"), "{}", server.errors());
}

/// Two players of a match of connect4 under way.
async fn two_of_a_match(server: &Process) -> (Client, Client) {
    let game = Join::OpenOrCreate { game: "connect4", options: "" };
    let (mut one, mut two) = (server.connect().await, server.connect().await);
    within("a seat", one.join(game)).await.unwrap();
    within("a seat", two.join(game)).await.unwrap();
    (one, two)
}

/// Without a state directory, where they could go on later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_matches_get_time_to_finish_and_nobody_new_comes() {
    let args = ["--plain", "off", "--match-grace-ms", "20000", "--stop-timeout-ms", "25000"];
    let mut server = Process::serve(&args);
    let (one, mut two) = two_of_a_match(&server).await;
    let mut idle = server.connect().await;
    let began = Instant::now();
    server.signal("TERM");
    until("it stops", || server.errors().contains("SIGTERM: stopping")).await;
    for game in ["arena", "connect4"] {
        let to = Join::OpenOrCreate { game, options: "" };
        let joined = within("an answer", idle.join(to)).await;
        assert!(matches!(joined, Err(CallError::Refused { why: Refusal::Stopping, .. })));
    }
    // Who lost the connection comes back to the match.
    let token = one.seat_token().unwrap().clone();
    drop(one);
    let mut one = server.connect().await;
    within("the seat", one.resume(&token)).await.unwrap();
    within("leave", one.leave()).await.unwrap();
    assert!(ended(&mut two).await.contains("left"));
    assert_eq!(closed(&mut two).await, 4200);
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.errors());
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "it waits for nothing: {:?}",
        began.elapsed()
    );
    let results = std::fs::read_to_string(server.file("results.jsonl")).unwrap();
    assert_eq!(results.lines().count(), 1, "{results}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_that_does_not_finish_in_time_is_ended() {
    let args = ["--plain", "off", "--match-grace-ms", "700", "--stop-timeout-ms", "5000"];
    let mut server = Process::serve(&args);
    let (mut one, _two) = two_of_a_match(&server).await;
    let began = Instant::now();
    server.signal("TERM");
    let code = find(&mut one, |update| match update {
        Update::Broken { why, .. } => Some(why.code),
        _ => None,
    })
    .await;
    assert_eq!(code, 4200);
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.errors());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(server.errors().contains("their time to finish is up"), "{}", server.errors());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_says_what_the_server_is_up_to() {
    let server = TestServer::start(|_| {}).await;
    assert_eq!(server.server.readiness(), Readiness::Ready);
    let (mut player, seat) = server.seated(new_room("")).await;
    server.server.drain();
    assert_eq!(server.server.readiness(), Readiness::Stopping);
    let mut late = server.connect().await;
    for to in [new_room(""), Join::Room(seat.room)] {
        let joined = within("an answer", late.join(to)).await;
        assert!(matches!(joined, Err(CallError::Refused { why: Refusal::Stopping, .. })));
    }
    let (dir, code) = tokio::join!(server.stopped(), closed(&mut player));
    assert_eq!(code, 4200);

    let paths = greenroom::certs::ensure(&dir.path().join("certs"), false).unwrap().paths;
    let identity = greenroom::certs::Identity::of_files(&paths.server, &paths.server_key).unwrap();
    let mut config = Config::default();
    config.listen.bind = "127.0.0.1:0".parse().unwrap();
    config.listen.plain = None;
    config.ops.address = AddressChoice::Off;
    let spec = ServerSpec { config, games: Games::builtin(), identity, results: None };
    let server = Server::begin(spec).await.unwrap();
    assert_eq!(server.readiness(), Readiness::Starting);
    server.open().await.unwrap();
    assert_eq!(server.readiness(), Readiness::Ready);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_server_gives_its_port_back() {
    let server = TestServer::start(|_| {}).await;
    let address = server.server.wss();
    let (mut client, _) = server.seated(new_room("")).await;
    let (dir, code) = tokio::join!(server.stopped(), closed(&mut client));
    assert_eq!(code, 4200);
    TcpListener::bind(address).unwrap();
    drop(dir);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_port_in_use_is_a_warning_and_a_free_one_is_served() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let server = Process::serve(&["--plain", &address]);
    server.connect().await;
    until("the warning", || server.errors().contains(&format!("no plain ws on {address}"))).await;
    drop((taken, server));
    let server = Process::serve(&["--plain", &address]);
    let plain = greenroom_client::Connect::to(format!("ws://{address}"));
    let mut client = within("a connection", Client::connect(plain)).await.unwrap();
    let arena = Join::OpenOrCreate { game: "arena", options: "" };
    within("a seat", client.join(arena)).await.unwrap();
    let whole = |update| matches!(update, Update::Frame { full: true, .. }).then_some(());
    find(&mut client, whole).await;
    drop(server);
}

#[test]
fn what_keeps_it_from_starting_is_one_line_that_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(&dir, &["certs"]).0, Some(0));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    std::fs::write(dir.path().join("bad.pem"), "nothing").unwrap();
    std::fs::write(dir.path().join("bad.toml"), "[edge]\nhead_byte_max = 1\n").unwrap();
    let free = "127.0.0.1:0";
    let cases: [(&[&str], &[&str]); 9] = [
        (&["--bind", free, "--auth-key", "gone.key"], &["gone.key", "token --new-key gone.key"]),
        (&["--bind", free, "--auth-key", "bad.pem"], &["bad.pem", "line 1 is no key"]),
        (&["--bind", &address, "--plain", "off"], &["another program has port", "--bind"]),
        (&["--bind", free, "--plain", "0.0.0.0:0"], &["--plain 0.0.0.0:0", "loopback"]),
        (&["--bind", "192.0.2.1:0"], &["192.0.2.1:0", "no such address", "--bind"]),
        (&["--bind", free, "--cert", "bad.pem", "--key", "bad.pem"], &["bad.pem"]),
        (&["--bind", free, "--cert", "gone.pem", "--key", "gone.pem"], &["gone.pem"]),
        (&["--config-file", "bad.toml"], &["bad.toml:2", "head_byte_max", "head_bytes_max"]),
        (&["--bind", free, "--plain", "off", "--results", "no/dir/x"], &["no/dir/x", "--results"]),
    ];
    for (args, parts) in cases {
        let (code, out, err) = run(&dir, &[&["serve"], args].concat());
        assert_eq!(code, Some(1), "{args:?}: {err}");
        assert_eq!(err.lines().count(), 1, "{args:?}: {err}");
        assert!(out.is_empty() && err.starts_with("greenroom: "), "{args:?}: {out}{err}");
        for part in parts {
            assert!(err.contains(part), "{args:?}: no {part:?} in {err}");
        }
    }
    let (code, _, err) = run(&dir, &["serve", "--bnid", "x"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("--bnid") && err.contains("--bind"), "{err}");
}
