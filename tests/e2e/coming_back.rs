//! A connection breaks, and its player's seat stays.

use std::collections::BTreeMap;
use std::time::Duration;

use greenroom::proto::{PlayerId, Refusal, Text, ToClient, ToServer, Token};
use greenroom_client::{CallError, Client, Connect, Join, Resume, SeatInfo, Update};

use crate::support::probe::{Event, Fault, Input, Request};
use crate::support::proxy::Proxy;
use crate::support::raw::{self, Got, Raw, Target};
use crate::support::{
    DEADLINE, TestServer, closed, event_where, find, new_room, next, setting, state_where, until,
    within,
};

/// A server, and a way to it that can be cut.
struct Cuttable {
    server: TestServer,
    proxy: Proxy,
}

impl Cuttable {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut greenroom::config::Config)) -> Self {
        let server = TestServer::start(change).await;
        let proxy = Proxy::to(server.server.wss()).await;
        Cuttable { server, proxy }
    }

    fn connect_with(&self) -> Connect {
        let url = format!("wss://{}", self.proxy.address);
        Connect { url, ..self.server.connect_with() }
    }

    /// A client with a seat, whose connection can be cut.
    async fn seated(&self, to: Join<'_>) -> (Client, SeatInfo) {
        let mut client =
            within("a connection", Client::connect(self.connect_with())).await.unwrap();
        let seat = within("a seat", client.join(to)).await.unwrap();
        (client, seat)
    }
}

