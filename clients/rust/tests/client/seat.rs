//! A seat: state, events, inputs, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use greenroom_client::proto::frame::Head;
use greenroom_client::proto::{
    JoinTarget, List, OptionsText, Refusal, Replicate, RoomId, RoomInfo, Text, Tick, ToClient,
    ToServer, schema_of,
};
use greenroom_client::{CallError, Client, Closed, Connect, Join, Lead, Update};

use crate::mock::{Frame, Mock, Peer, Said, World, both, joined, seat, within, world};

async fn frame(client: &mut Client) -> (u32, bool) {
    match within(client.next()).await {
        Update::Frame { tick, full } => (tick.0, full),
        other => panic!("{other:?}"),
    }
}

/// Number, tick and body.
async fn event(client: &mut Client) -> (u32, u32, u8) {
    match within(client.next()).await {
        Update::Event(event) => (event.number, event.tick.0, event.decode::<u8>().expect("a byte")),
        other => panic!("{other:?}"),
    }
}

async fn closed(client: &mut Client) -> Closed {
    match within(client.next()).await {
        Update::Closed(closed) => closed,
        other => panic!("{other:?}"),
    }
}

fn state(client: &Client) -> Option<World> {
    client.state().expect("the right type")
}

#[tokio::test]
async fn the_state_follows_full_delta_and_merged_frames() {
    let (mut client, mut peer, seat) = Mock::tls().await.seated_on().await;
    assert_eq!((seat.room, seat.game.as_str(), seat.player.0), (RoomId(77), "test", 3));
    assert_eq!(state(&client), Some(world(1)));
    peer.delta((10, world(1)), 11, world(2)).await;
    assert_eq!(frame(&mut client).await, (11, false));
    assert_eq!(state(&client), Some(world(2)));
    // The server skipped some frames: one change over all of them.
    peer.delta((11, world(2)), 15, world(9)).await;
    assert_eq!(frame(&mut client).await, (15, false));
    assert_eq!(state(&client), Some(world(9)));
    peer.full(16, world(3)).await;
    assert_eq!(frame(&mut client).await, (16, true));
    assert_eq!(state(&client), Some(world(3)));
    let stats = client.stats();
    assert_eq!((stats.frames, stats.frames_full, stats.desyncs), (4, 2, 0));
}

#[tokio::test]
async fn a_state_of_another_type_is_an_error_and_not_a_wrong_value() {
    #[derive(Replicate, Debug)]
    #[sync(crate = "greenroom_client::proto")]
    struct Other {
        lap: u32,
        x: i32,
    }
    let (client, _peer, _) = Mock::tls().await.seated_on().await;
    let error = client.state::<Other>().map(|state| state.map(|s| (s.lap, s.x))).unwrap_err();
    assert!(error.to_string().contains("Other"), "{error}");
    assert_eq!(state(&client), Some(world(1)));
}

#[tokio::test]
async fn events_come_after_the_frame_of_their_tick_in_order() {
    let (mut client, mut peer, _) = Mock::tls().await.seated_on().await;
    let events = vec![(1, 2, 7), (2, 0, 8)];
    let from = Some((10, world(1)));
    peer.send(Frame { from, tick: 13, world: world(2), events, ..Frame::default() }.bytes()).await;
    assert_eq!(frame(&mut client).await, (13, false));
    assert_eq!(event(&mut client).await, (1, 11, 7));
    assert_eq!(event(&mut client).await, (2, 13, 8));
}

#[tokio::test]
async fn a_missing_event_closes_the_connection() {
    let (mut client, mut peer, _) = Mock::tls().await.seated_on().await;
    let events = vec![(2, 0, 8)];
    let from = Some((10, world(1)));
    peer.send(Frame { from, tick: 11, world: world(2), events, ..Frame::default() }.bytes()).await;
    let closed = closed(&mut client).await;
    assert!(closed.reason.contains("event 2 came where event 1 was due"), "{closed}");
    assert_eq!(within(peer.heard()).await, Said::Closed(4000));
}

