//! A value as the paths and texts of all that is written down of it, for whoever has to name what
//! differs between two: bytes alone do not say.
//!
//! ```
//! use greenroom::room::fields::{Field, fields};
//!
//! #[derive(serde::Serialize)]
//! struct Ship {
//!     name: &'static str,
//!     at: [f32; 2],
//! }
//! let of = fields(&Ship { name: "Ada", at: [0.5, 2.0] });
//! let at_y = Field { path: "at[1]".to_owned(), value: "2".to_owned() };
//! assert_eq!(of.last(), Some(&at_y));
//! ```

use std::fmt::{Display, Write};

use serde::ser::{self, Serialize, Serializer};

/// One value without parts, or the number of parts of one that has a length.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Field {
    /// Names and places from the outermost on: `game.ships[3].name`.
    pub path: String,
    /// As text; a float as the shortest that reads back to the same bits.
    pub value: String,
}

/// All fields of a value in the order in which they are written down. What cannot be written down
/// is a field that says so.
pub fn fields<T: Serialize + ?Sized>(value: &T) -> Vec<Field> {
    let mut walk = Walk { path: String::new(), found: Vec::new() };
    if let Err(Unwritable(why)) = value.serialize(&mut walk) {
        walk.leaf(format!("cannot be written down: {why}"));
    }
    walk.found
}

/// On the way through a value.
struct Walk {
    /// Where it is.
    path: String,
    found: Vec<Field>,
}

/// The type's own `Serialize` failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unwritable(String);

impl ser::Error for Unwritable {
    fn custom<T: Display>(why: T) -> Self {
        Unwritable(why.to_string())
    }
}

impl Walk {
    fn leaf(&mut self, value: impl Display) {
        let value = value.to_string();
        self.found.push(Field { path: self.path.clone(), value });
    }

    /// Goes through a part whose path is `part` longer.
    fn part<T: Serialize + ?Sized>(
        &mut self,
        part: impl Display,
        value: &T,
    ) -> Result<(), Unwritable> {
        let outer = self.path.len();
        // Writing into a String does not fail.
        let _ = write!(self.path, "{part}");
        value.serialize(&mut *self)?;
        self.path.truncate(outer);
        Ok(())
    }

    fn named<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Unwritable> {
        match self.path.is_empty() {
            true => self.part(name, value),
            false => self.part(format_args!(".{name}"), value),
        }
    }

    /// The parts of what begins here come next.
    fn parts(&mut self) -> Parts<'_> {
        Parts { outer: self.path.len(), walk: self, next: 0, key: String::new() }
    }

    /// A variant is a value, and its data lie below its name.
    fn variant(&mut self, variant: &str) -> Parts<'_> {
        self.leaf(variant);
        let outer = self.path.len();
        self.path.push('.');
        self.path.push_str(variant);
        Parts { outer, walk: self, next: 0, key: String::new() }
    }
}

/// The parts of a value, one after the other.
struct Parts<'a> {
    walk: &'a mut Walk,
    /// Length of the path without them.
    outer: usize,
    next: usize,
    /// Of the entry that comes next in a map.
    key: String,
}

impl Parts<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        let place = self.next;
        self.next += 1;
        self.walk.part(format_args!("[{place}]"), value)
    }

    fn end(self) -> Result<(), Unwritable> {
        self.walk.path.truncate(self.outer);
        Ok(())
    }
}

macro_rules! leaves {
    ($($name:ident: $type:ty),+) => {$(
        fn $name(self, value: $type) -> Result<(), Unwritable> {
            self.leaf(value);
            Ok(())
        }
    )+};
}

impl<'a> Serializer for &'a mut Walk {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    leaves! {
        serialize_bool: bool, serialize_char: char,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_f32: f32, serialize_f64: f64
    }

