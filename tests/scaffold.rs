//! `greenroom new`: the files it writes, and what it refuses. That the crate builds and plays is
//! the business of `.ci/run`, which has the minutes for it.

#![cfg(feature = "server")]
#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn new(dir: &Path, more: &[&str]) -> Output {
    let command = [&["new", dir.to_str().unwrap()], more].concat();
    Command::new(env!("CARGO_BIN_EXE_greenroom")).args(command).output().unwrap()
}

fn refusal(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = std::str::from_utf8(&output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    said.trim_end()
}

#[test]
fn a_new_crate_is_complete_and_carries_its_name() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("deep/hot-potato");
    let output = new(&dir, &[]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("cargo run --release --bin hot-potato-sim -- match"), "{said}");

    let read = |file: &str| fs::read_to_string(dir.join(file)).unwrap_or_else(|_| panic!("{file}"));
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    assert_eq!(manifest["package"]["name"].as_str(), Some("hot-potato"));
    assert_eq!(manifest["package"]["default-run"].as_str(), Some("hot-potato"));
    assert!(manifest["workspace"].as_table().unwrap().is_empty(), "a workspace of its own");
    for dependency in ["greenroom", "greenroom-sim"] {
        let path = manifest["dependencies"][dependency]["path"].as_str().unwrap();
        assert!(dir.join(path).join("Cargo.toml").is_file(), "{dependency}: {path}");
    }
    assert!(read("src/tag.rs").contains("const NAME: &'static str = \"hot-potato\";"));
    assert!(read("src/main.rs").contains("greenroom::cli(hot_potato::games())"));
    assert!(read("src/bin/hot-potato-sim.rs").contains("greenroom_sim::cli(hot_potato::games())"));
    assert!(read("tests/match.rs").contains("(&hot_potato::games())"));
    assert!(read("README.md").starts_with("# hot-potato\n"));
    let page = read("web/index.html");
    assert!(page.contains("<title>hot-potato</title>"), "{page}");
    assert!(page.contains("joinOrCreate('hot-potato')") && !page.contains("'tag'"), "{page}");
    let settings: toml::Table = read("greenroom.toml").parse().unwrap();
    assert_eq!(settings["listen"]["pages"].as_str(), Some("web"));
    assert!(read(".gitignore").contains("/target\n"));
    for file in ["src/lib.rs", "src/bots.rs", "clippy.toml", "rustfmt.toml", "Cargo.lock"] {
        read(file);
    }
}

#[test]
fn what_is_there_already_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("tag");
    fs::create_dir(&dir).unwrap();
    assert!(new(&dir, &[]).status.success(), "an empty directory is as good as none");
    let manifest = fs::read(dir.join("Cargo.toml")).unwrap();
    let again = new(&dir, &[]);
    assert!(refusal(&again).ends_with("/tag exists already: give a new directory"), "{again:?}");
    assert_eq!(fs::read(dir.join("Cargo.toml")).unwrap(), manifest);

    let file = home.path().join("file");
    fs::write(&file, "mine").unwrap();
    refusal(&new(&file, &[]));
    refusal(&new(&file.join("below"), &[]));
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn a_bad_name_or_a_missing_checkout_is_said_before_anything_is_written() {
    let home = tempfile::tempdir().unwrap();
    let bad = new(&home.path().join("My_Game"), &[]);
    assert!(refusal(&bad).starts_with("greenroom: `My_Game` cannot be the name of a game"));
    let nowhere = home.path().join("nowhere");
    let lost = new(&home.path().join("tag"), &["--greenroom", nowhere.to_str().unwrap()]);
    assert!(refusal(&lost).ends_with("say where one is with --greenroom DIR"), "{lost:?}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
