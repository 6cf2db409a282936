//! What somebody may not see leaves no trace: two rooms that differ in all that is hidden from a
//! viewer send that viewer the same bytes, whatever the schedule.

use greenroom::proto::{Eye, List, PlayerId, Seen, Sight, Table, Teams, Tick};
use greenroom::room::history::HistoryLimits;

use crate::random::Random;
use crate::server::{Sent, Server, Viewer};
use crate::state::{Card, Chip, Crate, Dot, Orders, Unit, World, any};
use crate::{seeds, with_seed};

/// Ids of what only one of the rooms has.
const GHOSTS: u32 = 1 << 20;
/// Frames after which nothing of what was before is left in what is expected of a row.
const FORGOTTEN: u32 = 3;

/// The viewer who must not find out, and who that may be.
const SPY: PlayerId = PlayerId(1);
const OTHER: PlayerId = PlayerId(2);

/// One of the two rooms.
struct Room {
    world: World,
    server: Server,
    /// What is hidden here.
    random: Random,
    ghosts: u32,
    spy: Viewer,
    others: Vec<Viewer>,
}

/// What the spy is to the rules of sight.
fn spy(random: &mut Random) -> Sight {
    let eye = Eye { x: 0.0, y: 0.0, reach: 20.0, most: [1, 3, 100][random.below(3) as usize] };
    match random.below(6) {
        0 => Sight::public(),
        1 => Sight::of_team(3),
        2 => Sight::of(SPY),
        3 => Sight::of(SPY).with_teams(Teams::of(3)),
        4 => Sight::of(SPY).around(eye),
        _ => Sight::of_team(3).around(eye),
    }
}

/// For whose eyes something is that the spy does not see.
fn hidden(random: &mut Random) -> Seen {
    [Seen::Nobody, Seen::Player(OTHER), Seen::Teams(Teams::of(0).and(2))][random.below(3) as usize]
}

/// For whose eyes something is, the spy's or others'.
fn seen(sight: &Sight, random: &mut Random) -> Seen {
    match random.below(6) {
        0..=2 => Seen::All,
        3 if sight.player.is_some() => Seen::Player(SPY),
        4 => Seen::Teams(Teams::of(3)),
        _ => hidden(random),
    }
}

impl Room {
    fn new(seed: u64, sight: Sight, limits: HistoryLimits) -> Self {
        let server = Server::new(limits, Tick(100));
        let (spy, random) = (Viewer::new(SPY, sight, &server.layout), Random(seed));
        Room { world: World::default(), server, random, ghosts: GHOSTS, spy, others: Vec::new() }
    }

    /// Something happens that the spy does not see.
    fn haunt(&mut self, busy: u64) {
        let Room { world, random, spy, .. } = self;
        let far = spy.sight.eye.is_some();
        for _ in 0..random.below(busy + 1) {
            self.ghosts += 1;
            let id = self.ghosts;
            match random.below(12) {
                0 | 1 => {
                    let mut ghost = Unit::new(id, random);
                    ghost.seen = hidden(random);
                    if far && random.percent(50) {
                        ghost.seen = Seen::All;
                    }
                    keep_away(&mut ghost);
                    world.units.insert(ghost);
                }
                2 | 3 => {
                    let mut ghost = Card::new(id, random);
                    ghost.seen = hidden(random);
                    world.cards.insert(ghost);
                }
                4 | 5 => drop(
                    any_ghost(&world.units, |it| it.id, random).map(|id| world.units.remove(id)),
                ),
                6 | 7 => drop(
                    any_ghost(&world.cards, |it| it.id, random).map(|id| world.cards.remove(id)),
                ),
                8 => {
                    world.single.plan.change(random);
                    if world.single.chief != SPY {
                        world.single.seal = random.next();
                    }
                }
                9 => {
                    let id = any(&world.crates, random);
                    if let Some(one) = id.and_then(|id| world.crates.get_mut(id)) {
                        if one.owner != SPY {
                            one.secret.change(random);
                        }
                        for chip in one.chips.iter_mut().filter(|it| !spy.sight.sees(it.seen)) {
                            chip.worth = random.next() as i32;
                            chip.name = greenroom::proto::Text::cut("hush");
                            chip.seen = hidden(random);
                        }
                    }
                }
                _ => {
                    let id = any(&world.units, random);
                    if let Some(unit) = id.and_then(|id| world.units.get_mut(id)) {
                        if unit.owner != SPY {
                            unit.orders.change(random);
                        }
                        // Team 2 is not the spy's.
                        unit.cargo = List::first(unit.log.iter().take(1).cloned());
                        if random.percent(50) {
                            unit.cargo.clear();
                        }
                    }
                }
            }
        }
        for ghost in world.units.values_mut().filter(|unit| unit.id > GHOSTS) {
            if random.percent(30) {
                ghost.change(random);
                keep_away(ghost);
            }
        }
        for ghost in world.cards.values_mut().filter(|card| card.id > GHOSTS) {
            if random.percent(30) {
                ghost.change(random);
            }
        }
    }

