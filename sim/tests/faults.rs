//! Bots of `load` under a server that fails on purpose: they notice pauses, and nothing else.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use greenroom::config::Config;
use greenroom::server::{Server, ServerSpec};
use greenroom::{Games, certs};
use serde_json::Value;
use tokio::process::Command;

const BOTS: u64 = 40;

/// Each often enough to come several times in ten seconds, and none so often that the server gives
/// up: more than ten ends below one supervisor in ten seconds are too many.
const FAULTS: &str = "panic-room=every:70,panic-tick=every:110,fail-tick=every:170,\
    panic-state=every:130,hang-room=every:90:15ms,kill-connection=every:120,\
    panic-reader=every:260,cut-frame=every:140,kill-lobby=every:20,panic-lobby=every:35,\
    kill-journal=every:4s,panic-journal=every:3s,kill-rooms=every:3s,kill-connections=every:5s,\
    kill-results=every:4500ms,kill-listener=every:5500ms";

/// Plays so long against such a server.
async fn play(dir: &std::path::Path, secs: &str) -> Value {
    let paths = certs::ensure(&dir.join("certs"), false).unwrap().paths;
    let identity = certs::Identity::of_files(&paths.server, &paths.server_key).unwrap();
    let mut config = Config::default();
    config.listen.bind = "127.0.0.1:0".parse().unwrap();
    config.listen.plain = None;
    config.rooms.crash_dir = dir.join("crashes");
    config.rooms.restarts_max = 1000;
    config.journal.state_dir = Some(dir.join("state"));
    config.dev.faults = FAULTS.parse().unwrap();
    let (games, results) = (Games::builtin(), Some(dir.join("results.jsonl")));
    let server = Server::start(ServerSpec { config, games, identity, results }).await.unwrap();
    let (bots, url) = (BOTS.to_string(), format!("wss://{}", server.wss()));
    // Matches that do not end meanwhile: who is in one to the end has kept its seat.
    let options = r#"{"max_players":10,"tick_hz":20,"score_limit":1000,"time_limit_secs":600}"#;
    let output = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"))
        .args(["load", "--game", "arena", "--bots", &bots, "--secs", secs, "--url", &url])
        .args(["--ca", paths.ca.to_str().unwrap(), "--config", options, "--json"])
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    tokio::time::timeout(std::time::Duration::from_secs(60), server.stop()).await.unwrap();
    println!("{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_everybody_comes_back_to_the_seat_and_nobody_loses_step() {
    let dir = tempfile::tempdir().unwrap();
    let secs = std::env::var("GREENROOM_FAULTS_SECS").unwrap_or_else(|_| "12".into());
    let summary = play(dir.path(), &secs).await;
    println!("{summary}");
    for nothing in ["desyncs", "errors"] {
        assert_eq!(summary[nothing], 0, "{nothing}: {summary}");
    }
    for all in ["joined", "resumed"] {
        assert_eq!(summary[all], BOTS, "{all}: {summary}");
    }
    assert!(summary["full_frames"].as_u64() > Some(2 * BOTS), "no room was brought back");
    assert!(summary["merged_frames"].as_u64() > Some(0), "nobody came back to a change");
}
