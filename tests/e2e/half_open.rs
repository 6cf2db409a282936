//! Peers that are gone without saying so.

use std::time::{Duration, Instant};

use greenroom::proto::JoinTarget;
use greenroom_client::Update;

use crate::support::probe::Event;
use crate::support::raw::{Got, Target};
use crate::support::{TestServer, find, new_room, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_answers_no_ping_loses_its_seat_and_the_others_see_it_leave() {
    let server = TestServer::start(|config| {
        config.deadlines.ping_interval = Duration::from_secs(1);
        config.deadlines.ping_timeout = Duration::from_millis(500);
    })
    .await;
    let (mut stays, seat) = server.seated(new_room(r#"{"seats":2}"#)).await;
    let since = Instant::now();
    let mut vanishes = Target::of(&server).greeted().await;
    let gone = vanishes.join(JoinTarget::Room(seat.room)).await.player;
    // From here on it neither reads nor writes; its socket stays open.
    for wanted in [Event::Broke(gone), Event::Went(gone)] {
        find(&mut stays, |update| match update {
            Update::Event(event) => (event.decode::<Event>().unwrap() == wanted).then_some(()),
            _ => None,
        })
        .await;
    }
    assert!(since.elapsed() >= Duration::from_millis(1500), "{:?}", since.elapsed());
    // The one who stays says nothing either, but its socket answers.
    until("its place is free", || server.server.connections() == 1).await;
    let (_, _) = server.seated(greenroom_client::Join::Room(seat.room)).await;
    // If it comes back to life it is told why.
    loop {
        match vanishes.next().await {
            Got::Close(code, _) => break assert_eq!(code, 4102),
            Got::End { .. } => panic!("no close frame"),
            _ => {}
        }
    }
}
