//! From a game's own types to rows and back.

mod containers;
mod describe;
mod lanes;
mod parts;
mod publish;
#[doc(hidden)]
pub mod quat;
mod recover;
mod sync;
#[cfg(test)]
mod tests;

pub use describe::Describe;
pub use publish::Publish;
pub use recover::Recover;
pub use sync::{Sync, Takes};

use crate::layout::Layout;
use crate::rows::Rows;
use crate::schema::Schema;

/// A type that can be part of a replicated state. Derive it:
///
/// ```
/// use greenroom_proto::{List, PlayerId, Replicate, Seen, Table, Text};
///
/// #[derive(Replicate, Clone, Default)]
/// #[sync(crate = "greenroom_proto", near = (x, y))] // viewers see what is near
/// struct Ship {
///     #[sync(step = 0.25)] // sent in quarters of a metre
///     x: f32,
///     #[sync(step = 0.25, join)] // changes along with x
///     y: f32,
///     #[sync(angle = 10)] // in radians; 1024 directions
///     heading: f32,
///     lives: u8,
///     owner: PlayerId,
///     name: Text<24>,
///     #[sync(seen = Seen::Player(self.owner))] // only the pilot knows
///     cargo: List<Crate, 8>,
///     #[sync(skip)] // never leaves the server
///     plan: Vec<u32>,
/// }
///
/// #[derive(Replicate, Clone, Copy, Default)]
/// #[sync(crate = "greenroom_proto")]
/// enum Crate {
///     #[default]
///     Empty,
///     Ore {
///         tons: u8,
///     },
/// }
///
/// #[derive(Replicate, Default)]
/// #[sync(crate = "greenroom_proto")]
/// struct World {
///     round: u32,         // a single value
///     ships: Table<Ship>, // entities
/// }
/// let schema = greenroom_proto::schema_of::<World>();
/// let names: Vec<&str> = schema.tables.iter().map(|table| &*table.name).collect();
/// assert_eq!(names, ["", "ships", "ships.cargo", "ships.cargo.items"]);
/// ```
///
/// Integers, `bool`, floats with a `step` or an `angle`, enums with and without data, `Option`,
/// fixed arrays, tuples, [`crate::Text`], [`crate::Blob`] and other `Replicate` structs may be
/// fields anywhere; [`crate::List`], [`crate::Map`] and [`crate::Grid`] anywhere but in an enum
/// or an `Option`; a [`crate::Table`] in the state itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a replicated state",
    label = "clients have no form of this type",
    note = "a struct or an enum of your own: write `#[derive(Replicate)]` above it",
    note = "a `Vec` has no greatest length: write `List<T, 16>`, or `Table<T>` for entities",
    note = "a `String` has no greatest length: write `Text<32>`; for bytes `Blob<32>`",
    note = "a `HashMap` or `BTreeMap` has no greatest length: write `Map<K, V, 16>`",
    note = "`usize` has another size on other machines: write `u32` or `u64`",
    note = "an `EntityId` would tell about entities that a viewer may not see: refer to an entity \
            by its `PlayerId` or by an id of your own",
    note = "what clients need not see stays on the server: write `#[sync(skip)]`"
)]
pub trait Replicate: Sized {
    /// Lanes that one value takes in its row.
    const LANES: usize;
    /// Texts that one value takes in its row.
    const TEXTS: usize = 0;
    /// Tables that one value adds to the state.
    const TABLES: usize = 0;
    /// What the `#[sync(…)]` of a field of this type may say.
    const TAKES: Takes = Takes::Nothing;

    /// Adds the lanes, texts and tables of a field called `name` to the schema.
    fn describe(name: &str, sync: &Sync, out: &mut Describe);
    /// Writes the value's lanes, texts and tables.
    fn publish(&self, sync: &Sync, out: &mut Publish<'_>);
    /// Reads what [`Replicate::publish`] wrote: the value as a client sees it.
    fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self;
}

/// The schema of a state type.
///
/// # Panics
/// When the state breaks a rule that only shows in the whole: more tables, lanes or longer names
/// than a schema may have, a `Table` inside an entity, lanes joined that do not fit together. The
/// registry calls this once per game at start, so that an author meets it at the first run.
#[must_use]
pub fn schema_of<S: Replicate>() -> Schema {
    describe::schema(|out| S::describe("", &Sync::NONE, out))
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
    publish::all(layout, rows, S::TABLES, |out| state.publish(&Sync::NONE, out))
}

/// The state as a client sees it: quantised, without what is skipped and what it may not see.
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
    recover::all(rows, S::TABLES, |from| S::recover(&Sync::NONE, from))
}
