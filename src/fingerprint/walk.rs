//! One walk through a type: a serde source without bytes.

use std::any::type_name;
use std::fmt;

use serde::de::{Deserializer, Error, Visitor};

use super::access::{Elements, Entries, Fields, Variant};
use super::answers::{Ask, Kind, Known};

/// Types in types at most.
const DEPTH_MAX: usize = 64;
/// Things that one walk asks for at most: a few large grids.
const ASKS_MAX: usize = 1 << 18;

/// The walk.
pub(super) struct Walk<'a> {
    pub(super) known: &'a mut Known,
    /// Where it is.
    path: String,
    /// What it is in, the outermost first.
    open: Vec<Ask>,
    /// What it was in last.
    closed: Option<Ask>,
    /// What was refused, behind all that it is in. The first refusal counts.
    blamed: Option<Vec<Ask>>,
    /// Variants that were chosen for the first time.
    chosen: Vec<(String, u32)>,
    /// How many times over it is in something that it was in before.
    again: usize,
    /// It was refused because it would have no end.
    endless: bool,
    asks: usize,
}

/// A type did not take an answer.
#[derive(Debug)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is only a look at what is asked for")
    }
}

impl std::error::Error for Refused {}

impl Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Refused
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(known: &'a mut Known) -> Self {
        Walk {
            known,
            path: String::new(),
            open: Vec::new(),
            closed: None,
            blamed: None,
            chosen: Vec::new(),
            again: 0,
            endless: false,
            asks: 0,
        }
    }

    /// The walk came through. Whether another one will see something new.
    pub(super) fn is_news(&mut self) -> bool {
        let news = !self.chosen.is_empty();
        for (path, variant) in self.chosen.drain(..) {
            self.known.saw(&path, variant);
        }
        news && self.known.any_open()
    }

    /// The walk did not come through. Whether there is another answer to what was refused, or to
    /// something around it.
    pub(super) fn refused(&mut self) -> bool {
        self.blame();
        let mut itself = true;
        for ask in self.blamed.iter().flatten().rev() {
            if self.known.answer_otherwise(ask, itself) {
                self.known.hides(!itself && !self.endless);
                return true;
            }
            itself = false;
        }
        false
    }

    /// If nothing was blamed yet, it is what was asked for last.
    pub(super) fn blame(&mut self) {
        if self.blamed.is_none() {
            let closed = self.closed.take();
            self.blamed = Some(self.open.iter().cloned().chain(closed).collect());
        }
    }

    /// Goes one step further down for a moment.
    pub(super) fn at<T>(
        &mut self,
        step: fmt::Arguments<'_>,
        look: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.path.len();
        self.path.push_str(&step.to_string());
        self.closed = None;
        let seen = look(self);
        self.path.truncate(before);
        seen
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn note(&mut self, what: fmt::Arguments<'_>) {
        if self.again == 0 {
            self.known.note(format!("{}: {what}", self.path));
        }
    }

    /// Something is asked for; `answer` has it.
    fn ask<T>(
        &mut self,
        kind: Kind,
        identity: &'static str,
        answer: impl FnOnce(&mut Self) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        self.asks += 1;
        self.closed = None;
        self.open.push(Ask { path: self.path.clone(), kind, identity });
        let bounded = self.open.len() <= DEPTH_MAX && self.asks <= ASKS_MAX;
        let answered = if bounded { answer(self) } else { Err(Refused) };
        if answered.is_err() {
            // What is in it was taken, or is blamed already.
            self.closed = None;
            self.blame();
        }
        self.closed = self.open.pop();
        answered
    }

    fn value<T>(
        &mut self,
        what: &str,
        count: u8,
        answer: impl FnOnce(usize) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        self.note(format_args!("{what}"));
        self.ask(Kind::Value(count), "", |walk| answer(walk.known.level(&walk.path).into()))
    }

    /// A type with a form of its own, which may be inside of itself.
    fn named<T>(
        &mut self,
        identity: &'static str,
        answer: impl FnOnce(&mut Self) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        if self.open.iter().any(|ask| ask.identity == identity) {
            self.note(format_args!("the same again"));
            return self.no_end();
        }
        self.ask(Kind::Fixed, identity, answer)
    }

    fn no_end<T>(&mut self) -> Result<T, Refused> {
        self.endless |= self.blamed.is_none();
        self.ask(Kind::Fixed, "", |_| Err(Refused))
    }

    fn variants<T>(
        &mut self,
        names: &'static [&'static str],
        identity: &'static str,
        answer: impl FnOnce(&mut Self, u32) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let read: Vec<u32> = self.open.iter().filter_map(|ask| ask.variant_of(identity)).collect();
        if read.is_empty() && self.again == 0 {
            self.note(format_args!("enum {{{}}}", names.join(", ")));
            let (variant, new) = self.known.choose(&self.path, names);
            if new {
                self.chosen.push((self.path.clone(), variant));
            }
            return self.ask(Kind::Enum(variant), identity, |walk| answer(walk, variant));
        }
        self.note(format_args!("the same again"));
        let Some(variant) = self.known.choose_again(&self.path, names.len(), &read) else {
            return self.no_end();
        };
        self.again += 1;
        let answered = self.ask(Kind::Enum(variant), identity, |walk| answer(walk, variant));
        self.again -= 1;
        answered
    }
}

