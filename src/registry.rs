//! Games by name. Everything that runs games (server, simulator, replays) takes a [`Games`], so
//! that a game from somebody else's crate is as good as a built-in one.

mod description;
mod games;

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use greenroom_proto::{Message, Shape, wire};
use serde_json::Value;

pub use self::games::{Entry, Games, UnknownGame};
use crate::game::{Chat, Game, Pace, People, Spectators};
use crate::options::{OptionHelp, Options};
use crate::room::{AnyRoom, Room, Taken};

/// Clients that wait for a seat in one room at most, whatever its game says: each is told its place
/// whenever that changes.
pub const WAITING_MAX: u32 = 64;

/// A game whose type is known only to itself: bytes in, bytes out.
pub trait AnyGame: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Version of its rules.
    fn version(&self) -> u32;
    /// What a creator may choose.
    fn option_help(&self) -> &'static [OptionHelp];
    /// Rooms of it that there may be.
    fn rooms_max(&self) -> usize;
    /// Whether a seat in it may be had beside another on the same connection.
    fn is_beside(&self) -> bool;
    /// Bytes of a room's state at most.
    fn state_bytes_max(&self) -> usize;
    /// Bytes of a creator's choice at most.
    fn options_bytes_max(&self) -> usize;
    /// Checks options, wherever they come from.
    fn plan(&self, options: &str) -> Result<RoomPlan, String>;
    /// Checks a creator's choice: what is too long is not looked into.
    fn choose(&self, options: &str) -> Result<RoomPlan, String> {
        let (length, max) = (options.len(), self.options_bytes_max());
        if length > max {
            let name = self.name();
            return Err(format!("the options take {length} bytes, and {name} takes {max} at most"));
        }
        self.plan(options)
    }
    /// The forms of its messages.
    fn messages(&self) -> MessageShapes;
    /// Whether these are the bytes of an input.
    fn is_input(&self, body: &[u8]) -> bool;
    /// Whether these are the bytes of a request.
    fn is_request(&self, body: &[u8]) -> bool;
    /// The bytes of an input that was written as JSON, in serde's usual form.
    fn input_from_json(&self, json: &Value) -> Result<Vec<u8>, String>;
    /// The bytes of a request, in the same way.
    fn request_from_json(&self, json: &Value) -> Result<Vec<u8>, String>;
    /// A reply as JSON, if these are the bytes of one.
    fn reply_json(&self, body: &[u8]) -> Option<Value>;
    /// An event as JSON, in the same way.
    fn event_json(&self, body: &[u8]) -> Option<Value>;
    /// A room before its first step, with options that [`AnyGame::plan`] returned.
    fn create(&self, options: &str, seed: u64) -> Result<Box<dyn AnyRoom>, String>;
    /// A room from a keyframe of this build, or one for which it is the same game.
    fn restore(&self, keyframe: &[u8]) -> Result<Box<dyn AnyRoom>, String>;
    /// A room from a keyframe of another build, see [`Room::take_over`].
    fn take_over(&self, keyframe: &[u8]) -> Result<(Box<dyn AnyRoom>, Taken), String>;
}

/// The forms of a game's messages, for clients that know no Rust.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct MessageShapes {
    /// Of [`Game::Input`].
    pub input: Shape,
    /// Of [`Game::Request`].
    pub request: Shape,
    /// Of [`Game::Reply`].
    pub reply: Shape,
    /// Of [`Game::Event`].
    pub event: Shape,
}

/// What options come to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomPlan {
    /// All options as JSON; equal plans have equal text.
    pub options: String,
    /// How time passes.
    pub pace: Pace,
    /// Seats.
    pub seats: u32,
    /// For how long a seat is held whose player's connection broke, in milliseconds.
    pub seat_hold_ms: u32,
    /// Clients that may wait for a seat.
    pub waiting_max: u32,
    /// After how long the game is told of a player who says nothing, if it wants to be.
    pub idle_after: Option<Duration>,
    /// For how long a room without players stays, if the game says.
    pub room_empty: Option<Duration>,
    /// How people without a seat look on, if they may.
    pub spectators: Option<Spectators>,
    /// What people are told of each other.
    pub people: People,
    /// How people talk to each other, if they may.
    pub chat: Option<Chat>,
}

/// The game of this type.
fn typed<G: Game>() -> Arc<dyn AnyGame> {
    Arc::new(Typed::<G>(PhantomData))
}

struct Typed<G>(PhantomData<fn() -> G>);

