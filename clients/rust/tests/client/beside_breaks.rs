//! A connection with several seats breaks: all come back together, each as its room decides.

use greenroom_client::proto::{Joined, PlayerId, Refusal, RoomId, Text, ToClient, ToServer, Token};
use greenroom_client::{CallError, Client, Join, Lost, Update};

use crate::beside::{full, held_on, of_frame, seat_on, seated};
use crate::mock::{Mock, Peer, Said, both, time_flies, token_of, within};
use crate::resume::LONG;

/// Takes what is told of the break on each of these channels.
async fn broke(client: &mut Client, channels: &[u8]) {
    for channel in channels {
        let (on, update) = within(client.next_any()).await;
        assert!(matches!(update, Update::Broken { .. }) && on == *channel, "{update:?} on {on}");
    }
}

/// The client's next connection, and the tokens with which it asks for its seats, by channel.
async fn asks(mock: &Mock, client: &mut Client, seats: usize) -> (Peer, Vec<(u8, Token)>) {
    let asks = async {
        let mut peer = mock.accept_welcome().await;
        let mut tokens = Vec::new();
        while tokens.len() < seats {
            match peer.heard_on().await {
                (on, Said::Control(ToServer::Resume { token, .. })) => tokens.push((on, token)),
                said => panic!("{said:?}"),
            }
        }
        (peer, tokens)
    };
    tokio::select! {
        update = client.next_any() => panic!("{update:?}"),
        asks = within(asks) => asks,
    }
}

async fn gives(peer: &mut Peer, channel: u8, token: u8) {
    let joined = Joined { token: token_of(token), ..held_on(channel, 0) };
    peer.say_on(channel, &ToClient::Joined(joined)).await;
}

async fn refuses(peer: &mut Peer, channel: u8, why: Refusal) {
    let text = Text::cut("no");
    peer.say_on(channel, &ToClient::Refused { id: 0, why, text }).await;
}

async fn resumed(client: &mut Client) -> u8 {
    match within(client.next_any()).await {
        (channel, Update::Resumed { .. }) => channel,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn all_seats_come_back_and_what_comes_before_the_last_is_not_lost() {
    time_flies();
    let mock = Mock::tls().await;
    let (mut client, peer) = seated(&mock, &[1, 3]).await;
    client.beside(3).unwrap().start(&1u8, LONG).unwrap();
    drop(peer);
    broke(&mut client, &[0, 1, 3]).await;
    assert!(client.beside(1).unwrap().input(&7u8).unwrap().kept);
    let (mut peer, tokens) = asks(&mock, &mut client, 3).await;
    assert_eq!(tokens, [(0, token_of(1)), (1, token_of(2)), (3, token_of(4))]);
    // The first is last, and the others are played by then.
    gives(&mut peer, 3, 13).await;
    full(&mut peer, 3, 30).await;
    gives(&mut peer, 1, 11).await;
    full(&mut peer, 1, 20).await;
    gives(&mut peer, 0, 10).await;
    full(&mut peer, 0, 40).await;
    let mut updates = Vec::new();
    for _ in 0..6 {
        updates.push(within(client.next_any()).await);
    }
    for (channel, tick) in [(0, 40), (1, 20), (3, 30)] {
        let of_channel: Vec<_> = updates.iter().filter(|(on, _)| *on == channel).collect();
        assert!(
            matches!(&of_channel[..], [(_, Update::Resumed { events_lost: false, .. }), (_, frame)] if *frame == of_frame(tick)),
            "{of_channel:?}"
        );
        assert_eq!(client.beside(channel).unwrap().seat_token(), Some(&token_of(10 + channel)));
    }
    assert_eq!((client.stats().resumed, client.stats().desyncs), (1, 0));
    // What was under way is said again, each on its channel.
    let mut said = Vec::new();
    for _ in 0..5 {
        said.push(within(peer.heard_on()).await);
    }
    let acks = said.iter().filter(|(_, said)| matches!(said, Said::Control(ToServer::Ack { .. })));
    assert_eq!(acks.count(), 3);
    assert!(said.iter().any(|(on, said)| *on == 1 && matches!(said, Said::Input { .. })));
    assert!(
        said.iter()
            .any(|(on, said)| *on == 3 && matches!(said, Said::Control(ToServer::Request { .. })))
    );
}

#[tokio::test(start_paused = true)]
async fn one_seat_that_is_gone_does_not_take_the_others_along() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, peer) = seated(&mock, &[1, 2, 3]).await;
    drop(peer);
    broke(&mut client, &[0, 1, 2, 3]).await;
    let (mut peer, _) = asks(&mock, &mut client, 4).await;
    let to = Joined { room: RoomId(200), player: PlayerId(9), ..held_on(3, 0) };
    peer.say_on(2, &ToClient::Ended { result: Text::cut("won") }).await;
    refuses(&mut peer, 2, Refusal::SeatGone).await;
    refuses(&mut peer, 0, Refusal::SeatGone).await;
    peer.say_on(3, &ToClient::Moved { from: RoomId(80), joined: to }).await;
    gives(&mut peer, 1, 11).await;
    let mut updates = [const { Vec::new() }; 4];
    for _ in 0..5 {
        let (channel, update) = within(client.next_any()).await;
        updates[usize::from(channel)].push(update);
    }
    let lost = Lost::Refused { why: Refusal::SeatGone, text: "no".into() };
    assert_eq!(updates[0], [Update::Dismissed(lost)]);
    assert!(matches!(updates[1][..], [Update::Resumed { .. }]), "{updates:?}");
    assert_eq!(updates[2], [Update::Ended { result: "won".into() }]);
    assert!(
        matches!(&updates[3][..], [Update::Resumed { .. }, Update::Moved { seat, .. }] if seat.room == RoomId(200))
    );
    assert!(client.seat().is_none() && client.is_connected());
    // Those that are free can be had anew.
    assert_eq!(within(peer.heard_on()).await.0, 3, "it has arrived");
    for _ in 0..2 {
        let said = within(peer.heard_on()).await;
        assert!(matches!(said, (1 | 3, Said::Control(ToServer::Ack { .. }))), "{said:?}");
    }
    seat_on(&mut client, &mut peer, 0).await;
}

