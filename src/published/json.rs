//! A state as JSON. Names with dots nest, those called 0, 1, 2 … are an array; `None` is `null`; a
//! variant without data is its name, one with data `{"Name": data}`; entities are under their ids,
//! `slot.generation`. What the viewer may not see is `null` or not there. The types that
//! `greenroom schema --ts` prints say the same.

use greenroom::proto::schema::{LaneKind, RowsKind};
use greenroom::proto::{Rows, Schema};
use serde_json::{Map, Value};

use super::items::{Item, What, below, items};
use super::scalar::{quaternion, scalar, text, variant, wide};

/// The whole state.
#[must_use]
pub fn state(schema: &Schema, rows: &Rows) -> Value {
    let items = (0..schema.tables.len()).map(|number| items(schema, number)).collect();
    State { schema, rows, items }.row(0, 0)
}

struct State<'a> {
    schema: &'a Schema,
    rows: &'a Rows,
    /// By table.
    items: Vec<Vec<Item<'a>>>,
}

impl State<'_> {
    fn row(&self, number: usize, slot: usize) -> Value {
        let items = &self.items[number];
        match items.as_slice() {
            // A list by itself, be it in a list or under a field that not all see.
            [Item { path, what: What::Table(list) }] if number > 0 && path == &["items"] => {
                self.table(*list, slot)
            }
            _ => self.group(items, number, slot),
        }
    }

    /// Values that belong together.
    fn group(&self, items: &[Item<'_>], number: usize, slot: usize) -> Value {
        let lane = |lane: usize| {
            let (_, lanes) = self.rows.tables()[number].row(slot).unwrap_or_default();
            lanes.get(lane).copied().unwrap_or(0)
        };
        let Some(whole) = items.first().filter(|first| first.path.is_empty()) else {
            return self.fields(items, number, slot);
        };
        match whole.what {
            What::Lane(place, LaneKind::Variant(names)) => {
                let name = variant(names, lane(place));
                let data = below(items, name);
                match data.is_empty() {
                    true => Value::from(name),
                    false => self.variant(name, &data, number, slot),
                }
            }
            What::Lane(place, LaneKind::Some) if lane(place) == 0 => Value::Null,
            What::Lane(_, LaneKind::Some) => self.group(&items[1..], number, slot),
            What::Lane(place, LaneKind::Quat(bits)) => {
                quaternion(*bits, &[0, 1, 2, 3].map(|part| lane(place + part)))
            }
            What::Lane(place, LaneKind::Low { signed }) => {
                wide(*signed, lane(place), lane(place + 1))
            }
            What::Lane(place, kind) => scalar(kind, lane(place)),
            What::Text(place, utf8) => {
                let texts = self.rows.tables()[number].row(slot).is_some();
                let texts = texts.then(|| self.rows.tables()[number].texts(slot));
                text(utf8, texts.and_then(|texts| texts.get(place)).map_or(&[], Vec::as_slice))
            }
            What::Table(list) => self.table(list, slot),
        }
    }

    fn variant(&self, name: &str, data: &[Item<'_>], number: usize, slot: usize) -> Value {
        let data = match self.group(data, number, slot) {
            Value::Array(mut one) if one.len() == 1 => one.remove(0),
            data => data,
        };
        Value::Object(Map::from_iter([(name.to_owned(), data)]))
    }

    /// A struct, an array or a tuple.
    fn fields(&self, items: &[Item<'_>], number: usize, slot: usize) -> Value {
        let mut parts: Vec<(&str, Value)> = Vec::new();
        for name in items.iter().filter_map(|item| item.path.first()) {
            if parts.iter().all(|(known, _)| known != name) {
                parts.push((name, self.group(&below(items, name), number, slot)));
            }
        }
        let place = |part: &(&str, Value)| part.0.parse::<usize>().ok();
        if parts.is_empty() || parts.iter().any(|part| place(part).is_none()) {
            return Value::Object(
                parts.into_iter().map(|(name, of)| (name.to_owned(), of)).collect(),
            );
        }
        parts.sort_by_key(place);
        Value::Array(parts.into_iter().map(|(_, of)| of).collect())
    }

    /// What a field has that has a table.
    fn table(&self, number: usize, owner: usize) -> Value {
        let table = &self.schema.tables[number];
        let (slots, is_part) = match table.rows {
            RowsKind::Single => return self.row(0, 0),
            RowsKind::Entities => return self.entities(number),
            RowsKind::Owned { each, .. } => (each as usize, each == 1 && table.restricted),
            RowsKind::Cells { each, .. } => (each as usize, false),
        };
        let rows = &self.rows.tables()[number];
        let slots = owner.saturating_mul(slots)..(owner + 1).saturating_mul(slots);
        let slots = slots.start..slots.end.min(rows.slots());
        let mut there = slots.filter(|slot| rows.row(*slot).is_some());
        if is_part {
            return there.next().map_or(Value::Null, |slot| self.row(number, slot));
        }
        let items = &self.items[number];
        let (keys, values) = (below(items, "key"), below(items, "value"));
        if keys.is_empty() || keys.len() + values.len() != items.len() {
            return there.map(|slot| self.row(number, slot)).collect();
        }
        let entry = |slot| [self.group(&keys, number, slot), self.group(&values, number, slot)];
        map(there.map(entry).collect())
    }

    fn entities(&self, number: usize) -> Value {
        let rows = &self.rows.tables()[number];
        let entity = |slot: usize| {
            let (generation, _) = rows.row(slot)?;
            Some((format!("{slot}.{generation}"), self.row(number, slot)))
        };
        Value::Object((0..rows.slots()).filter_map(entity).collect())
    }
}

/// A map: an object if its keys are texts or numbers, else a list of pairs.
fn map(entries: Vec<[Value; 2]>) -> Value {
    let key = |key: &Value| match key {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let named: Option<Map<String, Value>> =
        entries.iter().map(|[of, value]| Some((key(of)?, value.clone()))).collect();
    match named {
        Some(named) if named.len() == entries.len() => Value::Object(named),
        _ => entries.into_iter().map(|entry| Value::Array(entry.into())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use greenroom::prelude::*;
    use greenroom::proto::{Rows, layout_of, publish, schema_of};
    use serde_json::json;

    use super::state;

    #[derive(Replicate, Clone, Serialize, Deserialize, Default)]
    struct Ship {
        #[sync(step = 0.25)]
        x: f32,
        name: Text<16>,
        cargo: List<Item, 4>,
        order: Option<Order>,
        #[sync(seen = Seen::Nobody)]
        secret: u8,
    }

    #[derive(Replicate, Clone, Serialize, Deserialize, Default)]
    struct Item {
        kind: u8,
        weights: [u16; 2],
    }

    #[derive(Replicate, Clone, Serialize, Deserialize)]
    enum Order {
        Wait,
        Go { to: u8 },
        Follow(u8),
    }

    #[derive(Replicate, Clone, Serialize, Deserialize, Default)]
    struct World {
        round: u64,
        low: i64,
        prices: Map<PlayerId, u8, 4>,
        orders: List<Order, 4>,
        ships: Table<Ship>,
    }

    #[test]
    fn nested_values_read_as_they_are_written() {
        let mut world = World { round: 1 << 40, low: -7, ..World::default() };
        let _ = world.prices.insert(PlayerId(3), 9);
        for order in [Order::Wait, Order::Go { to: 4 }, Order::Follow(5)] {
            world.orders.push(order).unwrap();
        }
        let gone = world.ships.insert(Ship::default());
        world.ships.remove(gone);
        let mut ship = Ship { x: 1.6, name: Text::cut("Ada"), ..Ship::default() };
        ship.cargo.push(Item { kind: 1, weights: [2, 3] }).unwrap();
        ship.order = Some(Order::Go { to: 1 });
        world.ships.insert(ship);
        let mut rows = Rows::default();
        publish(&world, &layout_of::<World>(), &mut rows);
        let expected = json!({
            "round": 1u64 << 40,
            "low": -7,
            "prices": {"3": 9},
            "orders": ["Wait", {"Go": {"to": 4}}, {"Follow": 5}],
            "ships": {"0.1": {
                "x": 1.5,
                "name": "Ada",
                "cargo": [{"kind": 1, "weights": [2, 3]}],
                "order": {"Go": {"to": 1}},
                "secret": 0,
            }},
        });
        assert_eq!(state(&schema_of::<World>(), &rows), expected);
    }
}
