//! A state that no client would take is found without a client.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use greenroom::prelude::*;
use greenroom_sim::headless::{MatchError, Simulation, SimulationError};

#[derive(Replicate, Default, Serialize, Deserialize)]
struct Brick {
    parts: [[i32; 30]; 2],
}

/// Grows by 1,000 bricks of 244 bytes a step.
#[derive(Replicate, Default, Serialize, Deserialize)]
struct Wall {
    bricks: Table<Brick>,
}

impl Game for Wall {
    const NAME: &'static str = "wall";
    type Options = NoOptions;
    type State = Self;
    type Input = ();
    type Request = Never;
    type Reply = ();
    type Event = Never;
    type Result = ();

    fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
        Wall::default()
    }

    fn state(&self) -> &Self {
        self
    }

    fn tick(&mut self, _: &mut Ctx<Self>) {
        self.bricks.extend((0..1000).map(|_| Brick::default()));
    }
}

struct Onlooker;

impl Bot for Onlooker {
    type Game = Wall;

    fn act(&mut self, _: &View<'_, Wall>, _: &mut Acts<Wall>) {}
}

#[test]
fn a_state_that_no_client_would_take_ends_the_match() {
    let games = Games::new().add::<Wall>().bot("onlooker", |_| Onlooker);
    let series = Simulation::new(&games, "wall").prepare().unwrap();
    let Err(SimulationError::Match { error, .. }) = series.play(0) else { panic!("it was played") };
    assert!(matches!(error, MatchError::TooLarge { tick: 23, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "after step 23 the state is larger than clients take: 5612000 bytes in table 1 (bricks)"
    );
}
