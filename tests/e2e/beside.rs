//! Several rooms on one connection, as the Rust client has them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use greenroom::Rng;
use greenroom::proto::{CloseCode, List, Refusal, RoomId, Text};
use greenroom_client::{Client, Connect, Join, Lost, SeatInfo, Update};

use crate::channels::{MATCH, server};
use crate::support::probe::{Event, Goal, Request};
use crate::support::proxy::Proxy;
use crate::support::{DEADLINE, TestServer, new_room, setting, until, within};

const PARTY: u8 = 2;
const A_PARTY: Join<'_> = Join::OpenOrCreate { game: "party", options: "" };

/// A client whose connection can be cut.
async fn behind(server: &TestServer) -> (Proxy, Client) {
    let proxy = Proxy::to(server.server.wss()).await;
    let url = format!("wss://{}", proxy.address);
    let connect = Connect { url, ..server.connect_with() };
    let client = within("a connection", Client::connect(connect)).await.unwrap();
    (proxy, client)
}

/// Gets the client a seat in a match, and one in a party.
async fn seats(client: &mut Client) -> (SeatInfo, SeatInfo) {
    let of_match = within("a seat", client.join(new_room(MATCH))).await.unwrap();
    let mut beside = client.beside(PARTY).unwrap();
    let of_party = within("a seat", beside.join(A_PARTY)).await.unwrap();
    (of_match, of_party)
}

async fn add_here(client: &mut Client, more: i32) -> i32 {
    within("an answer", client.request(&Request::Add(more), DEADLINE)).await.unwrap()
}

async fn add_there(client: &mut Client, channel: u8, more: i32) -> i32 {
    let mut beside = client.beside(channel).unwrap();
    within("an answer", beside.request(&more, DEADLINE)).await.unwrap()
}

/// Drives the client until an update of any channel gives a value.
async fn find<T>(client: &mut Client, mut wanted: impl FnMut(u8, Update) -> Option<T>) -> T {
    within("an update", async {
        loop {
            let (channel, update) = client.next_any().await;
            assert!(!matches!(update, Update::Closed(_)), "{update:?}");
            if let Some(found) = wanted(channel, update) {
                return found;
            }
        }
    })
    .await
}