#[tokio::test]
async fn a_state_that_differs_is_asked_for_anew_and_no_event_is_lost() {
    let (mut client, mut peer, _) = Mock::tls().await.seated_on().await;
    // The client holds round 1; this change is from round 5 and comes with the hash of round 9.
    let wrong = Frame {
        from: Some((10, world(5))),
        tick: 11,
        world: world(9),
        events: vec![(1, 0, 1)],
        ..Frame::default()
    };
    peer.send(wrong.bytes()).await;
    // Already on its way when the server learns of it.
    let next = Frame {
        from: Some((11, world(9))),
        tick: 12,
        world: world(10),
        events: vec![(2, 0, 2)],
        ..Frame::default()
    };
    peer.send(next.bytes()).await;
    let (tick, ()) = both(frame(&mut client), async {
        assert_eq!(peer.control().await, ToServer::Resync);
        peer.full(13, world(11)).await;
    })
    .await;
    assert_eq!(tick, (13, true));
    assert_eq!(state(&client), Some(world(11)));
    assert_eq!(event(&mut client).await, (1, 11, 1));
    assert_eq!(event(&mut client).await, (2, 12, 2));
    assert_eq!(client.stats().desyncs, 1);
    peer.delta((13, world(11)), 14, world(12)).await;
    assert_eq!(frame(&mut client).await, (14, false));
}

#[tokio::test]
async fn a_change_from_a_state_that_the_client_does_not_have_is_a_desync_too() {
    let (mut client, mut peer, _) = Mock::tls().await.seated_on().await;
    peer.delta((4, world(1)), 11, world(2)).await;
    let (tick, ()) = both(frame(&mut client), async {
        assert_eq!(peer.control().await, ToServer::Resync);
        peer.full(12, world(3)).await;
    })
    .await;
    assert_eq!((tick, client.stats().desyncs), ((12, true), 1));
}

#[tokio::test]
async fn while_the_state_is_wrong_there_is_none() {
    let (mut client, mut peer, _) = Mock::tls().await.seated_on().await;
    peer.delta((10, world(5)), 11, world(9)).await;
    // The pause shows in the order: the request is answered after the wrong frame was taken.
    let (answer, ()) = both(client.request::<_, String>(&1u8, Duration::from_secs(9)), async {
        let id = peer.request().await;
        peer.reply(id, "ok").await;
    })
    .await;
    assert_eq!((answer.as_deref(), state(&client)), (Ok("ok"), None));
}

#[tokio::test]
async fn full_states_that_never_agree_end_the_connection() {
    let (mut client, mut peer, _) = Mock::tls().await.seated_on().await;
    for tick in 11..=30 {
        let mut bytes = Frame { tick, world: world(tick), ..Frame::default() }.bytes();
        bytes[9] ^= 1; // the first byte of the hash: after the head, flags and the tick
        peer.send(bytes).await;
    }
    assert!(closed(&mut client).await.reason.contains("full states in a row"));
}

#[tokio::test]
async fn inputs_are_stamped_counted_and_acknowledged() {
    let connect = |mock: &Mock| Connect { lead: Lead::Fixed(2), ..mock.connect() };
    let mock = Mock::tls().await;
    let (mut client, mut peer, _) = mock.seated(connect(&mock)).await;
    for (ordinal, body) in [(1, 7u8), (2, 8), (3, 9)] {
        let sent = client.input(&body).expect("a seat");
        assert_eq!((sent.ordinal, sent.replaced), (ordinal, false));
        // At least 10 + 2; the room goes on while this test runs, up to two frames.
        let Said::Input { tick, body: heard } = within(peer.heard()).await else { panic!() };
        assert_eq!((u32::from(tick), heard), (sent.tick.0, vec![body]));
        assert!((12..=14).contains(&tick), "{tick}");
    }
    let head = Head { applied: 2, slack: 0 };
    let from = Some((10, world(1)));
    peer.send(Frame { from, tick: 11, world: world(1), head, ..Frame::default() }.bytes()).await;
    assert_eq!(client.applied(), 0);
    frame(&mut client).await;
    assert_eq!(client.applied(), 2);
    let error = client.input_bytes(&[0; 5000]).unwrap_err();
    assert!(error.to_string().contains("5000 is too long"), "{error}");
}

