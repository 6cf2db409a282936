//! The name of a new crate, which is also the name of its game.

use std::fmt;
use std::path::Path;

use greenroom_proto::GAME_NAME_MAX;

/// A name that cargo and Greenroom both accept.
#[derive(Debug)]
pub(super) struct CrateName(String);

/// Words of the language and crates that the new one depends on or cannot be told from.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "greenroom",
    "greenroom-client",
    "greenroom-derive",
    "greenroom-proto",
    "greenroom-sim",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

impl CrateName {
    /// The last part of the path.
    pub(super) fn of(dir: &Path) -> Result<Self, String> {
        let name = dir.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let well_formed = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !name.ends_with('-')
            && name.len() <= GAME_NAME_MAX;
        if !well_formed {
            return Err(format!(
                "`{name}` cannot be the name of a game: give a directory whose last part is 1 to \
                 {GAME_NAME_MAX} of a-z, 0-9 and -, from a letter on, such as ../hot-potato"
            ));
        }
        if TAKEN.contains(&name.as_ref()) {
            return Err(format!(
                "`{name}` has a meaning in Rust or is a crate that a game needs: give a directory \
                 with another last part, such as ../{name}-game"
            ));
        }
        Ok(CrateName(name.into_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in Rust code.
    pub(super) fn library(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl fmt::Display for CrateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_or_greenroom_would_refuse_are_refused_here() {
        for good in ["tag", "hot-potato", "a", "x11"] {
            assert!(CrateName::of(&Path::new("/tmp").join(good)).is_ok(), "{good}");
        }
        let long = "a".repeat(GAME_NAME_MAX + 1);
        for bad in ["Tag", "7up", "-a", "a-", "a_b", "a b", "müll", "a.b", &long] {
            let error = CrateName::of(&Path::new("/tmp").join(bad)).unwrap_err();
            assert!(error.starts_with(&format!("`{bad}` cannot be the name")), "{error}");
        }
        for taken in ["match", "serde", "test", "greenroom"] {
            let error = CrateName::of(&Path::new("/tmp").join(taken)).unwrap_err();
            assert!(error.contains(&format!("such as ../{taken}-game")), "{error}");
        }
        assert!(CrateName::of(Path::new("/")).is_err());
    }
}
