//! The server was replaced by a version whose state has another schema, and has taken the match over.

use greenroom_client::proto::codec::{Snapshot, Viewer, put_change_body};
use greenroom_client::proto::frame::{Base, Head, write_body_head};
use greenroom_client::proto::{
    Joined, Refusal, Replicate, Tick, ToClient, ToServer, layout_of, publish, schema_of, wire,
};
use greenroom_client::{Lost, Update};

use crate::mock::{Mock, World, held, time_flies, token_of, within, world};
use crate::resume::{ack, broken, closed, comes_back, refuse, resumed};

/// What the state is now.
#[derive(Replicate, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[sync(crate = "greenroom_client::proto")]
struct Wider {
    round: u64,
    x: i32,
    lives: u8,
}

/// A seat whose state is a wider one now.
fn wider(token: u8) -> Joined {
    let schema = schema_of::<Wider>();
    let bytes = wire::encode(&schema).try_into().expect("it is small");
    Joined { schema_hash: schema.hash(), schema: Some(bytes), ..held(0, token) }
}

fn full(tick: u32, state: Wider) -> Vec<u8> {
    let layout = layout_of::<Wider>();
    let (now, step) = Snapshot::first(&layout, |rows| {
        publish(&state, &layout, rows);
    });
    let mut out = Head::default().to_bytes(false).to_vec();
    write_body_head(Base::Nothing, Tick(tick), Some(now.rows().hash()), &mut out);
    let before = Snapshot::initial(&layout);
    put_change_body(&layout, &before, (&now, &step), Viewer::All, &mut out);
    out
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_any_schema_plays_on_with_the_new_one() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, peer) = mock.held().await;
    assert_eq!(client.state(), Ok(Some(world(1))));
    let (mut peer, asked) = comes_back(&mock, &mut client, peer).await;
    assert_eq!(asked.schema, None, "it does not insist on the one that it has");
    peer.say(&ToClient::Joined(wider(2))).await;
    resumed(&mut client).await;
    assert_eq!(within(peer.heard()).await, ack(0, 1));
    let seat = client.seat().expect("it is seated").clone();
    assert_eq!(seat.schema_hash, schema_of::<Wider>().hash());
    assert_eq!(client.rows().map(|(tick, _)| tick), None, "what it had is of another form");
    assert_eq!(client.state::<Wider>(), Ok(None));
    let state = Wider { round: 1 << 40, x: 7, lives: 3 };
    peer.send(full(20, state)).await;
    assert_eq!(within(client.next()).await, Update::Frame { tick: Tick(20), full: true });
    assert_eq!(client.state(), Ok(Some(state)));
    assert!(client.state::<World>().is_err(), "and never nonsense");
    assert_eq!(client.stats().desyncs, 0);
    // Both are known from now on.
    let (peer, _) = comes_back(&mock, &mut client, peer).await;
    let Some(ToServer::Hello { schemas, .. }) = &peer.hello else { panic!() };
    assert_eq!(**schemas, [seat.schema_hash, schema_of::<World>().hash()]);
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_is_neither_sent_nor_known_ends_it() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, peer) = mock.held().await;
    let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
    peer.say(&ToClient::Joined(Joined { schema: None, ..wider(2) })).await;
    let closed = closed(&mut client).await;
    assert!(closed.reason.contains("not known"), "{closed}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_expects_one_schema_is_told_to_be_updated() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, peer) = mock.held_by(mock.connect().expects::<World>()).await;
    drop(peer);
    broken(&mut client).await;
    let (mut peer, asked) = crate::resume::asks(&mock, &mut client).await;
    assert_eq!((asked.schema, asked.token), (Some(schema_of::<World>().hash()), token_of(1)));
    refuse(&mut peer, 0, Refusal::OtherSchema, "update the client").await;
    let closed = closed(&mut client).await;
    let Some(Lost::Refused { why: Refusal::OtherSchema, text }) = &closed.lost else {
        panic!("{closed:?}")
    };
    assert_eq!(text, "update the client");
}
