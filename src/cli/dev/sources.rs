//! What a program is made of, and whether that has changed. Looked at again and again: that works on
//! every disk, those of containers and other machines included, and needs no thread.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The files with what tells whether they have changed: when and how long. `None` is one that is not
/// there.
#[derive(Clone, Default, PartialEq, Debug)]
pub(super) struct Sources(BTreeMap<PathBuf, Option<(SystemTime, u64)>>);

impl Sources {
    /// What is in this crate, its settings and pages included, and what the build says that it has
    /// read: other crates beside it too.
    pub(super) fn of(dir: &Path, dep_info: Option<&Path>) -> Self {
        let mut files = Sources::default();
        for name in ["Cargo.toml", "Cargo.lock", "build.rs", "greenroom.toml"] {
            files.add(dir.join(name));
        }
        for name in ["src", "web"] {
            files.add_all(&dir.join(name));
        }
        let read = dep_info.and_then(|file| fs::read_to_string(file).ok());
        for file in read.iter().flat_map(|text| dependencies(text)) {
            files.add(file);
        }
        files
    }

    fn add(&mut self, file: PathBuf) {
        let found = fs::metadata(&file).ok();
        let found = found.and_then(|found| Some((found.modified().ok()?, found.len())));
        self.0.insert(file, found);
    }

    fn add_all(&mut self, dir: &Path) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.add_all(&entry.path()),
                _ => self.add(entry.path()),
            }
        }
    }

    /// A file that is new, gone or another than before.
    pub(super) fn change_since(&self, before: &Sources) -> Option<PathBuf> {
        let other = self.0.iter().find(|(file, found)| before.0.get(*file) != Some(found));
        let gone = || before.0.iter().find(|(file, _)| !self.0.contains_key(*file));
        other.or_else(gone).map(|(file, _)| file.clone())
    }

    /// Looks at these files from now on. Those that it knew are as they were.
    pub(super) fn learn(&mut self, mut now: Sources) {
        for (file, found) in &mut now.0 {
            if let Some(known) = self.0.get(file) {
                *found = *known;
            }
        }
        *self = now;
    }
}

/// The files that a build has read, from what it has written about itself: `program: file file`, with
/// `\ ` for a space in a name.
fn dependencies(text: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for (_, list) in text.lines().filter_map(|line| line.split_once(": ")) {
        let list = list.replace("\\ ", "\0");
        files.extend(list.split_whitespace().map(|file| PathBuf::from(file.replace('\0', " "))));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_has_read_is_known() {
        let text = "/t/debug/tag: /a/src/my\\ rules.rs /a/src/lib.rs\n\n/t/debug/b: C:\\x.rs\n";
        let files = ["/a/src/my rules.rs", "/a/src/lib.rs", "C:\\x.rs"].map(PathBuf::from);
        assert_eq!(dependencies(text), files);
    }

    #[test]
    fn every_change_is_seen_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let look = || Sources::of(dir.path(), Some(&at("tag.d")));
        fs::create_dir_all(at("src/deep")).unwrap();
        fs::write(at("Cargo.toml"), "").unwrap();
        fs::write(at("src/deep/a.rs"), "a").unwrap();
        fs::write(at("notes.txt"), "").unwrap();
        let mut before = look();
        let mut changes = |file: Option<&str>| {
            let now = look();
            assert_eq!(now.change_since(&before), file.map(at));
            before = now;
        };
        changes(None);
        fs::write(at("notes.txt"), "not part of it").unwrap();
        changes(None);
        fs::write(at("src/deep/a.rs"), "ab").unwrap();
        changes(Some("src/deep/a.rs"));
        fs::write(at("src/b.rs"), "").unwrap();
        changes(Some("src/b.rs"));
        fs::create_dir(at("web")).unwrap();
        fs::write(at("web/index.html"), "").unwrap();
        changes(Some("web/index.html"));
        fs::remove_file(at("src/deep/a.rs")).unwrap();
        changes(Some("src/deep/a.rs"));
        fs::remove_file(at("Cargo.toml")).unwrap();
        changes(Some("Cargo.toml"));
    }

    #[test]
    fn what_changes_during_the_build_that_tells_of_it_is_seen_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let look = || Sources::of(dir.path(), Some(&at("tag.d")));
        fs::create_dir_all(at("src")).unwrap();
        fs::write(at("src/lib.rs"), "").unwrap();
        fs::write(at("beside.rs"), "").unwrap();
        let mut sources = look();
        fs::write(at("tag.d"), format!("tag: {}\n", at("beside.rs").display())).unwrap();
        fs::write(at("src/lib.rs"), "changed").unwrap();
        sources.learn(look());
        assert_eq!(look().change_since(&sources), Some(at("src/lib.rs")));
        sources = look();
        fs::write(at("beside.rs"), "changed").unwrap();
        assert_eq!(look().change_since(&sources), Some(at("beside.rs")));
    }
}
