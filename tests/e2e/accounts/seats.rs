//! Whose a seat is.

use greenroom::account::Role;
use greenroom::proto::{Refusal, Then, Token};
use greenroom_client::{CallError, Client, Connect, Join, Lost, Resume, Update};

use crate::support::hosting::Hosted;
use crate::support::proxy::Proxy;
use crate::support::who::{self, Keyed, NEW_ROOM, Panic, known, new_keys};
use crate::support::{DEADLINE, find, until, within};

async fn client(connect: Connect) -> Client {
    within("a connection", Client::connect(connect)).await.unwrap()
}

/// Why the seat of this token is not given.
async fn refused(client: &mut Client, token: &Token) -> Refusal {
    match within("an answer", client.resume(token)).await {
        Err(CallError::Refused { why, .. }) => why,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spectator_takes_no_seat() {
    let keyed = Keyed::start(|_| {}).await;
    let mut player = keyed.player("ada").await;
    let seat = within("a seat", player.join(NEW_ROOM)).await.unwrap();
    let token = player.seat_token().unwrap().clone();
    let mut spectator = client(keyed.connect_as("eve", Role::Spectator)).await;
    for to in [NEW_ROOM, Join::Room(seat.room), Join::OpenOrCreate { game: "who", options: "" }] {
        let error = within("an answer", spectator.join(to)).await.unwrap_err();
        assert!(matches!(error, CallError::Refused { why: Refusal::NotAllowed, .. }), "{error}");
    }
    assert_eq!(within("a list", spectator.list("who")).await.unwrap().len(), 1);
    // Not even one that was theirs when they were a player.
    let mut demoted = client(keyed.connect_as("ada", Role::Spectator)).await;
    assert_eq!(refused(&mut demoted, &token).await, Refusal::NotAllowed);
    let mut operator = client(keyed.connect_as("olga", Role::Operator)).await;
    within("a seat", operator.join(Join::Room(seat.room))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_token_gives_nobody_elses_seat_and_costs_its_owner_nothing() {
    let keyed = Keyed::start(|_| {}).await;
    let mut ada = keyed.player("ada").await;
    let seat = within("a seat", ada.join(NEW_ROOM)).await.unwrap();
    let token = ada.seat_token().unwrap().clone();
    let mut thief = keyed.player("mallory").await;
    for _ in 0..3 {
        assert_eq!(refused(&mut thief, &token).await, Refusal::OtherAccount);
    }
    // Ada has noticed nothing, and her token is as good as it was.
    assert_eq!(&*known(&mut ada, seat.player).await.account, "ada");
    assert!(ada.is_connected());
    drop(ada);
    let mut ada = keyed.player("ada").await;
    let again = within("the seat", ada.resume(&token)).await.unwrap();
    assert_eq!(again.player, seat.player);
    // The thief may play, as who they are.
    let seat = within("a seat", thief.join(Join::Room(seat.room))).await.unwrap();
    assert_eq!(&*known(&mut thief, seat.player).await.account, "mallory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_stays_its_accounts_own_when_the_room_panics_and_the_process_is_killed() {
    let mut server = Hosted::start_in(|dir| drop(new_keys(&dir.join("auth.key"))));
    let keys = greenroom::auth::keys::Keys::read(&server.dir.path().join("auth.key")).unwrap();
    let connect = |server: &Hosted, id: &str| Connect {
        token: Some(who::token(&keys, id, Role::Player)),
        resume: Resume::Off,
        ..server.connect_with()
    };
    let mut ada = client(connect(&server, "ada")).await;
    let profile = greenroom::proto::Profile::named("Ada L.").unwrap();
    let seat = within("a seat", ada.join_as(NEW_ROOM, profile)).await.unwrap();
    let panicked: Result<(), _> = within("an answer", ada.request(&Panic, DEADLINE)).await;
    assert!(matches!(panicked, Err(CallError::Refused { why: Refusal::Failed, .. })));
    let before = known(&mut ada, seat.player).await;
    let token = ada.seat_token().unwrap().clone();

    server.kill();
    server.start_again();
    let mut thief = client(connect(&server, "mallory")).await;
    assert_eq!(refused(&mut thief, &token).await, Refusal::OtherAccount);
    let mut ada = client(connect(&server, "ada")).await;
    let again = within("the seat", ada.resume(&token)).await.unwrap();
    assert_eq!((again.room, again.player), (seat.room, seat.player));
    assert_eq!(known(&mut ada, seat.player).await, before);
    assert_eq!((&*before.account, &*before.name), ("ada", "Ada L."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_has_their_seat_by_its_token_alone_and_nobody_elses() {
    let server = crate::support::TestServer::start(|_| {}).await;
    let mut guest = server.connect().await;
    let seat = within("a seat", guest.join(NEW_ROOM)).await.unwrap();
    let token = guest.seat_token().unwrap().clone();
    let before = known(&mut guest, seat.player).await;
    drop(guest);
    until("it is gone", || server.server.connections() == 0).await;
    let mut again = server.connect().await;
    within("the seat", again.resume(&token)).await.unwrap();
    assert_eq!(known(&mut again, seat.player).await, before);
    // Two guests are two accounts.
    let mut other = server.connect().await;
    let theirs = within("a seat", other.join(Join::Room(seat.room))).await.unwrap();
    assert_ne!(known(&mut other, theirs.player).await.account, before.account);
}

/// Drives the client until it is back in its seat.
async fn resumed(client: &mut Client) {
    find(client, |update| matches!(update, Update::Resumed { .. }).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_comes_back_as_the_one_it_is_by_then() {
    for newest_wins in [true, false] {
        let keyed = Keyed::start(|config| config.auth.newest_wins = newest_wins).await;
        let proxy = Proxy::to(keyed.server.server.wss()).await;
        let url = format!("wss://{}", proxy.address);
        let mut ada = client(Connect { url, ..keyed.connect_as("ada", Role::Player) }).await;
        within("a seat", ada.join(NEW_ROOM)).await.unwrap();
        proxy.cut();
        resumed(&mut ada).await;
        // With a newer token, too.
        ada.set_token(who::token(&keyed.keys, "ada", Role::Player));
        proxy.cut();
        resumed(&mut ada).await;
        // One that does not hold ends it.
        ada.set_token("expired");
        proxy.cut();
        let closed = find(&mut ada, |update| match update {
            Update::Closed(closed) => Some(closed),
            _ => None,
        })
        .await;
        let Some(Lost::Hopeless(why)) = &closed.lost else { panic!("{closed}") };
        assert!(why.contains("4004") && closed.then == Then::Stop, "{closed}");
    }
}
