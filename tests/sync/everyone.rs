//! Whatever happens in a room and whoever is stuck for how long: everybody ends up with exactly
//! what they may see of it.

use std::collections::BTreeMap;

use greenroom::proto::{PlayerId, Sight, Tick, recover};
use greenroom::room::history::{BodyKind, HistoryLimits};

use crate::oracle::Shown;
use crate::random::Random;
use crate::server::{Sent, Server, Viewer, limits, look_around, newcomer, sight, viewers};
use crate::state::{Card, Crate, Dot, Unit, World, any, player, seen};
use crate::{seeds, with_seed};

/// Something happens.
fn change(world: &mut World, random: &mut Random, busy: u64, ids: &mut u32) {
    for _ in 0..random.below(busy + 1) {
        let mut id = || {
            *ids += 1;
            *ids
        };
        match random.below(18) {
            0 => drop(world.units.insert(Unit::new(id(), random))),
            1 => drop(world.crates.insert(Crate::new(id(), random))),
            2 => drop(world.cards.insert(Card::new(id(), random))),
            3 => drop(world.dots.insert(Dot::new(id(), random))),
            4 => {
                if let Some(gone) = any(&world.units, random) {
                    world.units.remove(gone);
                    if random.percent(60) {
                        // Its slot has another at once.
                        world.units.insert(Unit::new(id(), random));
                    }
                }
            }
            5 => {
                if let Some(gone) = any(&world.crates, random) {
                    world.crates.remove(gone);
                    if random.percent(60) {
                        world.crates.insert(Crate::new(id(), random));
                    }
                }
            }
            6 => {
                if let Some(gone) = any(&world.cards, random) {
                    world.cards.remove(gone);
                    if random.percent(60) {
                        world.cards.insert(Card::new(id(), random));
                    }
                }
            }
            7 => {
                if let Some(gone) = any(&world.dots, random) {
                    world.dots.remove(gone);
                    if random.percent(60) {
                        world.dots.insert(Dot::new(id(), random));
                    }
                }
            }
            8 => {
                let unit = any(&world.units, random).and_then(|id| world.units.get_mut(id));
                if let Some(unit) = unit {
                    match random.below(3) {
                        0 => unit.seen = seen(random),
                        1 => unit.owner = player(random),
                        _ => unit.orders.change(random),
                    }
                }
            }
            9 => {
                let card = any(&world.cards, random).and_then(|id| world.cards.get_mut(id));
                if let Some(card) = card {
                    card.seen = seen(random);
                }
            }
            10 => {
                let one = any(&world.crates, random).and_then(|id| world.crates.get_mut(id));
                if let Some(one) = one {
                    match random.below(3) {
                        0 => one.owner = player(random),
                        1 => one.secret.change(random),
                        _ => one.change_chips(random),
                    }
                }
            }
            11 => world.single.change_secrets(random),
            12 => world.single.chief = player(random),
            _ => world.single.change(random),
        }
    }
    let percent = [0, 10, 50, 100][random.below(4) as usize];
    for unit in world.units.values_mut() {
        if random.percent(percent) {
            unit.change(random);
        }
    }
    for one in world.crates.values_mut() {
        if random.percent(percent) {
            one.change(random);
        }
    }
    for card in world.cards.values_mut() {
        if random.percent(percent) {
            card.change(random);
        }
    }
    for dot in world.dots.values_mut() {
        if random.percent(percent) {
            dot.change(random);
        }
    }
}

/// Checks all that a viewer has who took the newest frame.
fn check(server: &mut Server, viewer: &mut Viewer, world: &World) {
    let rows = viewer.replica.rows();
    let seen = server.history.seen(viewer.view(), &viewer.sight).unwrap();
    assert_eq!(rows, &seen, "rows of {:?}", viewer.view());
    assert_eq!(rows.hash(), seen.hash());
    for (one, other) in rows.tables().iter().zip(seen.tables()) {
        // Not only by `==`, which is of our own making.
        for slot in 0..one.slots().max(other.slots()) {
            assert_eq!(one.row(slot), other.row(slot));
        }
    }
    let got: World = recover(rows, &server.layout).unwrap();
    let ids = |world: &World| -> Vec<_> {
        let crates = world.crates.iter().map(|(id, _)| id);
        crates.chain(world.dots.iter().map(|(id, _)| id)).collect()
    };
    assert_eq!(ids(&got), ids(world), "entities that all see");
    let expected = Shown::to(world, &viewer.sight, &mut viewer.near);
    let mut got = Shown::all(&got);
    got.tolerate(&expected);
    got.is(&expected);
}

/// Those with one view and one base get the same bytes.
fn same_for_equals(sent: &[(usize, Sent)], viewers: &[Viewer]) {
    let mut bodies: BTreeMap<_, &Sent> = BTreeMap::new();
    for (place, sent) in sent {
        let first = bodies.entry((viewers[*place].view(), sent.base)).or_insert(sent);
        assert_eq!(first.body, sent.body);
    }
}