#[tokio::test(start_paused = true)]
async fn without_any_of_its_seats_the_connection_is_over() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, peer) = seated(&mock, &[2]).await;
    drop(peer);
    broke(&mut client, &[0, 2]).await;
    // A refusal that passes costs none of the seats.
    let (mut peer, _) = asks(&mock, &mut client, 2).await;
    gives(&mut peer, 0, 10).await;
    refuses(&mut peer, 2, Refusal::Stopping).await;
    let (mut peer, tokens) = asks(&mock, &mut client, 2).await;
    assert_eq!(tokens, [(0, token_of(1)), (2, token_of(3))]);
    refuses(&mut peer, 2, Refusal::SeatGone).await;
    refuses(&mut peer, 0, Refusal::SeatGone).await;
    let (_, Update::Closed(closed)) = within(client.next_any()).await else { panic!() };
    assert!(matches!(closed.lost, Some(Lost::Refused { why: Refusal::SeatGone, .. })));
    let Update::Closed(_) = within(client.beside(2).unwrap().next()).await else { panic!() };
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_without_a_seat_is_not_waited_for_in_vain() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, mut peer) = seated(&mock, &[1]).await;
    let mut party = client.beside(2).unwrap();
    let join = party.join(Join::OpenOrCreate { game: "test", options: "" });
    let (refused, ()) = both(join, async {
        peer.control_on(2).await;
        drop(peer);
    })
    .await;
    assert!(matches!(refused, Err(CallError::Closed(_))), "{refused:?}");
    broke(&mut client, &[0, 1]).await;
    let (mut peer, _) = asks(&mock, &mut client, 2).await;
    gives(&mut peer, 0, 10).await;
    gives(&mut peer, 1, 11).await;
    assert_eq!([resumed(&mut client).await, resumed(&mut client).await], [0, 1]);
    for _ in 0..2 {
        within(peer.heard_on()).await;
    }
    seat_on(&mut client, &mut peer, 2).await;
    // What is asked while there is no connection is asked when there is one.
    drop(peer);
    broke(&mut client, &[0, 1, 2]).await;
    let serve = async {
        let mut peer = mock.accept_welcome().await;
        for _ in 0..3 {
            peer.heard_on().await;
        }
        for channel in 0..3 {
            gives(&mut peer, channel, 20 + channel).await;
        }
        loop {
            if let (3, Said::Control(ToServer::Join { id, .. })) = peer.heard_on().await {
                peer.say_on(3, &ToClient::Joined(held_on(3, id))).await;
                return peer;
            }
        }
    };
    let mut fourth = client.beside(3).unwrap();
    let (seat, _peer) =
        both(fourth.join(Join::OpenOrCreate { game: "test", options: "" }), serve).await;
    assert_eq!(seat.unwrap().room, RoomId(80));
}

#[tokio::test(start_paused = true)]
async fn a_seat_of_another_program_that_is_not_waited_for_costs_no_other_seat() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, mut peer) = mock.held().await;
    let token = token_of(99);
    tokio::select! {
        seat = async { client.beside(1).unwrap().resume(&token).await } => panic!("{seat:?}"),
        asked = peer.control_on(1) => assert!(matches!(asked, ToServer::Resume { .. })),
    }
    // The next call gives it up: without a connection, because the token must hold.
    broke(&mut client, &[0]).await;
    let (mut peer, tokens) = asks(&mock, &mut client, 1).await;
    assert_eq!(tokens, [(0, token_of(1))]);
    gives(&mut peer, 0, 10).await;
    assert_eq!(resumed(&mut client).await, 0);
}
