//! What a player sees as numbers: the rows of each table of the state, as 32-bit floats.
//!
//! A row is its lanes as the values that they stand for: units, radians, 0 or 1, the number of a
//! variant. Rows that come and go have a number before them, 1 if the row is there; a row that is
//! not is all zeros. A row is in the place of its slot, and keeps it as long as it lives. Texts are
//! not shown.

use std::cmp::Ordering;

use greenroom::proto::schema::{LaneKind, LaneSchema, RowsKind, TableSchema};
use greenroom::proto::{Rows, Schema, TableRows};
use serde::Serialize;

/// Rows of all tables together.
const ROWS_TOTAL_MAX: usize = 1 << 16;

/// A table as a learner sees it.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) name: String,
    /// Rows that are shown.
    pub(super) rows: usize,
    /// There is one row, always.
    pub(super) single: bool,
    /// Rows come and go, so that their first column says whether they are there.
    comes_and_goes: bool,
    lanes: Vec<Lane>,
    pub(super) columns: Vec<Column>,
}

/// A number of a row.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct Column {
    pub(super) name: String,
    /// The least and the greatest value; none where any float is possible.
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
}

/// How a lane reads as a number.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Lane {
    /// The least value, and a step.
    Unsigned(f64, f64),
    Signed(f64),
    /// A component of a unit quaternion, 0 to 3 for w, x, y, z; where its four lanes begin, and their
    /// step.
    Quat {
        part: usize,
        first: usize,
        step: f64,
    },
}

/// How many rows of a table are shown: as the command line says, the game, or else.
pub(super) struct RowsAtMost<'a> {
    pub(super) said: &'a [(String, usize)],
    pub(super) by_game: &'a dyn Fn(&str) -> Option<usize>,
    pub(super) otherwise: usize,
}

/// All tables of a state. The error is a sentence.
pub(super) fn tables(schema: &Schema, at_most: &RowsAtMost<'_>) -> Result<Vec<Observed>, String> {
    let mut tables: Vec<Observed> = Vec::new();
    for table in schema.tables.iter() {
        let rows = rows_of(table, &tables, at_most);
        tables.push(Observed::new(table, rows));
    }
    for (name, _) in at_most.said {
        if !tables.iter().any(|table| table.name == *name && table.comes_and_goes) {
            let known: Vec<_> =
                tables.iter().filter(|it| it.comes_and_goes).map(|it| it.name.as_str()).collect();
            return Err(format!("--rows {name}: choose from {}", known.join(", ")));
        }
    }
    let total: usize = tables.iter().map(|table| table.rows).fold(0, usize::saturating_add);
    if total > ROWS_TOTAL_MAX {
        return Err(format!(
            "there are {total} rows to see, and {ROWS_TOTAL_MAX} are the most: choose fewer with \
             --rows-max, or of one table with --rows NAME=ROWS"
        ));
    }
    Ok(tables)
}

fn rows_of(table: &TableSchema, before: &[Observed], at_most: &RowsAtMost<'_>) -> usize {
    let name = table.name.as_str();
    let said = at_most.said.iter().find(|(said, _)| said == name).map(|(_, rows)| *rows);
    let said = said.or_else(|| (at_most.by_game)(name));
    let of_owner = |of: u8, each: u32| {
        before.get(usize::from(of)).map_or(0, |owner| owner.rows).saturating_mul(each as usize)
    };
    match table.rows {
        RowsKind::Single => 1,
        RowsKind::Entities => said.unwrap_or(at_most.otherwise),
        // Those of the owners that are shown.
        RowsKind::Owned { of, each } => of_owner(of, each).min(said.unwrap_or(usize::MAX)),
        RowsKind::Cells { of, each } => of_owner(of, each),
    }
}

impl Observed {
    fn new(table: &TableSchema, rows: usize) -> Self {
        let comes_and_goes = !table.rows.is_fixed();
        let present = comes_and_goes.then(|| Column {
            name: "present".to_owned(),
            low: Some(0.0),
            high: Some(1.0),
        });
        Observed {
            name: match table.name.as_str() {
                "" => "state".to_owned(),
                name => name.to_owned(),
            },
            rows,
            single: table.rows == RowsKind::Single,
            comes_and_goes,
            lanes: lanes(&table.lanes),
            columns: present.into_iter().chain(columns(&table.lanes)).collect(),
        }
    }

    /// Floats that it takes.
    pub(super) fn len(&self) -> usize {
        self.rows * self.columns.len()
    }

