//! Which program this is. The same log gives the same match only under the build that wrote it, so
//! commands are stepped again by that one only.

use std::sync::OnceLock;

use xxhash_rust::xxh3::xxh3_64;

/// A number of this program: the hash of its file. 0 if that cannot be read, which no log of another
/// process has.
#[must_use]
pub fn build_id() -> u64 {
    static ID: OnceLock<u64> = OnceLock::new();
    *ID.get_or_init(|| {
        // What runs, also when the file at its path was replaced meanwhile.
        let running = std::path::Path::new("/proc/self/exe");
        let path = match running.exists() {
            true => Some(running.to_owned()),
            false => std::env::current_exe().ok(),
        };
        let bytes = path.and_then(|path| std::fs::read(path).ok());
        bytes.map_or(0, |bytes| xxh3_64(&bytes).max(1))
    })
}
