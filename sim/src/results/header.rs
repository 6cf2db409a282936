//! Which matches these are, and what played them.

use greenroom::registry::{Entry, RoomPlan};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the format of files of results.
const FORMAT: u32 = 1;

/// What played: the same in everything that it has written.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Made {
    /// Version of Greenroom.
    pub(crate) greenroom: String,
    /// What Greenroom was built from, `unknown` for a package.
    pub(crate) commit: String,
    /// What it was built for.
    pub(crate) target: String,
    pub(crate) game: String,
    /// Version of its rules.
    pub(crate) game_version: u32,
    /// Hash of what its clients see.
    pub(crate) schema: String,
}

impl Made {
    pub(crate) fn here(entry: &Entry) -> Self {
        Made {
            greenroom: env!("CARGO_PKG_VERSION").to_owned(),
            commit: env!("GREENROOM_COMMIT").to_owned(),
            target: env!("GREENROOM_TARGET").to_owned(),
            game: entry.game.name().to_owned(),
            game_version: entry.game.version(),
            schema: format!("{:016x}", entry.schema_hash),
        }
    }
}

/// The first line of a file of results. What it does not say (threads, time) changes nothing in
/// the other lines.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    /// Version of the format.
    pub(crate) results: u32,
    #[serde(flatten)]
    pub(crate) made: Made,
    /// By seat in the first match; in a tournament each bot once.
    pub(crate) bots: Vec<String>,
    /// Bots that are processes: their names and what starts them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) commands: Vec<String>,
    /// All options of the rooms.
    pub(crate) config: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sweep: Vec<String>,
    pub(crate) seed: u64,
    /// In a tournament: of two bots that meet.
    pub(crate) matches: u64,
    pub(crate) paired: bool,
    /// When it is clear who is better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sprt: Option<SprtTerms>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tournament: Option<String>,
    /// Seats of each of two bots that meet in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) each: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secs: Option<u32>,
    pub(crate) ticks_max: u32,
    /// What it takes to the bots and back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) latency: Option<String>,
    /// Whether the bytes of frames are counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) bytes: bool,
    pub(crate) shard: String,
}

/// Where to stop: two differences in Elo, and the share of errors.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct SprtTerms {
    pub(crate) elo: String,
    pub(crate) errors: f64,
}

impl Header {
    /// Of one match of these bots in such rooms.
    pub(crate) fn new(entry: &Entry, plan: &RoomPlan, bots: Vec<String>) -> Self {
        Header {
            results: FORMAT,
            made: Made::here(entry),
            bots,
            commands: Vec::new(),
            config: serde_json::from_str(&plan.options).unwrap_or(Value::Null),
            sweep: Vec::new(),
            seed: 1,
            matches: 1,
            paired: false,
            sprt: None,
            tournament: None,
            each: None,
            secs: None,
            ticks_max: 0,
            latency: None,
            bytes: false,
            shard: "1/1".to_owned(),
        }
    }

    /// Reads a first line. The error is the end of a sentence about it.
    pub(super) fn read(line: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Format {
            results: u32,
        }
        let format: Format = serde_json::from_str(line)
            .map_err(|_| "is no file of results (--out writes them)".to_owned())?;
        if format.results != FORMAT {
            let other = format.results;
            return Err(format!("has the format {other}, and this program reads {FORMAT}"));
        }
        serde_json::from_str(line)
            .map_err(|error| format!("has a first line that is wrong: {error}"))
    }

    /// Says where two differ in something that `not` does not list: those are other matches.
    pub(crate) fn differs(&self, other: &Header, not: &[&str]) -> Option<String> {
        let fields = |header: &Header| match serde_json::to_value(header) {
            Ok(Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        let (own, others) = (fields(self), fields(other));
        let keys = own.keys().chain(others.keys());
        let key = keys
            .filter(|key| !not.contains(&key.as_str()))
            .find(|key| own.get(*key) != others.get(*key))?;
        let say = |fields: &serde_json::Map<String, Value>| {
            fields.get(key).map_or_else(|| "not said".to_owned(), Value::to_string)
        };
        Some(format!("`{key}` is {} here and {} there", say(&own), say(&others)))
    }
}
