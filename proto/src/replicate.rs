//! From a game's own types to rows and back.

use crate::bounded::{List, Text};
use crate::rows::Rows;
use crate::schema::{LANES_MAX, LaneKind, LaneSchema, Layout, Schema, TABLES_MAX, TableSchema};
use crate::table::Table;

/// A type that can be part of a replicated state. Derive it:
///
/// ```
/// use greenroom_proto::{Replicate, Table};
///
/// #[derive(Replicate, Clone, Default)]
/// #[sync(crate = "greenroom_proto")]
/// struct Ship {
///     #[sync(step = 0.25)] // sent in quarters of a metre
///     x: f32,
///     #[sync(step = 0.25)]
///     y: f32,
///     lives: u8,
///     #[sync(skip)] // never leaves the server
///     plan: Vec<u32>,
/// }
///
/// #[derive(Replicate, Default)]
/// #[sync(crate = "greenroom_proto")]
/// struct World {
///     round: u32,         // a single value
///     ships: Table<Ship>, // entities
/// }
/// assert_eq!(greenroom_proto::schema_of::<World>().tables.len(), 2);
/// ```
///
/// Integers, `bool`, floats with a `step`, enums without data, `Option`, fixed arrays and other
/// `Replicate` structs may be fields anywhere; a [`Table`] may be a field of the state itself.
pub trait Replicate: Sized {
    /// Lanes that one value takes in its row.
    const LANES: usize;
    /// Tables that one value adds to the state.
    const TABLES: usize;

    /// Adds the lanes and tables of a field called `name` to the schema.
    fn describe(name: &str, step: f64, out: &mut Describe);
    /// Writes the value's lanes and tables.
    fn publish(&self, step: f64, out: &mut Publish<'_>);
    /// Reads what [`Replicate::publish`] wrote: the value as a client sees it.
    fn recover(step: f64, from: &mut Recover<'_>) -> Self;
}

/// The schema of a state type.
///
/// # Panics
/// When the state has more tables, lanes or longer names than a schema may have. The registry
/// calls this once per game at start, so that an author meets it at the first run.
#[must_use]
pub fn schema_of<S: Replicate>() -> Schema {
    let mut out = Describe { tables: vec![(String::new(), Vec::new())], current: 0 };
    S::describe("", 0.0, &mut out);
    assert!(out.tables.len() <= TABLES_MAX, "a state has at most {TABLES_MAX} tables");
    Schema {
        tables: List::first(out.tables.into_iter().map(|(name, lanes)| {
            assert!(lanes.len() <= LANES_MAX, "table `{name}`: at most {LANES_MAX} lanes a row");
            TableSchema { name: Text::cut(&name), lanes: List::first(lanes) }
        })),
    }
}

/// Publishes `state` into `rows`, whose memory is used again. Returns how many floats were not a
/// number or out of range: they were sent as 0 or as the nearest value that can be sent.
pub fn publish<S: Replicate>(state: &S, rows: &mut Rows) -> u32 {
    rows.tables.resize_with(1 + S::TABLES, Default::default);
    for table in &mut rows.tables {
        table.alive.clear();
        table.lanes.clear();
    }
    rows.tables[0].width = S::LANES;
    rows.tables[0].alive.push(Some(0));
    let mut out = Publish { rows, current: 0, next: 1, clamped: 0 };
    state.publish(0.0, &mut out);
    out.clamped
}

/// The state as a client sees it: quantised, without what is skipped.
///
/// `None` when `rows` holds no state or one of another layout.
#[must_use]
pub fn recover<S: Replicate>(rows: &Rows, layout: &Layout) -> Option<S> {
    let fits = rows.tables.len() == 1 + S::TABLES
        && layout.0.len() == rows.tables.len()
        && rows.tables.iter().zip(&layout.0).all(|(table, width)| table.width == *width);
    let (_, lanes) = rows.tables.first().filter(|_| fits)?.row(0)?;
    Some(S::recover(0.0, &mut Recover { rows, lanes, next: 1 }))
}

/// Collects a schema.
pub struct Describe {
    tables: Vec<(String, Vec<LaneSchema>)>,
    current: usize,
}

impl Describe {
    /// Adds one lane to the row being described.
    pub fn lane(&mut self, name: &str, kind: LaneKind) {
        self.tables[self.current].1.push(LaneSchema { name: Text::cut(name), kind });
    }

    /// The path of a part of the field `name`.
    #[must_use]
    pub fn path(name: &str, part: &str) -> String {
        if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") }
    }

    /// Adds a lane that tells the variants of an enumeration apart.
    pub fn variants(&mut self, name: &str, names: &[&str]) {
        self.lane(name, LaneKind::Variant(List::first(names.iter().map(|name| Text::cut(name)))));
    }
}

/// Writes rows.
pub struct Publish<'a> {
    rows: &'a mut Rows,
    current: usize,
    next: usize,
    clamped: u32,
}

impl Publish<'_> {
    /// Appends one lane to the row being written.
    #[inline]
    pub fn lane(&mut self, value: i32) {
        self.rows.tables[self.current].lanes.push(value);
    }
}

/// Reads rows.
pub struct Recover<'a> {
    rows: &'a Rows,
    lanes: &'a [i32],
    next: usize,
}

impl Recover<'_> {
    /// The next lane of the row being read.
    #[inline]
    pub fn lane(&mut self) -> i32 {
        match self.lanes.split_first() {
            Some((lane, rest)) => {
                self.lanes = rest;
                *lane
            }
            None => 0,
        }
    }
}

impl<T: Replicate> Replicate for Table<T> {
    const LANES: usize = 0;
    const TABLES: usize = {
        assert!(T::TABLES == 0, "a Table holds entities without tables of their own");
        1
    };