fn run(seed: u64) {
    let random = &mut Random(seed);
    let start = Tick([0, 65_500, u32::MAX / 2][random.below(3) as usize]);
    let mut server = Server::new(limits(random), start);
    // The same room, asked by its viewers in another order.
    let mut other = Server::new(server.limits, start);
    let mut all = viewers(&server.layout, random);
    let mut twins: Vec<_> = all.iter().map(|it| twin(it, &server)).collect();
    let (mut world, mut ids) = (World::default(), 0);
    let busy = 1 + random.below(12);
    for _ in 0..10 + random.below(50) {
        change(&mut world, random, busy, &mut ids);
        server.push(&world);
        other.push(&world);
        happen(&mut all, &mut twins, &server, random);
        let mut sent = Vec::new();
        for (place, viewer) in all.iter_mut().enumerate().filter(|(_, it)| it.stuck == 0) {
            sent.push((place, server.hand(viewer).expect("there is a new frame")));
        }
        same_for_equals(&sent, &all);
        for (place, sent) in sent.iter().rev() {
            let again = other.hand(&mut twins[*place]).unwrap();
            assert_eq!(again.message, sent.message, "in another order");
            assert_eq!(again.kind, sent.kind);
        }
        for (place, sent) in &sent {
            all[*place].apply(sent, server.tick);
            check(&mut server, &mut all[*place], &world);
            if sent.kind == BodyKind::Step {
                assert_eq!(sent.base.map(Tick::next), Some(server.tick));
            }
        }
        server.end(&mut all);
        other.end(&mut twins);
    }
    // At last everybody is free.
    server.push(&world);
    for viewer in &mut all {
        let sent = server.hand(viewer).unwrap();
        viewer.apply(&sent, server.tick);
        check(&mut server, viewer, &world);
        let numbers: Vec<u32> = (1..=viewer.said).collect();
        assert_eq!(viewer.heard, numbers, "every event once, in order");
    }
}

fn twin(viewer: &Viewer, server: &Server) -> Viewer {
    Viewer::new(viewer.player, viewer.sight, &server.layout)
}

/// Viewers come and go, get stuck, lose what they have, see other things.
fn happen(all: &mut Vec<Viewer>, twins: &mut Vec<Viewer>, server: &Server, random: &mut Random) {
    if random.percent(8) && all.len() < 9 {
        let own = newcomer(all, random);
        let sight = match random.percent(50) {
            // Beside others in their view.
            true => all.first().map_or_else(|| sight(own, random), |it| it.sight),
            false => sight(own, random),
        };
        all.push(Viewer::new(own, sight, &server.layout));
        twins.push(Viewer::new(own, sight, &server.layout));
    }
    if random.percent(4) && all.len() > 1 {
        let place = random.below(all.len() as u64) as usize;
        all.remove(place);
        twins.remove(place);
    }
    for (viewer, twin) in all.iter_mut().zip(twins) {
        viewer.stuck = viewer.stuck.saturating_sub(1);
        if random.percent(12) {
            viewer.stuck = [1, 2, 5, 20][random.below(4) as usize];
        }
        if random.percent(3) {
            viewer.outbox.forget_base();
            twin.outbox.forget_base();
        }
        if random.percent(3) {
            viewer.sight = sight(viewer.player, random);
        }
        look_around(viewer, random);
        if random.percent(20) {
            viewer.event(server.tick);
            twin.event(server.tick);
        }
        twin.sight = viewer.sight;
    }
}

#[test]
fn everybody_has_what_they_may_see() {
    for seed in seeds(150) {
        with_seed(seed, || run(seed));
    }
}

/// A frame names its tick by 16 bits: whoever is further behind gets the whole state.
#[test]
fn whoever_is_very_far_behind_gets_the_whole_state() {
    for (behind, kind) in [(32_767, BodyKind::Merged), (32_768, BodyKind::Full)] {
        let limits = HistoryLimits { frames_max: 9, bytes_max: 1 << 20 };
        let mut server = Server::new(limits, Tick(u32::MAX / 2));
        let mut all = [Viewer::new(PlayerId(1), Sight::public(), &server.layout)];
        let mut world = World::default();
        for round in 0..9 {
            world.single.round = round;
            server.push(&world);
            if round == 0 {
                let sent = server.hand(&mut all[0]).unwrap();
                all[0].apply(&sent, server.tick);
                // Nobody waits for all of these to pass.
                server.tick.0 += behind - 8;
            }
            server.end(&mut all);
        }
        let sent = server.hand(&mut all[0]).unwrap();
        assert_eq!(sent.kind, kind);
        all[0].apply(&sent, server.tick);
    }
}
