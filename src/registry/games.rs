//! The games that a program knows, each with its schema, its bots and who does what it asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use greenroom_proto::{
    BODY_MAX, Blob, GAME_NAME_MAX, Layout, Message, Rows, Schema, layout_of, schema_of, wire,
};

use super::{AnyGame, RoomPlan, description};
use crate::auth::Authenticate;
use crate::bot::{AnyBot, Bot, BotMaker, TypedBot};
use crate::effects::EffectHandler;
use crate::game::Game;
use crate::room::Header;
use crate::training::{self, AnyTraining, Training, TrainingRoom};

/// A game with all that is known about it.
#[derive(Clone)]
pub struct Entry {
    /// The game.
    pub game: Arc<dyn AnyGame>,
    /// What its state consists of.
    pub schema: Arc<Schema>,
    /// Hash of the schema.
    pub schema_hash: u64,
    /// Lanes of the schema.
    pub layout: Layout,
    /// Does what the game asks of the outside world, if anybody does.
    pub effects: Option<EffectHandler>,
    /// What a learner is to know of it, if it says anything.
    pub training: Option<Arc<dyn AnyTraining>>,
    bots: Vec<(&'static str, BotMaker)>,
}

impl Entry {
    /// What its clients see and say, as JSON: as `greenroom schema` prints it.
    pub fn description(&self) -> Result<String, String> {
        description::of(self)
    }

    /// Names of its bots; the first is the default.
    #[must_use]
    pub fn bot_names(&self) -> Vec<&'static str> {
        self.bots.iter().map(|(name, _)| *name).collect()
    }

    /// A bot by name.
    #[must_use]
    pub fn bot(&self, name: &str, seed: u64) -> Option<Box<dyn AnyBot>> {
        self.bots.iter().find(|(known, _)| *known == name).map(|(_, make)| make(seed))
    }

    /// A room before its first step in which somebody learns, with options of a plan.
    pub fn training_room(&self, options: &str, seed: u64) -> Result<Box<dyn TrainingRoom>, String> {
        match &self.training {
            Some(training) => training.create(options, seed),
            None => Ok(Box::new(training::Untold(self.game.create(options, seed)?))),
        }
    }

    /// The schema as a client gets it that may know it already.
    #[must_use]
    pub fn schema_for(&self, is_known: bool) -> Option<Blob<{ 64 * 1024 }>> {
        (!is_known).then(|| wire::encode(&*self.schema).try_into().ok()).flatten()
    }

    /// The header of a new room's log.
    #[must_use]
    pub fn header(&self, plan: &RoomPlan, seed: u64) -> Header {
        Header {
            game: self.game.name().to_owned(),
            version: self.game.version(),
            build: 0,
            schema_hash: self.schema_hash,
            options: plan.options.clone(),
            seed,
            pace: plan.pace,
        }
    }
}

/// The games that a program knows.
#[derive(Clone, Default)]
#[must_use]
pub struct Games {
    entries: BTreeMap<&'static str, Entry>,
    auth: Option<Arc<dyn Authenticate>>,
}

impl Games {
    /// No games.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a game.
    ///
    /// # Panics
    /// When its name is not 1 to 32 of `a-z 0-9 -` or is taken, or its schema or one of its
    /// messages is too large: an author meets that at the first run.
    pub fn add<G: Game>(mut self) -> Self {
        let well_formed = G::NAME.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        assert!(
            well_formed && (1..=GAME_NAME_MAX).contains(&G::NAME.len()),
            "a game's name is 1 to {GAME_NAME_MAX} of a-z, 0-9 and -: {:?}",
            G::NAME
        );
        check_size::<G, G::Input>("Input");
        check_size::<G, G::Request>("Request");
        check_size::<G, G::Reply>("Reply");
        check_size::<G, G::Event>("Event");
        let (schema, layout) = (schema_of::<G::State>(), layout_of::<G::State>());
        assert!(
            Rows::initial(&layout).is_ok(),
            "the grids in the state of the game {:?} are larger than clients take: together and \
             with the largest counted twice more than 16 MiB",
            G::NAME
        );
        let entry = Entry {
            game: super::typed::<G>(),
            schema_hash: schema.hash(),
            layout,
            schema: Arc::new(schema),
            effects: None,
            training: None,
            bots: Vec::new(),
        };
        let taken = self.entries.insert(G::NAME, entry).is_some();
        assert!(!taken, "there are two games named {:?}", G::NAME);
        self
    }

    /// Adds a bot to a game that was added before; the first of a game is its default.
    ///
    /// # Panics
    /// When the game is not there, or has a bot of this name.
    pub fn bot<B: Bot>(
        mut self,
        name: &'static str,
        make: impl Fn(u64) -> B + Send + Sync + 'static,
    ) -> Self {
        let entry = self.entries.get_mut(B::Game::NAME).expect("add the game before its bots");
        let taken = entry.bots.iter().any(|(known, _)| *known == name);
        assert!(!taken, "{} has two bots named {name:?}", B::Game::NAME);
        let layout = entry.layout.clone();
        let make: BotMaker =
            Arc::new(move |seed| Box::new(TypedBot::new(make(seed), layout.clone())));
        entry.bots.push((name, make));
        self
    }

    /// Has a game that was added before say what a learner is to know of it.
    ///
    /// # Panics
    /// When the game is not there.
    pub fn training<G: Training>(mut self) -> Self {
        let entry = self.entries.get_mut(G::NAME).expect("add the game before its training");
        entry.training = Some(Arc::new(training::Typed::<G>::new()));
        self
    }

    /// Names who does what a game asks of the outside world ([`crate::Ctx::effect`]). The handler
    /// runs outside the room; what it returns comes back to the game as a signal.
    ///
    /// # Panics
    /// When the game is not there.
    pub fn effects<G: Game>(mut self, handler: EffectHandler) -> Self {
        let entry = self.entries.get_mut(G::NAME).expect("add the game before its effects");
        entry.effects = Some(handler);
        self
    }

    /// Names who finds out who a client is, by the token in its `Hello`. Without, everybody is a
    /// guest, or has a token that was signed ([`crate::auth`]).
    pub fn authenticate(mut self, hook: impl Authenticate) -> Self {
        self.auth = Some(Arc::new(hook));
        self
    }

    /// Who finds out who a client is, if that is the program's own matter.
    #[must_use]
    pub fn authenticator(&self) -> Option<Arc<dyn Authenticate>> {
        self.auth.clone()
    }

    /// A game by name. The error names those there are.
    pub fn get(&self, name: &str) -> Result<&Entry, UnknownGame> {
        self.entries.get(name).ok_or_else(|| UnknownGame {
            name: name.to_owned(),
            known: self.names().collect::<Vec<_>>().join(", "),
        })
    }

    /// All names in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.entries.keys().copied()
    }

    /// All games by name.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}

/// No game has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no game `{name}`: choose from {known}")]
pub struct UnknownGame {
    /// The name asked for.
    pub name: String,
    /// The names there are.
    pub known: String,
}

/// Refuses messages that could be too large to be sent: better now than in the one match in which
/// a player writes so much.
fn check_size<G: Game, M: Message>(which: &str) {
    assert!(
        M::BYTES_MAX <= BODY_MAX,
        "the {which} of the game {:?} can take {} bytes, but a message has at most {BODY_MAX}: \
         give its Text, Blob, List, Map or Grid a smaller bound, or keep large things in the State",
        G::NAME,
        M::BYTES_MAX
    );
}