/// A room that holds seats for this long.
fn holding(hold_ms: u32, tick_hz: u16) -> String {
    format!(r#"{{"hold_ms":{hold_ms},"tick_hz":{tick_hz}}}"#)
}

/// Drives the client until it is back.
async fn resumed(client: &mut Client) {
    find(client, |update| match update {
        Update::Resumed { events_lost, .. } => {
            assert!(!events_lost);
            Some(())
        }
        _ => None,
    })
    .await;
}

async fn add(client: &mut Client, more: i32) -> i32 {
    within("an answer", client.request(&Request::Add(more), DEADLINE)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_is_held_and_the_game_is_told_of_both() {
    let link = Cuttable::new().await;
    for tick_hz in [30, 0] {
        let options = holding(20_000, tick_hz);
        let (mut one, seat) = link.seated(new_room(&options)).await;
        let (mut two, _) = link.server.seated(Join::Room(seat.room)).await;
        assert_eq!(add(&mut one, 5).await, 5);
        link.proxy.cut();
        let broke = event_where(&mut two, |event| matches!(event, Event::Broke(_))).await;
        assert_eq!(broke, Event::Broke(seat.player));
        let full = one.stats().frames_full;
        resumed(&mut one).await;
        event_where(&mut two, |event| *event == Event::Back(seat.player)).await;
        // The same player with the same state; what happened meanwhile is told.
        assert_eq!(one.seat().unwrap().player, seat.player);
        event_where(&mut one, |event| *event == Event::Broke(seat.player)).await;
        assert_eq!(add(&mut one, 1).await, 6);
        let state = state_where(&mut one, |state| state.sum == 6).await;
        assert_eq!((state.here, state.came, state.went), (2, 2, 0));
        assert_eq!(one.stats().desyncs, 0);
        let more = one.stats().frames_full - full;
        assert!(more <= 1, "{more} whole states");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_is_given_up_when_nobody_comes_back_to_it() {
    let link = Cuttable::new().await;
    for tick_hz in [30, 0] {
        let (one, seat) = link.seated(new_room(&holding(400, tick_hz))).await;
        let (mut two, _) = link.server.seated(Join::Room(seat.room)).await;
        let token = one.seat_token().unwrap().clone();
        drop(one);
        let mut told = Vec::new();
        find(&mut two, |update| {
            if let Update::Event(event) = update {
                told.push(event.decode::<Event>().unwrap());
            }
            (told.last() == Some(&Event::Went(seat.player))).then_some(())
        })
        .await;
        assert!(told.contains(&Event::Broke(seat.player)), "{told:?}");
        let mut late = link.server.connect().await;
        let refused = within("an answer", late.resume(&token)).await;
        assert!(matches!(refused, Err(CallError::Refused { why: Refusal::SeatGone, .. })));
        within("a seat", late.join(Join::Room(seat.room))).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_closes_the_connection_in_order_gives_the_seat_up() {
    let link = Cuttable::new().await;
    let (one, seat) = link.seated(new_room(&holding(20_000, 30))).await;
    let (mut two, _) = link.server.seated(Join::Room(seat.room)).await;
    one.close().await;
    event_where(&mut two, |event| *event == Event::Went(seat.player)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_connection_has_the_seat() {
    let link = Cuttable::new().await;
    let (mut one, seat) = link.seated(new_room(&holding(20_000, 30))).await;
    add(&mut one, 3).await;
    let token = one.seat_token().unwrap().clone();
    let mut other = link.server.connect().await;
    let again = within("the seat", other.resume(&token)).await.unwrap();
    assert_eq!((again.player, again.room), (seat.player, seat.room));
    assert_eq!(closed(&mut one).await, 4008);
    assert_eq!(add(&mut other, 1).await, 4);
    // The game noticed nothing: the seat was never without a connection.
    let state = state_where(&mut other, |state| state.sum == 4).await;
    assert_eq!((state.came, state.went, state.here), (1, 0, 1));
    // The old token has been replaced, and the new one has arrived.
    let mut thief = link.server.connect().await;
    let refused = within("an answer", thief.resume(&token)).await;
    assert!(matches!(refused, Err(CallError::Refused { why: Refusal::BadToken, .. })));
    assert_eq!(add(&mut other, 1).await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_token_frees_nothing_and_burns_nothing() {
    let link = Cuttable::new().await;
    let (mut one, seat) = link.seated(new_room(&holding(20_000, 30))).await;
    let token = one.seat_token().unwrap().clone();
    let mut thief = link.server.connect().await;
    for bit in (0..token.len() * 8).step_by(7) {
        let mut bytes = token.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let wrong = Token::try_from(bytes).unwrap();
        let refused = within("an answer", thief.resume(&wrong)).await;
        let Err(CallError::Refused { why: Refusal::BadToken, .. }) = refused else {
            panic!("bit {bit}: {refused:?}")
        };
    }
    assert_eq!(add(&mut one, 1).await, 1);
    link.proxy.cut();
    resumed(&mut one).await;
    assert_eq!(add(&mut one, 1).await, 2);
    let state = state_where(&mut one, |state| state.sum == 2).await;
    assert_eq!((state.came, state.went), (1, 0));
    let _ = seat;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_was_started_anew_comes_back_with_its_token() {
    let link = Cuttable::new().await;
    let (mut one, seat) = link.seated(new_room(&holding(20_000, 30))).await;
    add(&mut one, 2).await;
    let token = one.seat_token().unwrap().clone();
    drop(one);
    let mut again = link.server.connect().await;
    let back = within("the seat", again.resume(&token)).await.unwrap();
    assert_eq!(back.player, seat.player);
    assert_eq!(add(&mut again, 2).await, 4);
    let state = state_where(&mut again, |state| state.sum == 4).await;
    assert_eq!(state.here, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hooks_that_panic_over_who_drops_and_who_is_back_cost_nobody_the_seat() {
    let link = Cuttable::new().await;
    for (tick_hz, fault) in
        [(30, Fault::Dropped), (0, Fault::Dropped), (30, Fault::Resumed), (0, Fault::Resumed)]
    {
        let options = format!(r#"{{"hold_ms":20000,"tick_hz":{tick_hz},"fault":{}}}"#, fault as u8);
        let (mut one, seat) = link.seated(new_room(&options)).await;
        add(&mut one, 1).await;
        link.proxy.cut();
        resumed(&mut one).await;
        assert_eq!(add(&mut one, 1).await, 2, "{fault:?}");
        assert_eq!(link.server.restarts(seat.room), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_panics_while_a_player_is_away_is_there_when_they_come_back() {
    let link = Cuttable::new().await;
    let (mut one, seat) = link.seated(new_room(&holding(20_000, 30))).await;
    let (mut two, _) = link.server.seated(Join::Room(seat.room)).await;
    add(&mut one, 4).await;
    link.proxy.cut();
    event_where(&mut two, |event| *event == Event::Broke(seat.player)).await;
    let failed = within("an answer", two.request::<_, i32>(&Request::Panic, DEADLINE)).await;
    assert!(matches!(failed, Err(CallError::Refused { why: Refusal::Failed, .. })));
    resumed(&mut one).await;
    assert_eq!(add(&mut one, 1).await, 5);
    state_where(&mut one, |state| state.sum == 5 && state.here == 2).await;
    assert_eq!(one.stats().desyncs, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_for_too_much_comes_back_without_what_was_missed() {
    let link = Cuttable::with(|config| config.outbox.events_max = 16).await;
    let (mut one, seat) = link.seated(new_room(&holding(20_000, 30))).await;
    let (mut two, _) = link.server.seated(Join::Room(seat.room)).await;
    // Long enough that the client does not come back before the events have come.
    link.proxy.goes_to("127.0.0.1:1".parse().unwrap());
    link.proxy.cut();
    event_where(&mut two, |event| *event == Event::Broke(seat.player)).await;
    let flood = Request::Events { count: 40, bytes: 4 };
    let _: i32 = within("an answer", two.request(&flood, DEADLINE)).await.unwrap();
    link.proxy.goes_to(link.server.server.wss());
    let lost = find(&mut one, |update| match update {
        Update::Resumed { events_lost, .. } => Some(events_lost),
        _ => None,
    })
    .await;
    assert!(lost);
    assert_eq!(add(&mut one, 1).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_resume_is_told_that_its_connection_broke() {
    let link = Cuttable::new().await;
    let connect = Connect { resume: Resume::Off, ..link.connect_with() };
    let mut client = within("a connection", Client::connect(connect)).await.unwrap();
    within("a seat", client.join(new_room(&holding(20_000, 30)))).await.unwrap();
    link.proxy.cut();
    closed(&mut client).await;
}

/// What one player did and was told in a whole match.
#[derive(Default)]
struct Ledger {
    added: i32,
    answers: u32,
    events: Vec<u32>,
    resumed: u32,
    newest_input: i32,
}

/// Plays until it came back so often: requests, inputs, and every event of a chatty room.
async fn play(mut client: Client, player: PlayerId, comebacks: u32) -> (Client, Ledger) {
    let mut ledger = Ledger::default();
    let mut open = BTreeMap::new();
    let mut next_input = 0;
    while ledger.resumed < comebacks || !open.is_empty() {
        match next(&mut client).await {
            Update::Frame { .. } => {
                next_input += 1;
                let value = player.0 as i32 * 100_000 + next_input;
                client.input(&Input { value }).unwrap();
                ledger.newest_input = value;
                if open.len() < 4 && ledger.resumed < comebacks {
                    let more = next_input % 7 + 1;
                    open.insert(client.start(&Request::Add(more), DEADLINE).unwrap(), more);
                }
            }
            Update::Reply { id, reply } => {
                reply.unwrap_or_else(|error| panic!("{player}: {error}"));
                ledger.added += open.remove(&id).expect("an answer comes once");
                ledger.answers += 1;
            }
            Update::Event(event) => {
                if let Event::Step(step) = event.decode().unwrap() {
                    ledger.events.push(step);
                }
            }
            Update::Resumed { events_lost, .. } => {
                assert!(!events_lost, "{player}");
                ledger.resumed += 1;
            }
            Update::Broken { .. } => {}
            other => panic!("{player}: {other:?}"),
        }
    }
    (client, ledger)
}

/// Twenty times each player's connection is cut, in the middle of whatever passes: frames, requests,
/// TLS records, and the resume itself.
async fn cuts_without_end(seed: u64) {
    const CUTS: u32 = 20;
    let server = TestServer::start(|config| config.outbox.events_max = 4096).await;
    let mut random = greenroom::Rng::new(seed);
    let options = r#"{"hold_ms":30000,"tick_hz":60,"chatty":true,"cells":20}"#;
    let mut room = None;
    let mut players = Vec::new();
    let mut proxies = Vec::new();
    for _ in 0..4 {
        let proxy = Proxy::to(server.server.wss()).await;
        let url = format!("wss://{}", proxy.address);
        let connect = Connect { url, jitter: Some(random.next_u64()), ..server.connect_with() };
        let mut client = within("a connection", Client::connect(connect)).await.unwrap();
        let to = room.map_or(new_room(options), Join::Room);
        let seat = within("a seat", client.join(to)).await.unwrap();
        room = Some(seat.room);
        // The connections to come: a handshake takes some 2,000 bytes, so that many break in it.
        proxy.cut_after(0);
        players.push(tokio::spawn(play(client, seat.player, CUTS)));
        proxies.push(proxy);
    }
    let cutter = tokio::spawn(async move {
        loop {
            for proxy in &proxies {
                let budget = match random.below(4) {
                    0 => 200 + random.below(3000),
                    _ => 3000 + random.below(8000),
                };
                proxy.cut_after(budget.into());
                if random.below(3) == 0 {
                    proxy.cut();
                }
                tokio::time::sleep(Duration::from_millis(10 + u64::from(random.below(60)))).await;
            }
        }
    });
    let (mut clients, mut ledgers) = (Vec::new(), Vec::new());
    for player in players {
        let (client, ledger) = tokio::time::timeout(4 * DEADLINE, player).await.unwrap().unwrap();
        ledgers.push(ledger);
        clients.push(client);
    }
    cutter.abort();
    let added: i32 = ledgers.iter().map(|ledger| ledger.added).sum();
    let mut witness = server.connect().await;
    within("a seat", witness.join(Join::Room(room.unwrap()))).await.unwrap();
    let state = state_where(&mut witness, |_| true).await;
    assert_eq!(state.sum, added, "seed {seed}: each request was done once");
    assert_eq!(state.went, 0, "seed {seed}: nobody lost the seat");
    for ledger in &ledgers {
        let gaps = ledger.events.windows(2).filter(|pair| pair[1] != pair[0] + 1).count();
        assert_eq!(gaps, 0, "seed {seed}: each event once, in order");
        assert!(ledger.answers > 20, "seed {seed}: {} answers", ledger.answers);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_cuts_in_the_middle_of_anything_are_as_if_nothing_had_happened() {
    for seed in 0..setting("GREENROOM_SEEDS", 1) {
        cuts_without_end(seed).await;
    }
}

/// Nobody waits for a client whose room is over; what it did not hear it is told when it asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_that_ends_while_a_player_is_away_is_over_for_them_too() {
    let link = Cuttable::new().await;
    let (mut one, seat) = link.seated(new_room(&holding(20_000, 30))).await;
    let (mut two, _) = link.server.seated(Join::Room(seat.room)).await;
    link.proxy.goes_to("127.0.0.1:1".parse().unwrap());
    link.proxy.cut();
    event_where(&mut two, |event| *event == Event::Broke(seat.player)).await;
    two.start(&Request::End, DEADLINE).unwrap();
    crate::support::ended(&mut two).await;
    until("the room is gone", || link.server.server.rooms() == 0).await;
    link.proxy.goes_to(link.server.server.wss());
    crate::support::ended(&mut one).await;
}

/// The server cannot know that a connection is dead to which it has just written the result.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_did_not_hear_the_result_is_told_it_on_the_next_connection() {
    let server = TestServer::start(|_| {}).await;
    let target = Target::of(&server);
    let mut deaf = target.greeted().await;
    let joined = deaf.join(raw::create(&holding(0, 30))).await;
    let (mut other, _) = server.seated(Join::Room(joined.room)).await;
    other.start(&Request::End, DEADLINE).unwrap();
    let result = crate::support::ended(&mut other).await;
    until("the room is gone", || server.server.rooms() == 0).await;
    drop(deaf);
    let mut again = target.greeted().await;
    again.say(&resume(7, joined.token.clone())).await;
    let ended = Got::Control(ToClient::Ended { result: Text::cut(&result) });
    assert_eq!(again.next().await, ended);
    refused_for(&mut again, 7, Refusal::SeatGone).await;
    // Whoever has no token of a seat there learns nothing.
    let mut forged = joined.token.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    again.say(&resume(8, Token::try_from(forged).unwrap())).await;
    refused_for(&mut again, 8, Refusal::BadToken).await;
}

fn resume(id: u32, token: Token) -> ToServer {
    ToServer::Resume { id, token, attempt: 1, tick: None, events: None, schema: None }
}

/// The next message refuses this.
async fn refused_for(raw: &mut Raw, id: u32, wanted: Refusal) {
    match raw.next().await {
        Got::Control(ToClient::Refused { id: of, why, .. }) if of == id && why == wanted => {}
        other => panic!("not refused for {wanted:?}: {other:?}"),
    }
}
