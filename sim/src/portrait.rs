//! A room at one step with names for all that it consists of, to say in which of it two rooms
//! differ.

use greenroom::game::Said;
use greenroom::proto::Rows;
use greenroom::registry::Entry;
use greenroom::room::AnyRoom;
use greenroom::room::fields::Field;
use serde::{Deserialize, Serialize};

use greenroom::published;

/// All of a room that has a name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Portrait {
    /// What clients see.
    seen: Vec<Field>,
    /// What is in the keyframe.
    kept: Vec<Field>,
    /// What it said in its last step.
    said: Vec<Field>,
}

/// Where two rooms differ first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// In which part.
    pub part: Part,
    /// The field.
    pub path: String,
    /// Its values in the one and in the other.
    pub values: [String; 2],
    /// The part has the same values in both, in another order.
    pub reordered: bool,
}

/// The parts of a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// What clients see.
    Seen,
    /// What the game keeps to itself.
    Hidden,
    /// Its random numbers.
    Random,
    /// What Greenroom keeps for it: time, seats, inputs, timers, effects.
    Kept,
    /// What it said: events, answers, effects.
    Said,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Part::Seen => "what clients see",
            Part::Hidden => "the game's hidden fields",
            Part::Random => "the random numbers",
            Part::Kept => "what Greenroom keeps for the game",
            Part::Said => "what the room said",
        })
    }
}

impl Portrait {
    /// Of a room that has just said this. Asks the game for its state, which may panic.
    #[must_use]
    pub fn of(entry: &Entry, room: &dyn AnyRoom, said: &[Said]) -> Self {
        let mut rows = Rows::default();
        room.publish(&entry.layout, &mut rows);
        let said = said.iter().enumerate().map(|(place, said)| Field {
            path: format!("said[{place}]"),
            value: format!("{said:?}"),
        });
        Portrait {
            seen: published::leaves(&entry.schema, &rows),
            kept: room.fields(),
            said: said.collect(),
        }
    }

    /// Where it differs first from another, if it does: in what clients see, else in what is kept,
    /// else in what was said.
    #[must_use]
    pub fn difference(&self, other: &Portrait) -> Option<Difference> {
        let of_kept = |path: &str| match path {
            _ if path.starts_with("game") => Part::Hidden,
            _ if path.starts_with("ctx.rng") => Part::Random,
            _ if path.starts_with("said_hash") => Part::Said,
            _ => Part::Kept,
        };
        // The hash of what was said is the last of what is kept: the words say more.
        let kept = |portrait: &Portrait| {
            let mut fields = portrait.kept.clone();
            fields.retain(|field| field.path != "said_hash");
            fields
        };
        first(&self.seen, &other.seen, |_| Part::Seen)
            .or_else(|| first(&kept(self), &kept(other), of_kept))
            .or_else(|| first(&self.said, &other.said, |_| Part::Said))
            .or_else(|| first(&self.kept, &other.kept, of_kept))
    }
}

fn first(one: &[Field], other: &[Field], part: impl Fn(&str) -> Part) -> Option<Difference> {
    let place =
        (0..one.len().max(other.len())).find(|place| one.get(*place) != other.get(*place))?;
    let (left, right) = (one.get(place), other.get(place));
    let value = |field: Option<&Field>| match field {
        Some(field) => field.value.clone(),
        None => "not there".to_owned(),
    };
    let has = |fields: &[Field], path: &str| fields.iter().any(|field| field.path == path);
    let (path, values) = match (left, right) {
        (Some(left), Some(right)) if left.path == right.path => {
            (&left.path, [value(Some(left)), value(Some(right))])
        }
        // Both have it, elsewhere.
        (Some(left), Some(right)) if has(other, &left.path) && has(one, &right.path) => (
            &left.path,
            [
                format!("{left_path} comes first", left_path = left.path),
                format!("{right_path} comes first", right_path = right.path),
            ],
        ),
        (Some(left), right) if !has(other, &left.path) || right.is_none() => {
            (&left.path, [value(Some(left)), value(None)])
        }
        (_, right) => (&right?.path, [value(None), value(right)]),
    };
    let sorted = |fields: &[Field]| {
        let mut values: Vec<String> = fields.iter().map(|field| field.value.clone()).collect();
        values.sort_unstable();
        values
    };
    let reordered = one.len() == other.len() && sorted(one) == sorted(other);
    Some(Difference { part: part(path), path: path.clone(), values, reordered })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(all: &[(&str, &str)]) -> Vec<Field> {
        let field = |(path, value): &(&str, &str)| Field {
            path: (*path).to_owned(),
            value: (*value).to_owned(),
        };
        all.iter().map(field).collect()
    }

    fn path(one: &[(&str, &str)], other: &[(&str, &str)]) -> Option<(String, [String; 2], bool)> {
        let found = first(&fields(one), &fields(other), |_| Part::Hidden)?;
        Some((found.path, found.values, found.reordered))
    }

    #[test]
    fn the_first_field_that_differs_is_named_with_both_values() {
        let values = |one: &str, other: &str| [one.to_owned(), other.to_owned()];
        let one = [("a", "1"), ("b", "2")];
        assert_eq!(path(&one, &one), None);
        let other = path(&one, &[("a", "1"), ("b", "3")]);
        assert_eq!(other, Some(("b".into(), values("2", "3"), false)));
        let less = path(&one, &[("a", "1")]);
        assert_eq!(less, Some(("b".into(), values("2", "not there"), false)));
        let more = path(&[("b", "2")], &one);
        assert_eq!(more, Some(("a".into(), values("not there", "1"), false)));
        let swapped = path(&[("a", "1"), ("b", "2")], &[("a", "2"), ("b", "1")]);
        assert_eq!(swapped, Some(("a".into(), values("1", "2"), true)));
    }
}
