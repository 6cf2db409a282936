//! `greenroom new`: a crate with a small game of its own, from the files in `scaffold/template/`.
//!
//! In them the name `tag` stands for the name of the new crate, `tag_crate` for the name of its
//! library, and words in capitals for what the table in [`render`] says.

mod name;
mod path;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use name::CrateName;

#[derive(Args)]
pub(super) struct NewArgs {
    /// Where to write the crate; the last part is the name of the crate and of its game.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The checkout of Greenroom to depend on; the one that this program was built from if not
    /// given.
    #[arg(long, value_name = "DIR", default_value = env!("CARGO_MANIFEST_DIR"), hide_default_value = true)]
    greenroom: PathBuf,
}

/// The files of a crate: where each goes, and its text.
const TEMPLATE: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("scaffold/template/Cargo.toml.in")),
    ("README.md", include_str!("scaffold/template/README.md")),
    (".gitignore", include_str!("scaffold/template/gitignore")),
    // The rules that keep a room a pure function of its log are the same for every game.
    ("clippy.toml", include_str!("../../clippy.toml")),
    ("rustfmt.toml", include_str!("../../rustfmt.toml")),
    ("greenroom.toml", include_str!("scaffold/template/greenroom.toml.in")),
    ("web/index.html", include_str!("scaffold/template/index.html")),
    ("src/lib.rs", include_str!("scaffold/template/lib.rs")),
    ("src/tag.rs", include_str!("scaffold/template/tag.rs")),
    ("src/bots.rs", include_str!("scaffold/template/bots.rs")),
    ("src/main.rs", include_str!("scaffold/template/main.rs")),
    ("src/bin/tag-sim.rs", include_str!("scaffold/template/sim.rs")),
    ("tests/match.rs", include_str!("scaffold/template/match.rs")),
];

pub(super) fn run(args: &NewArgs) -> Result<(), String> {
    let shown = args.dir.display();
    let dir = std::path::absolute(&args.dir)
        .map_err(|error| format!("{shown}: {error}: give another directory"))?;
    let name = CrateName::of(&dir)?;
    let greenroom = checkout(&args.greenroom)?;
    match fs::read_dir(&dir).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => return Err(format!("{shown} exists already: give a new directory")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(format!("{shown}: {error}: give a new directory")),
    }
    let written = write(&dir, &name, &greenroom);
    written
        .map_err(|error| format!("{shown} cannot be written: {error}: give another directory"))?;
    super::print(&next_steps(&args.dir, &name))
}

/// The directory, if it holds what a new crate depends on.
fn checkout(dir: &Path) -> Result<PathBuf, String> {
    match dir.canonicalize() {
        Ok(found) if found.join("src/game.rs").is_file() && found.join("sim").is_dir() => Ok(found),
        _ => Err(format!(
            "there is no checkout of Greenroom in {}: say where one is with --greenroom DIR",
            dir.display()
        )),
    }
}

fn write(dir: &Path, name: &CrateName, greenroom: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let dir = dir.canonicalize()?;
    let dependency = path::for_manifest(&dir, greenroom)?;
    for (file, text) in TEMPLATE {
        let path = dir.join(file.replace("tag-sim", &format!("{name}-sim")));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, render(text, name, &dependency))?;
    }
    // The versions that Greenroom was tested with; cargo drops what the crate does not need.
    match fs::copy(greenroom.join("Cargo.lock"), dir.join("Cargo.lock")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn render(text: &str, name: &CrateName, greenroom: &str) -> String {
    let text = text
        .replace("GREENROOM_PATH", greenroom)
        .replace("GREENROOM_VERSION", env!("CARGO_PKG_VERSION"))
        .replace("RUST_VERSION", env!("CARGO_PKG_RUST_VERSION"))
        .replace("tag_crate", &name.library());
    ["\"tag\"", "'tag'", "--game tag ", "tag-sim", "# tag\n", "<title>tag<"]
        .iter()
        .fold(text, |text, place| text.replace(place, &place.replace("tag", name.as_str())))
}

fn next_steps(dir: &Path, name: &CrateName) -> String {
    let dir = dir.display();
    format!(
        "{dir} is a game of tag, called {name}. Next:\n\n\
         \x20 cd {dir}\n\
         \x20 cargo test                       # bots play a match\n\
         \x20 cargo run --release -- serve     # host it, and its page on http://127.0.0.1:8080/\n\
         \x20 cargo run -- dev                 # host it while you change it\n\
         \x20 cargo run --release --bin {name}-sim -- match --game {name} --bots 4 --seed 7\n\n\
         The rules are in src/tag.rs, the page is web/index.html: make them yours. README.md says the rest.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_is_left_to_be_filled_in() {
        let name = CrateName::of(Path::new("/x/hot-potato")).unwrap();
        for (file, text) in TEMPLATE {
            let text = render(text, &name, "../greenroom");
            for word in ["GREENROOM", "RUST_VERSION", "tag_crate", "tag-sim", "\"tag\"", "'tag'"] {
                assert!(!text.contains(word), "{file}: {word}");
            }
        }
        assert!(render(TEMPLATE[0].1, &name, "..").contains("name = \"hot-potato\""));
        assert!(render("tag_crate::games()", &name, "..").contains("hot_potato::games()"));
    }

    #[test]
    fn its_page_takes_at_most_40_lines() {
        let (_, page) = TEMPLATE.iter().find(|(file, _)| *file == "web/index.html").unwrap();
        assert!(page.lines().count() <= 40);
    }

    #[test]
    fn a_game_takes_at_most_60_lines_of_code() {
        let (_, rules) = TEMPLATE.iter().find(|(file, _)| *file == "src/tag.rs").unwrap();
        let code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
        assert!(rules.lines().filter(code).count() <= 60);
    }
}
