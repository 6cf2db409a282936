//! Games with one mistake each, and one without.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // these are the mistakes

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use greenroom::prelude::*;

/// All of them.
pub fn games() -> Games {
    Games::new()
        .add::<Sound>()
        .bot::<Talker<Sound>>("talker", |seed| Talker(Rng::new(seed), std::marker::PhantomData))
        .add::<HashMaps>()
        .add::<Clock>()
        .add::<Seconds>()
        .add::<Sines>()
        .add::<Skips>()
        .add::<Static>()
        .add::<Peeks>()
        .add::<Divides>()
        .add::<Counts>()
        .add::<Hangs>()
}

/// A bot that asks for anything.
pub struct Talker<G>(Rng, std::marker::PhantomData<fn() -> G>);

impl<G: Game<Request = u8>> Bot for Talker<G> {
    type Game = G;
    fn act(&mut self, _: &View<'_, G>, act: &mut Acts<G>) {
        act.request(&(self.0.below(256) as u8));
    }
}

/// What all games here have in common.
macro_rules! game {
    ($game:ty, $name:literal, $state:ty) => {
        const NAME: &'static str = $name;
        type Options = NoOptions;
        type State = $state;
        type Input = ();
        type Request = u8;
        type Reply = u8;
        type Event = u32;
        type Result = ();
        fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
            Self::default()
        }
        fn state(&self) -> &$state {
            &self.state
        }
    };
}

#[derive(Replicate, Clone, Default, Serialize, Deserialize)]
pub struct Shown {
    shown: u32,
}

/// Without a mistake.
#[derive(Default, Serialize, Deserialize)]
pub struct Sound {
    state: Shown,
    asked: std::collections::BTreeMap<PlayerId, u32>,
}

impl Game for Sound {
    game!(Sound, "sound", Shown);
    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        self.state.shown = ctx.rng().next_u32() % 100;
        ctx.send(To::All, &self.state.shown);
    }
    fn request(&mut self, player: PlayerId, request: u8, _: &mut Ctx<Self>) -> u8 {
        *self.asked.entry(player).or_default() += u32::from(request);
        request
    }
}

#[derive(Replicate, Clone, Default, Serialize, Deserialize)]
pub struct First {
    first: u32,
}

/// Gives the point to whoever comes first in a map without an order.
#[derive(Default, Serialize, Deserialize)]
pub struct HashMaps {
    state: First,
}

impl Game for HashMaps {
    game!(HashMaps, "hash-map", First);
    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        let all: HashMap<PlayerId, u32> = ctx.players().map(|player| (player, 1)).collect();
        self.state.first = all.keys().next().map_or(0, |player| player.0);
    }
    fn request(&mut self, _: PlayerId, request: u8, _: &mut Ctx<Self>) -> u8 {
        request
    }
}

#[derive(Replicate, Clone, Default, Serialize, Deserialize)]
pub struct Now {
    now: u32,
}

/// Looks at a clock.
#[derive(Default, Serialize, Deserialize)]
pub struct Clock {
    state: Now,
}

impl Game for Clock {
    game!(Clock, "clock", Now);
    fn tick(&mut self, _: &mut Ctx<Self>) {
        let began = Instant::now();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.state.now = since.subsec_nanos().wrapping_add(began.elapsed().subsec_nanos());
    }
    fn request(&mut self, _: PlayerId, request: u8, _: &mut Ctx<Self>) -> u8 {
        request
    }
}

/// Looks at a clock that shows the same second for long, and hides it.
#[derive(Default, Serialize, Deserialize)]
pub struct Seconds {
    state: Shown,
    second: u64,
}

impl Game for Seconds {
    game!(Seconds, "seconds", Shown);
    fn tick(&mut self, _: &mut Ctx<Self>) {
        static BEGAN: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
        // Once in a process, so that the test does not depend on when a second ends.
        self.second = *BEGAN.get_or_init(|| {
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
        });
    }
    fn request(&mut self, _: PlayerId, request: u8, _: &mut Ctx<Self>) -> u8 {
        request
    }
}