    /// Others take their frames, whom the spy knows nothing about.
    fn hand_to_others(&mut self) {
        let Room { server, random, others, .. } = self;
        if random.percent(20) && others.len() < 4 {
            let own = PlayerId(10 + server.tick.0);
            let sight = match random.below(4) {
                0 => Sight::of(OTHER),
                1 => Sight::of_team(random.below(3) as u8),
                2 => Sight::of(own),
                _ => Sight::of(own).around(Eye { x: 9.0, y: 2.0, reach: 30.0, most: 3 }),
            };
            others.push(Viewer::new(own, sight, &server.layout));
        }
        if random.percent(10) {
            others.pop();
        }
        for viewer in others {
            if random.percent(70)
                && let Some(sent) = server.hand(viewer)
            {
                viewer.apply(&sent, server.tick);
            }
        }
    }

    fn push(&mut self) {
        self.server.push(&self.world);
    }

    fn hand(&mut self) -> Option<Sent> {
        // Others may come first.
        let before = self.random.percent(50);
        if before {
            self.hand_to_others();
        }
        let sent = (self.spy.stuck == 0).then(|| self.server.hand(&mut self.spy)).flatten();
        if !before {
            self.hand_to_others();
        }
        sent
    }

    fn end(&mut self) {
        let mut all: Vec<Viewer> = self.others.drain(..).collect();
        let place = Viewer::new(SPY, self.spy.sight, &self.server.layout);
        all.push(std::mem::replace(&mut self.spy, place));
        self.server.end(&mut all);
        if let Some(spy) = all.pop() {
            self.spy = spy;
        }
        self.others = all;
    }
}

/// Out of reach of the spy's eye, which is never far from the middle.
fn keep_away(ghost: &mut Unit) {
    if ghost.x.abs() < 100.0 {
        ghost.x += 300.0;
    }
}

fn any_ghost<T>(
    table: &Table<T>,
    id: impl Fn(&T) -> u32,
    random: &mut Random,
) -> Option<greenroom::proto::EntityId> {
    let of = any(table, random)?;
    table.get(of).is_some_and(|one| id(one) > GHOSTS).then_some(of)
}

