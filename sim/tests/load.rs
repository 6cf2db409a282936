//! `load` against a server of this process, over wss.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions
#![allow(clippy::disallowed_methods)] // and may read the clock

use std::process::Output;
use std::time::Duration;

use greenroom::config::{AddressChoice, Config};
use greenroom::server::{Server, ServerSpec};
use greenroom::{Games, certs};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// Matches that do not end meanwhile.
const LONG: &str = r#"{"max_players":4,"tick_hz":20,"score_limit":1000,"time_limit_secs":600}"#;

struct Hosted {
    dir: TempDir,
    server: Server,
    ca: String,
}

impl Hosted {
    async fn start() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = certs::ensure(&dir.path().join("certs"), false).unwrap().paths;
        let identity = certs::Identity::of_files(&paths.server, &paths.server_key).unwrap();
        let mut config = Config::default();
        config.listen.bind = "127.0.0.1:0".parse().unwrap();
        config.listen.plain = None;
        config.ops.address = AddressChoice::Off;
        change(&mut config);
        let games = Games::builtin();
        let spec = ServerSpec { config, games, identity, results: None };
        let server = Server::start(spec).await.unwrap();
        Hosted { ca: paths.ca.to_str().unwrap().to_owned(), dir, server }
    }

    fn command(&self, command: &str) -> Command {
        let mut sim = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
        sim.arg(command).args(["--url", &format!("wss://{}", self.server.wss()), "--ca", &self.ca]);
        sim.kill_on_drop(true);
        sim
    }

    async fn load(&self, args: &[&str]) -> Output {
        let arena = ["--game", "arena", "--ramp-secs", "0.5", "--json"];
        let config = if args.contains(&"--config") { &[][..] } else { &["--config", LONG] };
        self.command("load").args(arena).args(config).args(args).output().await.unwrap()
    }

    /// A run that ends well.
    async fn summary(&self, args: &[&str]) -> Value {
        let output = self.load(args).await;
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    async fn stop(self) {
        tokio::time::timeout(Duration::from_secs(60), self.server.stop()).await.unwrap();
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thresholds_decide_how_it_ends_and_the_page_has_the_plots() {
    let hosted = Hosted::start().await;
    let page = hosted.dir.path().join("report.html");
    let page_text = page.to_str().unwrap();
    let args = ["--bots", "8", "--secs", "4", "--warmup-secs", "1", "--html", page_text];
    let good = "joined=100%,desyncs=0,disconnects=0,errors=0,p50<10s,server_mb>1";
    let summary = hosted.summary(&[&args[..], &["--expect", good]].concat()).await;
    assert_eq!(summary["broken"], serde_json::json!([]));
    assert!(summary["latency_ms"]["count"].as_u64() > Some(0), "{summary}");
    assert!(summary["server"]["cpu_us_per_frame"].as_f64() > Some(0.0), "{summary}");
    let rows = summary["series"].as_array().unwrap();
    assert!(rows.len() >= 3, "a row a second: {summary}");
    assert!(rows.iter().any(|row| row["seated"] == 8 && row["frames_per_sec"] != 0.0), "{summary}");
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.matches("<svg").count() >= 5 && !html.contains("http"), "{html}");

    let output =
        hosted.load(&["--bots", "2", "--secs", "2", "--expect", "p50<1us,desyncs=0"]).await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(said(&output).contains("expected p50<1us, and it was "), "{output:?}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["broken"].as_array().unwrap().len(), 1);
    assert_eq!(summary["broken"][0]["expected"], "p50<1us");
    hosted.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bots_that_do_not_decode_play_and_come_back_all_the_same() {
    let hosted = Hosted::start().await;
    let args = ["--bots", "8", "--secs", "8", "--decode", "25%", "--scenario", "storm"];
    let summary = hosted.summary(&args).await;
    assert_eq!(summary["decoded"], 0.25);
    for (what, count) in [("joined", 8), ("resumed", 8), ("desyncs", 0), ("errors", 0)] {
        assert_eq!(summary[what], count, "{what}: {summary}");
    }
    // All act, at the pace of frames: far more inputs than two bots send.
    let (inputs, frames) = (summary["inputs"].as_u64(), summary["frames"].as_u64().unwrap());
    assert!(inputs > Some(frames / 2), "{summary}");
    assert!(summary["back_ms"]["count"].as_u64() >= Some(8), "{summary}");
    // A client that has missed something gets the change, whether it decodes it or not. Whole are the
    // first frames, and that of whoever was sent one while the connection broke.
    let whole = summary["full_frames"].as_u64().unwrap();
    assert!((8..16).contains(&whole), "{summary}");
    hosted.stop().await;
}

/// With a timetable no frame wakes them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bots_that_only_look_now_and_then_get_everything_and_say_everything() {
    let hosted = Hosted::start().await;
    let short = r#"{"max_players":4,"tick_hz":20,"score_limit":1000,"time_limit_secs":5}"#;
    let args = ["--bots", "8", "--secs", "12", "--decode", "25%", "--scenario", "storm"];
    let args = [&args[..], &["--input-hz", "10", "--config", short]].concat();
    let summary = hosted.summary(&args).await;
    for (what, count) in [("joined", 8), ("desyncs", 0), ("errors", 0), ("unanswered", 0)] {
        assert_eq!(summary[what], count, "{what}: {summary}");
    }
    // A match may have ended while its players were away.
    assert!(summary["reconnects"].as_u64() >= Some(6), "{summary}");
    assert!(summary["matches_finished"].as_u64() >= Some(2), "{summary}");
    let of = |what: &str| summary[what].as_u64().unwrap();
    // Ten a second of each and twenty frames, less for who is shot down, or away.
    assert!(of("inputs") > 8 * 12 * 10 / 4 && of("frames") > 8 * 12 * 20 / 4, "{summary}");
    let measured = summary["latency_ms"]["count"].as_u64().unwrap();
    assert!(measured > 0 && measured < of("inputs") / 2, "those that see: {summary}");
    hosted.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_scenario_has_who_it_is_about() {
    let hosted = Hosted::start().await;
    let seated = |summary: &Value| {
        let rows = summary["series"].as_array().unwrap().clone();
        rows.iter().map(|row| row["seated"].as_u64().unwrap()).max().unwrap()
    };
    for (scenario, at_most) in [("spike", 10), ("slow", 10), ("spectators", 10), ("idle", 1)] {
        let args = ["--bots", "10", "--secs", "6", "--scenario", scenario];
        let summary = hosted.summary(&args).await;
        assert_eq!(summary["joined"], 10, "{scenario}: {summary}");
        assert_eq!(summary["disconnects"], 0, "{scenario}: {summary}");
        assert_eq!(seated(&summary), at_most, "{scenario}: {summary}");
    }
    hosted.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_leaves_what_was_measured_and_a_failure() {
    let hosted = Hosted::start().await;
    let arena = ["--game", "arena", "--config", LONG, "--json", "--bots", "4", "--ramp-secs", "0"];
    let child = hosted
        .command("load")
        .args(arena)
        .args(["--secs", "12"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while hosted.server.rooms() == 0 {
        assert!(std::time::Instant::now() < deadline, "nobody plays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    hosted.stop().await;
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said(&output).contains("at the end no bot had a connection"), "{output:?}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["joined"], 4);
    assert!(summary["frames"].as_u64() > Some(0));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_a_run_keeps_what_was_measured() {
    let hosted = Hosted::start().await;
    let page = hosted.dir.path().join("stopped.html");
    for signal in ["-INT", "-TERM"] {
        let mut child = hosted
            .command("load")
            .args(["--game", "arena", "--config", LONG, "--bots", "4", "--secs", "600"])
            .args(["--ramp-secs", "0", "--html", page.to_str().unwrap()])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut next = async || {
            let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await;
            line.expect("it says nothing").unwrap()
        };
        while !next().await.expect("it goes on").contains(" 4 seated") {}
        let pid = child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
        let mut said = Vec::new();
        while let Some(line) = next().await {
            said.push(line);
        }
        let output = child.wait_with_output().await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{signal}: {said:?}");
        assert!(said.iter().any(|line| line == "stopping early"), "{signal}: {said:?}");
        let table = String::from_utf8(output.stdout).unwrap();
        assert!(table.contains("4 of 4 got a seat"), "{signal}: {table}");
        assert!(std::fs::read_to_string(&page).unwrap().contains("<svg"));
        std::fs::remove_file(&page).unwrap();
    }
    hosted.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_full_lets_some_play_and_is_told_of() {
    let hosted = Hosted::with(|config| {
        config.listen.connections_max = 3;
    })
    .await;
    let output = hosted.load(&["--bots", "6", "--secs", "4", "--expect", "joined=100%"]).await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(said(&output).contains("expected joined=100%, and it was "), "{output:?}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!((1..6).contains(&summary["joined"].as_u64().unwrap()), "{summary}");
    assert!(summary["errors"].as_u64() > Some(0), "{summary}");
    hosted.stop().await;
}

/// What accepts connections, and is no server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_closes_at_once_or_speaks_something_else_is_told_of_in_a_sentence() {
    for (answer, says) in [
        (&b""[..], "the server hung up before it answered"),
        (b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nfull", "answered HTTP 503"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "the answer is not HTTP"),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            use std::io::{Read, Write};
            for stream in listener.incoming().take(1) {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer);
            }
        });
        let output = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"))
            .args(["load", "--game", "arena", "--url", &format!("ws://{address}")])
            .output()
            .await
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(said(&output).contains(says), "{output:?}");
        assert_eq!(said(&output).trim_end().lines().count(), 1, "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}

#[tokio::test]
async fn a_mistake_is_one_sentence() {
    let sim = |args: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_greenroom-sim")).args(args).output().unwrap()
    };
    for (args, code, says) in [
        (&["--expect", "p98<5"][..], 2, "there is no metric `p98`: choose from p50, "),
        (&["--decode", "0%"], 2, "choose above 0% to 100%"),
        (&["--share", "5%"], 1, "--share: the scenario steady is about all bots"),
        (
            &["--html", "no/such/page.html"],
            1,
            "--html no/such/page.html: there is no directory no/such",
        ),
        (
            &["--server-pid", "4294967295"],
            1,
            "--server-pid 4294967295: this system tells of no such",
        ),
        (&["--tokens", "no-such-file"], 1, "--tokens no-such-file: "),
        (&["--scenario", "flood"], 2, "invalid value 'flood'"),
        (&["--url", "wss://127.0.0.1:1", "--danger-accept-any-certificate"], 1, "127.0.0.1:1"),
    ] {
        let output = sim(&[&["load", "--game", "arena"][..], args].concat());
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(said(&output).contains(says), "{output:?}");
    }
    let output = sim(&["load", "--game", "connect4", "--decode", "5%"]);
    assert!(said(&output).contains("a room of connect4 steps on commands"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn capacity_finds_what_holds_and_says_what_broke() {
    let hosted = Hosted::start().await;
    let page = hosted.dir.path().join("capacity.html");
    let args = ["--game", "arena", "--config", LONG, "--step-secs", "3"];
    let search = async |more: &[&str]| {
        let args = [&args[..], &["--json", "--html", page.to_str().unwrap()], more].concat();
        let output = hosted.command("capacity").args(args).output().await.unwrap();
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), found, said(&output))
    };
    // More frames than so come with the fifth bot, whatever else the machine does: 20 for each.
    let expect = "frames_per_sec<88,joined=100%,desyncs=0";
    let (code, found, said) = search(&["--from", "2", "--to", "60", "--expect", expect]).await;
    assert_eq!(code, Some(0), "{said}");
    let (players, too_many) = (found["players"].as_u64(), found["too_many"].as_u64());
    assert!(players >= Some(2) && too_many > players && too_many <= Some(60), "{found} {said}");
    assert!(
        found["broken"][0].as_str().unwrap().starts_with("expected frames_per_sec<88"),
        "{found}"
    );
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("<svg") && html.contains("are too many"), "{html}");
    // None at all.
    let (code, found, said) = search(&["--from", "1", "--to", "2", "--expect", "p50<1us"]).await;
    assert_eq!((code, &found["players"]), (Some(3), &0.into()), "{said}");
    hosted.stop().await;
}
