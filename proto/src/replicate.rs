//! From a game's own types to rows and back.

use crate::bounded::{List, Text};
use crate::layout::Layout;
use crate::rows::{Rows, TableRows};
use crate::schema::{
    LANES_MAX, LaneKind, LaneSchema, Near, Predict, RowsKind, Schema, TABLES_MAX, TEXTS_MAX,
    TableSchema, TextSchema,
};
use crate::seen::Seen;
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
    /// Texts that one value takes in its row.
    const TEXTS: usize = 0;
    /// Tables that one value adds to the state.
    const TABLES: usize = 0;

    /// Adds the lanes, texts and tables of a field called `name` to the schema.
    fn describe(name: &str, sync: &Sync, out: &mut Describe);
    /// Writes the value's lanes, texts and tables.
    fn publish(&self, sync: &Sync, out: &mut Publish<'_>);
    /// Reads what [`Replicate::publish`] wrote: the value as a client sees it.
    fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self;
}

/// How a field is sent: what its `#[sync(…)]` says.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sync {
    /// The difference between two neighbouring values of a float.
    pub step: f64,
    /// Least and greatest value of a float.
    pub range: Option<(f64, f64)>,
    /// An angle: a full turn has 2 to the power of this many steps. 0: no angle.
    pub angle: u8,
    /// What viewers expect in the next frame; `None`: what suits the type.
    pub predict: Option<Predict>,
    /// By how much the published value of a float may differ from the true one.
    pub tolerance: f64,
    /// Whether the first lane is in one group with the lane before.
    pub joined: bool,
}

impl Sync {
    /// Of a field that says nothing.
    pub const NONE: Sync =
        Sync { step: 0.0, range: None, angle: 0, predict: None, tolerance: 0.0, joined: false };
}

/// The schema of a state type.
///
/// # Panics
/// When the state has more tables, lanes or longer names than a schema may have. The registry
/// calls this once per game at start, so that an author meets it at the first run.
#[must_use]
pub fn schema_of<S: Replicate>() -> Schema {
    let mut out = Describe { tables: Vec::new(), current: 0 };
    out.table("", RowsKind::Single, false, |out| S::describe("", &Sync::NONE, out));
    assert!(out.tables.len() <= TABLES_MAX, "a state has at most {TABLES_MAX} tables");
    Schema { tables: List::first(out.tables.into_iter().map(Described::finish)) }
}

/// The layout of a state type.
///
/// # Panics
/// As [`schema_of`], and when its schema breaks a rule of the codec.
#[must_use]
pub fn layout_of<S: Replicate>() -> Layout {
    match Layout::new(&schema_of::<S>()) {
        Ok(layout) => layout,
        Err(error) => panic!("the state `{}`: {error}", std::any::type_name::<S>()),
    }
}

/// Publishes `state` into `rows`, whose memory is used again. Returns how many floats were not a
/// number or out of range: they were sent as 0 or as the nearest value that can be sent.
pub fn publish<S: Replicate>(state: &S, layout: &Layout, rows: &mut Rows) -> u32 {
    rows.tables.resize_with(layout.tables().len(), Default::default);
    for (rows, table) in rows.tables.iter_mut().zip(layout.tables()) {
        rows.restart(table.width, table.texts.len());
    }
    let place = Place { table: 0, slot: 0, text: 0, next: 0, generation: 0 };
    let mut out = Publish { rows, layout, at: place, clamped: 0 };
    out.table(S::TABLES, |out, table| {
        out.row(table, 0, Seen::All, |out| state.publish(&Sync::NONE, out));
    });
    out.clamped
}

/// The state as a client sees it: quantised, without what is skipped.
///
/// `None` when `rows` holds no state or one of another layout.
#[must_use]
pub fn recover<S: Replicate>(rows: &Rows, layout: &Layout) -> Option<S> {
    let fits =
        rows.tables.len() == 1 + S::TABLES
            && layout.tables().len() == rows.tables.len()
            && rows.tables.iter().zip(layout.tables()).all(|(rows, table)| {
                rows.width == table.width && rows.text_count == table.texts.len()
            });
    if !fits {
        return None;
    }
    Recover { rows, lanes: &[], texts: &[], slot: 0, next: 0 }
        .table(S::TABLES, |from, table| from.row(table, 0, |from| S::recover(&Sync::NONE, from)))
}