/// Something happens that is the same in both rooms; `random` is so too.
fn happen(world: &mut World, sight: &Sight, ids: &mut u32, random: &mut Random) {
    fn own<T>(table: &Table<T>, id: impl Fn(&T) -> u32, random: &mut Random) -> Option<u32> {
        let mut ids: Vec<u32> = table.values().map(id).filter(|id| *id < GHOSTS).collect();
        ids.sort_unstable();
        ids.get(random.below(ids.len().max(1) as u64) as usize).copied()
    }
    fn with<T>(table: &mut Table<T>, is: impl Fn(&T) -> bool, change: impl FnOnce(&mut T)) {
        if let Some(one) = table.values_mut().find(|one| is(one)) {
            change(one);
        }
    }
    fn remove<T>(table: &mut Table<T>, is: impl Fn(&T) -> bool) {
        let found = table.iter().find(|(_, one)| is(one)).map(|(id, _)| id);
        found.map(|id| table.remove(id));
    }
    *ids += 1;
    let id = *ids;
    match random.below(14) {
        0 => {
            let mut unit = Unit::new(id, random);
            (unit.seen, unit.x, unit.y) = (seen(sight, random), 4.0, f64::from(random.around(9)));
            world.units.insert(unit);
        }
        1 => {
            let mut card = Card::new(id, random);
            card.seen = seen(sight, random);
            world.cards.insert(card);
        }
        2 => {
            let mut one = Crate::new(id, random);
            one.chips.iter_mut().for_each(|chip: &mut Chip| chip.seen = seen(sight, random));
            world.crates.insert(one);
        }
        3 => drop(world.dots.insert(Dot::new(id, random))),
        4 => {
            if let Some(id) = own(&world.units, |it| it.id, random) {
                remove(&mut world.units, |it| it.id == id);
            }
            if random.percent(50) {
                // Just out of sight of an eye in the middle, or not at all if it was there before.
                let mut unit = Unit::new(id, random);
                (unit.seen, unit.x, unit.y) = (Seen::All, 21.0, 0.0);
                world.units.insert(unit);
            }
        }
        5 => {
            if let Some(id) = own(&world.cards, |it| it.id, random) {
                remove(&mut world.cards, |it| it.id == id);
            }
        }
        6 => {
            if let Some(id) = own(&world.crates, |it| it.id, random) {
                remove(&mut world.crates, |it| it.id == id);
            }
        }
        7 | 8 => {
            if let Some(id) = own(&world.units, |it| it.id, random) {
                let seen = seen(sight, random);
                with(&mut world.units, |it| it.id == id, |unit| unit.seen = seen);
            }
        }
        9 => {
            if let Some(id) = own(&world.cards, |it| it.id, random) {
                let seen = seen(sight, random);
                with(&mut world.cards, |it| it.id == id, |card| card.seen = seen);
            }
        }
        10 => {
            if let Some(id) = own(&world.crates, |it| it.id, random) {
                let mut orders = Orders::default();
                orders.change(random);
                with(
                    &mut world.crates,
                    |it| it.id == id && it.owner == SPY,
                    |one| one.secret = orders,
                );
            }
        }
        _ => world.single.change(random),
    }
    let seed = random.next();
    let of = |id: u32| Random(seed ^ u64::from(id) << 32);
    for unit in world.units.values_mut().filter(|unit| unit.id < GHOSTS) {
        let random = &mut of(unit.id);
        if random.percent(20) {
            unit.change(random);
        }
    }
    for card in world.cards.values_mut().filter(|card| card.id < GHOSTS) {
        let random = &mut of(card.id);
        if random.percent(40) {
            card.change(random);
        }
    }
    for one in world.crates.values_mut() {
        one.change(&mut of(one.id));
    }
    for dot in world.dots.values_mut() {
        dot.change(&mut of(dot.id));
    }
}

/// What the spy did not know becomes theirs: it was the same in both rooms for long enough.
struct Reveal {
    crate_id: u32,
    orders: Orders,
    at: u32,
}

impl Reveal {
    fn go_on(&self, world: &mut World, tick: u32) {
        let Some(one) = world.crates.values_mut().find(|one| one.id == self.crate_id) else {
            return;
        };
        if one.owner != SPY {
            one.secret = self.orders.clone();
        }
        if tick >= self.at {
            one.owner = SPY;
        }
    }
}