    fn describe(name: &str, step: f64, out: &mut Describe) {
        let outer = out.current;
        out.current = out.tables.len();
        out.tables.push((name.to_owned(), Vec::new()));
        T::describe("", step, out);
        out.current = outer;
    }

    fn publish(&self, step: f64, out: &mut Publish<'_>) {
        let outer = std::mem::replace(&mut out.current, out.next);
        out.next += 1;
        out.rows.tables[out.current].width = T::LANES;
        for (id, entity) in self.slots() {
            let table = &mut out.rows.tables[out.current];
            table.alive.push(entity.is_some().then_some(id.generation));
            match entity {
                Some(entity) => entity.publish(step, out),
                None => table.lanes.resize(table.alive.len() * T::LANES, 0),
            }
        }
        out.current = outer;
    }

    fn recover(step: f64, from: &mut Recover<'_>) -> Self {
        let rows = from.rows;
        let table = &rows.tables[from.next];
        from.next += 1;
        Table::of_slots(
            table
                .occupied()
                .map(|(id, lanes)| (id, T::recover(step, &mut Recover { rows, lanes, next: 0 }))),
        )
    }
}

macro_rules! one_lane {
    ($($type:ty: $kind:expr, $to:expr, $from:expr;)*) => {$(
        impl Replicate for $type {
            const LANES: usize = 1;
            const TABLES: usize = 0;
            fn describe(name: &str, _: f64, out: &mut Describe) {
                out.lane(name, $kind);
            }
            #[inline]
            fn publish(&self, _: f64, out: &mut Publish<'_>) {
                let to: fn($type) -> i32 = $to;
                out.lane(to(*self));
            }
            #[inline]
            fn recover(_: f64, from: &mut Recover<'_>) -> Self {
                let of: fn(i32) -> $type = $from;
                of(from.lane())
            }
        }
    )*};
}

one_lane! {
    bool: LaneKind::Bool, i32::from, |lane| lane != 0;
    i8: LaneKind::Int, i32::from, |lane| lane as i8;
    i16: LaneKind::Int, i32::from, |lane| lane as i16;
    i32: LaneKind::Int, |value| value, |lane| lane;
    u8: LaneKind::Uint, i32::from, |lane| lane as u8;
    u16: LaneKind::Uint, i32::from, |lane| lane as u16;
    u32: LaneKind::Uint, |value| value as i32, |lane| lane as u32;
    crate::PlayerId: LaneKind::Uint, |value| value.0 as i32, |lane| crate::PlayerId(lane as u32);
    crate::Tick: LaneKind::Uint, |value| value.0 as i32, |lane| crate::Tick(lane as u32);
}

macro_rules! two_lanes {
    ($($type:ty)*) => {$(
        impl Replicate for $type {
            const LANES: usize = 2;
            const TABLES: usize = 0;
            fn describe(name: &str, _: f64, out: &mut Describe) {
                out.lane(name, LaneKind::Low);
                out.lane(name, LaneKind::High);
            }
            fn publish(&self, _: f64, out: &mut Publish<'_>) {
                out.lane(*self as i32);
                out.lane((*self >> 32) as i32);
            }
            fn recover(_: f64, from: &mut Recover<'_>) -> Self {
                let low = from.lane() as u32;
                let high = from.lane() as u32;
                (u64::from(high) << 32 | u64::from(low)) as $type
            }
        }
    )*};
}

two_lanes!(u64 i64);

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Replicate for $type {
            const LANES: usize = 1;
            const TABLES: usize = 0;
            fn describe(name: &str, step: f64, out: &mut Describe) {
                out.lane(name, LaneKind::Step(step.to_bits()));
            }
            #[inline]
            fn publish(&self, step: f64, out: &mut Publish<'_>) {
                let steps = (f64::from(*self) / step).round();
                let lane = steps as i32; // saturates; 0 for what is not a number
                if f64::from(lane) != steps {
                    out.clamped += 1;
                }
                out.lane(lane);
            }
            #[inline]
            fn recover(step: f64, from: &mut Recover<'_>) -> Self {
                (f64::from(from.lane()) * step) as $type
            }
        }
    )*};
}

floats!(f32 f64);

impl<T: Replicate, const N: usize> Replicate for [T; N] {
    const LANES: usize = N * T::LANES;
    const TABLES: usize = N * T::TABLES;

    fn describe(name: &str, step: f64, out: &mut Describe) {
        for index in 0..N {
            T::describe(&Describe::path(name, &index.to_string()), step, out);
        }
    }

    fn publish(&self, step: f64, out: &mut Publish<'_>) {
        for value in self {
            value.publish(step, out);
        }
    }

    fn recover(step: f64, from: &mut Recover<'_>) -> Self {
        std::array::from_fn(|_| T::recover(step, from))
    }
}

impl<T: Replicate> Replicate for Option<T> {
    const LANES: usize = 1 + T::LANES;
    const TABLES: usize = {
        assert!(T::TABLES == 0, "a Table cannot be optional: an empty one costs nothing");
        0
    };

    fn describe(name: &str, step: f64, out: &mut Describe) {
        out.lane(name, LaneKind::Some);
        T::describe(name, step, out);
    }

    fn publish(&self, step: f64, out: &mut Publish<'_>) {
        out.lane(i32::from(self.is_some()));
        match self {
            Some(value) => value.publish(step, out),
            None => (0..T::LANES).for_each(|_| out.lane(0)),
        }
    }

    fn recover(step: f64, from: &mut Recover<'_>) -> Self {
        let some = from.lane() != 0;
        let value = T::recover(step, from);
        some.then_some(value)
    }
}
