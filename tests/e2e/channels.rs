//! Several rooms on one connection: a match, and beside it a party.

use greenroom::prelude::*;
use greenroom::proto::{
    CloseCode, JoinTarget, Joined, PROTOCOL_VERSION, Profile, Refusal, ToClient, ToServer, Token,
    frame, wire,
};
use serde::{Deserialize, Serialize};

use super::support::probe;
use super::support::raw::{BINARY, CLOSE, FIN, Got, Raw, Target, create, hello};
use super::support::{TestServer, until, within};

/// People who stay together whatever they play.
#[derive(Serialize, Deserialize)]
pub struct Party {
    state: Said,
}

#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Said {
    sum: i32,
}

impl Game for Party {
    const NAME: &'static str = "party";
    const BESIDE: bool = true;
    const OPTIONS_BYTES_MAX: usize = 16;
    type Options = NoOptions;
    type State = Said;
    type Input = ();
    type Request = i32;
    type Reply = i32;
    type Event = ();
    type Result = ();

    fn pace(_: &NoOptions) -> Pace {
        Pace::OnCommand
    }

    fn seat_hold(_: &NoOptions) -> std::time::Duration {
        std::time::Duration::from_secs(8)
    }

    fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
        Party { state: Said::default() }
    }

    fn state(&self) -> &Said {
        &self.state
    }

    fn join(&mut self, _: PlayerId, _: &mut Ctx<Self>) -> Result<(), String> {
        Ok(())
    }

    fn request(&mut self, _: PlayerId, more: i32, _: &mut Ctx<Self>) -> i32 {
        assert!(more != probe::POISON, "as a request asked");
        self.state.sum += more;
        self.state.sum
    }
}

pub const MATCH: &str = r#"{"hold_ms":20000}"#;

pub async fn server() -> TestServer {
    TestServer::hosting(probe::games().add::<Party>(), |_| {}).await
}

fn party() -> JoinTarget {
    JoinTarget::OpenOrCreate { game: Text::cut("party"), options: Text::new() }
}

fn join(id: u32, to: JoinTarget) -> ToServer {
    ToServer::Join { id, to, schema: None, profile: Profile::default() }
}

fn resume(id: u32, token: &Token) -> ToServer {
    let token = token.clone();
    ToServer::Resume { id, token, attempt: 1, tick: None, events: None, schema: None }
}

fn add(id: u32, more: i32) -> ToServer {
    ToServer::Request { id, body: wire::encode(&more).try_into().unwrap() }
}

/// The next control message, and its channel; frames before it are left out.
async fn heard(raw: &mut Raw) -> (u8, ToClient) {
    loop {
        match raw.next().await {
            Got::Control(message) => return (0, message),
            Got::On(channel, got) => {
                if let Got::Control(message) = *got {
                    return (channel, message);
                }
            }
            Got::State(_) | Got::Ping | Got::Pong => {}
            end => panic!("no message comes any more: {end:?}"),
        }
    }
}

async fn seat_on(raw: &mut Raw, channel: u8, message: &ToServer) -> Joined {
    raw.say_on(channel, message).await;
    match heard(raw).await {
        (on, ToClient::Joined(joined)) if on == channel => joined,
        other => panic!("not a seat on {channel}: {other:?}"),
    }
}

async fn refusal_on(raw: &mut Raw, channel: u8, message: &ToServer) -> Refusal {
    raw.say_on(channel, message).await;
    match heard(raw).await {
        (on, ToClient::Refused { why, .. }) if on == channel => why,
        other => panic!("not a refusal on {channel}: {other:?}"),
    }
}

/// A seat in a match on the first channel, and one in a party on this one.
async fn both(server: &TestServer, channel: u8) -> (Raw, Joined, Joined) {
    let mut raw = Target::of(server).greeted().await;
    let of_match = seat_on(&mut raw, 0, &join(1, create(MATCH))).await;
    let of_party = seat_on(&mut raw, channel, &join(2, party())).await;
    (raw, of_match, of_party)
}

fn players(server: &TestServer, joined: &Joined) -> u32 {
    server.server.room(joined.room).map_or(0, |room| room.taken())
}

#[tokio::test]
async fn a_match_and_a_party_on_one_connection_each_get_what_is_theirs() {
    let server = server().await;
    let (mut raw, of_match, of_party) = both(&server, 3).await;
    assert_ne!(of_match.room, of_party.room);
    raw.say_on(3, &add(3, 40)).await;
    let sum = probe::Request::Add(2);
    raw.say(&ToServer::Request { id: 4, body: wire::encode(&sum).try_into().unwrap() }).await;
    let (mut frames, mut replies) = ([0, 0], Vec::new());
    while frames.contains(&0) || replies.len() < 2 {
        let (channel, got) = match raw.next().await {
            Got::On(channel, got) => (channel, *got),
            got => (0, got),
        };
        match got {
            Got::State(_) => frames[usize::from(channel == 3)] += 1,
            Got::Control(ToClient::Reply { id, body }) => {
                let sum: i32 = wire::decode(&body).unwrap();
                replies.push((channel, id, sum));
            }
            Got::Control(ToClient::Roster(_)) | Got::Ping => {}
            other => panic!("{other:?} on {channel}"),
        }
    }
    replies.sort_unstable();
    assert_eq!(replies, [(0, 4, 2), (3, 3, 40)]);
    // Each seat is given up by itself.
    raw.say_on(3, &ToServer::Leave).await;
    assert_eq!(heard(&mut raw).await, (3, ToClient::Left));
    until("the seat in the party is free", || players(&server, &of_party) == 0).await;
    assert_eq!(players(&server, &of_match), 1);
    raw.state().await;
    server.stopped().await;
}

