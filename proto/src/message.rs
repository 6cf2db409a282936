//! What crosses the wire besides the state: its greatest size, and its form for clients that know
//! no Rust.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bounded::{Blob, List, Text};
use crate::grid::Grid;
use crate::id::{PlayerId, RoomId, Tick};
use crate::map::Map;
use crate::table::EntityId;

/// An input, a request, a reply, an event: a value that crosses the wire. Derive it beside serde's
/// traits, which make its bytes:
///
/// ```
/// use greenroom_proto::{Message, PlayerId, Text};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Message, Serialize, Deserialize)]
/// #[message(crate = "greenroom_proto")]
/// enum Request {
///     Move { x: u8, y: u8 },
///     Say(Text<100>),
///     Trade(Option<PlayerId>, [u16; 4]),
/// }
/// assert_eq!(Request::BYTES_MAX, 1 + 101);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a message",
    label = "it is not known how many bytes this has at most",
    note = "a type of your own: write `#[derive(Message, Serialize, Deserialize)]` above it",
    note = "a `Vec` has no greatest length: write `List<T, 16>`; for bytes `Blob<32>`",
    note = "a `String` has no greatest length: write `Text<32>`",
    note = "a `HashMap` or `BTreeMap` has no greatest length: write `Map<K, V, 16>`",
    note = "`usize` has another size on other machines: write `u32` or `u64`"
)]
pub trait Message: Serialize + DeserializeOwned {
    /// Bytes that a value takes at most.
    const BYTES_MAX: usize;

    /// The form of the bytes.
    fn shape() -> Shape;
}

/// The form of a message's bytes, from which a client in another language can write and read them:
/// the rules are those of the control messages, see the [protocol](crate#control-messages).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub enum Shape {
    /// No bytes.
    Unit,
    /// A byte, 0 or 1.
    Bool,
    /// An unsigned byte.
    U8,
    /// A varint.
    U16,
    /// A varint.
    U32,
    /// A varint.
    U64,
    /// A signed byte.
    I8,
    /// A zig-zag varint.
    I16,
    /// A zig-zag varint.
    I32,
    /// A zig-zag varint.
    I64,
    /// Four bytes, little endian.
    F32,
    /// Eight bytes, little endian.
    F64,
    /// A length and UTF-8 of at most so many bytes.
    Text(u32),
    /// A length and at most so many bytes.
    Bytes(u32),
    /// 0, or 1 and the value.
    Option(Box<Shape>),
    /// A length and at most so many values.
    List(Box<Shape>, u32),
    /// So many values.
    Array(Box<Shape>, u32),
    /// One value after the other.
    Tuple(Vec<Shape>),
    /// One field after the other. A name, and what it has.
    Struct(String, Vec<Field>),
    /// A varint that counts the variants from 0, and the data of that variant. A name, and what
    /// it has.
    Enum(String, Vec<Variant>),
}

/// A field of a struct, or of a variant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its form.
    pub shape: Shape,
}

/// A variant of an enum.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// The form of its data: [`Shape::Unit`] if it has none, a [`Shape::Struct`] without a name
    /// for fields with names, a [`Shape::Tuple`] for several without, else that of the one value.
    pub data: Shape,
}

