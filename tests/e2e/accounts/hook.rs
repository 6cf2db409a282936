//! A hook of the studio's own: slow, broken, busy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use greenroom::Games;
use greenroom::account::{Account, Role};
use greenroom::auth::Denied;
use greenroom::config::Config;
use greenroom::proto::{AuthToken, JoinTarget, List, PROTOCOL_VERSION, Profile, Text, Then};
use greenroom::proto::{Refusal, ToClient, ToServer};
use greenroom_client::{Client, Connect, ConnectError};

use super::turned_away;
use crate::support::raw::{Got, Raw, Target};
use crate::support::who::{NEW_ROOM, known};
use crate::support::{DEADLINE, TestServer, probe, until, within};

/// Does what the token says.
fn games() -> Games {
    probe::games().authenticate(|token: Option<AuthToken>| {
        let said = token.as_ref().map(|token| token.as_str().to_owned()).unwrap_or_default();
        assert_ne!(said, "panic at once");
        async move {
            match said.as_str() {
                "" => Ok(None),
                "panic" => panic!("as the token says"),
                "never" => std::future::pending().await,
                "down" => Err(std::io::Error::other("the backend is down"))?,
                "no" => Err(Denied::Refused("nobody knows them".to_owned())),
                id => Ok(Some(Account::new(id, Role::Player)?)),
            }
        }
    })
}

async fn start(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::hosting(games(), change).await
}

fn with(server: &TestServer, token: &str) -> Connect {
    Connect { token: Some(token.to_owned()), ..server.connect_with() }
}

async fn let_in(server: &TestServer, token: &str) -> Client {
    within("a connection", Client::connect(with(server, token))).await.unwrap()
}

fn hello(token: &str) -> ToServer {
    let token = Some(AuthToken::try_from(token).unwrap());
    let (client, schemas) = (Text::cut("raw"), List::default());
    ToServer::Hello { protocol: PROTOCOL_VERSION, client, token, schemas }
}

