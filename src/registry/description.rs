//! What clients of a game see and say, as JSON: the types of [`greenroom_proto::schema`] and
//! [`greenroom_proto::message`] under the names that they have there, doubles as numbers.

use greenroom_proto::schema::{LaneKind, LaneSchema, Predict, RowsKind, TableSchema};
use serde::Serialize;

use super::{Entry, MessageShapes};

#[derive(Serialize)]
struct Game<'a> {
    game: &'a str,
    version: u32,
    hash: String,
    state: State<'a>,
    messages: MessageShapes,
}

#[derive(Serialize)]
struct State<'a> {
    tables: Vec<Table<'a>>,
}

#[derive(Serialize)]
struct Table<'a> {
    name: &'a str,
    rows: RowsKind,
    restricted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    near: Option<Near<'a>>,
    lanes: Vec<Lane<'a>>,
    texts: Vec<Text<'a>>,
}

/// The lanes that say where an entity is.
#[derive(Serialize)]
struct Near<'a> {
    x: &'a str,
    y: &'a str,
}

#[derive(Serialize)]
struct Lane<'a> {
    name: &'a str,
    kind: Kind<'a>,
    predict: Predict,
    joined: bool,
    tolerance: u32,
}

#[derive(Serialize)]
enum Kind<'a> {
    Step(f64),
    Range {
        min: f64,
        step: f64,
        most: u32,
    },
    #[serde(untagged)]
    Other(&'a LaneKind),
}

#[derive(Serialize)]
struct Text<'a> {
    name: &'a str,
    max: u32,
    utf8: bool,
}

pub(super) fn of(entry: &Entry) -> Result<String, String> {
    let game = Game {
        game: entry.game.name(),
        version: entry.game.version(),
        hash: format!("{:016x}", entry.schema_hash),
        state: State { tables: entry.schema.tables.iter().map(table).collect() },
        messages: entry.game.messages(),
    };
    let text = serde_json::to_string_pretty(&game).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

fn table(table: &TableSchema) -> Table<'_> {
    let name = |lane: u16| table.lanes[usize::from(lane)].name.as_str();
    let texts = table.texts.iter();
    Table {
        name: &table.name,
        rows: table.rows,
        restricted: table.restricted,
        near: table.near.map(|near| Near { x: name(near.x), y: name(near.y) }),
        lanes: table.lanes.iter().map(lane).collect(),
        texts: texts
            .map(|text| Text { name: &text.name, max: text.max, utf8: text.utf8 })
            .collect(),
    }
}

fn lane(lane: &LaneSchema) -> Lane<'_> {
    Lane {
        name: &lane.name,
        kind: kind(&lane.kind),
        predict: lane.predict,
        joined: lane.joined,
        tolerance: lane.tolerance,
    }
}

fn kind(kind: &LaneKind) -> Kind<'_> {
    match kind {
        LaneKind::Step(step) => Kind::Step(f64::from_bits(*step)),
        LaneKind::Range { min, step, most } => {
            Kind::Range { min: f64::from_bits(*min), step: f64::from_bits(*step), most: *most }
        }
        other => Kind::Other(other),
    }
}
