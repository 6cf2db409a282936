//! A machine that allows the process few open files.

use std::time::Duration;

use greenroom_client::{Client, Join, Update};
use tokio::net::TcpStream;

use crate::support::process::Process;
use crate::support::{next, within};

/// The journal, results and operations need files, too: strangers who only connect get none of theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_leave_the_rest_of_the_server_the_files_that_it_needs() {
    let server = Process::serve_with_files(160, &["--plain", "off", "--state-dir", "state"]);
    let taken = "but the limit of open files is 160: 32 connections are taken";
    assert!(server.errors().contains(taken), "{}", server.errors());
    let mut client = server.connect().await;
    within("a seat", client.join(Join::OpenOrCreate { game: "arena", options: "" })).await.unwrap();
    let mut strangers = Vec::new();
    for _ in 0..300 {
        strangers.push(within("TCP", TcpStream::connect(server.address)).await.unwrap());
        if strangers.len() % 20 == 0 {
            frame(&mut client).await;
        }
    }
    for _ in 0..40 {
        frame(&mut client).await;
    }
    drop(strangers);
    within("somebody comes in", async {
        while Client::connect(server.connect_with()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let errors = server.errors();
    for trouble in ["cannot be accepted", "cannot write", "open files)", "ERROR"] {
        assert!(!errors.contains(trouble), "{trouble}: {errors}");
    }
}

/// The next frame: the match goes on.
async fn frame(client: &mut Client) {
    loop {
        match next(client).await {
            Update::Frame { .. } => return,
            Update::Closed(closed) => panic!("{closed}"),
            _ => {}
        }
    }
}
