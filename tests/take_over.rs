//! Keyframes of one build of a game, read by another: taken over as they are, migrated, or refused,
//! and never read as something else.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use greenroom::prelude::*;
use greenroom::room::{AnyRoom, Command, Room, RoomError, Taken};

/// A game that counts what its players say, in a number of builds.
macro_rules! build {
    (
        $name:ident, version $version:literal,
        fields {$($field:ident: $type:ty = $value:expr),*}, input {$($say:ident: $kind:ty),*},
        $(migrate $migrate:item)?
    ) => {
        mod $name {
            use super::*;

            #[derive(Replicate, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
            pub struct State {
                pub sum: i32,
            }

            #[derive(Message, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
            pub struct Input {
                $(pub $say: $kind),*
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub struct Count {
                pub state: State,
                $(pub $field: $type),*
            }

            impl Game for Count {
                const NAME: &'static str = "count";
                const VERSION: u32 = $version;
                type Options = NoOptions;
                type State = State;
                type Input = Input;
                type Request = Never;
                type Reply = ();
                type Event = u32;
                type Result = ();
                fn new(_: &NoOptions, ctx: &mut Ctx<Self>) -> Self {
                    ctx.timer(std::time::Duration::from_millis(500), 7);
                    Count { state: State::default(), $($field: $value),* }
                }
                $($migrate)?
                fn state(&self) -> &State {
                    &self.state
                }
                fn tick(&mut self, ctx: &mut Ctx<Self>) {
                    let inputs: Vec<_> = ctx.players().map(|player| ctx.input(player)).collect();
                    self.state.sum += inputs.into_iter().map(|input| i32::from(input.add)).sum::<i32>();
                }
                fn timer(&mut self, id: u32, ctx: &mut Ctx<Self>) {
                    let lot = ctx.rng().below(100);
                    ctx.send(To::All, &(id + lot));
                }
            }
        }
    };
}

build!(v1, version 1, fields { laps: u32 = 3, fuel: u32 = 90 }, input { add: i8 }, );
build!(renamed_type, version 1, fields { laps: Laps = Laps(3), fuel: u32 = 90 }, input { add: i8 }, );
build!(swapped, version 1, fields { fuel: u32 = 90, laps: u32 = 3 }, input { add: i8 }, );
build!(rules, version 2, fields { laps: u32 = 3, fuel: u32 = 90 }, input { add: i8 },
    migrate fn migrate(old: OldGame<'_>) -> Result<Self, String> { old.read() });
build!(v3, version 3, fields { laps: u64 = 3, pits: Vec<u8> = vec![] }, input { add: i16, honk: bool },
migrate fn migrate(old: OldGame<'_>) -> Result<Self, String> {
assert!(old.is::<v1::Count>() && !old.is::<Self>());
    let v1::Count { state, laps, fuel } = old.read()?;
    Ok(Count { state: State { sum: state.sum }, laps: laps.into(), pits: vec![fuel as u8] })
});

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Laps(u32);

/// A room in which one player says 2 and another 3, after ten steps.
fn played<G: Game>(inputs: [&[u8]; 2]) -> Room<G> {
    let mut room = Room::<G>::new("", 5).unwrap();
    let mut commands = Vec::new();
    for (player, body) in (1..).map(PlayerId).zip(inputs) {
        commands.push(Command::join(player));
        commands.push(Command::Input { player, body: body.to_vec() });
    }
    step(&mut room, 1, &commands);
    step(&mut room, 9, &[]);
    room
}

/// Makes so many steps; what was said in them, as text.
fn step<G: Game>(room: &mut Room<G>, steps: u32, commands: &[Command]) -> String {
    let mut said = Vec::new();
    for _ in 0..steps {
        room.step(0, commands, &mut said);
    }
    format!("{said:?}")
}

fn v1_played() -> Room<v1::Count> {
    played([&[2], &[3]])
}

#[test]
fn the_same_game_goes_on_as_if_nothing_had_been() {
    let mut room = v1_played();
    let keyframe = room.keyframe();
    let (mut taken, how) = Room::<renamed_type::Count>::take_over(&keyframe).unwrap();
    assert_eq!(how, Taken { migrated: false, inputs_reset: false });
    assert_eq!(taken.keyframe(), keyframe);
    assert_eq!(step(&mut taken, 20, &[]), step(&mut room, 20, &[]));
    assert_eq!(taken.hash(), room.hash());
    assert_eq!(taken.game().state.sum, 150);
    assert!(Room::<renamed_type::Count>::restore(&keyframe).is_ok());
}

#[test]
fn other_rules_go_on_with_the_old_match_if_the_game_says_so() {
    let mut room = v1_played();
    let keyframe = room.keyframe();
    let (mut taken, how) = Room::<rules::Count>::take_over(&keyframe).unwrap();
    assert_eq!(how, Taken { migrated: true, inputs_reset: false });
    assert_eq!(step(&mut taken, 20, &[]), step(&mut room, 20, &[]));
    // From now on it is a room of this build.
    assert!(Room::<rules::Count>::restore(&taken.keyframe()).is_ok());
    let strict = Room::<rules::Count>::restore(&keyframe).err();
    assert_eq!(strict, Some(RoomError::Version { theirs: 1, ours: 2 }));
}

#[test]
fn other_fields_go_through_migrate_and_all_that_is_ours_is_taken_over() {
    let mut room = v1_played();
    let (mut taken, how) = Room::<v3::Count>::take_over(&room.keyframe()).unwrap();
    assert_eq!(how, Taken { migrated: true, inputs_reset: true });
    let v3::Count { state, laps, pits } = taken.game().clone();
    assert_eq!((state.sum, laps, pits), (50, 3, vec![90]));
    assert_eq!((taken.tick(), taken.seated()), (room.tick(), room.seated()));
    // The timer, with the same random number.
    let said = step(&mut taken, 20, &[]);
    assert!(said.contains("Event"), "{said}");
    assert_eq!(said, step(&mut room, 20, &[]));
    assert_eq!(taken.game().state.sum, 50, "inputs of another type are the default");
    step(&mut taken, 1, &[Command::Input { player: PlayerId(2), body: vec![14, 1] }]);
    assert_eq!(taken.game().state.sum, 57);
}

#[test]
fn changed_fields_without_a_new_version_are_refused_and_never_nonsense() {
    let keyframe = v1_played().keyframe();
    let strict = Room::<swapped::Count>::restore(&keyframe).err();
    assert_eq!(strict, Some(RoomError::Layout(1)));
    let Err(RoomError::NotMigrated(why)) = Room::<swapped::Count>::take_over(&keyframe) else {
        panic!("its bytes decode as the other, which is the danger")
    };
    assert!(why.contains("raise Game::VERSION") && why.contains("\"count\""), "{why}");
}

#[test]
fn a_match_of_a_newer_version_is_refused_with_a_sentence() {
    let newer = played::<v3::Count>([&[4, 0], &[6, 0]]).keyframe();
    let Err(RoomError::NotMigrated(why)) = Room::<v1::Count>::take_over(&newer) else {
        panic!("it has no migrate")
    };
    assert!(why.contains("begun by version 3") && why.contains("version 1 has"), "{why}");
}

#[test]
fn an_old_match_is_read_as_what_it_was_only() {
    let keyframe = played::<swapped::Count>([&[2], &[3]]).keyframe();
    // A migrate that believes that it is of another type.
    let Err(RoomError::NotMigrated(why)) = Room::<rules::Count>::take_over(&keyframe) else {
        panic!("it was read as something else")
    };
    assert!(why.contains("was not a take_over::rules::Count"), "{why}");
}

#[test]
fn damaged_keyframes_are_errors() {
    let keyframe = v1_played().keyframe();
    for length in 0..keyframe.len() {
        assert!(Room::<v1::Count>::restore(&keyframe[..length]).is_err(), "{length}");
        assert!(Room::<v3::Count>::take_over(&keyframe[..length]).is_err(), "{length}");
    }
    for place in 28..keyframe.len() {
        let mut other = keyframe.clone();
        other[place] ^= 0x41;
        // Whatever comes of it, it comes to an end.
        let _ = Room::<v1::Count>::restore(&other).map(|room| room.keyframe());
        let _ = Room::<v3::Count>::take_over(&other).map(|(room, _)| room.keyframe());
    }
}
