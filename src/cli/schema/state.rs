//! The type of the state, from its schema: what lies under one path belongs together.

use greenroom_proto::Schema;
use greenroom_proto::schema::{LaneKind, RowsKind, TableSchema};

use super::types::{Names, Type};

/// A lane, a text or a table, under a path.
#[derive(Clone)]
struct Item<'a> {
    path: Vec<&'a str>,
    what: What<'a>,
}

#[derive(Clone, Copy)]
enum What<'a> {
    Lane(&'a LaneKind),
    Text { utf8: bool },
    Table(usize),
}

/// The type of the whole state. Rows of entities get names.
pub(super) fn of(schema: &Schema, names: &mut Names) -> Type {
    row(schema, 0, names)
}

/// The type of a row.
fn row(schema: &Schema, number: usize, names: &mut Names) -> Type {
    let items = items(schema, number);
    match items.as_slice() {
        // A list by itself, be it in a list or under a field that not all see.
        [Item { path, what: What::Table(list) }] if number > 0 && path == &["items"] => {
            table(schema, *list, names)
        }
        _ => group(schema, &items, names),
    }
}

/// What a row has: its lanes, its texts, and the tables that it owns.
fn items(schema: &Schema, number: usize) -> Vec<Item<'_>> {
    let table = &schema.tables[number];
    let lanes = table.lanes.iter().map(|lane| (&*lane.name, What::Lane(&lane.kind)));
    let texts = table.texts.iter().map(|text| (&*text.name, What::Text { utf8: text.utf8 }));
    let tables = schema.tables.iter().enumerate().skip(1);
    let owned = tables.filter_map(|(place, other)| {
        let owner = other.rows.owner().map_or(0, |(of, _)| of);
        let inner = match &*table.name {
            "" => &other.name[..],
            outer => other.name.strip_prefix(outer)?.strip_prefix('.')?,
        };
        (owner == number).then_some((inner, What::Table(place)))
    });
    let all = lanes.chain(texts).chain(owned);
    all.map(|(path, what)| Item { path: path.split('.').filter(|p| !p.is_empty()).collect(), what })
        .collect()
}

/// The type of values that belong together.
fn group(schema: &Schema, items: &[Item<'_>], names: &mut Names) -> Type {
    let whole = items.first().filter(|first| first.path.is_empty());
    let Some(first) = whole else { return fields(schema, items, names) };
    match first.what {
        What::Lane(LaneKind::Variant(variants)) => {
            let of = |variant: &greenroom_proto::Text<64>| {
                let data = below(items, variant);
                let data = (!data.is_empty()).then(|| match group(schema, &data, names) {
                    Type::Tuple(mut one) if one.len() == 1 => one.remove(0),
                    other => other,
                });
                Type::variant(variant, data)
            };
            Type::Union(variants.iter().map(of).collect())
        }
        What::Lane(LaneKind::Some) => group(schema, &items[1..], names).or("null"),
        What::Lane(LaneKind::Quat(_)) => Type::fixed(&Type::named("number"), 4),
        What::Lane(LaneKind::Low { .. }) => Type::named("bigint"),
        What::Lane(LaneKind::Bool) => Type::named("boolean"),
        What::Lane(_) => Type::named("number"),
        What::Text { utf8: true } => Type::named("string"),
        What::Text { utf8: false } => Type::named("Uint8Array"),
        What::Table(number) => table(schema, number, names),
    }
}

/// The type of a struct, an array or a tuple.
fn fields(schema: &Schema, items: &[Item<'_>], names: &mut Names) -> Type {
    let mut parts: Vec<(&str, Type)> = Vec::new();
    for name in items.iter().filter_map(|item| item.path.first()) {
        if parts.iter().all(|(known, _)| known != name) {
            parts.push((name, group(schema, &below(items, name), names)));
        }
    }
    let place = |part: &(&str, Type)| part.0.parse::<usize>().ok();
    if parts.is_empty() || parts.iter().any(|part| place(part).is_none()) {
        return Type::Object(parts.into_iter().map(|(name, of)| (name.to_owned(), of)).collect());
    }
    parts.sort_by_key(place);
    let values: Vec<Type> = parts.into_iter().map(|(_, of)| of).collect();
    match values.iter().all(|value| *value == values[0]) {
        true => Type::fixed(&values[0], values.len()),
        false => Type::Tuple(values),
    }
}

/// The items under a name, by their paths from there on.
fn below<'a>(items: &[Item<'a>], name: &str) -> Vec<Item<'a>> {
    let under = items.iter().filter(|item| item.path.first() == Some(&name));
    under.map(|item| Item { path: item.path[1..].to_vec(), what: item.what }).collect()
}

/// The type of a field that has a table.
fn table(schema: &Schema, number: usize, names: &mut Names) -> Type {
    let of = &schema.tables[number];
    match of.rows {
        RowsKind::Single => row(schema, number, names),
        RowsKind::Entities => {
            let row = row(schema, number, names);
            let row = names.define(&row_name(of), row);
            Type::Map(Box::new(Type::named("number")), Box::new(row))
        }
        RowsKind::Cells { .. } => Type::array(row(schema, number, names)),
        // A field with a visibility of its own; a list has one of its own at any rate.
        RowsKind::Owned { each: 1, .. } if of.restricted => match row(schema, number, names) {
            list @ (Type::Array(_) | Type::Map(..)) => list,
            value => value.or("undefined"),
        },
        RowsKind::Owned { .. } => {
            let items = items(schema, number);
            let (keys, values) = (below(&items, "key"), below(&items, "value"));
            match !keys.is_empty() && keys.len() + values.len() == items.len() {
                true => {
                    let key = group(schema, &keys, names);
                    Type::Map(Box::new(key), Box::new(group(schema, &values, names)))
                }
                false => Type::array(row(schema, number, names)),
            }
        }
    }
}

/// `players` has rows that are called `PlayersRow`.
fn row_name(table: &TableSchema) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    table.name.split(['.', '_']).map(capital).collect::<String>() + "Row"
}