impl Ask {
    fn variant_of(&self, identity: &str) -> Option<u32> {
        match self.kind {
            Kind::Enum(variant) if self.identity == identity => Some(variant),
            _ => None,
        }
    }
}

macro_rules! values {
    ($($deserialize:ident $visit:ident $what:literal [$($value:expr),+];)+) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            let values = [$($value),+];
            self.value($what, values.len() as u8, |level| visitor.$visit(values[level]))
        }
    )+};
}

impl<'de> Deserializer<'de> for &mut Walk<'_> {
    type Error = Refused;

    values! {
        deserialize_bool visit_bool "bool" [false, true];
        deserialize_i8 visit_i8 "i8" [1, 0, 2];
        deserialize_i16 visit_i16 "i16" [1, 0, 2];
        deserialize_i32 visit_i32 "i32" [1, 0, 2];
        deserialize_i64 visit_i64 "i64" [1, 0, 2];
        deserialize_i128 visit_i128 "i128" [1, 0, 2];
        deserialize_u8 visit_u8 "u8" [1, 0, 2];
        deserialize_u16 visit_u16 "u16" [1, 0, 2];
        deserialize_u32 visit_u32 "u32" [1, 0, 2];
        deserialize_u64 visit_u64 "u64" [1, 0, 2];
        deserialize_u128 visit_u128 "u128" [1, 0, 2];
        deserialize_f32 visit_f32 "f32" [1.0, 0.0, 2.0];
        deserialize_f64 visit_f64 "f64" [1.0, 0.0, 2.0];
        deserialize_char visit_char "char" ['a', '0'];
        deserialize_str visit_str "text" ["", "a", "0"];
        deserialize_string visit_str "text" ["", "a", "0"];
        deserialize_bytes visit_bytes "bytes" [b"".as_slice(), b"\0"];
        deserialize_byte_buf visit_bytes "bytes" [b"".as_slice(), b"\0"];
    }

    /// The bytes would have to say of what kind they are, and ours do not.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        self.note(format_args!("anything"));
        self.ask(Kind::Fixed, "", |_| Err(Refused))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_any(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note(format_args!("option"));
        self.ask(Kind::Option, "", |walk| match walk.known.level(&walk.path) {
            0 => walk.at(format_args!("?"), |walk| visitor.visit_some(walk)),
            _ => visitor.visit_none(),
        })
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.value("nothing", 1, |_| visitor.visit_unit())
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.named(type_name::<V>(), |walk| visitor.visit_newtype_struct(walk))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note(format_args!("list"));
        self.ask(Kind::List, "", |walk| visitor.visit_seq(Elements::new(walk)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note(format_args!("map"));
        self.ask(Kind::List, "", |walk| visitor.visit_map(Entries::new(walk)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.note(format_args!("tuple of {count}"));
        self.ask(Kind::Fixed, "", |walk| visitor.visit_seq(Fields::tuple(walk, count)))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.named(type_name::<V>(), |walk| {
            walk.note(format_args!("tuple of {count}"));
            visitor.visit_seq(Fields::tuple(walk, count))
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.named(type_name::<V>(), |walk| {
            walk.note(format_args!("struct {{{}}}", fields.join(", ")));
            visitor.visit_seq(Fields::named(walk, fields))
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.variants(names, type_name::<V>(), |walk, variant| {
            visitor.visit_enum(Variant::new(walk, names, variant))
        })
    }

    /// As bincode is.
    fn is_human_readable(&self) -> bool {
        false
    }
}
