//! What it costs to try something out: CPU time of a step, a snapshot, a restore and a clone of matches
//! of two games.
//!
//! ```sh
//! cargo run --release -p greenroom-sim --example snapshots
//! ```

use std::hint::black_box;

use greenroom::Game;
use greenroom::games::arena::{self, Arena, ArenaOptions};
use greenroom::games::connect4::{Connect4, Connect4Options, Request};
use greenroom::prelude::*;
use greenroom_sim::Match;

/// CPU time of this thread, in nanoseconds: Linux says it.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or_default()
}

/// Nanoseconds for each of so many.
fn time(count: u32, mut what: impl FnMut()) -> f64 {
    let began = cpu_ns();
    (0..count).for_each(|_| what());
    (cpu_ns() - began) as f64 / f64::from(count)
}

fn measure<G: Game + Clone>(game: &mut Match<G>, step: impl Fn(&mut Match<G>)) {
    let (kept, copy) = (game.snapshot(), game.clone());
    let count = 100_000;
    let snapshot = time(count, || drop(black_box(game.snapshot())));
    let restore = time(count, || game.restore(black_box(&kept)));
    let clone = time(count, || drop(black_box(copy.clone())));
    let both = time(count, || {
        let mut game = copy.clone();
        step(&mut game);
        black_box(&game);
    });
    let (bytes, step) = (kept.keyframe().len(), both - clone);
    println!(
        "{:9} snapshot {snapshot:6.0} ns ({bytes} bytes), restore {restore:6.0} ns, clone {clone:6.0} ns, \
         step {step:6.0} ns",
        G::NAME
    );
}

fn main() {
    let mut four = Match::<Connect4>::new(&Connect4Options::defaults(), 1, 2).expect("two seats");
    for column in [3, 3, 2, 4, 1, 0, 5, 2] {
        four.ask(four.state().turn, &Request::Drop { column });
    }
    measure(&mut four, |game| {
        game.ask(game.state().turn, &Request::Drop { column: 6 });
    });

    let mut arena = Match::<Arena>::new(&ArenaOptions::defaults(), 1, 8).expect("eight seats");
    let fly = |game: &mut Match<Arena>| {
        for player in 1..=8 {
            let input =
                arena::Input { thrust: true, turn: 40, fire: true, ..arena::Input::default() };
            game.input(PlayerId(player), &input);
        }
        game.step();
    };
    (0..300).for_each(|_| fly(&mut arena));
    measure(&mut arena, fly);
}
