//! What is inside of lists, maps, structs and enums.

use serde::de::value::U32Deserializer;
use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess};
use serde::de::{VariantAccess, Visitor};

use super::walk::{Refused, Walk};

/// Reads what is one step further down, and notes if it was read and then refused.
fn read<'de, S: DeserializeSeed<'de>>(
    walk: &mut Walk<'_>,
    step: std::fmt::Arguments<'_>,
    seed: S,
) -> Result<S::Value, Refused> {
    walk.at(step, |walk| {
        let value = seed.deserialize(&mut *walk);
        if value.is_err() {
            walk.blame();
        }
        value
    })
}

/// The elements of a list, alike.
pub(super) struct Elements<'w, 'a> {
    walk: &'w mut Walk<'a>,
    given: usize,
    count: usize,
}

impl<'w, 'a> Elements<'w, 'a> {
    pub(super) fn new(walk: &'w mut Walk<'a>) -> Self {
        let count = walk.known.elements(walk.path());
        Elements { walk, given: 0, count }
    }

    /// Whether there is one more.
    fn more(&mut self) -> bool {
        let more = self.given < self.count;
        self.given += usize::from(more);
        let path = self.walk.path().to_owned();
        self.walk.known.took(&path, self.given);
        more
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, '_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        match self.more() {
            true => read(self.walk, format_args!("[]"), seed).map(Some),
            false => Ok(None),
        }
    }
}

/// The entries of a map, alike.
pub(super) struct Entries<'w, 'a>(Elements<'w, 'a>);

impl<'w, 'a> Entries<'w, 'a> {
    pub(super) fn new(walk: &'w mut Walk<'a>) -> Self {
        Entries(Elements::new(walk))
    }
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        match self.0.more() {
            true => read(self.0.walk, format_args!("[key]"), seed).map(Some),
            false => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        read(self.0.walk, format_args!("[value]"), seed)
    }
}

/// The fields of a struct or a tuple.
pub(super) struct Fields<'w, 'a> {
    walk: &'w mut Walk<'a>,
    names: Option<&'static [&'static str]>,
    given: usize,
    count: usize,
}

impl<'w, 'a> Fields<'w, 'a> {
    pub(super) fn named(walk: &'w mut Walk<'a>, names: &'static [&'static str]) -> Self {
        Fields { walk, names: Some(names), given: 0, count: names.len() }
    }

    pub(super) fn tuple(walk: &'w mut Walk<'a>, count: usize) -> Self {
        Fields { walk, names: None, given: 0, count }
    }
}

impl<'de> SeqAccess<'de> for Fields<'_, '_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        let place = self.given;
        if place == self.count {
            return Ok(None);
        }
        self.given += 1;
        match self.names {
            Some(names) => read(self.walk, format_args!(".{}", names[place]), seed).map(Some),
            None => read(self.walk, format_args!(".{place}"), seed).map(Some),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.count - self.given)
    }
}

/// One variant of an enum.
pub(super) struct Variant<'w, 'a> {
    walk: &'w mut Walk<'a>,
    name: &'static str,
    variant: u32,
}

impl<'w, 'a> Variant<'w, 'a> {
    pub(super) fn new(
        walk: &'w mut Walk<'a>,
        names: &'static [&'static str],
        variant: u32,
    ) -> Self {
        let name = names.get(variant as usize).copied().unwrap_or_default();
        Variant { walk, name, variant }
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, '_> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Refused> {
        let number: U32Deserializer<Refused> = self.variant.into_deserializer();
        Ok((seed.deserialize(number)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        self.walk.at(format_args!("<{}>", self.name), |walk| walk.note(format_args!("nothing")));
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refused> {
        read(self.walk, format_args!("<{}>", self.name), seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, count: usize, visitor: V) -> Result<V::Value, Refused> {
        self.walk.at(format_args!("<{}>", self.name), |walk| {
            walk.note(format_args!("tuple of {count}"));
            visitor.visit_seq(Fields::tuple(walk, count))
        })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.walk.at(format_args!("<{}>", self.name), |walk| {
            walk.note(format_args!("struct {{{}}}", fields.join(", ")));
            visitor.visit_seq(Fields::named(walk, fields))
        })
    }
}