#[tokio::test]
async fn only_a_game_that_says_so_is_played_beside_another() {
    let server = server().await;
    let (mut raw, _, of_party) = both(&server, 1).await;
    assert_eq!(refusal_on(&mut raw, 2, &join(3, create(MATCH))).await, Refusal::NotBeside);
    // A second party is no match.
    let second = seat_on(&mut raw, 2, &join(4, party())).await;
    assert_eq!((second.room, players(&server, &second)), (of_party.room, 2));
    raw.say(&ToServer::Leave).await;
    assert_eq!(heard(&mut raw).await, (0, ToClient::Left));
    // Whichever channel it is on.
    seat_on(&mut raw, 3, &join(5, create(MATCH))).await;
    assert_eq!(refusal_on(&mut raw, 0, &join(6, create(MATCH))).await, Refusal::NotBeside);
    // On one channel there is one seat.
    assert_eq!(refusal_on(&mut raw, 1, &join(7, party())).await, Refusal::AlreadySeated);
    server.stopped().await;
}

#[tokio::test]
async fn each_seat_comes_back_by_its_own_token_and_on_any_channel() {
    let server = server().await;
    let (raw, of_match, of_party) = both(&server, 1).await;
    drop(raw);
    let mut raw = Target::of(&server).greeted().await;
    let again = seat_on(&mut raw, 0, &resume(1, &of_party.token)).await;
    assert_eq!((again.room, again.player), (of_party.room, of_party.player));
    let again = seat_on(&mut raw, 2, &resume(2, &of_match.token)).await;
    assert_eq!((again.room, again.player), (of_match.room, of_match.player));
    raw.say_on(2, &ToServer::Ack { events: 0, replies: 0 }).await;
    // Who closes as one who is done gives up both.
    raw.frame(FIN | CLOSE, &1000u16.to_be_bytes()).await;
    until("both seats are free", || players(&server, &of_party) + players(&server, &of_match) == 0)
        .await;
    server.stopped().await;
}

#[tokio::test]
async fn who_is_sent_out_of_one_room_stays_in_the_other() {
    let server = server().await;
    let (mut raw, of_match, of_party) = both(&server, 1).await;
    assert!(server.server.room(of_match.room).unwrap().kick(of_match.player));
    let gone = |code| ToClient::Dismissed { code };
    assert_eq!(heard(&mut raw).await, (0, gone(CloseCode::Kicked)));
    raw.say_on(1, &add(1, 5)).await;
    assert!(matches!(heard(&mut raw).await, (1, ToClient::Reply { id: 1, .. })));
    // Another connection takes the party's seat, and this one goes on without any.
    let mut other = Target::of(&server).greeted().await;
    seat_on(&mut other, 0, &resume(1, &of_party.token)).await;
    assert_eq!(heard(&mut raw).await, (1, gone(CloseCode::Replaced)));
    let next = seat_on(&mut raw, 0, &join(2, create(MATCH))).await;
    assert_eq!(players(&server, &next), 1);
    // A room that fails for good takes nobody's connection along that is in another one, too.
    let both = seat_on(&mut raw, 1, &join(3, party())).await;
    server.server.room(both.room).unwrap().fail(CloseCode::RoomFailed);
    assert_eq!(heard(&mut raw).await, (1, gone(CloseCode::RoomFailed)));
    // But whoever has one channel only is closed.
    assert_eq!(other.close_code().await.0, CloseCode::RoomFailed.code());
    raw.state().await;
    server.stopped().await;
}

#[tokio::test]
async fn what_is_no_channel_closes_the_connection() {
    let server = server().await;
    let leave = wire::encode(&ToServer::Leave);
    let hello = wire::encode(&hello(PROTOCOL_VERSION));
    let list = wire::encode(&ToServer::List { id: 1, game: Text::cut("party") });
    let on = |channel: u8, message: &[u8]| {
        [&[frame::CHANNEL, channel, frame::CONTROL], message].concat()
    };
    let nested = [&[frame::CHANNEL, 1][..], &on(1, &leave)].concat();
    let cases = [
        (on(0, &leave), CloseCode::Malformed),
        (on(frame::CHANNELS_MAX + 1, &leave), CloseCode::Malformed),
        (vec![frame::CHANNEL], CloseCode::Malformed),
        (vec![frame::CHANNEL, 1], CloseCode::Malformed),
        (nested, CloseCode::Malformed),
        (on(1, &hello), CloseCode::OutOfOrder),
        (on(1, &list), CloseCode::OutOfOrder),
    ];
    for (message, code) in cases {
        let mut raw = Target::of(&server).greeted().await;
        raw.frame(FIN | BINARY, &message).await;
        let closed = within("a close", raw.close_code()).await;
        assert_eq!(closed.0, code.code(), "{message:?}");
    }
    server.stopped().await;
}