#[tokio::test]
async fn inputs_that_the_socket_does_not_take_replace_each_other() {
    let (mut client, mut peer, _) = Mock::plain().await.seated_on().await;
    let mut last = client.input_bytes(&[0; 4000]).expect("a seat");
    // The server does not read: at some time loopback's buffers are full.
    while !last.replaced {
        last = client.input_bytes(&[0; 4000]).expect("a seat");
    }
    let last = client.input(&77u8).expect("a seat");
    assert!(last.replaced);
    assert_eq!(u64::from(last.ordinal), client.stats().inputs);
    let (_, ()) = both(client.next(), async {
        let mut heard = 1;
        while let Said::Input { body, .. } = peer.heard().await {
            if body == [77] {
                break;
            }
            heard += 1;
        }
        assert_eq!(heard, last.ordinal);
        peer.delta((10, world(1)), 11, world(2)).await;
    })
    .await;
}

#[tokio::test]
async fn a_schema_is_sent_or_known_and_has_its_hash() {
    let mock = Mock::tls().await;
    let schema = Arc::new(schema_of::<World>());
    let (mut client, mut peer) =
        mock.welcomed(Connect { schemas: vec![schema.clone()], ..mock.connect() }).await;
    let Some(ToServer::Hello { schemas, .. }) = &peer.hello else { panic!() };
    assert_eq!(**schemas, [schema.hash()]);
    let join = Join::Room(RoomId(77));
    let (joined_as, ()) = both(client.join(join), async {
        let ToServer::Join { id, to: JoinTarget::Room(RoomId(77)), .. } = peer.control().await
        else {
            panic!()
        };
        peer.say(&ToClient::Joined(greenroom_client::proto::Joined { schema: None, ..joined(id) }))
            .await;
    })
    .await;
    assert_eq!(joined_as.expect("a seat").schema_hash, schema.hash());

    for wrong in [(None, 0), (joined(1).schema, 1)] {
        let (mut client, mut peer) = mock.welcomed(mock.connect()).await;
        let (error, ()) = both(client.join(join), async {
            let ToServer::Join { id, .. } = peer.control().await else { panic!() };
            let mut joined = joined(id);
            (joined.schema, joined.schema_hash) = (wrong.0, joined.schema_hash ^ wrong.1);
            peer.say(&ToClient::Joined(joined)).await;
        })
        .await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("schema"), "{error}");
    }
}

#[tokio::test]
async fn a_refused_join_says_why_and_leaves_the_connection_as_it_was() {
    let mock = Mock::tls().await;
    let (mut client, mut peer) = mock.welcomed(mock.connect()).await;
    let options = r#"{"laps":99}"#;
    let (error, ()) = both(client.join(Join::Create { game: "test", options }), async {
        let ToServer::Join { id, to: JoinTarget::Create { game, options: asked }, .. } =
            peer.control().await
        else {
            panic!()
        };
        assert_eq!((&*game, &*asked), ("test", options));
        let (why, text) = (Refusal::BadOptions, Text::cut("laps is 99: choose 1 to 50"));
        peer.say(&ToClient::Refused { id, why, text }).await;
    })
    .await;
    let error = error.unwrap_err();
    assert!(matches!(error, CallError::Refused { why: Refusal::BadOptions, .. }));
    assert_eq!(error.to_string(), "refused: laps is 99: choose 1 to 50");
    assert_eq!(client.input(&1u8), Err(CallError::NoSeat));
    seat(&mut client, &mut peer).await;
    let again = within(client.join(Join::Room(RoomId(1)))).await;
    assert_eq!(again, Err(CallError::AlreadySeated));
    let name = "a-name-that-is-longer-than-any-game-may-have";
    let list = within(client.list(name)).await;
    assert!(matches!(list, Err(CallError::TooLong { .. })), "{list:?}");
}

#[tokio::test]
async fn open_rooms_are_listed() {
    let mock = Mock::tls().await;
    let (mut client, mut peer) = mock.welcomed(mock.connect()).await;
    let room =
        RoomInfo { room: RoomId(5), players: 1, players_max: 8, options: OptionsText::cut("{}") };
    let (rooms, ()) = both(client.list("test"), async {
        let ToServer::List { id, game } = peer.control().await else { panic!() };
        assert_eq!(&*game, "test");
        peer.say(&ToClient::Rooms { id, rooms: List::first([room.clone()]) }).await;
    })
    .await;
    assert_eq!(rooms, Ok(vec![room.clone()]));
}

