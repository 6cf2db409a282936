//! One game in some of the builds that a studio makes of it.

use std::time::Duration;

use greenroom::prelude::*;

greenroom::options! {
    /// What a test chooses.
    pub struct RelayOptions {
        /// Steps per second; 0: the room steps on commands.
        tick_hz: u16 = 20, 0..=128;
    }
}

#[derive(Message, Clone, Default, Debug, Serialize, Deserialize)]
pub struct Input {
    pub value: i32,
}

#[derive(Message, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Adds to the score; the answer is the score.
    Add(i32),
    /// Never returns.
    Hang,
    /// Ends the match.
    End,
}

#[derive(Message, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Scored(i32),
    Came(PlayerId),
    Went(PlayerId),
    Broke(PlayerId),
    Back(PlayerId),
}

/// A build: its state, its fields beside the state, its version, what an addition does and how it
/// migrates.
macro_rules! build {
    (
        $name:ident, version $version:literal, state {$($seen:ident: $kind:ty),*},
        fields {$($field:ident: $type:ty),*}, add $add:expr, $($migrate:item)*
    ) => {
        pub mod $name {
            use super::*;

            #[derive(Replicate, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
            pub struct State {
                $(pub $seen: $kind),*
            }

            #[derive(Clone, Debug, Default, Serialize, Deserialize)]
            pub struct Relay {
                pub state: State,
                $(pub $field: $type),*
            }

            impl Game for Relay {
                const NAME: &'static str = "relay";
                const VERSION: u32 = $version;
                type Options = RelayOptions;
                type State = State;
                type Input = Input;
                type Request = Request;
                type Reply = i32;
                type Event = Event;
                type Result = i32;

                fn pace(options: &RelayOptions) -> Pace {
                    match options.tick_hz {
                        0 => Pace::OnCommand,
                        tick_hz => Pace::Fixed { tick_hz, send_every: 1 },
                    }
                }
                fn new(_: &RelayOptions, _: &mut Ctx<Self>) -> Self {
                    Relay::default()
                }
                $($migrate)*
                fn state(&self) -> &State {
                    &self.state
                }
                fn tick(&mut self, ctx: &mut Ctx<Self>) {
                    self.state.step = ctx.tick().0;
                }
                fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
                    ctx.send(To::All, &Event::Came(player));
                    Ok(())
                }
                fn leave(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
                    ctx.send(To::All, &Event::Went(player));
                }
                fn dropped(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
                    ctx.send(To::All, &Event::Broke(player));
                }
                fn resumed(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
                    ctx.send(To::All, &Event::Back(player));
                }
                fn request(&mut self, _: PlayerId, request: Request, ctx: &mut Ctx<Self>) -> i32 {
                    match request {
                        Request::Add(more) => {
                            let add: fn(&mut Self, i32) = $add;
                            add(self, more);
                            ctx.send(To::All, &Event::Scored(more));
                        }
                        Request::Hang => loop {
                            std::thread::sleep(Duration::from_millis(10));
                        },
                        Request::End => ctx.end(&(self.state.score as i32)),
                    }
                    self.state.score as i32
                }
            }
        }
    };
}

build!(v1, version 1, state { step: u32, score: i32 }, fields { additions: u32 },
    add |game, more| {
        game.state.score += more;
        game.additions += 1;
    },
);

// A wider score, a new field that everybody sees, one that nobody does, and another rule.
build!(v2, version 2, state { step: u32, score: i64, additions: u32 }, fields { largest: i32 },
    add |game, more| {
        game.state.score += i64::from(more);
        game.state.additions += 1;
        game.largest = game.largest.max(more);
    },
    fn migrate(old: OldGame<'_>) -> Result<Self, String> {
        let v1::Relay { state, additions } = old.read()?;
        let state = State { step: state.step, score: state.score.into(), additions };
        Ok(Relay { state, largest: 0 })
    }
);

// A private field more, and nobody thought of the version.
build!(careless, version 1, state { step: u32, score: i32 }, fields { largest: i32, additions: u32 },
    add |game, more| game.state.score += more,
);

// Other rules, and the old matches are not wanted.
build!(refuses, version 2, state { step: u32, score: i32 }, fields { additions: u32 },
    add |game, more| game.state.score += 2 * more,
);

build!(panics, version 2, state { step: u32, score: i32 }, fields { additions: u32 },
    add |game, more| game.state.score += 2 * more,
    fn migrate(_: OldGame<'_>) -> Result<Self, String> {
        panic!("an author's mistake")
    }
);

build!(slow, version 2, state { step: u32, score: i32 }, fields { additions: u32 },
    add |game, more| game.state.score += more,
    fn migrate(old: OldGame<'_>) -> Result<Self, String> {
        std::thread::sleep(Duration::from_millis(150));
        let v1::Relay { state, additions } = old.read()?;
        Ok(Relay { state: State { step: state.step, score: state.score }, additions })
    }
);

/// What a client sees, of whatever build.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Look {
    pub step: u32,
    pub score: i64,
    /// Not in the first version.
    pub additions: Option<u32>,
}

impl Look {
    /// At the client's state, which may be of either form.
    pub fn at(client: &greenroom_client::Client) -> Option<Self> {
        if let Ok(state) = client.state::<v1::State>() {
            let v1::State { step, score } = state?;
            return Some(Look { step, score: score.into(), additions: None });
        }
        let v2::State { step, score, additions } = client.state().unwrap()?;
        Some(Look { step, score, additions: Some(additions) })
    }
}
