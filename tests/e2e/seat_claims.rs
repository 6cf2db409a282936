//! Peers that claim seats they have no right to, or their own out of turn: each is told no, by name,
//! and no seat is freed or lost by it.

use greenroom::Rng;
use greenroom::proto::{
    JoinTarget, Joined, Profile, Refusal, Text, Tick, ToClient, ToServer, Token, frame, wire,
};
use greenroom_client::{Client, Join, SeatInfo};

use crate::support::probe::Request;
use crate::support::raw::{CLOSE, FIN, Got, Raw, Target, create};
use crate::support::{DEADLINE, TestServer, event_where, new_room, state_where, until, within};

const HOLDS: &str = r#"{"hold_ms":60000,"seats":100}"#;

/// What a peer says to have a seat back.
#[derive(Clone)]
struct Claim {
    token: Token,
    attempt: u64,
    tick: Option<Tick>,
    events: Option<u32>,
    schema: Option<u64>,
}

impl Claim {
    fn by(token: &Token) -> Self {
        Claim { token: token.clone(), attempt: 1, tick: None, events: None, schema: None }
    }

    fn message(self, id: u32) -> ToServer {
        let Claim { token, attempt, tick, events, schema } = self;
        ToServer::Resume { id, token, attempt, tick, events, schema }
    }
}

/// What became of a question for a seat.
type Outcome = Result<Joined, Refusal>;

async fn outcome(raw: &mut Raw, asked: u32) -> Outcome {
    within("an answer", async {
        loop {
            match raw.next().await {
                Got::Control(ToClient::Joined(joined)) if joined.id == asked => return Ok(joined),
                Got::Control(ToClient::Refused { id, why, .. }) if id == asked => return Err(why),
                Got::Close(code, _) => panic!("closed with {code}"),
                Got::End { .. } => panic!("the connection ended"),
                _ => {}
            }
        }
    })
    .await
}

async fn claims(raw: &mut Raw, claim: Claim) -> Outcome {
    raw.say(&claim.message(7)).await;
    outcome(raw, 7).await
}

async fn joins(raw: &mut Raw, to: JoinTarget) -> Outcome {
    raw.say(&ToServer::Join { id: 8, to, schema: None, profile: Profile::default() }).await;
    outcome(raw, 8).await
}

async fn add(client: &mut Client) -> i32 {
    within("an answer", client.request(&Request::Add(1), DEADLINE)).await.unwrap()
}

/// A server with somebody who plays, and whose seat others want.
struct Wanted {
    server: TestServer,
    target: Target,
    owner: Client,
    seat: SeatInfo,
    sum: i32,
}

impl Wanted {
    async fn new() -> Self {
        let server = TestServer::start(|_| {}).await;
        let target = Target::of(&server);
        let (owner, seat) = server.seated(new_room(HOLDS)).await;
        Wanted { server, target, owner, seat, sum: 0 }
    }

    fn token(&self) -> Token {
        self.owner.seat_token().unwrap().clone()
    }

    fn taken(&self) -> u32 {
        self.server.server.room(self.seat.room).unwrap().taken()
    }

