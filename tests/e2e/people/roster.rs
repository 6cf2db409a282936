//! What the people in a room are told of each other.

use greenroom::proto::{PlayerId, Profile, Someone};
use greenroom_client::{Client, Join, PersonChange, SeatInfo, Update};

use crate::support::proxy::Proxy;
use crate::support::who::{Keyed, NEW_ROOM, Panic};
use crate::support::{DEADLINE, TestServer, find, new_room, within};

/// A player of this account and name.
async fn seated(keyed: &Keyed, account: &str, name: &str, to: Join<'_>) -> (Client, SeatInfo) {
    let mut client = keyed.player(account).await;
    let profile = Profile::named(name).unwrap();
    let seat = within("a seat", client.join_as(to, profile)).await.unwrap();
    (client, seat)
}

/// Drives the client until it hears of people.
async fn changes(client: &mut Client) -> Vec<PersonChange> {
    find(client, |update| match update {
        Update::People(changes) => Some(changes),
        _ => None,
    })
    .await
}

/// Drives the client until it knows of somebody like this.
async fn knows(client: &mut Client, wanted: impl Fn(&Someone) -> bool) -> Someone {
    within("somebody", async {
        loop {
            let roster = client.roster().unwrap();
            if let Some(someone) = roster.people().find(|someone| wanted(someone)) {
                return someone.clone();
            }
            client.next().await;
        }
    })
    .await
}

fn players(client: &Client) -> Vec<u32> {
    client.roster().unwrap().people().map(|someone| someone.player.0).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_and_goes_is_told_with_names_and_accounts() {
    let keyed = Keyed::start(|_| {}).await;
    let (mut ada, seat) = seated(&keyed, "ada", "Ada", NEW_ROOM).await;
    assert!(matches!(&changes(&mut ada).await[..], [PersonChange::Joined(own)]
        if own.player == seat.player && &*own.account == "ada"));
    // Turned around by its owner, and as the game and the server let it be.
    let (mut bob, seat_of_bob) = seated(&keyed, "bob", "\u{202e}boB", Join::Room(seat.room)).await;
    let told = knows(&mut ada, |someone| someone.player == seat_of_bob.player).await;
    assert_eq!((&*told.account, &*told.profile.name, told.connected), ("bob", "boB", true));
    knows(&mut bob, |someone| someone.player == seat.player).await;
    assert_eq!(players(&bob), [1, 2]);
    within("the end", bob.leave()).await.unwrap();
    assert!(bob.roster().is_none());
    let left = find(&mut ada, |update| match update {
        Update::People(changes) => changes.into_iter().find_map(|change| match change {
            PersonChange::Left(someone) => Some(someone),
            _ => None,
        }),
        _ => None,
    })
    .await;
    assert_eq!((left.player, players(&ada)), (seat_of_bob.player, vec![1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_break_is_told_and_whoever_comes_back_is_brought_up_to_date_without_doubles() {
    let keyed = Keyed::start(|_| {}).await;
    let (mut ada, seat) = seated(&keyed, "ada", "Ada", NEW_ROOM).await;
    let proxy = Proxy::to(keyed.server.server.wss()).await;
    let mut connect = keyed.connect_as("bob", greenroom::account::Role::Player);
    connect.url = format!("wss://{}", proxy.address);
    let mut bob = within("a connection", Client::connect(connect)).await.unwrap();
    let own = within("a seat", bob.join(Join::Room(seat.room))).await.unwrap().player;
    knows(&mut bob, |someone| someone.player == seat.player).await;
    // For a while there is no way to the server.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    proxy.goes_to(nobody);
    proxy.cut();
    knows(&mut ada, |someone| someone.player == own && !someone.connected).await;
    let (mut cleo, third) = seated(&keyed, "cleo", "Cleo", Join::Room(seat.room)).await;
    proxy.goes_to(keyed.server.server.wss());
    let mut told = Vec::new();
    while !told.contains(&third.player) {
        for change in changes(&mut bob).await {
            match change {
                PersonChange::Joined(someone) => told.push(someone.player),
                other => assert_eq!(other, PersonChange::Resumed(own)),
            }
        }
    }
    assert_eq!(told, [third.player], "those who were here are not told again");
    knows(&mut ada, |someone| someone.player == own && someone.connected).await;
    // The room fails and is brought back: nobody has come or gone.
    let _ = cleo.start(&Panic, DEADLINE).unwrap();
    let (mut dan, fourth) = seated(&keyed, "dan", "Dan", Join::Room(seat.room)).await;
    let change = find(&mut ada, |update| match update {
        Update::People(changes) => changes.into_iter().find(|change| {
            !matches!(
                change,
                PersonChange::Resumed(_)
                    | PersonChange::Joined(Someone { player: PlayerId(3), .. })
            )
        }),
        _ => None,
    })
    .await;
    assert!(matches!(change, PersonChange::Joined(someone) if someone.player == fourth.player));
    knows(&mut dan, |someone| someone.player == fourth.player).await;
    assert_eq!(players(&dan), [1, 2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_look_on_are_a_number() {
    let keyed = Keyed::start(|_| {}).await;
    let (mut ada, seat) = seated(&keyed, "ada", "Ada", NEW_ROOM).await;
    let mut eve = keyed.player("eve").await;
    within("a place", eve.spectate(seat.room)).await.unwrap();
    within("the number", async {
        while ada.roster().unwrap().spectators() != 1 {
            ada.next().await;
        }
    })
    .await;
    assert_eq!(players(&ada), [1]);
    assert!(eve.roster().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_game_hides_people_nothing_is_told() {
    let server = TestServer::start(|_| {}).await;
    let (mut one, seat) = server.seated(new_room("{}")).await;
    let (_two, _) = server.seated(Join::Room(seat.room)).await;
    let mut frames = 0;
    while frames < 20 {
        match within("an update", one.next()).await {
            Update::People(changes) => panic!("{changes:?}"),
            Update::Frame { .. } => frames += 1,
            _ => {}
        }
    }
    assert_eq!(one.roster().unwrap().people().count(), 0);
}
