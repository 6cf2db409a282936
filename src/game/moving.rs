//! Where a game moves players to.

use greenroom_proto::{GameName, List, NewRoom, RoomId, Text, Visibility};
use serde::{Deserialize, Serialize};

use super::Game;
use crate::options::Options;

/// The room that [`Ctx::move_players`](super::Ctx::move_players) moves players to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MoveTo {
    /// This one, also if it is private.
    Room(RoomId),
    /// A new one.
    New {
        /// Its game.
        game: GameName,
        /// What it is to be.
        room: NewRoom,
    },
    /// The oldest listed one of this game with these options that has seats for all of them, or else
    /// such a new one.
    Open {
        /// Its game.
        game: GameName,
        /// What it is to be, if it is new.
        room: NewRoom,
    },
}

impl MoveTo {
    /// A new room of this game, which strangers find.
    ///
    /// ```
    /// # use greenroom::{MoveTo, Options, games::connect4::{Connect4, Connect4Options}};
    /// let to = MoveTo::new_room::<Connect4>(&Connect4Options::defaults());
    /// assert!(matches!(to, MoveTo::New { game, .. } if &*game == "connect4"));
    /// ```
    #[must_use]
    pub fn new_room<G: Game>(options: &G::Options) -> Self {
        MoveTo::New { game: Text::cut(G::NAME), room: listed(options) }
    }

    /// An open room of this game with these options, or else a new one.
    #[must_use]
    pub fn open_room<G: Game>(options: &G::Options) -> Self {
        MoveTo::Open { game: Text::cut(G::NAME), room: listed(options) }
    }
}

fn listed(options: &impl Options) -> NewRoom {
    NewRoom {
        options: Text::cut(&options.to_json()),
        seats: None,
        visibility: Visibility::Listed,
        metadata: List::default(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use greenroom_proto::{PlayerId, Refusal};

    use super::*;
    use crate::account::Person;
    use crate::game::{Ctx, Never, Said, Signal};
    use crate::options::NoOptions;
    use crate::room::origin::Origin;
    use crate::room::{AnyRoom, Command, Room};

    /// A word of two numbers moves the first player and one more to the room of the second.
    #[derive(Serialize, Deserialize)]
    struct Hall {
        stayed: Vec<(u32, PlayerId, Refusal)>,
        left: Vec<PlayerId>,
    }

    impl Game for Hall {
        const NAME: &'static str = "hall";
        type Options = NoOptions;
        type State = ();
        type Input = ();
        type Request = Never;
        type Reply = ();
        type Event = ();
        type Result = ();

        fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
            Hall { stayed: Vec::new(), left: Vec::new() }
        }
        fn state(&self) -> &() {
            &()
        }
        fn leave(&mut self, player: PlayerId, _: &mut Ctx<Self>) {
            self.left.push(player);
        }
        fn signal(&mut self, signal: &Signal, ctx: &mut Ctx<Self>) {
            match signal {
                Signal::NotMoved { effect, player, why } => {
                    self.stayed.push((*effect, *player, *why));
                }
                signal => {
                    let word = signal.word::<(u32, u32)>();
                    let (one, room) = word.expect("a word").expect("two numbers");
                    let players = [1, one, one].map(PlayerId);
                    ctx.move_players(&players, MoveTo::Room(RoomId(room.into())));
                }
            }
        }
    }

    fn step(room: &mut Room<Hall>, commands: &[Command]) -> Vec<Said> {
        let mut said = Vec::new();
        room.step(0, commands, &mut said);
        said
    }

    fn word(id: u64, body: &str) -> Command {
        Command::Signal(Signal::Word { id, body: body.into() })
    }

    fn hall() -> Room<Hall> {
        let mut room = Room::<Hall>::new("", 1).expect("a room");
        step(&mut room, &[1, 2, 3].map(|player| Command::join(PlayerId(player))));
        room
    }

    #[test]
    fn a_move_is_an_effect_with_a_number_for_those_who_have_a_seat() {
        let mut room = hall();
        let said = step(&mut room, &[word(1, "[2, 77]"), word(2, "[9, 78]")]);
        let moves: Vec<_> = said
            .into_iter()
            .filter_map(|said| match said {
                Said::Move { number, players, to } => Some((number, players, *to)),
                _ => None,
            })
            .collect();
        let both = vec![PlayerId(1), PlayerId(2)];
        let (first, second) = (MoveTo::Room(RoomId(77)), MoveTo::Room(RoomId(78)));
        assert_eq!(moves, [(1, both, first), (2, vec![PlayerId(1)], second)]);
        assert_eq!(room.effects_open(), [1, 2]);

        // One has gone, one stays, and then it is done.
        let (effect, player, why) = (1, PlayerId(2), Refusal::Game);
        step(
            &mut room,
            &[
                Command::Leave { player: PlayerId(1) },
                Command::Signal(Signal::NotMoved { effect, player, why }),
            ],
        );
        assert_eq!(room.effects_open(), [1, 2]);
        step(&mut room, &[Command::EffectDone { effect: 1 }]);
        assert_eq!(room.effects_open(), [2]);
        assert_eq!(room.game().left, [PlayerId(1)]);
        assert_eq!(room.game().stayed, [(1, PlayerId(2), Refusal::Game)]);
        assert_eq!(room.seated(), [PlayerId(2), PlayerId(3)]);
    }

    #[test]
    fn where_somebody_came_from_is_known_for_as_long_as_they_are_here() {
        let mut room = hall();
        let origins = [5, 6].map(|room| Origin::of(RoomId(room), PlayerId(1), (0, 1)));
        let person = Arc::new(Person::guest(4));
        let join = Command::Join { player: PlayerId(4), person, from: origins.to_vec() };
        step(&mut room, &[join]);
        // The last one counts; and a restored room knows as much.
        let mut room = Room::<Hall>::restore(&room.keyframe()).expect("its own keyframe");
        let before = room.hash();
        assert_eq!(room.came_from(PlayerId(4)), Some(RoomId(6)));
        assert_eq!(room.came_from(PlayerId(3)), None);
        step(&mut room, &[Command::Leave { player: PlayerId(4) }]);
        assert_eq!(room.came_from(PlayerId(4)), None);
        assert_ne!(room.hash(), before);
    }
}
