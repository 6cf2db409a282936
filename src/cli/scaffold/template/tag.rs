//! Tag: whoever is "it" passes it on by touch. Whoever was "it" for the shortest time wins.

use greenroom::prelude::*;

greenroom::options! {
    /// What the creator of a room may choose, each with its default and range.
    pub struct TagOptions {
        /// Seconds until the match ends.
        secs: u32 = 60, 5..=600;
    }
}

/// One player on the field, which reaches from 0 to 1 both ways.
#[derive(Replicate, Serialize, Deserialize)]
pub struct Runner {
    #[sync(step = 0.001)] // floats travel in steps of this size
    pub at: [f32; 2],
    pub ticks_it: u32,
}

/// A match. This is also what clients see: `#[sync(skip)]` would keep a field on the server.
#[derive(Default, Replicate, Serialize, Deserialize)]
pub struct Tag {
    pub it: PlayerId,
    pub tags_from: Tick, // whoever was just tagged gives the others time to run
    pub ends: Tick,
    pub runners: Map<PlayerId, Runner, 8>, // things that come and go all the time: a Table
}

impl Game for Tag {
    const NAME: &'static str = "tag";
    type Options = TagOptions;
    type State = Self;
    type Input = [i8; 2]; // the way to run, in percent; only a player's newest counts
    type Request = Never; // what is asked once and answered with a Reply: here nothing
    type Reply = Never;
    type Event = PlayerId; // told once, in order: who is "it" now
    type Result = Winner;

    fn new(options: &TagOptions, ctx: &mut Ctx<Self>) -> Self {
        Tag { ends: ctx.tick() + ctx.ticks(options.secs as f32), ..Tag::default() }
    }
    fn state(&self) -> &Self {
        self
    }
    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        let at = [ctx.rng().unit(), ctx.rng().unit()]; // no other randomness, no clock, no I/O
        self.runners.insert(player, Runner { at, ticks_it: 0 })?;
        Ok(())
    }
    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        self.runners.retain(|player, _| ctx.is_seated(*player)); // or when Game::leave is called
        for (player, runner) in self.runners.iter_mut() {
            let [x, y] = ctx.input(*player).map(|way| f32::from(way.clamp(-100, 100)) * 1e-4);
            runner.at = [runner.at[0] + x, runner.at[1] + y].map(|at| at.clamp(0.0, 1.0));
            runner.ticks_it += u32::from(*player == self.it);
        }
        let it = self.runners.get(&self.it).map(|it| it.at);
        // In the first tick, and when "it" has left, somebody has to be.
        let near = |at| it.is_none_or(|it| math::distance(it, at) < 0.03);
        let mut others = self.runners.iter().filter(|(player, _)| **player != self.it);
        let touched = others.find(|(_, other)| near(other.at)).map(|(player, _)| *player);
        if let Some(player) = touched.filter(|_| ctx.tick() >= self.tags_from) {
            (self.it, self.tags_from) = (player, ctx.tick() + ctx.ticks(1.0));
            ctx.send(To::All, &player);
        }
        if ctx.tick() >= self.ends {
            let winner = self.runners.iter().min_by_key(|(_, runner)| runner.ticks_it);
            ctx.end(&Winner { winner: winner.map(|(player, _)| *player) });
        }
    }
}