    /// Writes all of it; returns how many rows there was no place for.
    pub(super) fn write(&self, rows: &TableRows, out: &mut [u8]) -> u32 {
        out.fill(0);
        let bytes = self.columns.len() * 4;
        if bytes == 0 {
            return 0;
        }
        for (slot, out) in out.chunks_exact_mut(bytes).enumerate().take(rows.slots()) {
            let Some((_, lanes)) = rows.row(slot) else { continue };
            let out = match self.comes_and_goes {
                true => {
                    let (present, rest) = out.split_at_mut(4);
                    present.copy_from_slice(&1f32.to_le_bytes());
                    rest
                }
                false => out,
            };
            for (place, (lane, out)) in self.lanes.iter().zip(out.chunks_exact_mut(4)).enumerate() {
                let value = lane.value(lanes, place) as f32;
                out.copy_from_slice(&value.to_le_bytes());
            }
        }
        (self.rows..rows.slots()).filter(|slot| rows.row(*slot).is_some()).count() as u32
    }
}

/// The tables' rows, one table after the other.
pub(super) fn write(tables: &[Observed], rows: &Rows, out: &mut [u8]) -> u32 {
    let (mut rest, mut left_out) = (out, 0u32);
    for (table, rows) in tables.iter().zip(rows.tables()) {
        let (out, after) = rest.split_at_mut(table.len() * 4);
        left_out = left_out.saturating_add(table.write(rows, out));
        rest = after;
    }
    left_out
}

/// How the lanes of a row read.
fn lanes(schemas: &[LaneSchema]) -> Vec<Lane> {
    let (mut lanes, mut quat) = (Vec::with_capacity(schemas.len()), (0, 0));
    for (place, schema) in schemas.iter().enumerate() {
        quat = match schema.kind {
            LaneKind::Quat(_) => (place, 0),
            _ => (quat.0, quat.1 + 1),
        };
        lanes.push(Lane::of(&schema.kind, quat));
    }
    lanes
}

impl Lane {
    /// `quat` is where the last quaternion began, and how far behind that this lane is.
    fn of(kind: &LaneKind, quat: (usize, usize)) -> Self {
        match kind {
            LaneKind::Bool
            | LaneKind::Uint
            | LaneKind::Low { .. }
            | LaneKind::High
            | LaneKind::Variant(_)
            | LaneKind::Some => Lane::Unsigned(0.0, 1.0),
            LaneKind::Int => Lane::Signed(1.0),
            LaneKind::Step(step) => Lane::Signed(f64::from_bits(*step)),
            LaneKind::Range { min, step, .. } => {
                Lane::Unsigned(f64::from_bits(*min), f64::from_bits(*step))
            }
            LaneKind::Angle(bits) => Lane::Signed(std::f64::consts::TAU / f64::from(*bits).exp2()),
            LaneKind::Quat(bits) | LaneKind::QuatPart(bits) => {
                let most = f64::from(bits.saturating_sub(1)).exp2() - 1.0;
                let step = 1.0 / (std::f64::consts::SQRT_2 * most.max(1.0));
                Lane::Quat { part: quat.1, first: quat.0, step }
            }
        }
    }

    /// The value of a row's lane in this place.
    fn value(self, lanes: &[i32], place: usize) -> f64 {
        match self {
            Lane::Unsigned(min, step) => min + f64::from(lanes[place] as u32) * step,
            Lane::Signed(step) => f64::from(lanes[place]) * step,
            Lane::Quat { part, first, step } => component(&lanes[first..], part, step),
        }
    }
}

/// A component of the quaternion that these lanes begin with: which is the largest, and the others.
fn component(lanes: &[i32], part: usize, step: f64) -> f64 {
    let largest = (lanes[0] & 3) as usize;
    let other = |place: usize| lanes.get(1 + place).map_or(0.0, |lane| f64::from(*lane) * step);
    match part.cmp(&largest) {
        Ordering::Less => other(part),
        Ordering::Greater => other(part - 1),
        Ordering::Equal => {
            (1.0 - (0..3).map(|it| other(it) * other(it)).sum::<f64>()).max(0.0).sqrt()
        }
    }
}

/// What the lanes of a row are called. The components of a quaternion are w, x, y, z.
fn columns(schemas: &[LaneSchema]) -> impl Iterator<Item = Column> {
    let mut quat = ("", 0);
    schemas.iter().map(move |schema| {
        let column = column(schema);
        match schema.kind {
            LaneKind::Quat(_) => quat = (schema.name.as_str(), 0),
            LaneKind::QuatPart(_) => quat.1 += 1,
            _ => return column,
        }
        let part = ["w", "x", "y", "z"].get(quat.1).copied().unwrap_or_default();
        Column { name: format!("{}.{part}", quat.0), ..column }
    })
}