#[tokio::test]
async fn leaving_waits_for_the_servers_word_and_frames_after_it_count_for_nothing() {
    let (mut client, mut peer, _) = Mock::tls().await.seated_on().await;
    let (left, ()) = both(client.leave(), async {
        assert_eq!(peer.control().await, ToServer::Leave);
        peer.delta((10, world(1)), 11, world(2)).await;
        peer.say(&ToClient::Left).await;
        peer.delta((11, world(2)), 12, world(3)).await;
    })
    .await;
    assert_eq!((left, client.seat()), (Ok(()), None));
    assert_eq!(frame(&mut client).await, (11, false), "what came before is still handed out");
    seat(&mut client, &mut peer).await;
    assert_eq!(client.stats().frames_ignored, 1);
}

#[tokio::test]
async fn a_match_that_ends_leaves_its_state_and_the_connection() {
    let (mut client, mut peer, _) = Mock::tls().await.seated_on().await;
    let result = Text::cut(r#"{"winner":3}"#);
    peer.delta((10, world(1)), 11, world(2)).await;
    peer.say(&ToClient::Ended { result: result.clone() }).await;
    frame(&mut client).await;
    assert_eq!(within(client.next()).await, Update::Ended { result: result.into_string() });
    assert_eq!(state(&client), Some(world(2)));
    assert_eq!(client.input(&1u8), Err(CallError::NoSeat));
    // Events count from 1 again in the next seat.
    seat(&mut client, &mut peer).await;
    let (from, events) = (Some((10, world(1))), vec![(1, 0, 1)]);
    peer.send(Frame { from, tick: 11, world: world(1), events, ..Frame::default() }.bytes()).await;
    frame(&mut client).await;
    assert_eq!(event(&mut client).await.0, 1);
    peer.say(&ToClient::Left).await;
    assert_eq!(within(client.next()).await, Update::Left);
}

#[tokio::test]
async fn a_seat_that_nobody_waits_for_any_more_is_given_back() {
    let mock = Mock::tls().await;
    let connect = Connect { call_deadline: Duration::from_millis(50), ..mock.connect() };
    let (mut client, mut peer) = mock.welcomed(connect).await;
    let error = within(client.join(Join::Room(RoomId(1)))).await.unwrap_err();
    assert!(matches!(error, CallError::Deadline(_)), "{error}");
    let ToServer::Join { id, .. } = within(peer.control()).await else { panic!() };
    peer.say(&ToClient::Joined(joined(id))).await;
    peer.full(10, world(1)).await;
    let drive = async {
        let _ = tokio::time::timeout(Duration::from_secs(9), client.next()).await;
    };
    tokio::select! {
        () = drive => panic!("there is nothing to tell"),
        said = within(peer.control()) => assert_eq!(said, ToServer::Leave),
    }
    peer.say(&ToClient::Left).await;
    seat(&mut client, &mut peer).await;
}

#[tokio::test]
async fn without_a_state_frames_are_counted_and_events_told() {
    let mock = Mock::tls().await;
    let connect = Connect { keep_state: false, ..mock.connect() };
    let (mut client, mut peer, _) = mock.seated(connect).await;
    // It would not apply.
    let (from, events) = (Some((4, world(1))), vec![(1, 0, 9)]);
    let bytes = Frame { from, tick: 11, world: world(2), events, ..Frame::default() }.bytes();
    let length = bytes.len() as u64;
    let before = client.stats().frame_bytes;
    peer.send(bytes).await;
    assert_eq!(frame(&mut client).await, (11, false));
    assert_eq!(event(&mut client).await, (1, 11, 9));
    assert_eq!((client.stats().frames, client.stats().desyncs), (2, 0));
    assert_eq!(client.stats().frame_bytes - before, length);
    assert_eq!(client.rows(), None);
}

#[tokio::test]
async fn a_loop_that_draws_takes_what_is_there() {
    let (mut client, mut peer, _) = Mock::tls().await.seated_on().await;
    assert_eq!(client.try_next(), None);
    peer.delta((10, world(1)), 11, world(2)).await;
    let taken = within(async {
        loop {
            if let Some(update) = client.try_next() {
                return update;
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(taken.await, Update::Frame { tick: Tick(11), full: false });
}

impl Mock {
    async fn seated_on(&self) -> (Client, Peer, greenroom_client::SeatInfo) {
        self.seated(self.connect()).await
    }
}