/// Collects a schema.
pub struct Describe {
    tables: Vec<Described>,
    current: usize,
}

struct Described {
    name: String,
    rows: RowsKind,
    restricted: bool,
    near: Option<Near>,
    lanes: Vec<LaneSchema>,
    texts: Vec<TextSchema>,
}

impl Described {
    fn finish(self) -> TableSchema {
        let name = &self.name;
        assert!(self.lanes.len() <= LANES_MAX, "table `{name}`: at most {LANES_MAX} lanes a row");
        assert!(self.texts.len() <= TEXTS_MAX, "table `{name}`: at most {TEXTS_MAX} texts a row");
        TableSchema {
            name: Text::cut(name),
            rows: self.rows,
            restricted: self.restricted,
            near: self.near,
            lanes: List::first(self.lanes),
            texts: List::first(self.texts),
        }
    }
}

impl Describe {
    /// Adds one lane to the row being described.
    pub fn lane(&mut self, name: &str, kind: LaneKind, natural: Predict, sync: &Sync) {
        let tolerance = (sync.tolerance / sync.step) as u32;
        let predict = sync.predict.unwrap_or(natural);
        self.tables[self.current].lanes.push(LaneSchema {
            name: Text::cut(name),
            kind,
            predict,
            joined: sync.joined,
            tolerance,
        });
    }

    /// Adds a text to the row being described.
    pub fn text(&mut self, name: &str, max: usize, utf8: bool) {
        let max = max as u32;
        self.tables[self.current].texts.push(TextSchema { name: Text::cut(name), max, utf8 });
    }

    /// Adds a table and describes its rows.
    pub fn table(
        &mut self,
        name: &str,
        rows: RowsKind,
        restricted: bool,
        describe: impl FnOnce(&mut Self),
    ) {
        let number = self.tables.len();
        let owner_restricted = rows.owner().is_some_and(|(of, _)| self.tables[of].restricted);
        self.tables.push(Described {
            name: name.to_owned(),
            rows,
            restricted: restricted || owner_restricted,
            near: None,
            lanes: Vec::new(),
            texts: Vec::new(),
        });
        let outer = std::mem::replace(&mut self.current, number);
        describe(self);
        self.current = outer;
    }

    /// The number of the table being described: the owner of tables that its rows own.
    #[must_use]
    pub fn current(&self) -> u8 {
        self.current as u8
    }

    /// The path of a table that the rows of the table being described own.
    #[must_use]
    pub fn owned_path(&self, name: &str) -> String {
        Self::path(&self.tables[self.current].name, name)
    }

    /// Some rows of the table being described are not for everybody.
    pub fn restrict(&mut self) {
        self.tables[self.current].restricted = true;
    }

    /// The entities of the table being described are where the lanes called `x` and `y` say.
    ///
    /// # Panics
    /// When there are no such lanes with the same step.
    pub fn near(&mut self, x: &str, y: &str) {
        let table = &mut self.tables[self.current];
        let find = |name: &str| {
            let place = table.lanes.iter().position(|lane| &*lane.name == name);
            place.unwrap_or_else(|| panic!("near: there is no lane called `{name}`"))
        };
        let (x, y) = (find(x), find(y));
        assert!(
            matches!(table.lanes[x].kind, LaneKind::Step(_))
                && table.lanes[x].kind == table.lanes[y].kind,
            "near: both lanes of a position are floats with the same `step` and no range"
        );
        table.near = Some(Near { x: x as u16, y: y as u16 });
        table.restricted = true;
    }

    /// The path of a part of the field `name`.
    #[must_use]
    pub fn path(name: &str, part: &str) -> String {
        if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") }
    }