impl Shape {
    /// A struct with these fields.
    pub fn structure(name: &str, fields: impl IntoIterator<Item = (&'static str, Shape)>) -> Shape {
        let field = |(name, shape): (&str, Shape)| Field { name: name.to_owned(), shape };
        Shape::Struct(name.to_owned(), fields.into_iter().map(field).collect())
    }

    /// An enum with these variants.
    pub fn enumeration(
        name: &str,
        variants: impl IntoIterator<Item = (&'static str, Shape)>,
    ) -> Shape {
        let variant = |(name, data): (&str, Shape)| Variant { name: name.to_owned(), data };
        Shape::Enum(name.to_owned(), variants.into_iter().map(variant).collect())
    }
}

/// Bytes of a length, or of the number of a variant, that is at most this.
#[must_use]
pub const fn varint_bytes(most: usize) -> usize {
    match most as u64 {
        0..=250 => 1,
        251..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// The greater of two.
#[must_use]
pub const fn greater(one: usize, other: usize) -> usize {
    if one > other { one } else { other }
}

const fn of_length(max: usize, each: usize) -> usize {
    max.saturating_mul(each).saturating_add(varint_bytes(max))
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

macro_rules! plain {
    ($($type:ty: $bytes:expr, $shape:expr;)*) => {$(
        impl Message for $type {
            const BYTES_MAX: usize = $bytes;
            fn shape() -> Shape {
                $shape
            }
        }
    )*};
}

plain! {
    (): 0, Shape::Unit;
    bool: 1, Shape::Bool;
    u8: 1, Shape::U8;
    u16: 3, Shape::U16;
    u32: 5, Shape::U32;
    u64: 9, Shape::U64;
    i8: 1, Shape::I8;
    i16: 3, Shape::I16;
    i32: 5, Shape::I32;
    i64: 9, Shape::I64;
    f32: 4, Shape::F32;
    f64: 8, Shape::F64;
    PlayerId: 5, Shape::U32;
    Tick: 5, Shape::U32;
    RoomId: 9, Shape::U64;
    EntityId: 6, Shape::structure("EntityId", [("slot", Shape::U16), ("generation", Shape::U16)]);
}

impl<const MAX: usize> Message for Text<MAX> {
    const BYTES_MAX: usize = of_length(MAX, 1);
    fn shape() -> Shape {
        Shape::Text(number(MAX))
    }
}

impl<const MAX: usize> Message for Blob<MAX> {
    const BYTES_MAX: usize = of_length(MAX, 1);
    fn shape() -> Shape {
        Shape::Bytes(number(MAX))
    }
}

impl<T: Message, const MAX: usize> Message for List<T, MAX> {
    const BYTES_MAX: usize = of_length(MAX, T::BYTES_MAX);
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()), number(MAX))
    }
}

/// A list of slot, key and value.
impl<K: Message + Ord, V: Message, const MAX: usize> Message for Map<K, V, MAX> {
    const BYTES_MAX: usize = of_length(MAX, <(u32, K, V)>::BYTES_MAX);
    fn shape() -> Shape {
        Shape::List(Box::new(<(u32, K, V)>::shape()), number(MAX))
    }
}

impl<T: Message, const W: usize, const H: usize> Message for Grid<T, W, H> {
    const BYTES_MAX: usize = of_length(W * H, T::BYTES_MAX);
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()), number(W * H))
    }
}

impl<T: Message> Message for Option<T> {
    const BYTES_MAX: usize = T::BYTES_MAX.saturating_add(1);
    fn shape() -> Shape {
        Shape::Option(Box::new(T::shape()))
    }
}

impl<T: Message, E: Message> Message for Result<T, E> {
    const BYTES_MAX: usize = greater(T::BYTES_MAX, E::BYTES_MAX).saturating_add(1);
    fn shape() -> Shape {
        Shape::enumeration("Result", [("Ok", T::shape()), ("Err", E::shape())])
    }
}

impl<T: Message, const N: usize> Message for [T; N]
where
    [T; N]: Serialize + DeserializeOwned,
{
    const BYTES_MAX: usize = T::BYTES_MAX.saturating_mul(N);
    fn shape() -> Shape {
        Shape::Array(Box::new(T::shape()), number(N))
    }
}

macro_rules! tuples {
    ($(($($part:ident),+);)*) => {$(
        impl<$($part: Message),+> Message for ($($part,)+) {
            const BYTES_MAX: usize = 0usize$(.saturating_add($part::BYTES_MAX))+;
            fn shape() -> Shape {
                Shape::Tuple(vec![$($part::shape()),+])
            }
        }
    )*};
}

tuples! {
    (A);
    (A, B);
    (A, B, C);
    (A, B, C, D);
}
