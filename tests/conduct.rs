//! Bans and mutes as a room sees them: whatever comes in the same step, in whichever order.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use std::sync::Arc;
use std::time::Duration;

use greenroom::account::{Account, AccountId, Person, Role};
use greenroom::game::Said;
use greenroom::prelude::*;
use greenroom::proto::PlayerId;
use greenroom::room::conduct::{Measure, Ruling};
use greenroom::room::recovery::{Decision, Progress};
use greenroom::room::{AnyRoom, Command, Room, Step};
use serde::{Deserialize, Serialize};

/// Whoever asks has the player of this number banned; 0 panics.
#[derive(Serialize, Deserialize)]
struct Court {
    left: u32,
}

impl Game for Court {
    const NAME: &'static str = "court";
    type Options = NoOptions;
    type State = ();
    type Input = ();
    type Request = u32;
    type Reply = ();
    type Event = ();
    type Result = ();

    fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
        Court { left: 0 }
    }
    fn pace(_: &NoOptions) -> Pace {
        Pace::OnCommand
    }
    fn state(&self) -> &() {
        &()
    }
    fn leave(&mut self, _: PlayerId, _: &mut Ctx<Self>) {
        self.left += 1;
    }
    fn request(&mut self, _: PlayerId, player: u32, ctx: &mut Ctx<Self>) {
        assert!(player > 0, "as was asked for");
        ctx.ban(PlayerId(player), Duration::from_secs(60));
    }
}

const EVE: PlayerId = PlayerId(2);

fn account(id: &str) -> Account {
    Account::new(id, Role::Player).unwrap()
}

fn join(player: u32, id: &str) -> Command {
    let person = Person { account: account(id), ..Person::guest(0) };
    Command::Join { player: PlayerId(player), person: Arc::new(person), from: Default::default() }
}

fn rule(id: &str, measure: Measure) -> Command {
    let account: AccountId = account(id).id().clone();
    Command::Rule(Box::new(Ruling { account, measure }))
}

fn ban(id: &str) -> Command {
    rule(id, Measure::Ban { for_ms: 60_000, reason: Text::cut("spam") })
}

/// Ada is player 1, Eve player 2.
fn court() -> Room<Court> {
    let mut room = Room::new("", 1).unwrap();
    step(&mut room, 10, &[join(1, "ada"), join(2, "eve")]);
    room
}

fn step(room: &mut Room<Court>, time_ms: u64, commands: &[Command]) -> Vec<Said> {
    let mut said = Vec::new();
    room.step(time_ms, commands, &mut said);
    said.retain(|said| !matches!(said, Said::Conduct { .. }));
    said
}

/// What a host does about it: the seats of those who were kicked end in the next step.
fn carry_out(room: &mut Room<Court>, time_ms: u64, said: &[Said]) -> Vec<Said> {
    let leave = |said: &Said| match said {
        Said::Kick(player) => Some(Command::Leave { player: *player }),
        _ => None,
    };
    step(room, time_ms, &said.iter().filter_map(leave).collect::<Vec<_>>())
}

fn is_banned(said: &Said, who: PlayerId) -> bool {
    matches!(said, Said::Banned(player, lasting) if *player == who && lasting.for_ms > 0)
}

fn request(what: u32) -> Command {
    Command::Request { player: PlayerId(1), id: 1, body: greenroom::proto::wire::encode(&what) }
}

#[test]
fn whoever_joins_in_the_step_of_the_ban_is_out_before_it_and_after_it() {
    for commands in [[ban("eve"), join(3, "eve")], [join(3, "eve"), ban("eve")]] {
        let mut room = court();
        let said = step(&mut room, 20, &commands);
        let later = carry_out(&mut room, 30, &said);
        let both: Vec<_> = said.iter().chain(&later).collect();
        for player in [EVE, PlayerId(3)] {
            assert!(both.iter().any(|said| is_banned(said, player)), "{player:?}: {both:?}");
        }
        assert_eq!(room.seated(), [PlayerId(1)]);
        // Another may come under the number of nobody.
        assert!(matches!(step(&mut room, 40, &[join(4, "bob")])[..], [Said::Joined(..)]));
    }
}

#[test]
fn a_seat_that_is_about_to_end_is_not_come_back_to() {
    let resume = Command::Resume { player: EVE };
    for (first, second) in [
        (vec![Command::Drop { player: EVE }, ban("eve"), resume.clone()], vec![]),
        (vec![Command::Drop { player: EVE }, resume.clone(), ban("eve")], vec![resume.clone()]),
        (vec![Command::Drop { player: EVE }, request(2)], vec![resume.clone(), resume]),
    ] {
        let mut room = court();
        let said = step(&mut room, 20, &first);
        assert!(said.contains(&Said::Kick(EVE)), "{said:?}");
        assert_eq!(room.going(), [EVE]);
        // What came in between is silent: nobody is told that they are back.
        let between = step(&mut room, 25, &second);
        assert!(!between.iter().any(|said| matches!(said, Said::Resumed(_))), "{between:?}");
        let later = carry_out(&mut room, 30, &said);
        assert!(matches!(&later[..], [said] if is_banned(said, EVE)), "{later:?}");
        assert_eq!((room.game().left, room.going().len()), (1, 0));
    }
}

#[test]
fn a_ban_of_the_backend_holds_also_in_a_step_of_which_little_is_left() {
    let mut room = court();
    let (commands, mut said) = ([request(0), ban("eve"), join(3, "eve")], Vec::new());
    let step_left_out = Step { time_ms: 20, commands: &commands, decisions: &[Decision::Skip] };
    room.make(step_left_out, &Progress::default(), &mut said);
    assert!(
        said.contains(&Said::Kick(EVE)) && said.iter().any(|said| is_banned(said, PlayerId(3)))
    );
}

#[test]
fn it_is_in_the_keyframe_and_ends_in_time() {
    let mut room = court();
    step(&mut room, 1_000, &[ban("eve"), Command::Leave { player: EVE }]);
    let mut room = Room::<Court>::restore(&room.keyframe()).unwrap();
    assert!(is_banned(&step(&mut room, 60_999, &[join(3, "eve")])[0], PlayerId(3)));
    assert!(matches!(step(&mut room, 61_000, &[join(4, "eve")])[..], [Said::Joined(..)]));
}
