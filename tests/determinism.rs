//! The property on which everything rests: a room is a pure function of its log. Checked with
//! whatever may happen to a room, in whatever order.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use std::sync::Arc;

use greenroom::Games;
use greenroom::account::{Account, Person};
use greenroom::game::{Said, Signal, Speech};
use greenroom::proto::{PlayerId, Refusal, RoomId, Text, wire};
use greenroom::registry::Entry;
use greenroom::room::conduct::{Measure, Ruling};
use greenroom::room::listing::Setup;
use greenroom::room::log::{Keep, Log};
use greenroom::room::origin::Origin;
use greenroom::room::{AnyRoom, Command};
use proptest::collection::vec;
use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

/// A step: what happens, and the time that has passed since the last.
type Step = (Vec<Command>, u64);

/// Bodies of inputs and requests: some of each game, and some of none.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (any::<bool>(), any::<i8>(), any::<bool>()).prop_map(|input| wire::encode(&input)),
        (any::<i8>(), any::<i8>(), any::<bool>()).prop_map(|input| wire::encode(&input)),
        // `Drop { column }`, mostly in a column that there is.
        (0u8..9).prop_map(|column| wire::encode(&(0u32, column))),
        // `Choose`, `Draw`, `Pass` and `Say` of cards.
        (1u32..5, 0u8..4).prop_map(|(what, suit)| match what {
            1 => wire::encode(&(1u32, u32::from(suit))),
            4 => wire::encode(&(5u32, "hello")),
            what => wire::encode(&what),
        }),
        vec(any::<u8>(), 0..6),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    // Few players, so that they meet; one of them never has a seat in connect4.
    let player = || (1u32..5).prop_map(PlayerId);
    prop_oneof![
        2 => player().prop_map(Command::join),
        1 => player().prop_map(|player| Command::Leave { player }),
        1 => player().prop_map(|player| Command::Drop { player }),
        1 => player().prop_map(|player| Command::Resume { player }),
        6 => (player(), body()).prop_map(|(player, body)| Command::Input { player, body }),
        6 => (player(), any::<u32>(), body())
            .prop_map(|(player, id, body)| Command::Request { player, id, body }),
        1 => (any::<u32>(), body())
            .prop_map(|(effect, body)| Command::Signal(Signal::Answer { effect, body })),
        1 => any::<u32>().prop_map(|effect| Command::Signal(Signal::Lost { effect })),
        1 => (any::<u32>(), player()).prop_map(|(effect, player)| {
            let why = Refusal::RoomFull;
            Command::Signal(Signal::NotMoved { effect, player, why })
        }),
        1 => (player(), any::<u64>()).prop_map(|(player, room)| {
            let origin = Origin::of(RoomId(room), player, (0, 1));
            let person = Arc::new(Person::guest(room));
            Command::Join { player, person, from: vec![origin] }
        }),
        1 => body().prop_map(|body| Command::Signal(Signal::Word { id: 7, body })),
        1 => any::<u32>().prop_map(|effect| Command::EffectDone { effect }),
        1 => player().prop_map(|player| Command::Idle { player }),
        // A guest's account has the number of their player in it.
        1 => (1u64..5, 0u8..4, 0u64..3_000).prop_map(|(guest, what, for_ms)| {
            let account = Account::guest(guest).id().clone();
            let reason = Text::new();
            let measure = match what {
                0 => Measure::Ban { for_ms, reason },
                1 => Measure::Unban,
                2 => Measure::Mute { for_ms, reason },
                _ => Measure::Unmute,
            };
            Command::Rule(Box::new(Ruling { account, measure }))
        }),
        2 => (player(), any::<u32>(), 0u8..3).prop_map(|(player, id, scope)| {
            let speech = Box::new(Speech { scope, text: Text::cut("gg 🦀") });
            Command::Chat { player, id, speech }
        }),
        1 => any::<u32>().prop_map(|seats| {
            Command::Open(Setup { seats: Some(seats), ..Setup::default() })
        }),
    ]
}

fn steps(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    let joins = [1, 2].map(|player| Command::join(PlayerId(player))).to_vec();
    vec((vec(command(), 0..5), 0u64..1500), count).prop_map(move |mut steps| {
        steps.insert(0, (joins.clone(), 0));
        steps
    })
}

