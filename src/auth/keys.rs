//! The file with the keys of signed tokens.
//!
//! One key a line, the newest last, each its id, a space, and 32 bytes as base64url without padding:
//!
//! ```text
//! k1 J5cjVbZ0wZ0cQw3m4mZ6n0b2n8n0WcUu1nE0o0mV7iA
//! k2 3q2-7wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw
//! ```
//!
//! All of them are taken, the last one signs. To change a key: add one
//! (`greenroom token --new-key FILE`), start the servers anew and give the file to the backend, wait
//! until no token of the old key holds any more, take its line out.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use ring::hmac;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a key's id.
pub const KEY_ID_MAX: usize = 16;
/// Keys in one file: more than two are there only for as long as old tokens hold.
pub const KEYS_MAX: usize = 16;

/// Keys that tokens may be signed with.
pub struct Keys(Vec<Key>);

pub(super) struct Key {
    pub(super) id: String,
    pub(super) secret: hmac::Key,
}

/// They are secrets.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

/// A file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// It cannot be read.
    #[error("{path}: {source}; greenroom token --new-key {path} makes a key")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("{path}: {source}; name a file that this user can write")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no file of keys.
    #[error(
        "{path}: {why}; each line is an id, a space and 32 bytes as base64url without padding, as \
         greenroom token --new-key writes it"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Keys {
    /// The keys in a file.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let read = std::fs::read_to_string(path);
        let text =
            read.map_err(|source| KeysError::Unreadable { path: path.to_owned(), source })?;
        let keys = Keys::parse(&text)
            .map_err(|why| KeysError::Malformed { path: path.to_owned(), why })?;
        if others_can_read(path) {
            let path = path.display();
            tracing::warn!(
                "{path}: everybody on this machine can read these keys: chmod 600 {path}"
            );
        }
        Ok(keys)
    }

    /// The keys in such a text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys: Vec<Key> = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let key = parse_line(line).ok_or_else(|| format!("line {number} is no key"))?;
            if keys.iter().any(|known| known.id == key.id) {
                return Err(format!("line {number} has an id that another line has: {}", key.id));
            }
            keys.push(key);
        }
        match keys.len() {
            0 => Err("there is no key in it".to_owned()),
            1..=KEYS_MAX => Ok(Keys(keys)),
            count => Err(format!("there are {count} keys in it, {KEYS_MAX} are the most")),
        }
    }

    /// The key that signs.
    pub(super) fn newest(&self) -> &Key {
        self.0.last().expect("there is one: see `parse`")
    }

    /// The key of this id.
    pub(super) fn find(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }

    /// Ids count up, so that none is used twice.
    fn next_id(&self) -> String {
        let numbers = self.0.iter().filter_map(|key| key.id.strip_prefix('k')?.parse().ok());
        format!("k{}", numbers.max().unwrap_or(0u32).saturating_add(1))
    }
}

fn parse_line(line: &str) -> Option<Key> {
    let (id, secret) = line.trim_end().split_once(' ')?;
    let fits = (1..=KEY_ID_MAX).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let secret = BASE64URL_NOPAD.decode(secret.as_bytes()).ok()?;
    (fits && secret.len() == KEY_BYTES)
        .then(|| Key { id: id.to_owned(), secret: hmac::Key::new(hmac::HMAC_SHA256, &secret) })
}

/// Adds a key to a file, which is made if it is missing, for this user alone. Returns its id.
pub fn add_key(path: &Path) -> Result<String, KeysError> {
    let id = match Keys::read(path) {
        Ok(keys) if keys.0.len() == KEYS_MAX => {
            let why = format!("it has {KEYS_MAX} keys: take out those whose tokens are too old");
            return Err(KeysError::Malformed { path: path.to_owned(), why });
        }
        Ok(keys) => keys.next_id(),
        Err(KeysError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
            "k1".to_owned()
        }
        Err(error) => return Err(error),
    };
    append(path, &id).map_err(|source| KeysError::Unwritable { path: path.to_owned(), source })?;
    Ok(id)
}

fn append(path: &Path, id: &str) -> io::Result<()> {
    let mut secret = [0; KEY_BYTES];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    let before = std::fs::read_to_string(path).unwrap_or_default();
    let new_line = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let line = format!("{new_line}{id} {}\n", BASE64URL_NOPAD.encode(&secret));
    let mut file = options.open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_added_for_this_user_alone_and_the_newest_signs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("auth.key");
        assert!(matches!(Keys::read(&path), Err(KeysError::Unreadable { .. })));
        assert_eq!(add_key(&path).unwrap(), "k1");
        assert_eq!(add_key(&path).unwrap(), "k2");
        let keys = Keys::read(&path).unwrap();
        assert_eq!(keys.newest().id, "k2");
        assert!(keys.find("k1").is_some());
        assert_eq!(format!("{keys:?}"), r#"["k1", "k2"]"#);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn an_editor_that_leaves_out_the_last_newline_breaks_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("auth.key");
        add_key(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.trim_end()).unwrap();
        assert_eq!(add_key(&path).unwrap(), "k2");
        assert!(Keys::read(&path).is_ok());
    }

    #[test]
    fn what_is_no_key_is_named_by_its_line() {
        let good = format!("k1 {}\n", "A".repeat(43));
        assert!(Keys::parse(&good).is_ok());
        let cases = [
            ("", "there is no key"),
            ("k1\n", "line 1"),
            (&format!("{good}k2 AAAA\n"), "line 2"),
            (&format!("{good}{good}"), "another line"),
            (&format!("no.dots {}\n", "A".repeat(43)), "line 1"),
        ];
        for (text, why) in cases {
            assert!(Keys::parse(text).unwrap_err().contains(why), "{text:?}");
        }
    }
}