fn column(lane: &LaneSchema) -> Column {
    let (low, high) = match &lane.kind {
        LaneKind::Bool | LaneKind::Some => (Some(0.0), Some(1.0)),
        LaneKind::Uint | LaneKind::Low { .. } | LaneKind::High => (Some(0.0), None),
        LaneKind::Int | LaneKind::Step(_) => (None, None),
        LaneKind::Range { min, step, most } => {
            let (min, step) = (f64::from_bits(*min), f64::from_bits(*step));
            (Some(min), Some(min + step * f64::from(*most)))
        }
        LaneKind::Angle(_) => (Some(-std::f64::consts::PI), Some(std::f64::consts::PI)),
        LaneKind::Quat(_) | LaneKind::QuatPart(_) => (Some(-1.0), Some(1.0)),
        LaneKind::Variant(names) => (Some(0.0), Some(names.len().saturating_sub(1) as f64)),
    };
    Column { name: lane.name.as_str().to_owned(), low, high }
}

#[cfg(test)]
mod tests {
    use greenroom::prelude::*;
    use greenroom::proto::{layout_of, publish, schema_of};

    use super::*;

    #[derive(Replicate, Default)]
    struct State {
        wide: i64,
        #[sync(range = (-2.0, 2.0), step = 0.5)]
        ranged: f32,
        #[sync(angle = 8)]
        angle: f32,
        #[sync(quat = 12)]
        turn: [f32; 4],
        kind: Kind,
        maybe: Option<i8>,
        things: Table<Thing>,
    }

    #[derive(Replicate, Default)]
    enum Kind {
        #[default]
        Nothing,
        Some(u8),
    }

    #[derive(Replicate, Default)]
    struct Thing {
        #[sync(step = 0.25)]
        x: f32,
        parts: List<u8, 2>,
    }

    fn observed(state: &State, rows: usize) -> (Vec<Observed>, Vec<f32>, u32) {
        let at_most = RowsAtMost { said: &[], by_game: &|_| None, otherwise: rows };
        let tables = tables(&schema_of::<State>(), &at_most).unwrap();
        let (layout, mut rows) = (layout_of::<State>(), Rows::default());
        publish(state, &layout, &mut rows);
        let mut out = vec![7; tables.iter().map(Observed::len).sum::<usize>() * 4];
        let left_out = write(&tables, &rows, &mut out);
        let floats = out.chunks_exact(4).map(|it| f32::from_le_bytes(it.try_into().unwrap()));
        let floats = floats.collect();
        (tables, floats, left_out)
    }

    #[test]
    fn every_kind_of_lane_is_the_value_that_it_stands_for() {
        let half = std::f32::consts::FRAC_1_SQRT_2;
        let state = State {
            wide: (3 << 32) + 5,
            ranged: 1.5,
            angle: -std::f32::consts::FRAC_PI_2,
            turn: [0.0, half, 0.0, -half],
            kind: Kind::Some(9),
            maybe: Some(-4),
            ..State::default()
        };
        let (tables, floats, _) = observed(&state, 1);
        let value = |name: &str| {
            let place = tables[0].columns.iter().position(|column| column.name == name);
            floats[place.unwrap_or_else(|| panic!("{name} in {:?}", tables[0].columns))]
        };
        assert_eq!((floats[0], floats[1]), (5.0, 3.0), "low and high bits");
        assert_eq!(value("ranged"), 1.5);
        assert_eq!(value("angle"), -std::f32::consts::FRAC_PI_2);
        assert_eq!((value("kind"), value("maybe")), (1.0, 1.0));
        assert!(floats.contains(&9.0) && floats.contains(&-4.0));
        // A rotation and its negative are the same one.
        let turn = ["w", "x", "y", "z"].map(|part| value(&format!("turn.{part}")));
        let dot = turn[0] * -half + turn[2] * half;
        assert!((dot.abs() - 1.0).abs() < 1e-3, "{turn:?}");
    }

    #[test]
    fn rows_have_the_places_of_their_slots_and_those_beyond_are_counted() {
        let mut state = State::default();
        let ids: Vec<EntityId> = (1..=4)
            .map(|x| {
                let parts = List::first([10 * x, 10 * x + 1]);
                state.things.insert(Thing { x: f32::from(x), parts })
            })
            .collect();
        state.things.remove(ids[0]);
        let (tables, floats, left_out) = observed(&state, 3);
        let place = tables[0].len();
        let things = &floats[place..place + tables[1].len()];
        assert_eq!((tables[1].rows, tables[2].rows), (3, 6));
        assert_eq!(things, [0.0, 0.0, 1.0, 2.0, 1.0, 3.0]);
        let parts = &floats[place + tables[1].len()..];
        assert_eq!(parts, [0.0, 0.0, 0.0, 0.0, 1.0, 20.0, 1.0, 21.0, 1.0, 30.0, 1.0, 31.0]);
        // The fourth, and its two parts.
        assert_eq!(left_out, 3);
    }
}
