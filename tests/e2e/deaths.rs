//! An actor of the server dies: what survives that, and what comes back. (Rooms: `crashes`;
//! the process: `killed`; many at once: `storm`.)

use std::path::Path;
use std::time::Duration;

use greenroom::faults::{Every, Faults, Timed};
use greenroom::journal::{Found, Health, Journal, Limits};
use greenroom::proto::RoomId;
use greenroom::room::saved::Restored;
use greenroom::supervision::Partitioned;
use greenroom_client::{Client, Join, SeatInfo, Update};

use crate::replays::{files, verified};
use crate::support::hosting::Hosted;
use crate::support::probe::{Request, games};
use crate::support::tree::{children, kill};
use crate::support::witness::Witness;
use crate::support::{
    DEADLINE, TestServer, ended, find, new_room, next, state_where, until, within,
};

const HOLDS: &str = r#"{"hold_ms":30000}"#;

async fn add(client: &mut Client, more: i32) -> i32 {
    within("an answer", client.request(&Request::Add(more), DEADLINE)).await.unwrap()
}

/// So many players in a new room.
async fn players(server: &TestServer, count: usize) -> (Vec<Client>, SeatInfo) {
    let (first, seat) = server.seated(new_room(HOLDS)).await;
    let mut players = vec![first];
    while players.len() < count {
        players.push(server.seated(Join::Room(seat.room)).await.0);
    }
    (players, seat)
}

/// A witness whose connection is not to break.
async fn witness(server: &TestServer) -> Witness {
    Witness::new(server.seated(new_room("")).await.0)
}