    /// Adds a lane that tells the variants of an enumeration apart.
    pub fn variants(&mut self, name: &str, names: &[&str], sync: &Sync) {
        let names = List::first(names.iter().map(|name| Text::cut(name)));
        self.lane(name, LaneKind::Variant(names), Predict::Hold, sync);
    }
}

/// Writes rows.
pub struct Publish<'a> {
    rows: &'a mut Rows,
    layout: &'a Layout,
    at: Place,
    clamped: u32,
}

/// The row being written.
#[derive(Clone, Copy)]
struct Place {
    table: usize,
    slot: usize,
    /// The next text.
    text: usize,
    /// The next table that a field adds.
    next: usize,
    /// What the rows that it owns take over.
    generation: u16,
}

impl Publish<'_> {
    /// Appends one lane to the row being written.
    #[inline]
    pub fn lane(&mut self, value: i32) {
        self.rows.tables[self.at.table].lanes.push(value);
    }

    /// Appends one text to the row being written. What is over the schema's bound is cut off.
    pub fn text(&mut self, value: &[u8]) {
        let table = &mut self.rows.tables[self.at.table];
        let max = self.layout.tables()[self.at.table].texts[self.at.text].max;
        let text = &mut table.texts[self.at.slot * table.text_count + self.at.text];
        text.clear();
        text.extend_from_slice(&value[..value.len().min(max)]);
        self.at.text += 1;
    }

    /// Writes the zeros and empty texts of a value that is not there.
    pub fn nothing<T: Replicate>(&mut self) {
        (0..T::LANES).for_each(|_| self.lane(0));
        (0..T::TEXTS).for_each(|_| self.text(&[]));
    }

    /// Counts a value that had to be brought into its range.
    pub fn clamped(&mut self) {
        self.clamped += 1;
    }

    /// Writes the next table; its rows add so many tables of their own.
    pub fn table(&mut self, row_tables: usize, write: impl FnOnce(&mut Self, usize)) {
        let table = self.at.next;
        write(self, table);
        self.at.next = table + 1 + row_tables;
    }

    /// The slot of the row being written.
    #[must_use]
    pub fn slot(&self) -> usize {
        self.at.slot
    }

    /// Writes a row that the row being written owns; those of one table come in ascending order.
    /// Whoever may not see the owner does not see it either.
    pub fn row(&mut self, table: usize, slot: usize, seen: Seen, write: impl FnOnce(&mut Self)) {
        let generation = self.at.generation;
        self.named_row(table, slot, (generation, 0), seen, write);
    }

    /// Writes the row of an entity with its generation and birth.
    fn named_row(
        &mut self,
        table: usize,
        slot: usize,
        (generation, birth): (u16, u32),
        seen: Seen,
        write: impl FnOnce(&mut Self),
    ) {
        let rows = &mut self.rows.tables[table];
        rows.grow(slot);
        rows.alive.push(Some(generation));
        if birth > 0 {
            rows.births.resize(slot, 0);
            rows.births.push(birth);
        }
        if rows.texts.len() < (slot + 1) * rows.text_count {
            rows.texts.resize_with((slot + 1) * rows.text_count, Vec::new);
        }
        let outer = self.at;
        self.at = Place { table, slot, text: 0, next: table + 1, generation };
        self.see(seen);
        write(self);
        self.at = outer;
    }

    /// Says who may see the row being written.
    pub fn see(&mut self, seen: Seen) {
        if self.layout.tables()[self.at.table].restricted {
            let rows = &mut self.rows.tables[self.at.table].seen;
            rows.resize(self.at.slot, Seen::Nobody);
            rows.push(seen);
        }
    }
}

/// Reads rows.
pub struct Recover<'a> {
    rows: &'a Rows,
    lanes: &'a [i32],
    texts: &'a [Vec<u8>],
    slot: usize,
    next: usize,
}

impl<'a> Recover<'a> {
    /// The next lane of the row being read; 0 in a row that is not there.
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

