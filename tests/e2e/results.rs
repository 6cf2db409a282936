//! The file of match results, whatever happens to it under a server: no match waits for it, and no
//! result is lost or written twice.

use std::fs;

use greenroom::proto::RoomId;
use serde_json::Value;

use crate::support::probe::Request;
use crate::support::{DEADLINE, TestServer, new_room, until};

/// Plays a match to its end.
async fn a_match(server: &TestServer) -> RoomId {
    let (mut client, seat) = server.seated(new_room("{}")).await;
    client.start(&Request::End, DEADLINE).unwrap();
    crate::support::ended(&mut client).await;
    seat.room
}

/// The rooms of whole lines in the file, in their order.
fn rooms_in(path: &std::path::Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.map(|line| line["room"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_wait_for_a_file_that_cannot_be_written_to() {
    let server = TestServer::start(|_| {}).await;
    let (file, aside) =
        (server.dir.path().join("results.jsonl"), server.dir.path().join("results.old"));
    let mut played = vec![a_match(&server).await.to_string()];
    until("the first is written", || rooms_in(&file) == played).await;
    // Nobody can write to a directory. As often as would end the server if each were a crash.
    fs::rename(&file, &aside).unwrap();
    fs::create_dir(&file).unwrap();
    for _ in 0..20 {
        played.push(a_match(&server).await.to_string());
    }
    assert_eq!(server.server.readiness(), greenroom::server::Readiness::Ready);
    fs::remove_dir(&file).unwrap();
    fs::rename(&aside, &file).unwrap();
    until("all are written", || rooms_in(&file).len() >= played.len()).await;
    assert_eq!(rooms_in(&file), played);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_rotated_or_deleted_is_begun_anew() {
    let server = TestServer::start(|_| {}).await;
    let file = server.dir.path().join("results.jsonl");
    let first = a_match(&server).await.to_string();
    until("the first is written", || rooms_in(&file) == [first.as_str()]).await;
    let rotated = server.dir.path().join("results.jsonl.1");
    fs::rename(&file, &rotated).unwrap();
    let second = a_match(&server).await.to_string();
    until("the second is written", || rooms_in(&file) == [second.as_str()]).await;
    assert_eq!(rooms_in(&rotated), [first]);
    fs::remove_file(&file).unwrap();
    let third = a_match(&server).await.to_string();
    until("the third is written", || rooms_in(&file) == [third.as_str()]).await;
}