impl<G: Game> AnyGame for Typed<G> {
    fn name(&self) -> &'static str {
        G::NAME
    }
    fn version(&self) -> u32 {
        G::VERSION
    }
    fn option_help(&self) -> &'static [OptionHelp] {
        G::Options::HELP
    }
    fn rooms_max(&self) -> usize {
        G::ROOMS_MAX
    }
    fn is_beside(&self) -> bool {
        G::BESIDE
    }
    fn state_bytes_max(&self) -> usize {
        G::STATE_BYTES_MAX
    }
    fn options_bytes_max(&self) -> usize {
        G::OPTIONS_BYTES_MAX.min(greenroom_proto::OPTIONS_MAX)
    }
    fn plan(&self, options: &str) -> Result<RoomPlan, String> {
        let options = G::Options::parse(options)?;
        let pace = G::pace(&options).in_range();
        let seat_hold_ms = G::seat_hold(&options).as_millis().try_into().unwrap_or(u32::MAX);
        let (seats, waiting_max) = (G::seats(&options), G::waiting(&options).min(WAITING_MAX));
        let (room_empty, idle_after) = (G::room_empty(&options), G::idle_after(&options));
        Ok(RoomPlan {
            options: options.to_json(),
            pace,
            seats,
            seat_hold_ms,
            waiting_max,
            idle_after,
            room_empty,
            spectators: G::spectators(&options),
            people: G::people(&options),
            chat: G::chat(&options).map(Chat::in_range),
        })
    }
    fn messages(&self) -> MessageShapes {
        MessageShapes {
            input: G::Input::shape(),
            request: G::Request::shape(),
            reply: G::Reply::shape(),
            event: G::Event::shape(),
        }
    }
    fn is_input(&self, body: &[u8]) -> bool {
        decodes::<G::Input>(body)
    }
    fn is_request(&self, body: &[u8]) -> bool {
        decodes::<G::Request>(body)
    }
    fn input_from_json(&self, json: &Value) -> Result<Vec<u8>, String> {
        from_json::<G::Input>(json)
    }
    fn request_from_json(&self, json: &Value) -> Result<Vec<u8>, String> {
        from_json::<G::Request>(json)
    }
    fn reply_json(&self, body: &[u8]) -> Option<Value> {
        wire::decode::<G::Reply>(body).ok().and_then(|reply| serde_json::to_value(reply).ok())
    }
    fn event_json(&self, body: &[u8]) -> Option<Value> {
        wire::decode::<G::Event>(body).ok().and_then(|event| serde_json::to_value(event).ok())
    }
    fn create(&self, options: &str, seed: u64) -> Result<Box<dyn AnyRoom>, String> {
        let room = Room::<G>::new(options, seed).map_err(|error| error.to_string())?;
        Ok(Box::new(room))
    }
    fn restore(&self, keyframe: &[u8]) -> Result<Box<dyn AnyRoom>, String> {
        let room = Room::<G>::restore(keyframe).map_err(|error| error.to_string())?;
        Ok(Box::new(room))
    }
    fn take_over(&self, keyframe: &[u8]) -> Result<(Box<dyn AnyRoom>, Taken), String> {
        let (room, taken) = Room::<G>::take_over(keyframe).map_err(|error| error.to_string())?;
        Ok((Box::new(room), taken))
    }
}

/// Whether a stranger's bytes are a message. The type's own `Deserialize` may panic on them: that
/// is a message that does not decode.
fn decodes<M: Message>(body: &[u8]) -> bool {
    std::panic::catch_unwind(|| wire::decode::<M>(body).is_ok()).unwrap_or(false)
}

/// A stranger's JSON as the bytes of a message. A panic of the type's own `Deserialize` is a refusal.
fn from_json<M: Message>(json: &Value) -> Result<Vec<u8>, String> {
    std::panic::catch_unwind(|| M::deserialize(json).map(|message| wire::encode(&message)))
        .map_err(|_| "reading it panicked".to_owned())?
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use greenroom_proto::{PlayerId, Text};
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::game::{Ctx, Never};
    use crate::options::NoOptions;

    /// A game whose chat may say `MAX` bytes, and whose options may take as many.
    #[derive(Serialize, Deserialize)]
    struct Talk<const MAX: usize>;

    impl<const MAX: usize> Game for Talk<MAX> {
        const NAME: &'static str = "talk";
        const OPTIONS_BYTES_MAX: usize = MAX;
        type Options = NoOptions;
        type State = ();
        type Input = ();
        type Request = Never;
        type Reply = ();
        type Event = (PlayerId, Text<MAX>);
        type Result = ();

        fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
            Talk
        }
        fn state(&self) -> &() {
            &()
        }
    }

    impl<const MAX: usize> Talk<MAX> {
        fn chosen(options: &str) -> Result<RoomPlan, String> {
            let games = Games::new().add::<Self>();
            games.get("talk").unwrap().game.choose(options)
        }
    }

    #[test]
    fn options_have_the_length_that_the_game_takes_and_never_more_than_the_protocol_lets_through() {
        assert!(Talk::<7>::chosen(&" ".repeat(7)).is_ok());
        let refused = Talk::<7>::chosen(&" ".repeat(8)).err().unwrap();
        assert_eq!(refused, "the options take 8 bytes, and talk takes 7 at most");
        assert!(Talk::<4088>::chosen(&" ".repeat(1024)).is_ok());
        let refused = Talk::<4088>::chosen(&" ".repeat(1025)).err().unwrap();
        assert_eq!(refused, "the options take 1025 bytes, and talk takes 1024 at most");
    }

    #[test]
    fn messages_that_just_fit_are_taken() {
        assert!(Games::new().add::<Talk<4088>>().get("talk").is_ok());
    }

    #[test]
    #[should_panic(
        expected = "the Event of the game \"talk\" can take 4097 bytes, but a message has at most \
                    4096: give its Text, Blob, List, Map or Grid a smaller bound"
    )]
    fn messages_that_could_be_too_large_are_refused() {
        let _ = Games::new().add::<Talk<4089>>();
    }

    #[test]
    fn messages_are_json_for_those_who_know_no_rust() {
        use serde_json::json;

        let games = Games::builtin();
        let game = &games.get("connect4").unwrap().game;
        let drop = game.request_from_json(&json!({ "Drop": { "column": 3 } })).unwrap();
        assert!(game.is_request(&drop));
        for wrong in [json!({ "Drop": { "column": 300 } }), json!({ "Fly": {} }), json!(null)] {
            assert!(game.request_from_json(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(game.input_from_json(&json!(null)), Ok(vec![]));
        let event = crate::games::connect4::Event::Started { first: PlayerId(2) };
        assert_eq!(
            game.event_json(&wire::encode(&event)),
            Some(json!({ "Started": { "first": 2 } }))
        );
        assert_eq!((game.event_json(&[9]), game.reply_json(&[])), (None, None));
    }
}
