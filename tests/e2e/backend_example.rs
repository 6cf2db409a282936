//! The backend of `examples/backend` against a server with players.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use greenroom_client::{Join, Update};

use crate::ops::on_a_free_port;
use crate::support::{TestServer, ended, find, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_backend_makes_watches_and_decides_a_match() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("\n!!! examples/backend was NOT run: there is no python3 here\n");
        return;
    }
    let server = TestServer::start(on_a_free_port).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/backend/backend.py");
    let mut backend = Command::new("python3")
        .args([script, "--players", "2", "--url"])
        .arg(format!("http://{}", server.server.ops().unwrap()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(backend.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let room = line.split(' ').nth(1).unwrap_or_else(|| panic!("no room in {line:?}"));
    let (_, codes) = line.trim_end().split_once(" has 2 seats, kept by ").unwrap();
    let (first, second) = codes.split_once(' ').unwrap();

    let mut stranger = server.connect().await;
    let refused = within("an answer", stranger.join(Join::Room(room.parse().unwrap()))).await;
    assert!(refused.is_err(), "the seats are kept for others");
    let (mut one, seat) = server.seated(Join::Reserved(first)).await;
    let (mut two, _) = server.seated(Join::Reserved(second)).await;
    for client in [&mut one, &mut two] {
        let notice = find(client, |update| match update {
            Update::Notice { text } => Some(text),
            _ => None,
        });
        assert_eq!(notice.await, "The referee is here.");
    }
    let winner = seat.player.0;
    let result = format!(r#"{{"winner":{winner},"reason":"awarded","moves":0}}"#);
    for client in [&mut one, &mut two] {
        assert_eq!(ended(client).await, result);
    }
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(backend.wait().unwrap().success(), "{rest}");
    let taken_home = format!(r#"result: {{"moves": 0, "reason": "awarded", "winner": {winner}}}"#);
    assert!(rest.contains(&taken_home), "{rest}");
    assert!(rest.contains("standing: {\"moves\": 0"), "{rest}");
}
