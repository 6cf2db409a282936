//! What a row has, by paths: its lanes, its texts, and the tables that it owns. What lies under one
//! path belongs together.

use greenroom::proto::Schema;
use greenroom::proto::schema::LaneKind;

/// A lane, a text or a table, under a path.
#[derive(Clone)]
pub(super) struct Item<'a> {
    pub(super) path: Vec<&'a str>,
    pub(super) what: What<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    /// Its number in the row, and how it reads.
    Lane(usize, &'a LaneKind),
    /// Its number in the row.
    Text(usize, bool),
    /// Its number in the schema.
    Table(usize),
}

/// What each row of a table has.
pub(super) fn items(schema: &Schema, number: usize) -> Vec<Item<'_>> {
    let table = &schema.tables[number];
    let lanes = table.lanes.iter().enumerate();
    let lanes = lanes.map(|(place, lane)| (&*lane.name, What::Lane(place, &lane.kind)));
    let texts = table.texts.iter().enumerate();
    let texts = texts.map(|(place, text)| (&*text.name, What::Text(place, text.utf8)));
    let tables = (1..schema.tables.len()).filter(|other| owner(schema, *other) == number);
    let tables = tables.map(|other| (own_name(schema, other), What::Table(other)));
    lanes.chain(texts).chain(tables).map(|(path, what)| Item { path: parts(path), what }).collect()
}

/// The items under a name, by their paths from there on.
pub(super) fn below<'a>(items: &[Item<'a>], name: &str) -> Vec<Item<'a>> {
    let under = items.iter().filter(|item| item.path.first() == Some(&name));
    under.map(|item| Item { path: item.path[1..].to_vec(), what: item.what }).collect()
}

/// The table whose rows own those of this one; entities are the state's own.
pub(super) fn owner(schema: &Schema, number: usize) -> usize {
    schema.tables[number].rows.owner().map_or(0, |(of, _)| of)
}

/// The name of a table without that of its owner.
pub(super) fn own_name(schema: &Schema, number: usize) -> &str {
    let name = &schema.tables[number].name;
    match &*schema.tables[owner(schema, number)].name {
        "" => name,
        outer => name.strip_prefix(outer).and_then(|own| own.strip_prefix('.')).unwrap_or(name),
    }
}

fn parts(path: &str) -> Vec<&str> {
    path.split('.').filter(|part| !part.is_empty()).collect()
}
