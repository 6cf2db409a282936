//! Rooms that are found, watched, locked, hidden.

use std::collections::BTreeMap;

use greenroom::proto::{
    Condition, Fact, List, MetaEntry, NewRoom, Query, Refusal, RoomEntry, RoomId, Sort, Test, Text,
    Visibility,
};
use greenroom_client::{CallError, Client, Join, Update, WatchId};

use crate::support::hosting::Hosted;
use crate::support::probe::Request;
use crate::support::{DEADLINE, TestServer, find, new_room, next, state_where, within};

fn query(conditions: &[(&str, Test)]) -> Query {
    let condition = |(key, test): &(&str, Test)| Condition {
        fact: Fact::Key(Text::cut(key)),
        test: test.clone(),
    };
    let conditions = List::first(conditions.iter().map(condition));
    Query { game: Text::cut("probe"), conditions, ..Query::default() }
}

fn room(metadata: &[(&str, i64)]) -> NewRoom {
    let entry =
        |(key, value): &(&str, i64)| MetaEntry { key: Text::cut(key), value: (*value).into() };
    NewRoom { metadata: List::first(metadata.iter().map(entry)), ..NewRoom::default() }
}

async fn refused<T: std::fmt::Debug>(
    answer: impl Future<Output = Result<T, CallError>>,
) -> Refusal {
    match within("an answer", answer).await {
        Err(CallError::Refused { why, .. }) => why,
        other => panic!("not refused: {other:?}"),
    }
}

async fn found(client: &mut Client, query: &Query) -> Vec<RoomId> {
    let page = within("a page", client.find(query)).await.unwrap();
    page.rooms.into_iter().map(|room| room.room).collect()
}