    /// The next text of the row being read; empty in a row that is not there.
    pub fn text(&mut self) -> &'a [u8] {
        match self.texts.split_first() {
            Some((text, rest)) => {
                self.texts = rest;
                text
            }
            None => &[],
        }
    }

    /// Reads the next table; its rows add so many tables of their own.
    pub fn table<T>(&mut self, row_tables: usize, read: impl FnOnce(&mut Self, usize) -> T) -> T {
        let table = self.next;
        let value = read(self, table);
        self.next = table + 1 + row_tables;
        value
    }

    /// The slot of the row being read.
    #[must_use]
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Reads the row of a table, if it is there.
    pub fn row<T>(
        &self,
        table: usize,
        slot: usize,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let (_, lanes) = self.rows.tables[table].row(slot)?;
        let texts = self.rows.tables[table].texts(slot);
        Some(read(&mut Recover { rows: self.rows, lanes, texts, slot, next: table + 1 }))
    }

    /// Reads a row that is not there: all zeros.
    pub fn absent<T>(&self, table: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        // No slot has this number, so that it owns nothing either.
        let slot = u32::MAX as usize;
        read(&mut Recover { rows: self.rows, lanes: &[], texts: &[], slot, next: table + 1 })
    }

    fn entities(&self, table: usize) -> impl Iterator<Item = (usize, u16)> + use<'a> {
        self.rows.tables[table].occupied().map(|(slot, generation, _)| (slot, generation))
    }
}

impl<T: Replicate> Replicate for Table<T> {
    const LANES: usize = 0;
    const TABLES: usize = 1 + T::TABLES;

    fn describe(name: &str, _: &Sync, out: &mut Describe) {
        let name = out.owned_path(name);
        out.table(&name, RowsKind::Entities, false, |out| T::describe("", &Sync::NONE, out));
    }

    fn publish(&self, _: &Sync, out: &mut Publish<'_>) {
        out.table(T::TABLES, |out, table| {
            for (id, birth, entity) in self.born() {
                let name = (id.generation, birth);
                out.named_row(table, id.slot.into(), name, Seen::All, |out| {
                    entity.publish(&Sync::NONE, out);
                });
            }
        });
    }

    fn recover(_: &Sync, from: &mut Recover<'_>) -> Self {
        from.table(T::TABLES, |from, table| {
            Table::of_slots(from.entities(table).filter_map(|(slot, generation)| {
                let entity = from.row(table, slot, |from| T::recover(&Sync::NONE, from))?;
                Some((TableRows::id(slot, generation), entity))
            }))
        })
    }
}

macro_rules! one_lane {
    ($($type:ty: $kind:expr, $to:expr, $from:expr;)*) => {$(
        impl Replicate for $type {
            const LANES: usize = 1;
            fn describe(name: &str, sync: &Sync, out: &mut Describe) {
                out.lane(name, $kind, Predict::Hold, sync);
            }
            #[inline]
            fn publish(&self, _: &Sync, out: &mut Publish<'_>) {
                let to: fn($type) -> i32 = $to;
                out.lane(to(*self));
            }
            #[inline]
            fn recover(_: &Sync, from: &mut Recover<'_>) -> Self {
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
    ($($type:ty: $signed:expr;)*) => {$(
        impl Replicate for $type {
            const LANES: usize = 2;
            fn describe(name: &str, sync: &Sync, out: &mut Describe) {
                out.lane(name, LaneKind::Low { signed: $signed }, Predict::Hold, sync);
                out.lane(name, LaneKind::High, Predict::Hold, &Sync { joined: true, ..*sync });
            }
            fn publish(&self, _: &Sync, out: &mut Publish<'_>) {
                out.lane(*self as i32);
                out.lane((*self >> 32) as i32);
            }
            fn recover(_: &Sync, from: &mut Recover<'_>) -> Self {
                let low = from.lane() as u32;
                let high = from.lane() as u32;
                (u64::from(high) << 32 | u64::from(low)) as $type
            }
        }
    )*};
}

two_lanes! {
    u64: false;
    i64: true;
}

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Replicate for $type {
            const LANES: usize = 1;
            fn describe(name: &str, sync: &Sync, out: &mut Describe) {
                let kind = match (sync.angle, sync.range) {
                    (0, None) => LaneKind::Step(sync.step.to_bits()),
                    (0, Some((min, max))) => LaneKind::Range {
                        min: min.to_bits(),
                        step: sync.step.to_bits(),
                        most: ((max - min) / sync.step).ceil() as u32,
                    },
                    (bits, _) => LaneKind::Angle(bits),
                };
                out.lane(name, kind, Predict::Linear, sync);
            }
            #[inline]
            fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
                let (lane, exact) = sync.to_lane(f64::from(*self));
                if !exact {
                    out.clamped();
                }
                out.lane(lane);
            }
            #[inline]
            fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self {
                sync.from_lane(from.lane()) as $type
            }
        }
    )*};
}

