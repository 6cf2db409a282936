//! Players who say nothing.

use greenroom_client::{Join, Update};

use crate::support::probe::{Event, Input};
use crate::support::{TestServer, event_where, find, new_room, state_where, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_game_is_told_of_silence_and_may_end_the_seat() {
    let server = TestServer::start(|_| {}).await;
    for options in [r#"{"idle_ms":300}"#, r#"{"idle_ms":300,"tick_hz":0}"#] {
        let (mut silent, seat) = server.seated(new_room(options)).await;
        let (mut lively, _) = server.seated(Join::Room(seat.room)).await;
        let lively = tokio::spawn(async move {
            for value in 1..=40 {
                lively.input(&Input { value }).unwrap();
                let pause = std::time::Duration::from_millis(50);
                let _ = tokio::time::timeout(pause, async {
                    loop {
                        assert!(!matches!(lively.next().await, Update::Left | Update::Closed(_)));
                    }
                })
                .await;
            }
            lively
        });
        let player = seat.player;
        event_where(&mut silent, |event| *event == Event::Idle(player)).await;
        find(&mut silent, |update| matches!(update, Update::Left).then_some(())).await;
        let mut lively = within("the other", lively).await.unwrap();
        state_where(&mut lively, |state| state.went >= 1).await;
        // On the same connection there may be another seat.
        within("a seat", silent.join(new_room(""))).await.unwrap();
    }
}