fn taken(server: &TestServer, room: RoomId) -> u32 {
    server.server.room(room).map_or(0, |room| room.taken())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_seat_is_left_moved_and_taken_away_by_itself() {
    let server = server().await;
    let mut client = server.connect().await;
    let (of_match, of_party) = seats(&mut client).await;
    assert_eq!((add_here(&mut client, 2).await, add_there(&mut client, PARTY, 40).await), (2, 40));
    // The game moves the player on, and the party stays as it is.
    let anywhere = Goal::New(Text::cut(MATCH));
    let _: i32 =
        within("an answer", client.request(&Request::Move(List::default(), anywhere), DEADLINE))
            .await
            .unwrap();
    let moved = find(&mut client, |channel, update| match update {
        Update::Moved { from, seat } => {
            assert_eq!((channel, from), (0, of_match.room));
            Some(seat)
        }
        _ => None,
    })
    .await;
    assert_eq!(client.seat(), Some(&moved));
    assert_eq!(client.beside(PARTY).unwrap().seat(), Some(&of_party));
    assert_eq!((add_here(&mut client, 3).await, add_there(&mut client, PARTY, 1).await), (3, 41));
    // Sent out of one room, and in the other all the same.
    assert!(server.server.room(moved.room).unwrap().kick(moved.player));
    find(&mut client, |channel, update| match update {
        Update::Dismissed(lost) => {
            assert_eq!((channel, lost), (0, Lost::Dismissed(CloseCode::Kicked)));
            Some(())
        }
        _ => None,
    })
    .await;
    assert_eq!(add_there(&mut client, PARTY, 1).await, 42);
    let next = within("a seat", client.join(new_room(MATCH))).await.unwrap();
    within("the leave", client.beside(PARTY).unwrap().leave()).await.unwrap();
    until("the party is empty", || taken(&server, of_party.room) == 0).await;
    assert_eq!((add_here(&mut client, 5).await, taken(&server, next.room)), (5, 1));
    // A match is not played beside another.
    let refused = client.beside(1).unwrap().join(new_room(MATCH)).await.unwrap_err();
    assert!(refused.to_string().contains("not played beside"), "{refused}");
    client.close().await;
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_comes_back_to_all_of_its_seats() {
    let server = server().await;
    let (proxy, mut client) = behind(&server).await;
    let (of_match, of_party) = seats(&mut client).await;
    for round in 1..=5 {
        proxy.cut();
        let mut back = Vec::new();
        find(&mut client, |channel, update| {
            if let Update::Resumed { events_lost, .. } = update {
                assert!(!events_lost);
                back.push(channel);
            }
            (back.len() == 2).then_some(())
        })
        .await;
        let sums = (add_here(&mut client, 1).await, add_there(&mut client, PARTY, 2).await);
        assert_eq!(sums, (round, 2 * round));
    }
    assert_eq!(client.seat().unwrap().player, of_match.player);
    assert_eq!(client.beside(PARTY).unwrap().seat().unwrap().player, of_party.player);
    assert_eq!((taken(&server, of_match.room), taken(&server, of_party.room)), (1, 1));
    assert_eq!((client.stats().resumed, client.stats().desyncs), (5, 0));
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_that_is_gone_meanwhile_costs_no_other() {
    let server = server().await;
    for gone in [0, PARTY] {
        let (proxy, mut client) = behind(&server).await;
        let (of_match, of_party) = seats(&mut client).await;
        // Nobody is there.
        proxy.goes_to(SocketAddr::from(([127, 0, 0, 1], 1)));
        proxy.cut();
        find(&mut client, |_, update| matches!(update, Update::Broken { .. }).then_some(())).await;
        let lost = if gone == 0 { &of_match } else { &of_party };
        let room = server.server.room(lost.room).unwrap();
        until("the server knows that the client is away", || room.kick(lost.player)).await;
        proxy.goes_to(server.server.wss());
        let (mut resumed, mut dismissed) = (Vec::new(), Vec::new());
        find(&mut client, |channel, update| {
            match update {
                Update::Resumed { .. } => resumed.push(channel),
                Update::Dismissed(Lost::Refused { why, .. }) => dismissed.push((channel, why)),
                Update::Dismissed(other) => panic!("{other}"),
                _ => {}
            }
            (resumed.len() + dismissed.len() == 2).then_some(())
        })
        .await;
        assert_eq!((resumed, dismissed), (vec![PARTY - gone], vec![(gone, Refusal::SeatGone)]));
        if gone == 0 {
            add_there(&mut client, PARTY, 1).await;
        } else {
            assert_eq!(add_here(&mut client, 7).await, 7);
        }
        client.close().await;
    }
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_one_channel_only_finds_the_other_whole() {
    let server = server().await;
    let mut client = server.connect().await;
    seats(&mut client).await;
    const EVENTS: u32 = 400;
    for _ in 0..4 {
        let asked = Request::Events { count: EVENTS / 4, bytes: 8 };
        client.start(&asked, DEADLINE).unwrap();
        // The match is not looked at, and its events come all the same.
        for _ in 0..5 {
            add_there(&mut client, PARTY, 1).await;
        }
    }
    let (mut events, mut last) = (0, 0);
    within("all events", async {
        while events < EVENTS {
            if let Update::Event(event) = client.next().await {
                assert_eq!(event.number, last + 1);
                last = event.number;
                events += u32::from(matches!(event.decode(), Ok(Event::Filler { .. })));
            }
        }
    })
    .await;
    server.stopped().await;
}

struct Player {
    proxy: Proxy,
    client: Client,
}

impl Player {
    fn rooms(&mut self) -> [Option<RoomId>; 4] {
        let seat = |channel| self.client.beside(channel).unwrap().seat().map(|seat| seat.room);
        [0, 1, 2, 3].map(seat)
    }

    /// A seat on this channel; the first is for matches.
    async fn join(&mut self, channel: u8, rng: &mut Rng) {
        // A break that is not known yet would end the call, and not say whether it was done.
        if let Some(seated) = self.rooms().iter().position(Option::is_some) {
            self.add(seated as u8, 0, None).await;
        }
        let to = match rng.below(3) {
            _ if channel == 0 => new_room(MATCH),
            0 => Join::Create { game: "party", options: "" },
            _ => A_PARTY,
        };
        let mut beside = self.client.beside(channel).unwrap();
        within("a seat", beside.join(to)).await.unwrap();
    }

    /// A request that is cut off somewhere, and answered once.
    async fn add(&mut self, channel: u8, more: i32, cut: Option<u64>) -> i32 {
        let cutter = async {
            if let Some(after_us) = cut {
                tokio::time::sleep(Duration::from_micros(after_us)).await;
                self.proxy.cut();
            }
        };
        let mut beside = self.client.beside(channel).unwrap();
        let answer = async {
            match channel {
                0 => beside.request(&Request::Add(more), DEADLINE).await,
                _ => beside.request(&more, DEADLINE).await,
            }
        };
        within("an answer", async { tokio::join!(answer, cutter) }).await.0.unwrap()
    }
}

/// Whatever happens in whichever order: the rooms have the members that the clients think they have,
/// and each sum is that of all that was added, each once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_random_the_rooms_and_the_clients_agree() {
    let seed = setting("GREENROOM_SEED", 11);
    println!("GREENROOM_SEED={seed}");
    let (server, mut rng) = (server().await, Rng::new(seed));
    let mut players = Vec::new();
    for _ in 0..3 {
        let (proxy, client) = behind(&server).await;
        players.push(Player { proxy, client });
    }
    let mut sums = BTreeMap::<RoomId, i32>::new();
    for step in 0..setting("GREENROOM_STEPS", 100) {
        let player = &mut players[rng.below(3) as usize];
        let channel = rng.below(4) as u8;
        let room = player.rooms()[usize::from(channel)];
        match (room, rng.below(10)) {
            (None, _) => player.join(channel, &mut rng).await,
            (Some(_), 0 | 1) => {
                let left = player.client.beside(channel).unwrap().leave().await;
                left.unwrap_or_else(|error| panic!("step {step}: {error}"));
            }
            (Some(room), chance) => {
                let cut = (chance < 6).then(|| u64::from(rng.below(3_000)));
                let sum = sums.entry(room).or_default();
                *sum += step as i32;
                assert_eq!(player.add(channel, step as i32, cut).await, *sum, "step {step}");
            }
        }
    }
    // Everybody is back from the last cuts.
    for player in &mut players {
        for channel in 0..4 {
            if let Some(room) = player.rooms()[usize::from(channel)] {
                let sum = sums.entry(room).or_default();
                assert_eq!(player.add(channel, 1, None).await, *sum + 1);
                *sum += 1;
            }
        }
    }
    let mut members = BTreeMap::<RoomId, u32>::new();
    for player in &mut players {
        let rooms = player.rooms();
        rooms.into_iter().flatten().for_each(|room| *members.entry(room).or_default() += 1);
    }
    assert!(members.len() > 2, "{members:?}");
    let all = || server.server.directory().all();
    until("the seats are those of the clients", || {
        all().iter().all(|room| room.taken() == members.get(&room.id).copied().unwrap_or(0))
    })
    .await;
    let stats: Vec<_> = players.iter().map(|player| player.client.stats()).collect();
    assert_eq!(stats.iter().map(|stats| stats.desyncs).sum::<u64>(), 0);
    println!("{} comebacks", stats.iter().map(|stats| stats.resumed).sum::<u64>());
    for player in players {
        within("the close", player.client.close()).await;
    }
    until("nobody is left", || all().iter().all(|room| room.taken() == 0)).await;
    server.stopped().await;
}