floats!(f32 f64);

impl Sync {
    /// A float as a lane, and whether it was a number in its range.
    #[inline]
    fn to_lane(&self, value: f64) -> (i32, bool) {
        if self.angle > 0 {
            let turn = f64::from(1u32 << self.angle);
            let steps = (value * (turn / std::f64::consts::TAU)).round();
            let wrapped = steps - turn * (steps / turn).round();
            // Half a turn is minus half a turn.
            let lane = if wrapped >= turn / 2.0 { wrapped - turn } else { wrapped };
            return (lane as i32, value.is_finite());
        }
        let (min, most) = match self.range {
            None => {
                let steps = (value / self.step).round();
                let lane = steps as i32; // saturates; 0 for what is not a number
                return (lane, f64::from(lane) == steps);
            }
            Some((min, max)) => (min, ((max - min) / self.step).ceil()),
        };
        let steps = ((value - min) / self.step).round();
        let exact = (0.0..=most).contains(&steps);
        (steps.clamp(0.0, most) as u32 as i32, exact)
    }

    #[inline]
    fn from_lane(&self, lane: i32) -> f64 {
        match (self.angle, self.range) {
            (0, None) => f64::from(lane) * self.step,
            (0, Some((min, max))) => (min + f64::from(lane as u32) * self.step).min(max),
            (bits, _) => f64::from(lane) * (std::f64::consts::TAU / f64::from(1u32 << bits)),
        }
    }
}

impl<T: Replicate, const N: usize> Replicate for [T; N] {
    const LANES: usize = N * T::LANES;
    const TEXTS: usize = N * T::TEXTS;
    const TABLES: usize = N * T::TABLES;

    fn describe(name: &str, sync: &Sync, out: &mut Describe) {
        // A short array of floats is a vector: its components change together.
        let vector = T::LANES == 1 && sync.step > 0.0 && N <= crate::schema::GROUP_LANES_MAX;
        for index in 0..N {
            let sync = Sync { joined: sync.joined || vector && index > 0, ..*sync };
            T::describe(&Describe::path(name, &index.to_string()), &sync, out);
        }
    }

    fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
        for value in self {
            value.publish(sync, out);
        }
    }

    fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self {
        std::array::from_fn(|_| T::recover(sync, from))
    }
}

impl<T: Replicate> Replicate for Option<T> {
    const LANES: usize = 1 + T::LANES;
    const TEXTS: usize = T::TEXTS;
    const TABLES: usize = {
        assert!(T::TABLES == 0, "what has rows of its own cannot be optional: none costs nothing");
        0
    };

    fn describe(name: &str, sync: &Sync, out: &mut Describe) {
        out.lane(name, LaneKind::Some, Predict::Hold, &Sync::NONE);
        T::describe(name, sync, out);
    }

    fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
        out.lane(i32::from(self.is_some()));
        match self {
            Some(value) => value.publish(sync, out),
            None => out.nothing::<T>(),
        }
    }

    fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self {
        let some = from.lane() != 0;
        let value = T::recover(sync, from);
        some.then_some(value)
    }
}