/// Asks the platform for sines, each of the one before, so that the last bit of one soon is all the
/// difference. Another platform is played by an environment variable.
#[derive(Default, Serialize, Deserialize)]
pub struct Sines {
    state: Shown,
    angle: f64,
}

impl Game for Sines {
    game!(Sines, "sines", Shown);
    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        let other = std::env::var_os("GREENROOM_OTHER_SINE").is_some();
        self.angle += f64::from(ctx.rng().next_u32());
        for _ in 0..100 {
            #[allow(clippy::disallowed_methods)] // the mistake
            let sine = self.angle.sin();
            let sine = if other { sine.next_up() } else { sine };
            self.angle = 1000.0 * sine;
        }
        self.state.shown = (self.angle + 1000.0) as u32;
    }
    fn request(&mut self, _: PlayerId, request: u8, _: &mut Ctx<Self>) -> u8 {
        request
    }
}

/// Does not write down what it counts.
#[derive(Default, Serialize, Deserialize)]
pub struct Skips {
    state: Shown,
    #[serde(skip)]
    counted: u32,
}

impl Game for Skips {
    game!(Skips, "skips", Shown);
    fn tick(&mut self, _: &mut Ctx<Self>) {
        self.counted += 1;
        self.state.shown = self.counted / 10;
    }
    fn request(&mut self, _: PlayerId, request: u8, _: &mut Ctx<Self>) -> u8 {
        request
    }
}

/// Numbers what all matches have in common.
#[derive(Default, Serialize, Deserialize)]
pub struct Static {
    state: Shown,
    number: u32,
}

impl Game for Static {
    game!(Static, "static", Shown);
    fn tick(&mut self, _: &mut Ctx<Self>) {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        self.number = NEXT.fetch_add(1, Relaxed);
    }
    fn request(&mut self, _: PlayerId, request: u8, _: &mut Ctx<Self>) -> u8 {
        request
    }
}

/// A number that counts how often it is read.
#[derive(Default)]
pub struct Looks(AtomicU32);

impl Serialize for Looks {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u32(self.0.load(Relaxed))
    }
}

impl<'de> Deserialize<'de> for Looks {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u32::deserialize(from).map(|number| Looks(AtomicU32::new(number)))
    }
}

/// Changes when it is looked at.
#[derive(Default, Serialize, Deserialize)]
pub struct Peeks {
    state: Shown,
    looks: Looks,
}

impl Game for Peeks {
    const NAME: &'static str = "peeks";
    type Options = NoOptions;
    type State = Shown;
    type Input = ();
    type Request = Never;
    type Reply = ();
    type Event = ();
    type Result = ();
    fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
        Self::default()
    }
    fn state(&self) -> &Shown {
        self.looks.0.fetch_add(1, Relaxed);
        &self.state
    }
}

/// Divides by what a player says.
#[derive(Default, Serialize, Deserialize)]
pub struct Divides {
    state: Shown,
}

impl Game for Divides {
    game!(Divides, "divides", Shown);
    fn request(&mut self, _: PlayerId, request: u8, _: &mut Ctx<Self>) -> u8 {
        100 / request
    }
}

/// Counts on it that every step was made.
#[derive(Default, Serialize, Deserialize)]
pub struct Counts {
    state: Shown,
}

impl Game for Counts {
    game!(Counts, "counts", Shown);
    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        self.state.shown += 1;
        assert_eq!(self.state.shown, ctx.tick().0, "a step is missing");
    }
    fn request(&mut self, _: PlayerId, request: u8, _: &mut Ctx<Self>) -> u8 {
        request
    }
}

/// Never returns if it is asked for that.
#[derive(Default, Serialize, Deserialize)]
pub struct Hangs {
    state: Shown,
}

impl Game for Hangs {
    game!(Hangs, "hangs", Shown);
    fn request(&mut self, _: PlayerId, request: u8, _: &mut Ctx<Self>) -> u8 {
        match request {
            0 => loop {
                std::thread::sleep(std::time::Duration::from_millis(1));
            },
            other => other,
        }
    }
}