/// What a watcher holds after the next update of its watch.
async fn told(client: &mut Client, watch: WatchId, held: &mut BTreeMap<RoomId, RoomEntry>) {
    loop {
        if let Update::Rooms { watch: of, added, changed, removed } = next(client).await
            && of == watch
        {
            for room in added {
                assert!(held.insert(room.room, room).is_none());
            }
            for room in changed {
                assert!(held.insert(room.room, room).is_some());
            }
            for room in removed {
                assert!(held.remove(&room).is_some());
            }
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_are_found_by_what_their_creator_and_their_game_say() {
    let server = TestServer::start(|_| {}).await;
    let (easy, hard) = (room(&[("level", 1), ("map", 3)]), room(&[("level", 5)]));
    let (_a, easy) = server.seated(Join::New { game: "probe", room: &easy }).await;
    let (mut b, hard) = server.seated(Join::New { game: "probe", room: &hard }).await;
    let (_c, plain) = server.seated(new_room(r#"{"seats":3}"#)).await;
    let mut client = server.connect().await;
    let hardest = Sort { by: Fact::Key(Text::cut("level")), descending: true };
    let all = Query { sort: hardest.clone(), ..query(&[]) };
    assert_eq!(found(&mut client, &all).await, [hard.room, easy.room, plain.room]);
    let some = query(&[("level", Test::Between(1, 4))]);
    assert_eq!(found(&mut client, &some).await, [easy.room]);
    // The game says something, in a step.
    let say = Request::Say(Text::cut("level"), 2);
    let _: i32 = within("an answer", b.request(&say, DEADLINE)).await.unwrap();
    assert_eq!(found(&mut client, &some).await, [easy.room, hard.room]);
    let page = within("a page", client.find(&some)).await.unwrap();
    assert_eq!(page.rooms[1].metadata.len(), 1);
    assert_eq!(page.rooms[1].metadata[0].value, 2.into());
    assert!(page.next.is_none());
    // Page by page.
    let mut one = Query { limit: 1, ..all };
    let mut pages = Vec::new();
    loop {
        let page = within("a page", client.find(&one)).await.unwrap();
        pages.extend(page.rooms.iter().map(|room| room.room));
        one.cursor = page.next;
        if one.cursor.is_none() {
            break;
        }
    }
    assert_eq!(pages, [hard.room, easy.room, plain.room]);
    one.limit = 51;
    assert_eq!(refused(client.find(&one)).await, Refusal::BadQuery);
    let chess = Query { game: Text::cut("chess"), ..Query::default() };
    assert_eq!(refused(client.find(&chess)).await, Refusal::UnknownGame);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_questions_are_refused_and_the_connection_goes_on() {
    let server = TestServer::start(|config| config.edge.finds_per_sec = 1).await;
    let mut client = server.connect().await;
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(client.find(&query(&[])).await.is_ok());
    }
    assert!(answers[..4].iter().all(|found| *found), "a few at once are fine");
    assert_eq!(refused(client.find(&query(&[]))).await, Refusal::Busy);
    within("a seat", client.join(new_room(""))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_matches_at_the_same_moment_ends_in_one_room() {
    let server = TestServer::start(|_| {}).await;
    let (new, mut joins) = (room(&[("level", 7)]), Vec::new());
    let asked = query(&[("level", Test::Is(7.into()))]);
    let mut nobody = server.connect().await;
    let join = Join::Match { query: &asked, or_create: None };
    assert_eq!(refused(nobody.join(join)).await, Refusal::UnknownRoom);
    for _ in 0..8 {
        let (mut client, new, asked) = (server.connect().await, new.clone(), asked.clone());
        joins.push(tokio::spawn(async move {
            let join = Join::Match { query: &asked, or_create: Some(&new) };
            let seat = client.join(join).await.unwrap();
            (client, seat.room)
        }));
    }
    let mut here = Vec::new();
    for join in joins {
        here.push(within("a seat", join).await.unwrap());
    }
    assert!(here.iter().all(|(_, room)| *room == here[0].1));
    assert_eq!(server.server.rooms(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_is_told_what_comes_changes_and_goes() {
    let server = TestServer::start(|config| {
        config.rooms.watch_interval = std::time::Duration::from_millis(10);
        config.rooms.room_empty = std::time::Duration::ZERO;
    })
    .await;
    let new = room(&[("level", 1)]);
    let (mut one, first) = server.seated(Join::New { game: "probe", room: &new }).await;
    let mut watcher = server.connect().await;
    let low = query(&[("level", Test::Between(0, 4))]);
    let watch = within("a watch", watcher.watch(&low)).await.unwrap();
    let mut held = BTreeMap::new();
    told(&mut watcher, watch, &mut held).await;
    assert_eq!(held.keys().copied().collect::<Vec<_>>(), [first.room]);
    let (mut two, second) = server.seated(Join::New { game: "probe", room: &new }).await;
    while held.len() < 2 {
        told(&mut watcher, watch, &mut held).await;
    }
    let (_three, _) = server.seated(Join::Room(second.room)).await;
    while held[&second.room].players < 2 {
        told(&mut watcher, watch, &mut held).await;
    }
    // It is not what is watched any more; then it is over.
    let say = |level| Request::Say(Text::cut("level"), level);
    let _: i32 = within("an answer", two.request(&say(9), DEADLINE)).await.unwrap();
    while held.contains_key(&second.room) {
        told(&mut watcher, watch, &mut held).await;
    }
    within("leaving", one.leave()).await.unwrap();
    while !held.is_empty() {
        told(&mut watcher, watch, &mut held).await;
    }
    watcher.unwatch(watch).unwrap();
    let with_age = Query {
        conditions: List::first([Condition { fact: Fact::Age, test: Test::Between(0, 9) }]),
        ..query(&[])
    };
    assert_eq!(refused(watcher.watch(&with_age)).await, Refusal::BadQuery);
    for _ in 0..4 {
        within("a watch", watcher.watch(&low)).await.unwrap();
    }
    assert_eq!(refused(watcher.watch(&low)).await, Refusal::Busy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_room_takes_nobody_but_those_with_a_kept_seat() {
    let server = TestServer::start(|_| {}).await;
    let (mut one, seat) = server.seated(new_room(r#"{"seats":4}"#)).await;
    let kept = server.server.directory().reserve(seat.room, 1, DEADLINE).unwrap();
    let _: i32 = within("an answer", one.request(&Request::Lock(true), DEADLINE)).await.unwrap();
    let mut other = server.connect().await;
    assert_eq!(refused(other.join(Join::Room(seat.room))).await, Refusal::Locked);
    let open = Join::Open { game: "probe", options: r#"{"seats":4}"# };
    assert_eq!(refused(other.join(open)).await, Refusal::UnknownRoom);
    let page = within("a page", other.find(&query(&[]))).await.unwrap();
    assert_eq!((page.rooms[0].locked, page.rooms[0].free), (true, 0));
    server.seated(Join::Reserved(&kept.codes[0])).await;
    let _: i32 = within("an answer", one.request(&Request::Lock(false), DEADLINE)).await.unwrap();
    within("a seat", other.join(Join::Room(seat.room))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_room_is_joined_by_its_code_only() {
    let server = TestServer::start(|_| {}).await;
    let private = NewRoom { visibility: Visibility::Private, seats: Some(2), ..NewRoom::default() };
    let (mut one, seat) = server.seated(Join::New { game: "probe", room: &private }).await;
    state_where(&mut one, |state| state.here == 1).await;
    let code = one.room_code().expect("a private room has a code").to_owned();
    let mut other = server.connect().await;
    assert!(found(&mut other, &query(&[])).await.is_empty());
    assert!(within("a list", other.list("probe")).await.unwrap().is_empty());
    assert_eq!(refused(other.join(Join::Room(seat.room))).await, Refusal::UnknownRoom);
    assert_eq!(refused(other.join(Join::Code("AAAA-AAAA"))).await, Refusal::BadCode);
    let typed = format!("{}-{}", &code[..4], code[4..].to_lowercase());
    let second = within("a seat", other.join(Join::Code(&typed))).await.unwrap();
    assert_eq!(second.room, seat.room);
    // Two seats were chosen, of the eight that the game has.
    let mut third = server.connect().await;
    assert_eq!(refused(third.join(Join::Code(&code))).await, Refusal::RoomFull);
    let many = NewRoom { seats: Some(9), ..NewRoom::default() };
    let join = Join::New { game: "probe", room: &many };
    assert_eq!(refused(third.join(join)).await, Refusal::BadOptions);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_cannot_be_guessed_at_will() {
    let server = TestServer::start(|config| config.listen.limit_loopback = true).await;
    let private = NewRoom { visibility: Visibility::Private, ..NewRoom::default() };
    let (_one, _) = server.seated(Join::New { game: "probe", room: &private }).await;
    let mut guesser = server.connect().await;
    let mut wrong = 0;
    while refused(guesser.join(Join::Code("AAAAAAAA"))).await == Refusal::BadCode {
        wrong += 1;
        assert!(wrong < 100, "nobody counts");
    }
    assert!(wrong >= 30, "a few mistakes are fine");
    // Not from another connection of the same address either.
    let mut again = server.connect().await;
    let answer = loop {
        // A second is enough for one more guess.
        match refused(again.join(Join::Code("AAAAAAAA"))).await {
            Refusal::BadCode => {}
            other => break other,
        }
    };
    assert_eq!(answer, Refusal::Busy);
    let answer = loop {
        match refused(again.reserve(Join::Code("AAAAAAAA"), 1)).await {
            Refusal::BadCode => {}
            other => break other,
        }
    };
    assert_eq!(answer, Refusal::Busy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_room_says_of_itself_survives_the_death_of_the_process() {
    let mut server = Hosted::start();
    let options = Text::cut(r#"{"hold_ms":30000}"#);
    let new = NewRoom { options, seats: Some(3), ..room(&[("level", 4)]) };
    let private = NewRoom { visibility: Visibility::Private, ..new.clone() };
    let mut one = server.connect().await;
    let listed = within("a seat", one.join(Join::New { game: "probe", room: &new })).await.unwrap();
    let say = Request::Say(Text::cut("round"), 9);
    let _: i32 = within("an answer", one.request(&say, DEADLINE)).await.unwrap();
    let _: i32 = within("an answer", one.request(&Request::Lock(true), DEADLINE)).await.unwrap();
    let mut two = server.connect().await;
    let hidden = Join::New { game: "probe", room: &private };
    let hidden = within("a seat", two.join(hidden)).await.unwrap();
    state_where(&mut two, |state| state.here == 1).await;
    let code = two.room_code().expect("a private room has a code").to_owned();
    server.kill();
    server.start_again();
    for client in [&mut one, &mut two] {
        find(client, |update| matches!(update, Update::Resumed { .. }).then_some(())).await;
    }
    let mut other = server.connect().await;
    let page = within("a page", other.find(&query(&[]))).await.unwrap();
    let [found] = page.rooms.as_slice() else { panic!("{page:?}") };
    assert_eq!((found.room, found.locked, found.players_max), (listed.room, true, 3));
    let said: Vec<_> = found.metadata.iter().map(|entry| (&*entry.key, &entry.value)).collect();
    assert_eq!(said, [("level", &4.into()), ("round", &9.into())]);
    let seat = within("a seat", other.join(Join::Code(&code))).await.unwrap();
    assert_eq!(seat.room, hidden.room);
}
