//! Signed tokens.

use std::fs;
use std::path::Path;

use greenroom::account::{Account, Role};
use greenroom::auth::keys::{Keys, add_key};
use greenroom::auth::signed::now_unix;
use greenroom::proto::Then;
use greenroom_client::{Client, Connect, Join};

use super::turned_away;
use crate::support::process::{Process, run};
use crate::support::who::{Keyed, NEW_ROOM, known, new_keys, token};
use crate::support::{next, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_game_knows_whom_a_token_names() {
    let keyed = Keyed::start(|_| {}).await;
    let account = Account::new("ada", Role::Operator).unwrap();
    let account = account.with_claims(r#"{"level": 7}"#).unwrap();
    let token = keyed.keys.sign(&account, now_unix() + 60).unwrap().as_str().to_owned();
    let connect = Connect { token: Some(token), ..keyed.server.connect_with() };
    let mut client = within("a connection", Client::connect(connect)).await.unwrap();
    let seat = within("a seat", client.join(NEW_ROOM)).await.unwrap();
    let known = known(&mut client, seat.player).await;
    assert_eq!((&*known.account, &*known.role), ("ada", "operator"));
    assert_eq!(&*known.claims, r#"{"level":7}"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_no_good_token_is_not_let_in() {
    let keyed = Keyed::start(|_| {}).await;
    let ada = Account::new("ada", Role::Player).unwrap();
    let right = token(&keyed.keys, "ada", Role::Player);
    let expired = keyed.keys.sign(&ada, now_unix()).unwrap().as_str().to_owned();
    let other = tempfile::tempdir().unwrap();
    // The same id of a key, and another key.
    let foreign = token(&new_keys(&other.path().join("auth.key")), "ada", Role::Player);
    let (head, mac) = right.rsplit_once('.').unwrap();
    let bob = token(&keyed.keys, "bob", Role::Player);
    let tampered = format!("{}.{mac}", bob.rsplit_once('.').unwrap().0);
    let cases = [
        ("none", None),
        ("empty", Some(String::new())),
        ("wrong", Some("open sesame".to_owned())),
        ("without a MAC", Some(head.to_owned())),
        ("expired", Some(expired)),
        ("foreign", Some(foreign)),
        ("tampered", Some(tampered)),
        ("long", Some("x".repeat(1024))),
    ];
    for (what, token) in cases {
        let connect = Connect { token, ..keyed.server.connect_with() };
        assert_eq!(turned_away(connect).await, (4004, Then::Stop), "{what}");
    }
    let connect = Connect { token: Some(right), ..keyed.server.connect_with() };
    assert!(within("a connection", Client::connect(connect)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_the_key_before_hold_until_it_is_taken_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("auth.key");
    let old = token(&new_keys(&path), "ada", Role::Player);
    add_key(&path).unwrap();
    let keys = Keys::read(&path).unwrap();
    let new = token(&keys, "bob", Role::Player);
    let start = async |path: &Path| {
        let path = path.to_owned();
        crate::support::TestServer::start(|config| config.auth.key = Some(path)).await
    };
    let server = start(&path).await;
    for token in [&old, &new] {
        let connect = Connect { token: Some(token.clone()), ..server.connect_with() };
        assert!(within("a connection", Client::connect(connect)).await.is_ok());
    }
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.split_once('\n').unwrap().1).unwrap();
    let server = start(&path).await;
    let connect = |token| Connect { token: Some(token), ..server.connect_with() };
    assert_eq!(turned_away(connect(old)).await.0, 4004);
    assert!(within("a connection", Client::connect(connect(new))).await.is_ok());
}

/// The files below a directory that hold these bytes.
fn files_with(dir: &Path, bytes: &[u8], found: &mut Vec<String>, seen: &mut usize) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_with(&path, bytes, found, seen);
            continue;
        }
        *seen += 1;
        let content = fs::read(&path).unwrap();
        if content.windows(bytes.len()).any(|window| window == bytes) {
            found.push(path.display().to_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_commands_make_a_token_that_is_written_nowhere() {
    let keys = tempfile::tempdir().unwrap();
    let (code, said, errors) = run(&keys, &["token", "--new-key", "auth.key"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{said}");
    let (code, said, errors) = run(&keys, &["token", "--account", "ada", "--expires", "5m"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let token = said.trim_end().to_owned();

    let key = keys.path().join("auth.key").display().to_string();
    let stores = ["--auth-key", &key, "--state-dir", "state", "--replay-dir", "replays"];
    let mut server = Process::serve_loud(&stores);
    let wrong = Connect { token: Some(format!("{token}A")), ..server.connect_with() };
    assert_eq!(turned_away(wrong).await.0, 4004);
    let connect = Connect { token: Some(token.clone()), ..server.connect_with() };
    let mut client = within("a connection", Client::connect(connect)).await.unwrap();
    let arena = Join::Create { game: "arena", options: "" };
    within("a seat", client.join(arena)).await.unwrap();
    for _ in 0..20 {
        next(&mut client).await;
    }
    server.signal("TERM");
    assert!(server.ended().await.success());
    assert!(server.errors().contains("DEBUG"), "{}", server.errors());
    let (mut found, mut seen) = (Vec::new(), 0);
    let (_, mac) = token.rsplit_once('.').unwrap();
    files_with(server.dir.path(), mac.as_bytes(), &mut found, &mut seen);
    assert!(found.is_empty() && seen >= 4, "{found:?} of {seen}");
    // What is written of the account is its id: the look-out works.
    files_with(&server.file("state"), b"ada", &mut found, &mut seen);
    assert!(!found.is_empty());
}
