//! Shards put together.

use std::path::{Path, PathBuf};

use super::swept;
use crate::headless::{Shard, json};
use crate::results::{Contents, MatchLine, read};

pub(super) struct Merged {
    pub(super) contents: Contents,
    /// What is not as it should be, but no reason to stop.
    pub(super) notes: Vec<String>,
}

/// What shards may differ in: who played which part.
const OWN: [&str; 2] = ["shard", "target"];

/// Reads the files and puts their matches in order. The error is a sentence.
pub(super) fn merge(files: &[PathBuf]) -> Result<Merged, String> {
    let mut notes = Vec::new();
    let mut shards: Vec<(&Path, Contents)> = Vec::new();
    for path in files {
        let contents = read(path)?;
        let name = path.display();
        if contents.cut {
            notes.push(format!("{name} ends within a line, which was left out"));
        }
        if let Some((first, other)) = shards.first()
            && let Some(difference) = other.header.differs(&contents.header, &OWN)
        {
            let first = first.display();
            return Err(format!("{first} and {name} do not belong together: {difference}"));
        }
        let shard = &contents.header.shard;
        if let Some((other, _)) = shards.iter().find(|(_, other)| other.header.shard == *shard) {
            return Err(format!("{} and {name} are both shard {shard}", other.display()));
        }
        shards.push((path, contents));
    }
    together(shards.into_iter().map(|(_, contents)| contents).collect(), notes)
}

fn together(shards: Vec<Contents>, mut notes: Vec<String>) -> Result<Merged, String> {
    let parts = shards.iter().flat_map(|shard| shard.header.shard.split(' '));
    let parts: Vec<Shard> = parts.map(str::parse).collect::<Result<_, _>>()?;
    let of = parts.first().map_or(1, |shard| shard.of());
    if let Some(other) = parts.iter().find(|shard| shard.of() != of) {
        return Err(format!("shard {other} is not one of {of}: these do not belong together"));
    }
    let missing = Shard::all(of).filter(|shard| !parts.contains(shard)).map(|s| s.to_string());
    // More than a few tell nobody more.
    let missing: Vec<String> = missing.take(20).collect();
    let shard = match missing.is_empty() {
        true => Shard::default().to_string(),
        false => {
            notes.push(format!("without shard {}", missing.join(", ")));
            let parts: Vec<String> = parts.iter().map(Shard::to_string).collect();
            parts.join(" ")
        }
    };
    let mut shards = shards.into_iter();
    let mut all = shards.next().ok_or("no files")?;
    all.lines.extend(shards.flat_map(|shard| shard.lines));
    all.header.shard = shard;
    let series = swept(&all)?;
    let place =
        |line: &MatchLine| (series.iter().position(|swept| *swept == line.swept), line.index);
    all.lines.sort_by_cached_key(place);
    match all.lines.windows(2).find(|pair| place(&pair[0]) == place(&pair[1])) {
        Some(pair) => Err(format!("match {} is there twice", pair[0].index)),
        None => Ok(Merged { contents: all, notes }),
    }
}

/// All of it as one file.
pub(super) fn text(contents: &Contents) -> Result<String, String> {
    let mut text = json(&contents.header)? + "\n";
    for line in &contents.lines {
        text += &(json(line)? + "\n");
    }
    Ok(text)
}
