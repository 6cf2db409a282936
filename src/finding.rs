//! Finding rooms: whether a query holds of a room, and which place the room has in its order.
//! Plain values in, decisions out.

pub mod window;

use std::cmp::Reverse;

use greenroom_proto::{Condition, Cursor, Fact, MetaValue, PAGE_MAX, Query, Test, Text, wire};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::room::listing::Listing;

/// What of a room can be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Seats taken.
    pub players: u32,
    /// Seats that somebody who comes now could have.
    pub free: u32,
    /// How long it has been there.
    pub age_secs: u32,
    /// When it was made, on a clock that all rooms share: unlike the age, this stays.
    pub born_ms: i64,
    /// Counts the rooms in the order in which they came.
    pub number: u64,
    /// What it says of itself.
    pub listing: &'a Listing,
}

/// The place of a room in the order of a query. Every room has another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Place {
    key: Key,
    number: u64,
}

/// Within one query only one of the first two is there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
enum Key {
    Ascending(MetaValue),
    Descending(Reverse<MetaValue>),
    /// The room does not say.
    Unknown,
}

/// Checks a stranger's query. The error is a sentence.
pub fn check(query: &Query) -> Result<(), String> {
    if usize::from(query.limit) > PAGE_MAX {
        return Err(format!("limit is {}: choose 1 to {PAGE_MAX}", query.limit));
    }
    for Condition { fact, test } in &query.conditions {
        let number = matches!(
            test,
            Test::Is(MetaValue::Int(_)) | Test::Not(MetaValue::Int(_)) | Test::Between(..)
        );
        match (fact, test) {
            (Fact::Key(_), _) => {}
            (_, Test::OneOf(values))
                if values.iter().all(|value| matches!(value, MetaValue::Int(_))) => {}
            (fact, _) if !number => {
                return Err(format!("{fact:?} is a number: compare it with one"));
            }
            _ => {}
        }
        if let Test::Between(from, to) = test
            && from > to
        {
            return Err(format!("nothing is between {from} and {to}: the first is the lower"));
        }
    }
    match &query.cursor {
        Some(cursor) => read_cursor(query, cursor).map(|_| ()),
        None => Ok(()),
    }
}

/// So many rooms are in the answer at most.
#[must_use]
pub fn limit(query: &Query) -> usize {
    match query.limit {
        0 => PAGE_MAX,
        limit => usize::from(limit).min(PAGE_MAX),
    }
}

/// Whether all conditions hold.
#[must_use]
pub fn holds(query: &Query, facts: &Facts<'_>) -> bool {
    query.conditions.iter().all(|Condition { fact, test }| match fact {
        Fact::Players => meets(Some(&i64::from(facts.players).into()), test),
        Fact::Free => meets(Some(&i64::from(facts.free).into()), test),
        Fact::Age => meets(Some(&i64::from(facts.age_secs).into()), test),
        Fact::Key(key) => meets(facts.listing.get(key), test),
    })
}

fn meets(value: Option<&MetaValue>, test: &Test) -> bool {
    match (test, value) {
        (Test::Not(other), value) => value != Some(other),
        (_, None) => false,
        (Test::Is(other), Some(value)) => value == other,
        (Test::OneOf(others), Some(value)) => others.contains(value),
        (Test::Between(from, to), Some(MetaValue::Int(value))) => (from..=to).contains(&value),
        (Test::StartsWith(prefix), Some(MetaValue::Text(text))) => text.starts_with(&**prefix),
        (Test::Between(..) | Test::StartsWith(_), Some(_)) => false,
    }
}

/// Where the room stands in the order of the query.
#[must_use]
pub fn place(query: &Query, facts: &Facts<'_>) -> Place {
    let value = match &query.sort.by {
        Fact::Players => Some(i64::from(facts.players).into()),
        Fact::Free => Some(i64::from(facts.free).into()),
        // The older, the higher.
        Fact::Age => Some(facts.born_ms.saturating_neg().into()),
        Fact::Key(key) => facts.listing.get(key).cloned(),
    };
    let key = match value {
        None => Key::Unknown,
        Some(value) if query.sort.descending => Key::Descending(Reverse(value)),
        Some(value) => Key::Ascending(value),
    };
    Place { key, number: facts.number }
}

/// A cursor for the rooms after this place.
#[must_use]
pub fn cursor(query: &Query, place: &Place) -> Cursor {
    wire::encode(&(fingerprint(query), place)).try_into().unwrap_or_default()
}

/// The place after which a page begins.
pub fn read_cursor(query: &Query, cursor: &Cursor) -> Result<Place, String> {
    let read: Result<(u64, Place), _> = wire::decode(cursor);
    match read {
        Ok((of, place)) if of == fingerprint(query) => Ok(place),
        Ok(_) => Err("the cursor is of another query: change only it between two pages".into()),
        Err(_) => Err("the cursor is none of this server's: begin with the first page".into()),
    }
}

/// Equal for queries that have the same rooms in the same order.
fn fingerprint(query: &Query) -> u64 {
    xxh3_64(&wire::encode(&(&query.game, &query.conditions, &query.sort)))
}

/// The code of a private room as a person may have typed it.
#[must_use]
pub fn tidy_code(typed: &str) -> Text<16> {
    let kept = typed.chars().filter(|c| !matches!(c, '-' | ' '));
    Text::cut(&kept.map(|c| c.to_ascii_uppercase()).collect::<String>())
}

#[cfg(test)]
mod tests;
