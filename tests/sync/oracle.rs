//! What a viewer should see, found out the plain way: all over again from the state itself.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;
use std::fmt::Debug;

use greenroom::proto::{Eye, List, Seen, Sight, Table, Teams};

use crate::state::{Card, Chip, Crate, Dot, HEADING, HEAT, Orders, PLACE, Single, Unit, World};

/// A state as somebody sees it, entities by their ids.
pub struct Shown {
    pub single: Single,
    pub units: BTreeMap<u32, Unit>,
    pub crates: BTreeMap<u32, Crate>,
    pub cards: BTreeMap<u32, Card>,
    pub dots: BTreeMap<u32, Dot>,
}

fn by_id<T: Clone>(table: &Table<T>, id: impl Fn(&T) -> u32) -> BTreeMap<u32, T> {
    let map: BTreeMap<u32, T> = table.values().map(|one| (id(one), one.clone())).collect();
    assert_eq!(map.len(), table.len(), "an entity is there twice");
    map
}

impl Shown {
    /// All that is in a state.
    pub fn all(world: &World) -> Self {
        Shown {
            single: world.single.clone(),
            units: by_id(&world.units, |unit| unit.id),
            crates: by_id(&world.crates, |one| one.id),
            cards: by_id(&world.cards, |card| card.id),
            dots: by_id(&world.dots, |dot| dot.id),
        }
    }

    /// What somebody should see; `near` are the units that they had in sight, and have now.
    pub fn to(world: &World, sight: &Sight, near: &mut BTreeSet<u32>) -> Self {
        let mut shown = Shown::all(world);
        let single = &mut shown.single;
        if !sight.sees(Seen::Teams(Teams::of(1))) {
            single.plan = Orders::default();
        }
        if !sight.sees(Seen::Player(single.chief)) {
            single.seal = 0;
        }
        shown.cards.retain(|_, card| sight.sees(card.seen));
        shown.cards.values_mut().for_each(|card| card.seen = Seen::All);
        for one in shown.crates.values_mut() {
            if !sight.sees(Seen::Player(one.owner)) {
                one.secret = Orders::default();
            }
            let chips = one.chips.iter().filter(|chip| sight.sees(chip.seen));
            one.chips = List::first(chips.map(|chip| Chip { seen: Seen::All, ..chip.clone() }));
        }
        shown.units.retain(|_, unit| sight.sees(unit.seen));
        if let Some(eye) = &sight.eye {
            let places = shown.units.values().map(|unit| (unit.id, unit.x, unit.y)).collect();
            let seen = nearest(places, eye, near);
            shown.units.retain(|id, _| seen.contains(id));
        }
        *near = shown.units.keys().copied().collect();
        for unit in shown.units.values_mut() {
            unit.seen = Seen::All;
            if !sight.sees(Seen::Player(unit.owner)) {
                unit.orders = Orders::default();
            }
            if !sight.sees(Seen::Teams(Teams::of(2))) {
                unit.cargo = List::new();
            }
        }
        shown
    }

    /// Checks that both are equal.
    pub fn is(&self, expected: &Shown) {
        assert_eq!(self.single, expected.single);
        same(&self.units, &expected.units);
        same(&self.crates, &expected.crates);
        same(&self.cards, &expected.cards);
        same(&self.dots, &expected.dots);
    }

    /// Takes from `expected` what is close enough to it.
    pub fn tolerate(&mut self, expected: &Shown) {
        close(&mut self.single.heat, expected.single.heat, HEAT);
        rotation(&mut self.single.turn, expected.single.turn);
        for (id, unit) in &mut self.units {
            let Some(expected) = expected.units.get(id) else { continue };
            rotation(&mut unit.turn, expected.turn);
        }
        for (id, one) in &mut self.crates {
            let Some(expected) = expected.crates.get(id) else { continue };
            for (place, expected) in one.place.iter_mut().zip(expected.place) {
                close(place, expected, PLACE);
            }
            let apart = (one.heading - expected.heading + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
            assert!(apart.abs() <= HEADING + 1e-9, "{} not {}", one.heading, expected.heading);
            one.heading = expected.heading;
        }
    }
}

fn same<T: PartialEq + Debug>(got: &BTreeMap<u32, T>, expected: &BTreeMap<u32, T>) {
    let ids = |map: &BTreeMap<u32, T>| map.keys().copied().collect::<Vec<u32>>();
    assert_eq!(ids(got), ids(expected));
    got.iter().zip(expected).for_each(|(got, expected)| assert_eq!(got, expected));
}

fn close(value: &mut f64, expected: f64, tolerance: f64) {
    assert!((*value - expected).abs() <= tolerance, "{value} is not near {expected}");
    *value = expected;
}

fn rotation(value: &mut [f32; 4], expected: [f32; 4]) {
    let length = expected.iter().map(|part| part * part).sum::<f32>().sqrt();
    let whole = if length > 0.0 { expected.map(|part| part / length) } else { [0., 0., 0., 1.] };
    let same: f32 = value.iter().zip(whole).map(|(one, other)| one * other).sum();
    assert!(same.abs() > 0.999, "{value:?} is not the rotation {expected:?}");
    *value = expected;
}

/// The ids of those that an eye sees.
fn nearest(places: Vec<(u32, f64, f64)>, eye: &Eye, before: &BTreeSet<u32>) -> BTreeSet<u32> {
    let step = 0.25;
    let lane = |value: f64| (value / step).round() as i32;
    let (x, y) = ((eye.x / step) as i32, (eye.y / step) as i32);
    let square = |length: f64| (length * length).min(4e18) as i64;
    let reach = eye.reach / step;
    let mut near = Vec::new();
    for (id, at_x, at_y) in places {
        let (dx, dy) = (i64::from(lane(at_x)) - i64::from(x), i64::from(lane(at_y)) - i64::from(y));
        let distance = dx.saturating_mul(dx).saturating_add(dy.saturating_mul(dy));
        let stays = before.contains(&id);
        if distance <= square(if stays { reach * 1.1 } else { reach }) {
            near.push((if stays { distance / 121 * 100 } else { distance }, id));
        }
    }
    near.sort_unstable();
    near.truncate(eye.most);
    near.into_iter().map(|(_, id)| id).collect()
}