    /// As in a keyframe.
    fn is_human_readable(&self) -> bool {
        false
    }
    fn serialize_str(self, value: &str) -> Result<(), Unwritable> {
        self.leaf(format_args!("{value:?}"));
        Ok(())
    }
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unwritable> {
        self.leaf(format_args!("{value:02x?}"));
        Ok(())
    }
    fn serialize_none(self) -> Result<(), Unwritable> {
        self.leaf("None");
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Unwritable> {
        self.leaf("()");
        Ok(())
    }
    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Unwritable> {
        self.leaf(name);
        Ok(())
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Unwritable> {
        self.leaf(variant);
        Ok(())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        let parts = self.variant(variant);
        value.serialize(&mut *parts.walk)?;
        parts.end()
    }
    fn serialize_seq(self, length: Option<usize>) -> Result<Parts<'a>, Unwritable> {
        if let Some(length) = length {
            self.leaf(format_args!("{length} values"));
        }
        Ok(self.parts())
    }
    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Unwritable> {
        Ok(self.parts())
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Unwritable> {
        Ok(self.parts())
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Unwritable> {
        Ok(self.variant(variant))
    }
    fn serialize_map(self, length: Option<usize>) -> Result<Parts<'a>, Unwritable> {
        self.serialize_seq(length)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Unwritable> {
        Ok(self.parts())
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Unwritable> {
        Ok(self.variant(variant))
    }
}

macro_rules! sequences {
    ($($kind:ident: $add:ident),+) => {$(
        impl ser::$kind for Parts<'_> {
            type Ok = ();
            type Error = Unwritable;
            fn $add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
                self.item(value)
            }
            fn end(self) -> Result<(), Unwritable> {
                Parts::end(self)
            }
        }
    )+};
}

sequences! {
    SerializeSeq: serialize_element, SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field
}

macro_rules! structs {
    ($($kind:ident),+) => {$(
        impl ser::$kind for Parts<'_> {
            type Ok = ();
            type Error = Unwritable;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Unwritable> {
                self.walk.named(name, value)
            }
            fn end(self) -> Result<(), Unwritable> {
                Parts::end(self)
            }
        }
    )+};
}

structs! { SerializeStruct, SerializeStructVariant }

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        let values: Vec<String> = fields(key).into_iter().map(|field| field.value).collect();
        self.key = values.join(", ");
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        let key = std::mem::take(&mut self.key);
        self.walk.part(format_args!("[{key}]"), value)
    }
    fn end(self) -> Result<(), Unwritable> {
        Parts::end(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(serde::Serialize)]
    enum Kind {
        Nothing,
        One(u8),
        Named { x: i8, y: Option<bool> },
        Two(f32, f64),
    }

    #[derive(serde::Serialize)]
    struct All {
        kinds: Vec<Kind>,
        by_place: BTreeMap<(u8, u8), &'static str>,
    }

    #[test]
    fn every_leaf_has_a_path() {
        let kinds = vec![
            Kind::Nothing,
            Kind::One(7),
            Kind::Named { x: -1, y: Some(true) },
            Kind::Two(0.1, 1e300),
        ];
        let all = All { kinds, by_place: BTreeMap::from([((1, 2), "a\"b")]) };
        let found: Vec<String> =
            fields(&all).iter().map(|field| format!("{} = {}", field.path, field.value)).collect();
        let huge = format!("kinds[3].Two[1] = {}", 1e300);
        let expected = [
            "kinds = 4 values",
            "kinds[0] = Nothing",
            "kinds[1] = One",
            "kinds[1].One = 7",
            "kinds[2] = Named",
            "kinds[2].Named.x = -1",
            "kinds[2].Named.y = true",
            "kinds[3] = Two",
            "kinds[3].Two[0] = 0.1",
            &huge,
            "by_place = 1 values",
            "by_place[1, 2] = \"a\\\"b\"",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn numbers_that_differ_in_a_bit_differ_as_text() {
        let text = |number: f32| fields(&number)[0].value.clone();
        assert_ne!(text(1.0), text(1.0f32.next_up()));
        assert_ne!(text(0.0), text(-0.0));
    }
}