/// Every game, with options under which much happens in little time.
fn room() -> impl Strategy<Value = (&'static str, String, u64)> {
    // Mostly slow: then the steps of a test are seconds, in which ships meet.
    let hz = prop_oneof![3 => 2u16..12, 1 => 1u16..=128];
    let arena = (hz, 2u8..=4, 1u16..4).prop_map(|(hz, players, goal)| {
        let options = format!(
            r#"{{"tick_hz": {hz}, "max_players": {players}, "score_limit": {goal}, "life": 1,
                 "time_limit_secs": 5}}"#
        );
        ("arena", options)
    });
    let connect4 = (1u16..5).prop_map(|secs| ("connect4", format!(r#"{{"turn_secs": {secs}}}"#)));
    let cards = (1u8..3, 1u16..3).prop_map(|(deals, secs)| {
        ("cards", format!(r#"{{"players": 2, "deals": {deals}, "turn_secs": {secs}}}"#))
    });
    // So small and so full of pellets that creatures grow and meet.
    let swarm = (5u16..20, 2u16..=4, 50u32..200).prop_map(|(hz, players, pellets)| {
        let options = format!(
            r#"{{"tick_hz": {hz}, "max_players": {players}, "pellets": {pellets},
                 "time_limit_secs": 5}}"#
        );
        ("swarm", options)
    });
    (prop_oneof![arena, cards, connect4, swarm], any::<u64>())
        .prop_map(|((game, options), seed)| (game, options, seed))
}

fn create(games: &Games, game: &str, options: &str, seed: u64) -> (Entry, Box<dyn AnyRoom>, Log) {
    let entry = games.get(game).unwrap().clone();
    let plan = entry.game.plan(options).unwrap();
    let room = entry.game.create(&plan.options, seed).unwrap();
    let log = Log::new(entry.header(&plan, seed), room.as_ref());
    (entry, room, log)
}

/// Steps a room through all of this until it is over; after each step its hash and what it said.
fn play(room: &mut dyn AnyRoom, steps: &[Step], mut time_ms: u64) -> Vec<(u64, Vec<Said>)> {
    let mut after = Vec::new();
    for (commands, passed_ms) in steps {
        if room.is_over() {
            break;
        }
        time_ms += passed_ms;
        let mut said = Vec::new();
        room.step(time_ms, commands, &mut said);
        after.push((room.hash(), said));
    }
    after
}

fn logged(room: &mut dyn AnyRoom, log: &mut Log, steps: &[Step], keyframe_every: usize) {
    let mut time_ms = 0;
    for (place, (commands, passed_ms)) in steps.iter().enumerate() {
        if room.is_over() {
            break;
        }
        time_ms += passed_ms;
        log.step(room.tick().next(), time_ms, commands);
        room.step(time_ms, commands, &mut Vec::new());
        if Log::wants_hash(room) {
            log.hash(room.hash());
        }
        if place % keyframe_every == 0 {
            log.keyframe(room.tick(), room.keyframe(), Keep::All);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restored_room_goes_on_exactly_as_the_original(
        (game, options, seed) in room(), steps in steps(1..60),
    ) {
        let (entry, mut original, _) = create(&Games::builtin(), game, &options, seed);
        let whole = play(original.as_mut(), &steps, 0);
        let (_, mut room, _) = create(&Games::builtin(), game, &options, seed);
        let mut time_ms = 0;
        for start in 0..whole.len() {
            let mut restored = entry.game.restore(&room.keyframe()).unwrap();
            let rest = play(restored.as_mut(), &steps[start..], time_ms);
            prop_assert_eq!(&rest, &whole[start..], "from step {}", start);
            time_ms += steps[start].1;
            room.step(time_ms, &steps[start].0, &mut Vec::new());
        }
    }

    #[test]
    fn a_log_replays_from_each_of_its_keyframes(
        (game, options, seed) in room(), steps in steps(1..200), keyframe_every in 1usize..90,
    ) {
        let (entry, mut room, mut log) = create(&Games::builtin(), game, &options, seed);
        logged(room.as_mut(), &mut log, &steps, keyframe_every);
        let read = Log::of_bytes(&log.to_bytes()).unwrap();
        prop_assert_eq!(&read, &log);
        for from in 0..read.keyframes() {
            let replayed = read.verify(from, |keyframe| entry.game.restore(keyframe));
            prop_assert_eq!(replayed.map(|replayed| replayed.hash), Ok(room.hash()));
        }
    }

    #[test]
    fn a_log_that_was_cut_or_changed_is_an_error(
        (game, options, seed) in room(), steps in steps(1..40),
        at in any::<prop::sample::Index>(), bits in 1u8.., cut in any::<bool>(),
    ) {
        let (_, mut room, mut log) = create(&Games::builtin(), game, &options, seed);
        logged(room.as_mut(), &mut log, &steps, 7);
        let mut bytes = log.to_bytes();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= bits }
        prop_assert!(Log::of_bytes(&bytes).is_err());
    }

    /// As above, but the damage was done before the checksum was made.
    #[test]
    fn decoding_a_log_never_panics(
        (game, options, seed) in room(), steps in steps(1..20),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (_, mut room, mut log) = create(&Games::builtin(), game, &options, seed);
        logged(room.as_mut(), &mut log, &steps, 7);
        let mut bytes = log.to_bytes();
        bytes.truncate(bytes.len() - 8);
        for (at, byte) in changes {
            let at = 8 + at.index(bytes.len() - 8);
            bytes[at] = byte;
        }
        bytes.extend_from_slice(&xxh3_64(&bytes).to_le_bytes());
        let _ = Log::of_bytes(&bytes);
    }
}

#[test]
fn a_change_of_one_input_is_seen_by_the_next_hash() {
    let games = Games::builtin();
    let (entry, mut room, mut log) = create(&games, "arena", r#"{"time_limit_secs": 5}"#, 1);
    let player = PlayerId(1);
    let mut steps: Vec<Step> = vec![(vec![Command::join(player)], 0)];
    steps.extend((0..149).map(|_| (Vec::new(), 0)));
    steps[20].0.push(Command::Input { player, body: vec![1, 100, 0, 0] });
    logged(room.as_mut(), &mut log, &steps, 1000);
    assert!(room.is_over(), "5 s are over");
    let original = log.clone();
    let replay = |log: &Log| log.verify(0, |keyframe| entry.game.restore(keyframe));
    assert!(replay(&original).is_ok());

    let (_, mut room, mut log) = create(&games, "arena", r#"{"time_limit_secs": 5}"#, 1);
    steps[20].0[0] = Command::Input { player, body: vec![1, 98, 0, 0] };
    logged(room.as_mut(), &mut log, &steps, 1000);
    assert_ne!(replay(&log).unwrap().hash, replay(&original).unwrap().hash);
}