    /// The owner plays on with the same token, and nobody went.
    async fn is_undisturbed(&mut self) {
        self.sum += 1;
        let sum = self.sum;
        assert_eq!(add(&mut self.owner).await, sum);
        let state = state_where(&mut self.owner, |state| state.sum == sum).await;
        assert_eq!(state.went, 0);
        let stats = self.owner.stats();
        assert_eq!((stats.resumed, stats.desyncs), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_token_of_this_seat_gives_nothing_and_costs_nothing() {
    let mut wanted = Wanted::new().await;
    let foreign = Wanted::new().await;
    let own = wanted.token();
    let mut random = Rng::new(1);
    let mut forged: Vec<Vec<u8>> = vec![Vec::new(), vec![0; 33], vec![0xff; 64]];
    for cut in [1, 17, own.len() - 1] {
        forged.push(own[..cut].to_vec());
    }
    // Longer, of another version, room, player, generation.
    forged.push([&own[..], &[0]].concat());
    for place in [0, 1, 9, 13, 17] {
        let mut other = own.to_vec();
        other[place] = other[place].wrapping_add(1);
        forged.push(other);
    }
    for _ in 0..50 {
        forged.push((0..own.len()).map(|_| random.below(256) as u8).collect());
    }
    // In a room of the same number, perhaps, but of another server.
    forged.push(foreign.token().to_vec());
    let mut thief = wanted.target.greeted().await;
    for token in forged {
        let token = Token::try_from(token).unwrap();
        let refused = claims(&mut thief, Claim { attempt: u64::MAX, ..Claim::by(&token) }).await;
        assert_eq!(refused.unwrap_err(), Refusal::BadToken);
    }
    wanted.is_undisturbed().await;
    // A connection that was refused may still ask for a seat of its own.
    let room = JoinTarget::Room(wanted.seat.room);
    assert_ne!(joins(&mut thief, room).await.unwrap().player, wanted.seat.player);
    assert_eq!(wanted.taken(), 2);
    // And the token still holds.
    let mut heir = wanted.target.greeted().await;
    assert_eq!(claims(&mut heir, Claim::by(&own)).await.unwrap().player, wanted.seat.player);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_worth_nothing_once_it_was_replaced_its_seat_is_gone_or_its_match_over() {
    let wanted = Wanted::new().await;
    let (first, room) = (wanted.token(), wanted.seat.room);
    let mut heir = wanted.target.greeted().await;
    let second = claims(&mut heir, Claim::by(&first)).await.unwrap().token;
    // Until the new one is known to have arrived, the old one holds.
    let mut again = wanted.target.greeted().await;
    let third = claims(&mut again, Claim { attempt: 2, ..Claim::by(&first) }).await.unwrap().token;
    assert_eq!(within("the close", heir.close_code()).await.0, 4008);
    again.say(&ToServer::Ack { events: 0, replies: 0 }).await;
    // What it says is heard in order.
    again.say(&ToServer::List { id: 3, game: Text::cut("probe") }).await;
    within("the list", async {
        while !matches!(again.next().await, Got::Control(ToClient::Rooms { id: 3, .. })) {}
    })
    .await;
    let mut thief = wanted.target.greeted().await;
    for replayed in [&first, &second] {
        let refused = claims(&mut thief, Claim { attempt: 9, ..Claim::by(replayed) }).await;
        assert_eq!(refused.unwrap_err(), Refusal::BadToken);
    }
    // Left.
    again.say(&ToServer::Leave).await;
    within("word that it has left", async {
        while again.next().await != Got::Control(ToClient::Left) {}
    })
    .await;
    for raw in [&mut again, &mut thief] {
        let refused = claims(raw, Claim { attempt: 10, ..Claim::by(&third) }).await;
        assert_eq!(refused.unwrap_err(), Refusal::SeatGone);
    }
    // Ended, with one who is there and one who is away.
    let mut one = Client::connect(wanted.server.connect_with()).await.unwrap();
    within("a seat", one.join(Join::Room(room))).await.unwrap();
    let token = one.seat_token().unwrap().clone();
    let mut away = wanted.target.greeted().await;
    let of_away = joins(&mut away, JoinTarget::Room(room)).await.unwrap().token;
    drop(away);
    until("the other is gone", || wanted.server.server.connections() == 3).await;
    let _ = one.start(&Request::End, DEADLINE);
    crate::support::ended(&mut one).await;
    for token in [token, of_away] {
        thief.say(&Claim::by(&token).message(7)).await;
        let Got::Control(ToClient::Ended { result }) = thief.next().await else {
            panic!("whoever had a seat is told how it ended")
        };
        assert!(result.contains("sum"), "{result}");
        assert_eq!(outcome(&mut thief, 7).await.unwrap_err(), Refusal::SeatGone);
    }
    until("the room is gone", || wanted.server.server.room(room).is_none()).await;
    assert_eq!(joins(&mut thief, create("")).await.unwrap().inputs, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_a_seat_takes_no_other() {
    let mut wanted = Wanted::new().await;
    let room = JoinTarget::Room(wanted.seat.room);
    let mut greedy = wanted.target.greeted().await;
    let own = joins(&mut greedy, room.clone()).await.unwrap();
    for token in [wanted.token(), own.token.clone()] {
        let refused = claims(&mut greedy, Claim { attempt: 5, ..Claim::by(&token) }).await;
        assert_eq!(refused.unwrap_err(), Refusal::AlreadySeated);
    }
    assert_eq!(joins(&mut greedy, room.clone()).await.unwrap_err(), Refusal::AlreadySeated);
    assert_eq!(joins(&mut greedy, create("")).await.unwrap_err(), Refusal::AlreadySeated);
    wanted.is_undisturbed().await;
    assert_eq!(wanted.taken(), 2);
    assert_eq!(wanted.server.server.rooms(), 1);
    // Two questions before the first answer: the second is one too many.
    drop(greedy);
    let mut hasty = wanted.target.greeted().await;
    hasty.say(&Claim { attempt: 6, ..Claim::by(&own.token) }.message(1)).await;
    hasty.say(&Claim { attempt: 7, ..Claim::by(&wanted.token()) }.message(2)).await;
    hasty.say(&ToServer::Join { id: 3, to: room, schema: None, profile: Profile::default() }).await;
    let mut said = Vec::new();
    within("three answers", async {
        while said.len() < 3 {
            match hasty.next().await {
                Got::Control(ToClient::Joined(joined)) => said.push((joined.id, None)),
                Got::Control(ToClient::Refused { id, why, .. }) => said.push((id, Some(why))),
                _ => {}
            }
        }
    })
    .await;
    said.sort_by_key(|(id, _)| *id);
    let no = Some(Refusal::AlreadySeated);
    assert_eq!(said, [(1, None), (2, no), (3, no)]);
    wanted.is_undisturbed().await;
    assert_eq!(wanted.taken(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_come_back_at_once_one_has_the_seat_and_the_other_is_told() {
    let mut wanted = Wanted::new().await;
    let mut player = wanted.target.greeted().await;
    let mut seat = joins(&mut player, JoinTarget::Room(wanted.seat.room)).await.unwrap();
    for round in 0..30_u64 {
        let (mut one, mut two) = (wanted.target.greeted().await, wanted.target.greeted().await);
        let claim = Claim { attempt: round, ..Claim::by(&seat.token) };
        let asked = (claim.clone().message(7), claim.message(7));
        tokio::join!(one.say(&asked.0), two.say(&asked.1));
        // The seat changed hands twice; the last has it.
        assert_eq!(within("the close", player.close_code()).await.0, 4008);
        let first = tokio::spawn(stays(one));
        let second = tokio::spawn(stays(two));
        let (first, second) = within("both", async { tokio::join!(first, second) }).await;
        let mut stayed: Vec<_> =
            [first, second].into_iter().filter_map(|end| end.unwrap()).collect();
        assert_eq!(stayed.len(), 1, "round {round}");
        let (raw, joined) = stayed.remove(0);
        assert_eq!(joined.player, seat.player);
        (player, seat) = (raw, joined);
        // A message, without which the token of before would still hold.
        player.say(&ToServer::Ack { events: seat.events, replies: 0 }).await;
    }
    wanted.is_undisturbed().await;
    assert_eq!(wanted.taken(), 2);
    let state = state_where(&mut wanted.owner, |_| true).await;
    assert_eq!((state.here, state.came, state.went), (2, 2, 0));
}

/// Whoever gets the seat and has it still when a request to it is answered; `None`: another one
/// has it.
async fn stays(mut raw: Raw) -> Option<(Raw, Joined)> {
    let mut joined: Option<Joined> = None;
    loop {
        match raw.next().await {
            Got::Control(ToClient::Joined(seat)) => {
                let body = wire::encode(&Request::Add(0)).try_into().unwrap();
                raw.say(&ToServer::Request { id: seat.requests + 1, body }).await;
                joined = Some(seat);
            }
            Got::Control(ToClient::Reply { .. }) => return joined.map(|joined| (raw, joined)),
            // The other one's message has shown that a newer token arrived.
            Got::Control(ToClient::Refused { why, .. }) => {
                assert_eq!(why, Refusal::BadToken);
                return None;
            }
            Got::Close(code, _) => {
                assert_eq!(code, 4008);
                return None;
            }
            Got::End { .. } => panic!("the connection ended"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_from_nowhere_free_nothing_and_burn_nothing() {
    let mut wanted = Wanted::new().await;
    let room = JoinTarget::Room(wanted.seat.room);
    let mut liar = wanted.target.greeted().await;
    let own = joins(&mut liar, room).await.unwrap();
    // Confirms what never came.
    for events in [u32::MAX, 1 << 31, 1000] {
        liar.say(&ToServer::Ack { events, replies: u32::MAX }).await;
    }
    // An input for any tick counts as one for the coming ticks.
    for tick in [0, 1, 0x7fff, 0x8000, u16::MAX] {
        let input = [&[frame::INPUT], &tick.to_be_bytes()[..], &wire::encode(&1_i32)].concat();
        assert!(liar.message(&input).await);
    }
    drop(liar);
    event_where(&mut wanted.owner, |event| {
        *event == crate::support::probe::Event::Broke(own.player)
    })
    .await;
    // What it claims to have is not there: it is told so, by whatever attempt, as often as it asks.
    let mut back = wanted.target.greeted().await;
    for events in [u32::MAX, own.events.wrapping_sub(2), own.events + 1000] {
        let (attempt, tick) = (u64::MAX, Some(Tick(u32::MAX)));
        let claim = Claim { attempt, tick, events: Some(events), ..Claim::by(&own.token) };
        assert_eq!(claims(&mut back, claim).await.unwrap_err(), Refusal::TooFarBehind);
    }
    let claim = Claim { schema: Some(!own.schema_hash), ..Claim::by(&own.token) };
    assert_eq!(claims(&mut back, claim).await.unwrap_err(), Refusal::OtherSchema);
    // None of that counts as a comeback: an honest one with a lower number has the seat, with every
    // event since.
    let claim = Claim {
        attempt: 0,
        tick: Some(Tick(u32::MAX)),
        events: Some(own.events),
        ..Claim::by(&own.token)
    };
    let seat = claims(&mut back, claim).await.unwrap();
    assert_eq!((seat.player, seat.events), (own.player, own.events));
    let state = back.state().await;
    let parts = frame::read(&state, seat.tick).unwrap();
    assert!(parts.full(), "a tick that nobody has seen is none to go on from");
    // While it plays, the same from another connection changes nothing either.
    let mut again = wanted.target.greeted().await;
    let claim = Claim { attempt: u64::MAX, events: Some(u32::MAX), ..Claim::by(&own.token) };
    assert_eq!(claims(&mut again, claim).await.unwrap_err(), Refusal::TooFarBehind);
    let honest = claims(&mut again, Claim::by(&own.token)).await.unwrap();
    assert_eq!(within("the close", back.close_code()).await.0, 4008);
    // The largest number for a request is one; after it there is none.
    let add = || wire::encode(&Request::Add(0)).try_into().unwrap();
    again.say(&ToServer::Request { id: u32::MAX, body: add() }).await;
    again.say(&ToServer::Request { id: honest.requests + 1, body: add() }).await;
    within("both answers", async {
        let mut open = vec![u32::MAX, honest.requests + 1];
        while !open.is_empty() {
            match again.next().await {
                Got::Control(ToClient::Reply { id, .. }) => {
                    assert_eq!(id, u32::MAX);
                    open.retain(|open| *open != id);
                }
                Got::Control(ToClient::Refused { id, why, .. }) => {
                    assert_eq!((id, why), (honest.requests + 1, Refusal::Failed));
                    open.retain(|open| *open != id);
                }
                Got::Close(code, _) => panic!("closed with {code}"),
                _ => {}
            }
        }
    })
    .await;
    wanted.is_undisturbed().await;
    assert_eq!(wanted.taken(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seats_that_are_asked_for_and_left_in_haste_are_free_again() {
    let mut wanted = Wanted::new().await;
    let to = JoinTarget::Room(wanted.seat.room);
    let join =
        |id| ToServer::Join { id, to: to.clone(), schema: None, profile: Profile::default() };
    let leave = || ToServer::Leave;
    for way in 0..24 {
        let said = match way % 3 {
            0 => vec![leave(), join(1), leave(), leave()],
            1 => vec![join(1), leave(), join(2), leave()],
            _ => vec![join(1), join(2), leave()],
        };
        let mut hasty = wanted.target.greeted().await;
        for message in &said {
            hasty.say(message).await;
        }
        within("word that it has left", async {
            loop {
                match hasty.next().await {
                    Got::Control(ToClient::Left) => return,
                    Got::Control(ToClient::Refused { why, .. }) => {
                        assert_eq!(why, Refusal::AlreadySeated, "way {way}");
                    }
                    Got::Close(code, _) => panic!("closed with {code}"),
                    _ => {}
                }
            }
        })
        .await;
        hasty.frame(FIN | CLOSE, &1000_u16.to_be_bytes()).await;
        hasty.end().await;
    }
    until("the seats are free", || wanted.taken() == 1).await;
    wanted.sum += 1;
    let sum = wanted.sum;
    assert_eq!(add(&mut wanted.owner).await, sum);
    let state = state_where(&mut wanted.owner, |state| state.sum == sum).await;
    assert_eq!((state.here, state.came), (1, 1 + state.went));
}
