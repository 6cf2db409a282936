//! How many connections an account has.

use greenroom::account::Role;
use greenroom::proto::Then;
use greenroom_client::{Client, ConnectError, Update};

use super::turned_away;
use crate::support::who::{Keyed, NEW_ROOM};
use crate::support::{closed, find, until, within};

/// As many as connect in one moment.
const CROWD: usize = 8;

/// All connect at once as one account.
async fn crowd(keyed: &Keyed) -> Vec<Result<Client, ConnectError>> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CROWD {
        tasks.spawn(Client::connect(keyed.connect_as("ada", Role::Player)));
    }
    within("an end for everybody", tasks.join_all()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_connection_closes_the_one_before_for_good() {
    let keyed = Keyed::start(|_| {}).await;
    let mut older = keyed.player("ada").await;
    let seat = within("a seat", older.join(NEW_ROOM)).await.unwrap();
    let token = older.seat_token().unwrap().clone();
    let bob = keyed.player("bob").await;
    let mut newer = keyed.player("ada").await;
    let end = find(&mut older, |update| match update {
        Update::Closed(closed) => Some(closed),
        _ => None,
    })
    .await;
    assert_eq!((end.code, end.then), (4009, Then::Stop));
    // It is the same account: the seat is theirs.
    let again = within("the seat", newer.resume(&token)).await.unwrap();
    assert_eq!((again.room, again.player), (seat.room, seat.player));
    assert!(bob.is_connected() && newer.is_connected());
    until("two are left", || keyed.server.server.connections() == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_come_in_one_moment_one_stays_where_the_newest_wins() {
    let keyed = Keyed::start(|_| {}).await;
    for _ in 0..4 {
        let mut all: Vec<Client> = Vec::new();
        for end in crowd(&keyed).await {
            match end {
                Ok(client) => all.push(client),
                Err(ConnectError::Closed { closed, .. }) => assert_eq!(closed.code, 4009),
                Err(error) => panic!("{error}"),
            }
        }
        until("one is left", || keyed.server.server.connections() == 1).await;
        let mut left = 0;
        for client in &mut all {
            match within("an answer", client.list("who")).await {
                Ok(_) => left += 1,
                Err(_) => assert_eq!(client.closed().map(|closed| closed.code), Some(4009)),
            }
        }
        assert_eq!(left, 1);
        drop(all);
        until("nobody is left", || keyed.server.server.connections() == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_come_in_one_moment_one_is_let_in_where_the_oldest_stays() {
    let keyed = Keyed::start(|config| config.auth.newest_wins = false).await;
    for _ in 0..4 {
        let mut all = Vec::new();
        for end in crowd(&keyed).await {
            match end {
                Ok(client) => all.push(client),
                Err(ConnectError::Closed { closed, .. }) => {
                    assert_eq!((closed.code, closed.then), (4106, Then::BackOff));
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(all.len(), 1);
        let again = keyed.connect_as("ada", Role::Player);
        assert_eq!(turned_away(again).await.0, 4106);
        let mut only = all.pop().unwrap();
        within("a list", only.list("who")).await.unwrap();
        drop(only);
        until("nobody is left", || keyed.server.server.connections() == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_as_the_setting_says_stay_and_the_oldest_goes_first() {
    let keyed = Keyed::start(|config| config.auth.per_account_max = 2).await;
    let mut first = keyed.player("ada").await;
    let mut second = keyed.player("ada").await;
    let mut third = keyed.player("ada").await;
    assert_eq!(closed(&mut first).await, 4009);
    for client in [&mut second, &mut third] {
        within("a list", client.list("who")).await.unwrap();
    }
}
