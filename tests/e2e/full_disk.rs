//! The disk under a state directory is full for a while, or its files are gone: matches go on, and are
//! kept again after.

use std::fs;
use std::io::Write;
use std::path::Path;

use greenroom_client::{Join, Update};

use crate::support::hosting::Hosted;
use crate::support::probe::Request;
use crate::support::process::Process;
use crate::support::state_dir::{copy_of, found_in, state_of};
use crate::support::{DEADLINE, new_room, next, until, within};

/// Writes until nothing fits any more.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    for size in [65_536, 4096, 1] {
        while file.write_all(&vec![7; size]).is_ok() {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn matches_go_on_while_the_disk_is_full_and_are_kept_again_after() {
    let mut server = match Hosted::start_on_a_disk_of(4 << 20) {
        Ok(server) => server,
        Err(why) => return eprintln!("\n!!! not tested, no small disk can be had: {why}\n"),
    };
    let state = server.state_as_it_sees_it();
    let mut client = server.connect().await;
    let options = r#"{"hold_ms":30000,"cells":20}"#;
    let room = within("a seat", client.join(new_room(options))).await.unwrap().room;
    let mut sum = 0;
    let mut add = async || {
        let answer = client.request(&Request::Add(1), DEADLINE);
        let now: i32 = within("an answer", answer).await.unwrap();
        sum += 1;
        assert_eq!(now, sum);
    };
    for _ in 0..10 {
        add().await;
    }
    let filler = state.join("filler");
    fill(&filler);
    while !server.errors().contains("the journal cannot write to") {
        add().await;
    }
    for _ in 0..10 {
        add().await;
    }
    fs::remove_file(filler).unwrap();
    until("the journal works again", || server.errors().contains("the journal works again")).await;
    for _ in 0..10 {
        add().await;
    }
    // Whoever has an answer knows that it is kept.
    let copy = copy_of(&state);
    server.kill();
    let found = found_in(copy.path());
    assert_eq!(found.iter().map(|found| found.room).collect::<Vec<_>>(), [room]);
    assert_eq!(state_of(&found[0]).sum, sum);
}

/// Nothing that is written to a file without a name survives, and no write says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_somebody_deletes_are_missed_and_matches_kept_anew() {
    let mut server = Hosted::start();
    let state = server.dir.path().join("state");
    let mut client = server.connect().await;
    let options = r#"{"hold_ms":30000,"cells":20}"#;
    let room = within("a seat", client.join(new_room(options))).await.unwrap().room;
    let mut sum = 0;
    let mut add = async || {
        let answer = client.request(&Request::Add(1), DEADLINE);
        let now: i32 = within("an answer", answer).await.unwrap();
        sum += 1;
        assert_eq!(now, sum);
    };
    let said = |what: &str| server.errors().matches(what).count();
    for entry in fs::read_dir(&state).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "journal") {
            fs::remove_file(path).unwrap();
        }
    }
    while said("was deleted or moved while it was written to") == 0 {
        add().await;
    }
    until("the journal works again", || said("the journal works again") == 1).await;
    add().await;
    let kept = || {
        let copy = copy_of(&state);
        let found = found_in(copy.path());
        found.iter().find(|found| found.room == room).map(|found| state_of(found).sum)
    };
    add().await;
    until("the match is kept again", || kept() == Some(sum)).await;
    server.kill();
    assert_eq!(kept(), Some(sum));
}

/// The kernel says so with a signal, which ends whoever does not expect it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn matches_go_on_where_a_file_may_not_grow_any_more() {
    let args = ["--plain", "off", "--state-dir", "state"];
    let server = Process::serve_with_small_files(12, &args);
    let mut client = server.connect().await;
    let arena = Join::OpenOrCreate { game: "arena", options: "" };
    within("a seat", client.join(arena)).await.unwrap();
    while !server.errors().contains("raise the largest size of a file") {
        next(&mut client).await;
    }
    for _ in 0..30 {
        let update = next(&mut client).await;
        assert!(!matches!(update, Update::Broken { .. } | Update::Closed(_)), "{update:?}");
    }
}