async fn says(server: &TestServer, token: &str) -> Raw {
    let mut raw = Target::of(server).open().await;
    raw.say(&hello(token)).await;
    raw
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_end_of_a_hook_has_its_code() {
    let server = start(|config| config.auth.timeout = Duration::from_millis(300)).await;
    for (token, code, then) in [
        ("no", 4004, Then::Stop),
        ("panic", 4004, Then::Stop),
        ("panic at once", 4004, Then::Stop),
        ("down", 4105, Then::BackOff),
        ("never", 4105, Then::BackOff),
        // What it made is no account.
        ("guest-7", 4105, Then::BackOff),
    ] {
        assert_eq!(turned_away(with(&server, token)).await, (code, then), "{token}");
    }
    let mut ada = let_in(&server, "ada").await;
    let seat = within("a seat", ada.join(NEW_ROOM)).await.unwrap();
    assert_eq!(&*known(&mut ada, seat.player).await.account, "ada");
    // A hook may take guests, too.
    let mut guest = server.connect().await;
    let seat = within("a seat", guest.join(NEW_ROOM)).await.unwrap();
    assert!(known(&mut guest, seat.player).await.account.starts_with("guest-"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_hangs_up_while_the_hook_thinks_frees_their_place() {
    let server = start(|config| {
        config.auth.timeout = Duration::from_secs(60);
        config.auth.at_once_max = 1;
    })
    .await;
    let raw = says(&server, "never").await;
    until("it is here", || server.server.connections() == 1).await;
    drop(raw);
    until("it is gone", || server.server.connections() == 0).await;
    let_in(&server, "ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_before_the_welcome_waits_within_bounds() {
    let server = start(|config| config.auth.timeout = Duration::from_secs(60)).await;
    let list = |id| ToServer::List { id, game: Text::cut("who") };
    let mut raw = says(&server, "ada").await;
    raw.say(&list(1)).await;
    assert!(matches!(raw.next().await, Got::Control(ToClient::Welcome { .. })));
    assert!(matches!(raw.next().await, Got::Control(ToClient::Rooms { id: 1, .. })));

    let mut raw = says(&server, "never").await;
    raw.say(&ToServer::Request { id: 7, body: Default::default() }).await;
    let Got::Control(ToClient::Refused { id: 7, why: Refusal::NoSeat, .. }) = raw.next().await
    else {
        panic!("nobody has a seat before the welcome");
    };
    for id in 0..9 {
        raw.say(&list(id)).await;
    }
    assert_eq!(raw.close_code().await.0, 4001);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_hello_is_no_second_chance() {
    let server = start(|_| {}).await;
    let mut raw = says(&server, "never").await;
    raw.say(&hello("ada")).await;
    assert_eq!(raw.close_code().await.0, 4001);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_beside_a_key_is_a_mistake_that_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let paths = greenroom::certs::ensure(dir.path(), false).unwrap().paths;
    let identity = greenroom::certs::Identity::of_files(&paths.server, &paths.server_key).unwrap();
    let mut config = Config::default();
    config.auth.key = Some(dir.path().join("auth.key"));
    let spec = greenroom::server::ServerSpec { config, games: games(), identity, results: None };
    let error = greenroom::server::Server::start(spec).await.err().unwrap().to_string();
    assert!(error.contains("leave --auth-key out"), "{error}");
}

/// More than the hook can see to in time: some get in, the others are told to come back, nobody is
/// forgotten, and never are more asked about at once than may be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_wait_their_turn_at_a_slow_hook() {
    const CLIENTS: usize = 1000;
    const AT_ONCE: usize = 8;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (Arc::clone(&now), Arc::clone(&most));
    let games = probe::games().authenticate(move |token: Option<AuthToken>| {
        let (now, most) = counts.clone();
        async move {
            struct Leave(Arc<AtomicUsize>);
            impl Drop for Leave {
                fn drop(&mut self) {
                    self.0.fetch_sub(1, Ordering::SeqCst);
                }
            }
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let _leave = Leave(now);
            let token = token.ok_or_else(|| Denied::Refused("no token".into()))?;
            match token.as_str().ends_with('7') {
                true => std::future::pending().await,
                false => tokio::time::sleep(Duration::from_millis(10)).await,
            }
            Ok(Some(Account::new(token.as_str(), Role::Player)?))
        }
    });
    let server = TestServer::hosting(games, |config| {
        config.auth.timeout = Duration::from_secs(1);
        config.auth.at_once_max = AT_ONCE;
        // A debug build needs a while for so many handshakes.
        let deadlines = &mut config.deadlines;
        deadlines.tls_timeout = DEADLINE;
        deadlines.head_timeout = DEADLINE;
        deadlines.hello_timeout = DEADLINE;
    })
    .await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let connect =
            Connect { step_deadline: DEADLINE, ..with(&server, &format!("client-{number}")) };
        tasks.spawn(async move {
            match Client::connect(connect).await {
                Ok(client) => (0, Some(client)),
                Err(ConnectError::Closed { closed, .. }) => (closed.code, None),
                Err(error) => panic!("{error}"),
            }
        });
    }
    let mut ends = BTreeMap::<u16, Vec<_>>::new();
    within("an end for everybody", async {
        while let Some(end) = tasks.join_next().await {
            let (code, client) = end.unwrap();
            ends.entry(code).or_default().push(client);
        }
    })
    .await;
    let count = |code| ends.get(&code).map_or(0, Vec::len);
    assert_eq!(count(0) + count(4105), CLIENTS, "{:?}", ends.keys());
    assert!(count(0) > 0 && count(4105) >= CLIENTS / 10, "{} let in", count(0));
    assert!(most.load(Ordering::SeqCst) <= AT_ONCE);
    assert_eq!(now.load(Ordering::SeqCst), 0);
    // Those that nobody drives meanwhile may have lost their connection, on a slow machine.
    until("the others are gone", || server.server.connections() <= count(0)).await;
    let one = ends.get_mut(&0).unwrap().iter_mut().flatten().next().unwrap();
    within("a list", one.list("who")).await.unwrap();
    // A client that was told to come back is let in.
    let_in(&server, "client-1000").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_that_is_asked_for_early_is_given_after_the_welcome() {
    let server = start(|_| {}).await;
    let mut raw = says(&server, "ada").await;
    let to = JoinTarget::Create { game: Text::cut("who"), options: Text::new() };
    raw.say(&ToServer::Join { id: 1, to, schema: None, profile: Profile::default() }).await;
    assert!(matches!(raw.next().await, Got::Control(ToClient::Welcome { .. })));
    assert!(matches!(raw.next().await, Got::Control(ToClient::Joined(_))));
}
