//! Schemas as bytes and as JSON.

use greenroom_proto::schema::{
    LaneKind, LaneSchema, Near, Predict, RowsKind, Schema, TableSchema, TextSchema,
};
use greenroom_proto::{List, Text, wire};
use serde_json::{Value, json};

use crate::hex;

fn text<const MAX: usize>(name: &str) -> Text<MAX> {
    Text::try_from(name).expect("a short name")
}

/// A lane that starts a group.
pub fn lane(name: &str, kind: LaneKind) -> LaneSchema {
    LaneSchema { name: text(name), kind, predict: Predict::Hold, joined: false, tolerance: 0 }
}

pub fn step(name: &str) -> LaneSchema {
    lane(name, LaneKind::Step(0.25f64.to_bits()))
}

pub fn linear(lane: LaneSchema) -> LaneSchema {
    LaneSchema { predict: Predict::Linear, ..lane }
}

pub fn joined(lane: LaneSchema) -> LaneSchema {
    LaneSchema { joined: true, ..lane }
}

/// A quaternion's four lanes.
pub fn quat(name: &str, bits: u8) -> Vec<LaneSchema> {
    let mut lanes = vec![linear(lane(name, LaneKind::Quat(bits)))];
    for part in ["a", "b", "c"] {
        let name = format!("{name}.{part}");
        lanes.push(linear(joined(lane(&name, LaneKind::QuatPart(bits)))));
    }
    lanes
}

pub fn variants(names: &[&str]) -> LaneKind {
    LaneKind::Variant(List::first(names.iter().map(|name| text(name))))
}

/// A table that all see.
pub fn table(
    name: &str,
    rows: RowsKind,
    lanes: Vec<LaneSchema>,
    texts: &[(&str, u32, bool)],
) -> TableSchema {
    TableSchema {
        name: text(name),
        rows,
        restricted: false,
        near: None,
        lanes: List::first(lanes),
        texts: List::first(texts.iter().map(|(name, max, utf8)| TextSchema {
            name: text(name),
            max: *max,
            utf8: *utf8,
        })),
    }
}

/// A table of which not all see all rows.
pub fn restricted(table: TableSchema) -> TableSchema {
    TableSchema { restricted: true, ..table }
}

pub fn near(table: TableSchema, x: u16, y: u16) -> TableSchema {
    TableSchema { near: Some(Near { x, y }), ..restricted(table) }
}

pub fn schema(tables: Vec<TableSchema>) -> Schema {
    Schema { tables: List::first(tables) }
}

/// The schema's bytes, its hash as a decimal number, and what it says.
pub fn vector(name: &str, schema: &Schema) -> Value {
    let tables: Vec<Value> = schema.tables.iter().map(table_json).collect();
    json!({
        "name": name,
        "bytes": hex(&wire::encode(schema)),
        "hash": schema.hash().to_string(),
        "value": {"tables": tables},
    })
}

fn table_json(table: &TableSchema) -> Value {
    let rows = match table.rows {
        RowsKind::Single => json!({"type": "Single"}),
        RowsKind::Entities => json!({"type": "Entities"}),
        RowsKind::Owned { of, each } => json!({"type": "Owned", "of": of, "each": each}),
        RowsKind::Cells { of, each } => json!({"type": "Cells", "of": of, "each": each}),
    };
    let lanes = table.lanes.iter().map(|lane| {
        json!({
            "name": &*lane.name,
            "kind": kind_json(&lane.kind),
            "predict": format!("{:?}", lane.predict),
            "joined": lane.joined,
            "tolerance": lane.tolerance,
        })
    });
    let texts = table.texts.iter();
    let texts = texts.map(|it| json!({"name": &*it.name, "max": it.max, "utf8": it.utf8}));
    json!({
        "name": &*table.name,
        "rows": rows,
        "restricted": table.restricted,
        "near": table.near.map(|near| json!({"x": near.x, "y": near.y})),
        "lanes": lanes.collect::<Vec<_>>(),
        "texts": texts.collect::<Vec<_>>(),
    })
}

fn kind_json(kind: &LaneKind) -> Value {
    match kind {
        LaneKind::Bool => json!({"type": "Bool"}),
        LaneKind::Int => json!({"type": "Int"}),
        LaneKind::Uint => json!({"type": "Uint"}),
        LaneKind::Low { signed } => json!({"type": "Low", "signed": signed}),
        LaneKind::High => json!({"type": "High"}),
        LaneKind::Step(step) => json!({"type": "Step", "step": f64::from_bits(*step)}),
        LaneKind::Range { min, step, most } => json!({
            "type": "Range",
            "min": f64::from_bits(*min),
            "step": f64::from_bits(*step),
            "most": most,
        }),
        LaneKind::Angle(bits) => json!({"type": "Angle", "bits": bits}),
        LaneKind::Quat(bits) => json!({"type": "Quat", "bits": bits}),
        LaneKind::QuatPart(bits) => json!({"type": "QuatPart", "bits": bits}),
        LaneKind::Variant(names) => {
            json!({"type": "Variant", "names": names.iter().map(|name| &**name).collect::<Vec<_>>()})
        }
        LaneKind::Some => json!({"type": "Some"}),
    }
}
