//! A state as values that each have a path.

use greenroom::proto::schema::{LaneKind, RowsKind};
use greenroom::proto::{Rows, Schema};
use greenroom::room::fields::Field;

use super::items::{own_name, owner};
use super::scalar::{scalar, text, wide};

/// Every value of every row, and that the row is there: `ships[3.1].cargo[0].kind`, in the order of
/// the schema. The parts of a quaternion are lanes.
#[must_use]
pub fn leaves(schema: &Schema, rows: &Rows) -> Vec<Field> {
    let mut found = Vec::new();
    for number in 0..schema.tables.len() {
        let of = &rows.tables()[number];
        for slot in 0..of.slots() {
            let Some((_, lanes)) = of.row(slot) else { continue };
            let path = path(schema, rows, number, slot);
            if number > 0 {
                found.push(Field { path: path.clone(), value: "there".to_owned() });
            }
            row(schema, number, (lanes, of.texts(slot)), &path, &mut found);
        }
    }
    found
}

fn row(
    schema: &Schema,
    number: usize,
    (lanes, texts): (&[i32], &[Vec<u8>]),
    path: &str,
    found: &mut Vec<Field>,
) {
    let table = &schema.tables[number];
    // A field that not all may see keeps its name in its lanes.
    let own = own_name(schema, number);
    let mut add = |name: &str, value: serde_json::Value| {
        let name = name.strip_prefix(own).filter(|_| is_part(schema, number)).unwrap_or(name);
        let name = name.strip_prefix('.').unwrap_or(name);
        let path = match (path, name) {
            ("", one) | (one, "") => one.to_owned(),
            _ => format!("{path}.{name}"),
        };
        found.push(Field { path, value: value.to_string() });
    };
    for (place, lane) in table.lanes.iter().enumerate() {
        match &lane.kind {
            LaneKind::Low { signed } => {
                let high = lanes.get(place + 1).copied().unwrap_or(0);
                add(&lane.name, wide(*signed, lanes[place], high));
            }
            LaneKind::High => {}
            kind => add(&lane.name, scalar(kind, lanes[place])),
        }
    }
    for (of, bytes) in table.texts.iter().zip(texts) {
        add(&of.name, text(of.utf8, bytes));
    }
}

/// The path of a row: of those that own it, and its own.
fn path(schema: &Schema, rows: &Rows, number: usize, slot: usize) -> String {
    let name = own_name(schema, number);
    let (each, place) = match schema.tables[number].rows {
        RowsKind::Single => return String::new(),
        RowsKind::Entities => {
            let generation =
                rows.tables()[number].row(slot).map_or(0, |(generation, _)| generation);
            return format!("{name}[{slot}.{generation}]");
        }
        RowsKind::Owned { each, .. } | RowsKind::Cells { each, .. } => {
            (each as usize, slot % each.max(1) as usize)
        }
    };
    let outer = path(schema, rows, owner(schema, number), slot / each.max(1));
    let outer = if outer.is_empty() { outer } else { outer + "." };
    match is_part(schema, number) {
        true => format!("{outer}{name}"),
        false => format!("{outer}{name}[{place}]"),
    }
}

/// Whether it is a field with a visibility of its own.
fn is_part(schema: &Schema, number: usize) -> bool {
    let table = &schema.tables[number];
    matches!(table.rows, RowsKind::Owned { each: 1, .. }) && table.restricted
}
