//! People in a room talk to each other.

use std::time::Duration;

use greenroom::proto::{PlayerId, Profile, Refusal, Text};
use greenroom_client::{CallError, Client, Connect, Join, Update};

use super::{line, say, texts, unsaid};
use crate::ops::on_a_free_port;
use crate::support::hosting::Hosted;
use crate::support::http::change;
use crate::support::probe::Request;
use crate::support::who::Keyed;
use crate::support::{DEADLINE, TestServer, find, new_room, state_where, within};

async fn ask(client: &mut Client, request: &Request) -> i32 {
    within("an answer", client.request(request, DEADLINE)).await.unwrap()
}

/// A server, and Ada, Bob and Carol (1, 2 and 3) in a room with these options.
async fn three(options: &str) -> (TestServer, [Client; 3]) {
    let server = TestServer::start(|_| {}).await;
    let (mut ada, mut bob, mut carol) =
        (server.connect().await, server.connect().await, server.connect().await);
    let as_ada = Profile::named("Ada").unwrap();
    let seat = within("a seat", ada.join_as(new_room(options), as_ada)).await.unwrap();
    for (client, name) in [(&mut bob, "Bob"), (&mut carol, "Carol")] {
        let profile = Profile::named(name).unwrap();
        within("a seat", client.join_as(Join::Room(seat.room), profile)).await.unwrap();
    }
    (server, [ada, bob, carol])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_hears_everything_in_one_order_the_speaker_too() {
    for tick_hz in [30, 0] {
        let options = format!(r#"{{"chat":true,"tick_hz":{tick_hz},"chat_burst":100}}"#);
        let (_server, mut all) = three(&options).await;
        for turn in 0..20 {
            let speaker = &mut all[turn % 3];
            say(speaker, &format!("line {turn}")).await;
        }
        for client in &mut all {
            let heard = texts(client, 20).await;
            let expected: Vec<_> = (0..20).map(|turn| format!("line {turn}")).collect();
            assert_eq!(heard, expected);
        }
        let [ada, bob, _] = &mut all;
        say(bob, "  gg\n\n wp \u{202e}").await;
        let heard = line(ada).await;
        assert_eq!(
            (heard.from, &*heard.name, heard.scope, &*heard.text),
            (Some(PlayerId(2)), "Bob", 0, "gg wp")
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_game_addresses_rewrites_refuses_and_swallows_lines() {
    let (_server, mut all) = three(r#"{"chat":true,"chat_burst":100}"#).await;
    let [ada, bob, carol] = &mut all;
    // Ada and Carol are a team.
    within("a line", ada.chat(1, "left flank")).await.unwrap();
    assert_eq!(unsaid(ada, 2, "who hears this?").await.0, Refusal::Game);
    assert_eq!(unsaid(ada, 0, "darn it").await, (Refusal::Game, "mind your words".into()));
    say(ada, "/hide").await;
    say(ada, "/roll").await;
    ask(ada, &Request::Announce(Text::cut("round 2"))).await;
    let heard = line(carol).await;
    assert_eq!((heard.scope, &*heard.text), (1, "left flank"));
    for client in [ada, bob, carol] {
        let rolled = find(client, |update| match update {
            Update::Chat(line) if line.scope == 0 => Some(line),
            _ => None,
        })
        .await;
        assert_eq!(&*rolled.text, "rolls a 4");
        let round = line(client).await;
        assert_eq!((round.from, &*round.name, &*round.text), (None, "", "round 2"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_later_is_told_the_last_public_lines_once() {
    let options = r#"{"chat":true,"chat_burst":100,"chat_backlog":3}"#;
    let (server, mut all) = three(options).await;
    let [ada, ..] = &mut all;
    for text in ["one", "two", "three", "four"] {
        say(ada, text).await;
    }
    within("a line", ada.chat(1, "for the team")).await.unwrap();
    let seat = ada.seat().unwrap().clone();
    let (mut late, own) = server.seated(Join::Room(seat.room)).await;
    say(&mut late, "hello").await;
    let mut lines = Vec::new();
    for _ in 0..4 {
        lines.push(line(&mut late).await);
    }
    let heard: Vec<&str> = lines.iter().map(|line| &*line.text).collect();
    assert_eq!(heard, ["two", "three", "four", "hello"]);
    assert_eq!((&*lines[0].name, lines[3].from), ("Ada", Some(own.player)));
    assert!(lines.is_sorted_by_key(|line| line.at) && lines[2].at < lines[3].at);
    // None is told where none is kept.
    let (_server, mut all) = three(r#"{"chat":true,"chat_backlog":0}"#).await;
    say(&mut all[0], "lost").await;
    let (mut late, _) = _server.seated(Join::Room(all[0].seat().unwrap().room)).await;
    say(&mut late, "anybody?").await;
    assert_eq!(texts(&mut late, 1).await, ["anybody?"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_lines_are_refused_until_their_time_has_passed() {
    let (_server, mut all) = three(r#"{"chat":true,"chat_burst":2,"chat_every_ms":400}"#).await;
    let [ada, bob, _] = &mut all;
    say(ada, "one").await;
    say(ada, "two").await;
    let (why, text) = unsaid(ada, 0, "three").await;
    assert_eq!(why, Refusal::TooFast);
    assert_eq!(text, "too many lines at once: the next one in 1 s");
    // Nobody else is slowed down.
    say(bob, "me").await;
    within("another line", async {
        while let Err(error) = ada.chat(0, "three").await {
            assert!(matches!(error, CallError::Refused { why: Refusal::TooFast, .. }));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(texts(bob, 4).await, ["one", "two", "me", "three"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_look_on_hear_what_is_said_to_all_as_late_as_they_see() {
    let server = TestServer::start(|config| {
        config.spectators.delay = Duration::from_millis(300);
    })
    .await;
    for public in [true, false] {
        let options = format!(r#"{{"chat":true,"chat_burst":100,"chat_public":{public}}}"#);
        let (mut ada, seat) = server.seated(new_room(&options)).await;
        let mut watcher = server.connect().await;
        within("a place", watcher.spectate(seat.room)).await.unwrap();
        state_where(&mut watcher, |_| true).await;
        let began = std::time::Instant::now();
        within("a line", ada.chat(1, "for the team")).await.unwrap();
        say(&mut ada, "for all").await;
        ask(&mut ada, &Request::Add(9)).await;
        if public {
            let heard = line(&mut watcher).await;
            assert_eq!((&*heard.text, heard.from), ("for all", Some(seat.player)));
            assert!(began.elapsed() >= Duration::from_millis(280), "{:?}", began.elapsed());
        }
        // And nothing else.
        let mut sum = 0;
        within("the state", async {
            while sum != 9 {
                let update = watcher.next().await;
                assert!(!matches!(update, Update::Chat(_)), "{update:?}");
                let state = watcher.state::<crate::support::probe::State>().unwrap();
                sum = state.map_or(sum, |state| state.sum);
            }
        })
        .await;
        let refused = within("an answer", watcher.chat(0, "hey")).await;
        assert!(matches!(refused, Err(CallError::NoSeat)), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_muted_is_told_so_and_heard_again_in_time() {
    let keyed = Keyed::start(on_a_free_port).await;
    let ops = keyed.server.server.ops().unwrap();
    let mut ada = keyed.player("ada").await;
    let options = r#"{"chat":true,"chat_burst":100}"#;
    let room = within("a seat", ada.join(new_room(options))).await.unwrap().room;
    let mut eve = keyed.player("eve").await;
    let player = within("a seat", eve.join(Join::Room(room))).await.unwrap().player;
    ask(&mut ada, &Request::Mute(player, 3_600_000)).await;
    let (why, text) = unsaid(&mut eve, 0, "spam").await;
    assert_eq!((why, &*text), (Refusal::Muted, "you are muted in this room for 60 min still"));
    // It is the account.
    within("the end", eve.leave()).await.unwrap();
    let player = within("a seat", eve.join(Join::Room(room))).await.unwrap().player;
    assert_eq!(unsaid(&mut eve, 0, "spam").await.0, Refusal::Muted);
    ask(&mut ada, &Request::Mute(player, 0)).await;
    say(&mut eve, "sorry").await;
    ask(&mut ada, &Request::Mute(player, 200)).await;
    within("it to be over", async {
        while let Err(error) = eve.chat(0, "again").await {
            assert!(matches!(error, CallError::Refused { why: Refusal::Muted, .. }), "{error:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let at = |what: &str| format!("POST /v1/rooms/{room}/{what}");
    let body = serde_json::json!({"account": "eve", "seconds": 60, "reason": "spam"});
    assert_eq!(change(ops, &at("mute"), &body).await.status, 200);
    let (why, text) = within("the mute", async {
        loop {
            match eve.chat(0, "still?").await {
                Err(CallError::Refused { why, text }) => return (why, text),
                other => other.unwrap(),
            }
        }
    })
    .await;
    assert_eq!((why, &*text), (Refusal::Muted, "you are muted in this room for 60 s still: spam"));
    // Ada heard what was said and nothing else.
    assert_eq!(texts(&mut ada, 2).await, ["sorry", "again"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_makes_the_game_panic_is_left_out_and_the_chat_goes_on() {
    let (server, mut all) = three(r#"{"chat":true,"chat_burst":100}"#).await;
    let [ada, bob, _] = &mut all;
    say(ada, "before").await;
    assert_eq!(unsaid(ada, 0, "/panic").await.0, Refusal::Failed);
    say(ada, "after").await;
    assert_eq!(texts(bob, 2).await, ["before", "after"]);
    assert!(server.restarts(ada.seat().unwrap().room) >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_talks_where_there_is_no_chat_and_in_the_arena_they_do() {
    let server = TestServer::start(|_| {}).await;
    let (mut quiet, _) = server.seated(new_room("{}")).await;
    assert_eq!(unsaid(&mut quiet, 0, "hello?").await.0, Refusal::NoChat);
    let (mut ada, seat) = server.seated(Join::Create { game: "arena", options: "" }).await;
    let (mut bob, _) = server.seated(Join::Room(seat.room)).await;
    say(&mut ada, "gl hf").await;
    assert_eq!(texts(&mut bob, 1).await, ["gl hf"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_and_a_deploy_lose_no_line_and_double_none() {
    let mut server = Hosted::start();
    let options = r#"{"hold_ms":60000,"chat":true,"chat_burst":1000}"#;
    let mut ada = server.connect().await;
    let room = within("a seat", ada.join(new_room(options))).await.unwrap().room;
    let connect = Connect { ..server.connect_with() };
    let mut bob = within("a connection", Client::connect(connect)).await.unwrap();
    within("a seat", bob.join(Join::Room(room))).await.unwrap();
    let mut said = Vec::new();
    for kills in [true, false] {
        for _ in 0..10 {
            let text = format!("line {}", said.len());
            say(&mut ada, &text).await;
            said.push(text);
        }
        match kills {
            true => server.kill(),
            false => {
                server.terminate();
                assert!(server.ended().await.success());
            }
        }
        server.start_again();
        // Said while nobody listens: it is said once.
        let text = format!("line {}", said.len());
        say(&mut ada, &text).await;
        said.push(text);
    }
    for client in [&mut bob, &mut ada] {
        assert_eq!(texts(client, said.len()).await, said);
    }
    let mut late = server.connect().await;
    within("a seat", late.join(Join::Room(room))).await.unwrap();
    say(&mut late, "hi").await;
    let heard = texts(&mut late, 21).await;
    assert_eq!((&heard[..20], &*heard[20]), (&said[said.len() - 20..], "hi"));
}
