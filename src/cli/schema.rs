//! `greenroom schema`: what the clients of a game see and say, for those who write them.

mod messages;
mod state;
#[cfg(test)]
mod tests;
mod types;

use clap::Args;

use crate::registry::{Entry, Games};
use types::{Names, Type};

#[derive(Args)]
pub(super) struct SchemaArgs {
    /// The game.
    #[arg(long, value_name = "NAME")]
    game: String,
    /// Print TypeScript types instead of JSON.
    #[arg(long)]
    ts: bool,
}

pub(super) fn run(args: &SchemaArgs, games: &Games) -> Result<String, String> {
    let entry = games.get(&args.game).map_err(|error| error.to_string())?;
    match args.ts {
        true => Ok(typescript(entry)),
        false => entry.description(),
    }
}

/// The types of a game as a TypeScript module.
fn typescript(entry: &Entry) -> String {
    let messages = entry.game.messages();
    let roots = [
        ("Input", "What a player says all the time.", &messages.input),
        ("Request", "What a player asks.", &messages.request),
        ("Reply", "The answer.", &messages.reply),
        ("Event", "What players are told once.", &messages.event),
    ];
    let mut names = Names::new();
    let state = state::of(&entry.schema, &mut names);
    let roots = roots.map(|(name, about, shape)| {
        let of = messages::root(shape, &mut names);
        (name, about, of)
    });
    let mut text = format!(
        "// {}, version {}, schema {:016x}: made by `greenroom schema --ts`.\n\
         // Entities are in a Map by slot; a variant with data is an object with its name as the key;\n\
         // what a player may not see is undefined, or empty where it is a list.\n",
        entry.game.name(),
        entry.game.version(),
        entry.schema_hash,
    );
    define(&mut text, "State", Some("What a client sees."), &state);
    for (name, about, of) in &roots {
        define(&mut text, name, Some(about), of);
    }
    for (name, of) in names.finish() {
        define(&mut text, &name, None, &of);
    }
    text
}

fn define(text: &mut String, name: &str, about: Option<&str>, of: &Type) {
    text.push('\n');
    if let Some(about) = about {
        text.push_str(&format!("/** {about} */\n"));
    }
    match of {
        Type::Object(_) => text.push_str(&format!("export interface {name} {}\n", of.block(0))),
        _ => text.push_str(&format!("export type {name} ={};\n", of.after(0))),
    }
}
