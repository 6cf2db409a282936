//! Bots: players that are programs. They see what a client sees and act as a client acts, so the
//! same bot plays headless in the simulator and over wss.

use std::sync::Arc;
use std::time::Duration;

use greenroom_proto::{Layout, PlayerId, Rows, Tick, recover, wire};

use crate::game::Game;

/// A player that is a program.
pub trait Bot: Send + 'static {
    /// What it plays.
    type Game: Game;

    /// Looks at a new frame and acts.
    fn act(&mut self, view: &View<'_, Self::Game>, act: &mut Acts<Self::Game>);
    /// Learns the answer to its request.
    fn reply(&mut self, reply: <Self::Game as Game>::Reply) {
        let _ = reply;
    }
    /// Is told something.
    fn event(&mut self, event: <Self::Game as Game>::Event) {
        let _ = event;
    }
}

/// What a bot sees: the state as its client holds it.
pub struct View<'a, G: Game> {
    /// Who the bot is.
    pub me: PlayerId,
    /// The step after which the state is as shown.
    pub tick: Tick,
    /// How much later than in the step after `tick` what the bot does now takes effect, in whole steps:
    /// the frame took its time to the bot, and what the bot says takes its time to the room. Zero where
    /// there is no network, and where steps follow moves. A game that looks back for who shot is to be
    /// told, see [`Rewind`](crate::Rewind).
    pub age: Duration,
    /// The state: quantised, without what is skipped.
    pub state: &'a G::State,
}

/// What a bot does.
pub struct Acts<G: Game> {
    acts: Vec<Act>,
    game: std::marker::PhantomData<fn() -> G>,
}

impl<G: Game> Acts<G> {
    /// Sends an input.
    pub fn input(&mut self, input: &G::Input) {
        self.acts.push(Act::Input(wire::encode(input)));
    }

    /// Sends a request.
    pub fn request(&mut self, request: &G::Request) {
        self.acts.push(Act::Request(wire::encode(request)));
    }
}

/// What a bot does, encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// An input.
    Input(Vec<u8>),
    /// A request.
    Request(Vec<u8>),
}

/// A bot whose game is known only to itself.
pub trait AnyBot: Send {
    /// Looks at the rows of a frame and acts; for `age` see [`View::age`].
    fn act(&mut self, me: PlayerId, tick: Tick, rows: &Rows, age: Duration) -> Vec<Act>;
    /// Learns the answer to its request.
    fn reply(&mut self, body: &[u8]);
    /// Is told something.
    fn event(&mut self, body: &[u8]);
}

/// Makes a bot from a seed.
pub type BotMaker = Arc<dyn Fn(u64) -> Box<dyn AnyBot> + Send + Sync>;

pub(crate) struct TypedBot<B> {
    bot: B,
    layout: Layout,
}

impl<B> TypedBot<B> {
    pub(crate) fn new(bot: B, layout: Layout) -> Self {
        TypedBot { bot, layout }
    }
}

impl<B: Bot> AnyBot for TypedBot<B> {
    fn act(&mut self, me: PlayerId, tick: Tick, rows: &Rows, age: Duration) -> Vec<Act> {
        let mut acts = Acts { acts: Vec::new(), game: std::marker::PhantomData };
        if let Some(state) = recover::<<B::Game as Game>::State>(rows, &self.layout) {
            self.bot.act(&View { me, tick, age, state: &state }, &mut acts);
        }
        acts.acts
    }

    fn reply(&mut self, body: &[u8]) {
        if let Ok(reply) = wire::decode(body) {
            self.bot.reply(reply);
        }
    }

    fn event(&mut self, body: &[u8]) {
        if let Ok(event) = wire::decode(body) {
            self.bot.event(event);
        }
    }
}
