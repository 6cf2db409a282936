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
    pub player: PlayerId,
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
    pub runners: Table<Runner>,
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

    fn new(options: &TagOptions, _: &mut Ctx<Self>) -> Self {
        Tag { ends: Tick(options.secs * 30), ..Tag::default() } // 30 ticks a second: Game::pace
    }
    fn state(&self) -> &Self {
        self
    }
    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        let at = [ctx.rng().unit(), ctx.rng().unit()]; // no other randomness, no clock, no I/O
        self.runners.insert(Runner { player, at, ticks_it: 0 });
        Ok(())
    }
    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        self.runners.retain(|runner| ctx.is_seated(runner.player)); // or when Game::leave is called
        for runner in self.runners.values_mut() {
            let [x, y] = ctx.input(runner.player).map(|way| f32::from(way.clamp(-100, 100)) * 1e-4);
            runner.at = [runner.at[0] + x, runner.at[1] + y].map(|at| at.clamp(0.0, 1.0));
            runner.ticks_it += u32::from(runner.player == self.it);
        }
        let it = self.runners.values().find(|runner| runner.player == self.it).map(|it| it.at);
        let mut others = self.runners.values().filter(|runner| runner.player != self.it);
        // In the first tick, and when "it" has left, somebody has to be.
        let touched = others.find(|other| it.is_none_or(|it| math::distance(it, other.at) < 0.03));
        if let Some(player) = touched.map(|t| t.player).filter(|_| ctx.tick() >= self.tags_from) {
            (self.it, self.tags_from) = (player, Tick(ctx.tick().0 + 30));
            ctx.send(To::All, &player);
        }
        if ctx.tick() >= self.ends {
            let winner = self.runners.values().min_by_key(|runner| runner.ticks_it);
            ctx.end(&Winner { winner: winner.map(|runner| runner.player) });
        }
    }
}