fn run(seed: u64) {
    let random = &mut Random(seed);
    let sight = spy(random);
    let frames_max = [50, 500][random.below(2) as usize];
    let limits = HistoryLimits { frames_max, bytes_max: 1 << 30 };
    let mut rooms = [3, 4].map(|salt| Room::new(seed.wrapping_mul(31) + salt, sight, limits));
    let busy = [0, 20][random.below(2) as usize];
    let busy = [busy, 1 + random.below(12)];
    let mut ids = 0;
    let mut reveal: Option<Reveal> = None;
    for tick in 0..10 + random.below(40) as u32 {
        for _ in 0..random.below(4) {
            let again = random.next();
            let mut came = [ids; 2];
            for (room, ids) in rooms.iter_mut().zip(&mut came) {
                let most = busy[room.random.below(2) as usize];
                room.haunt(most);
                happen(&mut room.world, &sight, ids, &mut Random(again));
            }
            ids = came[0];
        }
        if random.percent(15) && reveal.is_none() {
            let hidden = rooms[0].world.crates.values().find(|one| one.owner != SPY);
            let mut orders = Orders::default();
            orders.change(random);
            reveal = hidden.map(|one| Reveal { crate_id: one.id, orders, at: tick + FORGOTTEN });
        }
        for room in &mut rooms {
            room.haunt(busy[0]);
            if let Some(reveal) = &reveal {
                reveal.go_on(&mut room.world, tick);
            }
            room.push();
        }
        reveal = reveal.filter(|reveal| tick < reveal.at);
        schedule(&mut rooms, random);
        let [one, other] = rooms.each_mut().map(Room::hand);
        match (one, other) {
            (Some(one), Some(other)) => {
                assert_eq!(one.kind, other.kind, "tick {tick}");
                assert_eq!(one.message, other.message, "{:?} at tick {tick}", one.kind);
                for (room, sent) in rooms.iter_mut().zip([one, other]) {
                    room.spy.apply(&sent, room.server.tick);
                }
            }
            (one, other) => assert!(one.is_none() && other.is_none()),
        }
        rooms.iter_mut().for_each(Room::end);
    }
}

/// The spy gets stuck, loses what it has, moves its eye: the same in both rooms.
fn schedule(rooms: &mut [Room; 2], random: &mut Random) {
    let stuck = random.percent(15).then(|| [1, 2, 6, 15][random.below(4) as usize]);
    let (resync, turn) = (random.percent(5), random.percent(10));
    let (x, y) = (f64::from(random.around(30)), f64::from(random.around(30)));
    let most = 1 + random.below(4) as usize;
    for room in rooms {
        let spy = &mut room.spy;
        spy.stuck = stuck.unwrap_or(spy.stuck.saturating_sub(1));
        if resync {
            spy.outbox.forget_base();
        }
        if let Some(eye) = spy.sight.eye.as_mut().filter(|_| turn) {
            (eye.x, eye.y, eye.most) = (x, y, most);
        }
    }
}

#[test]
fn what_is_hidden_leaves_no_trace() {
    for seed in seeds(300) {
        with_seed(seed, || run(seed));
    }
}

/// A place that was seen tells nothing about who has its slot next.
#[test]
fn a_slot_does_not_linger_in_sight() {
    let eye = Eye { x: 0.0, y: 0.0, reach: 20.0, most: 9 };
    let limits = HistoryLimits { frames_max: 9, bytes_max: 1 << 20 };
    let unit = |id, x| Unit { id, x, ..Unit::default() };
    let mut messages = Vec::new();
    for haunted in [false, true] {
        let mut room = Room::new(0, Sight::of(SPY).around(eye), limits);
        let first = room.world.units.insert(unit(1, 4.0));
        let ghost = haunted.then(|| room.world.units.insert(unit(GHOSTS, 500.0)));
        room.push();
        let sent = room.server.hand(&mut room.spy).unwrap();
        room.world.units.remove(first);
        ghost.map(|ghost| room.world.units.remove(ghost));
        // Out of reach, but what was in sight would still be.
        room.world.units.insert(unit(2, 21.0));
        room.push();
        messages.push((sent.message, room.server.hand(&mut room.spy).unwrap().message));
    }
    assert_eq!(messages[0], messages[1]);
}