/// The room goes on with all of its players, whose requests have come to this sum.
async fn all_play_on(players: &mut [Client], sum: i32) {
    let here = players.len() as u32;
    assert_eq!(add(&mut players[0], 1).await, sum + 1);
    for player in &mut *players {
        let state = state_where(player, |state| state.sum == sum + 1).await;
        assert_eq!((state.here, state.went), (here, 0));
        assert_eq!(player.stats().desyncs, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lobby_that_dies_over_questions_costs_nobody_the_answer() {
    let every = Some(Every(4));
    for faults in [
        Faults { kill_lobby: every, ..Faults::default() },
        Faults { panic_lobby: every, ..Faults::default() },
    ] {
        let server = TestServer::start(|config| config.dev.faults = faults).await;
        let witness = witness(&server).await;
        let (mut first, seat) = server.seated(new_room(r#"{"seats":100}"#)).await;
        let joins: Vec<_> = (0..16)
            .map(|_| {
                let connect = server.connect_with();
                tokio::spawn(async move {
                    let mut client = Client::connect(connect).await.unwrap();
                    let seat = client.join(Join::Room(seat.room)).await.unwrap();
                    (client, seat.player)
                })
            })
            .collect();
        let mut seated = Vec::new();
        for join in joins {
            seated.push(within("a seat", join).await.unwrap());
        }
        let deaths = children(&server.server, &[]).await.unwrap();
        let lobby = deaths.iter().find(|child| &*child.id.to_string() == "lobby").unwrap();
        assert!(lobby.restarts >= 3, "{lobby:?}");
        // Seats that the lobby had found when it died are free again.
        state_where(&mut first, |state| state.here == 17).await;
        assert_eq!(server.server.room(seat.room).unwrap().taken(), 17);
        witness.plays_on().await;
    }
}

/// What somebody would find in the journal who opened it now.
fn kept(dir: &Path, room: RoomId) -> Option<Restored> {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(dir.join("state")).unwrap().map(Result::unwrap) {
        if entry.file_name() != "lock" && entry.path().is_file() {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    let limits = Limits::from(&greenroom::config::Config::default().journal);
    let (_journal, found) = Journal::open(copy.path(), limits).unwrap();
    let found: Option<Found> = found.into_iter().find(|found| found.room == room);
    found.map(|found| Restored::read(&found.start, &found.more).unwrap())
}

/// The journal has all of the room up to now.
async fn is_kept(server: &TestServer, client: &mut Client, room: RoomId) {
    let seen = state_where(client, |_| true).await.step;
    until("the journal keeps the room", || {
        kept(server.dir.path(), room).is_some_and(|kept| kept.log.end().0 >= seen)
    })
    .await;
}

async fn keeping(faults: Faults) -> TestServer {
    TestServer::start(|config| {
        config.journal.state_dir = Some(config.rooms.crash_dir.with_file_name("state"));
        config.dev.faults = faults;
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_journals_actor_rooms_are_kept_on() {
    let server = keeping(Faults::default()).await;
    let (mut players, seat) = players(&server, 2).await;
    all_play_on(&mut players, 0).await;
    kill(&server.server, &["journal"]).await;
    all_play_on(&mut players, 1).await;
    is_kept(&server, &mut players[0], seat.room).await;
    assert_eq!(server.server.journal(), Some(Health::Sound));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_whose_thread_panics_says_so_holds_nobody_up_and_keeps_again() {
    let panics = Some(Timed::After(Duration::from_millis(1500)));
    let server = keeping(Faults { panic_journal: panics, ..Faults::default() }).await;
    let (mut players, seat) = players(&server, 2).await;
    let mut noticed = None;
    within("word of it", async {
        while noticed.is_none() {
            let _ = next(&mut players[0]).await;
            if let Some(Health::Failing { why, .. }) = server.server.journal() {
                noticed = Some(why);
            }
        }
    })
    .await;
    assert!(noticed.unwrap().contains("own code failed"));
    // A room that waited for the journal in each tick would make four a second.
    let (began, tick) = (std::time::Instant::now(), players[0].rows().unwrap().0);
    find(&mut players[0], |update| match update {
        Update::Frame { tick: now, .. } => (now.0 >= tick.0 + 20).then_some(()),
        _ => None,
    })
    .await;
    assert!(began.elapsed() < Duration::from_secs(3), "20 ticks took {:?}", began.elapsed());
    all_play_on(&mut players, 0).await;
    until("it works again", || server.server.journal() == Some(Health::Sound)).await;
    is_kept(&server, &mut players[0], seat.room).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_whose_supervisor_dies_come_back_and_the_others_notice_nothing() {
    let server = TestServer::start(|_| {}).await;
    let (mut players, _) = players(&server, 8).await;
    kill(&server.server, &["connections", "connections/0"]).await;
    all_play_on(&mut players, 0).await;
    let back = players.iter().filter(|player| player.stats().resumed == 1).count();
    let many = children(&server.server, &["connections"]).await.unwrap().len() > 1;
    assert!(back > 0 && (back < 8 || !many), "{back} of 8 came back");
    // All of them.
    kill(&server.server, &["connections"]).await;
    all_play_on(&mut players, 1).await;
    assert!(players.iter().all(|player| player.stats().resumed >= 1));
}

/// A room in each partition, with two players each.
async fn spread(server: &TestServer) -> Vec<(Vec<Client>, SeatInfo, usize)> {
    let count = children(&server.server, &["rooms"]).await.unwrap().len();
    let mut spread = Vec::new();
    for number in 0..count {
        loop {
            let (players, seat) = players(server, 2).await;
            if Partitioned::number_of(seat.room.0, count) == number {
                spread.push((players, seat, number));
                break;
            }
        }
    }
    spread
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_whose_supervisor_dies_are_brought_back_and_their_players_stay() {
    let server = TestServer::start(|_| {}).await;
    let mut rooms = spread(&server).await;
    for kills in 1..=3 {
        kill(&server.server, &["rooms", "rooms/0"]).await;
        for (players, seat, number) in &mut rooms {
            all_play_on(players, kills - 1).await;
            let expected = if *number == 0 { kills as u64 } else { 0 };
            assert_eq!(server.restarts(seat.room), expected);
        }
    }
    kill(&server.server, &["rooms"]).await;
    for (players, ..) in &mut rooms {
        all_play_on(players, 3).await;
        assert!(players.iter().all(|player| player.stats().resumed == 0));
    }
    // Whoever asks for a room while its supervisor is down waits for the next one.
    let cell = crate::support::tree::actor(&server.server, &["rooms"]).await.unwrap();
    cell.kill();
    let (mut players, _) = players(&server, 2).await;
    all_play_on(&mut players, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_of_rooms_that_gives_up_takes_no_match_along() {
    let server = TestServer::start(|_| {}).await;
    let mut rooms = spread(&server).await;
    // One more than it may start anew in its time: it stops the others and fails.
    for _ in 0..11 {
        kill(&server.server, &["rooms", "rooms/0"]).await;
    }
    let gave_up = |children: Vec<greenroom::supervision::ChildInfo>| {
        children.iter().any(|child| &*child.id.to_string() == "rooms" && child.restarts == 1)
    };
    assert!(gave_up(children(&server.server, &[]).await.unwrap()));
    for (players, seat, _) in &mut rooms {
        all_play_on(players, 0).await;
        assert!(players.iter().all(|player| player.stats().resumed == 0));
        assert!(server.server.room(seat.room).is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_are_written_once_whenever_their_actor_dies() {
    let server = TestServer::start(|_| {}).await;
    let mut rooms = Vec::new();
    for _ in 0..5 {
        let (mut client, seat) = server.seated(new_room("")).await;
        client.start(&Request::End, DEADLINE).unwrap();
        kill(&server.server, &["results"]).await;
        ended(&mut client).await;
        rooms.push(seat.room.to_string());
    }
    let dir = server.stopped().await;
    let results = TestServer::results_in(&dir);
    let written: Vec<_> = results.iter().map(|line| line["room"].as_str().unwrap()).collect();
    assert_eq!(written, rooms);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_replay_is_kept_whenever_their_actor_dies() {
    let server = TestServer::start(|config| {
        config.replays.dir = Some(config.rooms.crash_dir.with_file_name("replays"));
    })
    .await;
    for _ in 0..3 {
        let (mut client, _) = server.seated(new_room("")).await;
        assert_eq!(add(&mut client, 1).await, 1);
        client.start(&Request::End, DEADLINE).unwrap();
        kill(&server.server, &["replays"]).await;
        ended(&mut client).await;
    }
    let dir = server.stopped().await;
    let kept = files(&dir.path().join("replays"));
    assert_eq!(kept.len(), 3);
    kept.iter().for_each(|file| drop(verified(file, &games())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_listener_nobody_is_refused_and_who_plays_notices_nothing() {
    let server = TestServer::start(|_| {}).await;
    let witness = witness(&server).await;
    for _ in 0..5 {
        let cell = crate::support::tree::actor(&server.server, &["listener"]).await.unwrap();
        cell.kill();
        let (mut client, _) = server.seated(new_room("")).await;
        assert_eq!(add(&mut client, 1).await, 1);
    }
    witness.plays_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_beyond_repair_says_so_and_the_next_process_goes_on() {
    // Ten ends in ten seconds are borne, the eleventh is not.
    let mut server = Hosted::failing("kill-listener=every:400ms");
    let mut one = server.connect().await;
    let seat = within("a seat", one.join(new_room(HOLDS))).await.unwrap();
    let mut two = server.connect().await;
    within("a seat", two.join(Join::Room(seat.room))).await.unwrap();
    assert_eq!(add(&mut one, 5).await, 5);
    let status = server.ended().await;
    assert_eq!(status.code(), Some(1), "{}", server.errors());
    assert!(server.errors().contains("the server failed too often and gave up"));
    server.faults.clear();
    server.start_again();
    let mut both = [one, two];
    all_play_on(&mut both, 5).await;
    assert!(both.iter().all(|client| client.stats().resumed == 1));
}
