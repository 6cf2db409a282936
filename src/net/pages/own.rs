//! The pages of whoever runs the server: the files of a directory, read once at the start. What is
//! asked for is only looked up among them, so no request reaches the disk.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{Page, Reach};

/// A client with pictures and sounds fits; who has more than that has somebody who serves files.
const FILES_MAX: usize = 1_024;
/// They stay in memory.
const BYTES_MAX: u64 = 64 << 20;
/// No game needs more, and a link that leads in circles ends here.
const DEPTH_MAX: usize = 8;

/// What a browser is told of a file, by the end of its name. Others are bytes to it.
const CONTENT_TYPES: &[(&str, &str)] = &[
    ("html", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js", super::JAVASCRIPT),
    ("mjs", super::JAVASCRIPT),
    ("json", super::JSON),
    ("map", super::JSON),
    ("txt", "text/plain; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("ico", "image/x-icon"),
    ("woff2", "font/woff2"),
    ("mp3", "audio/mpeg"),
    ("ogg", "audio/ogg"),
    ("wav", "audio/wav"),
    ("wasm", "application/wasm"),
    ("glb", "model/gltf-binary"),
];

/// Why the pages of a directory cannot be served.
#[derive(Debug, Error)]
pub enum PagesError {
    /// A file or directory that cannot be read.
    #[error("cannot read {}: {source}; give --pages a directory that can be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is nothing to show at `/`.
    #[error("{} has no index.html, which is what / shows", .0.display())]
    NoIndex(PathBuf),
    /// More than is kept in memory.
    #[error("{} has more than {FILES_MAX} files, 64 MiB or {DEPTH_MAX} levels: put large ones behind a server of files", .0.display())]
    TooMuch(PathBuf),
    /// The server has something of its own at this path.
    #[error("{} would be read at {path}, where the server has its own: give it another name", file.display())]
    Taken {
        /// The file.
        file: PathBuf,
        /// Its path.
        path: String,
    },
}

/// The files of a directory by the path at which each is read. What begins with a dot is left out, and
/// so is what has a name that is no text.
pub(super) fn read(dir: &Path) -> Result<BTreeMap<String, Page>, PagesError> {
    let mut own = Own { root: dir, pages: BTreeMap::new(), bytes: 0 };
    own.add_all(dir, "/", 0)?;
    match own.pages.contains_key("/") {
        true => Ok(own.pages),
        false => Err(PagesError::NoIndex(dir.to_owned())),
    }
}

struct Own<'a> {
    root: &'a Path,
    pages: BTreeMap<String, Page>,
    bytes: u64,
}

impl Own<'_> {
    fn add_all(&mut self, dir: &Path, at: &str, depth: usize) -> Result<(), PagesError> {
        let unreadable = |source| PagesError::Unreadable { path: dir.to_owned(), source };
        for entry in fs::read_dir(dir).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') {
                continue;
            }
            let file = entry.path();
            let found = fs::metadata(&file)
                .map_err(|source| PagesError::Unreadable { path: file.clone(), source })?;
            if !found.is_dir() {
                self.add(&file, at, &name, found.len())?;
            } else if depth < DEPTH_MAX {
                self.add_all(&file, &format!("{at}{}/", in_path(&name)), depth + 1)?;
            } else {
                return Err(self.too_much());
            }
        }
        Ok(())
    }

    fn add(&mut self, file: &Path, at: &str, name: &str, bytes: u64) -> Result<(), PagesError> {
        self.bytes += bytes;
        if self.bytes > BYTES_MAX || self.pages.len() >= FILES_MAX {
            return Err(self.too_much());
        }
        let body = fs::read(file)
            .map_err(|source| PagesError::Unreadable { path: file.to_owned(), source })?;
        let path = match name {
            "index.html" => at.to_owned(),
            _ => format!("{at}{}", in_path(name)),
        };
        let page = Page::new(content_type(name), body, Reach::Game);
        self.pages.insert(path, page);
        Ok(())
    }

    fn too_much(&self) -> PagesError {
        PagesError::TooMuch(self.root.to_owned())
    }
}

fn content_type(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end).to_ascii_lowercase();
    let known = CONTENT_TYPES.iter().find(|(known, _)| *known == end);
    known.map_or("application/octet-stream", |(_, content_type)| content_type)
}

/// A name as it stands in the path of a request: anything but letters, digits and `-._~` in hexadecimal
/// digits, as browsers write it.
fn in_path(name: &str) -> String {
    use std::fmt::Write;
    name.bytes().fold(String::new(), |mut path, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(char::from(byte));
            }
            _ => {
                let _ = write!(path, "%{byte:02X}");
            }
        }
        path
    })
}

#[cfg(test)]
mod tests {
    use super::super::Pages;
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    #[test]
    fn files_are_read_at_their_paths_and_in_place_of_the_pages_that_play() {
        let dir = folder(&[
            ("index.html", "<p>mine"),
            ("level/index.html", "<p>level"),
            ("level/a picture.PNG", "png"),
            ("model", "bytes"),
            (".secret", "hidden"),
            (".git/config", "hidden"),
        ]);
        let pages = Pages::new([("tag".to_owned(), "{}".to_owned())]).with_own(dir.path()).unwrap();
        let is = |path: &str| pages.get(path).map(|page| (page.content_type, page.body.clone()));
        let html = "text/html; charset=utf-8";
        assert_eq!(is("/"), Some((html, "<p>mine".into())));
        assert_eq!(is("/level/"), Some((html, "<p>level".into())));
        assert_eq!(is("/level/a%20picture.PNG"), Some(("image/png", "png".into())));
        assert_eq!(is("/model"), Some(("application/octet-stream", "bytes".into())));
        for path in
            ["/.secret", "/.git/config", "/play/app.js", "/replay", "/../own.rs", "/level/.."]
        {
            assert!(pages.get(path).is_none(), "{path}");
        }
        assert!(pages.get("/greenroom.js").is_some() && pages.get("/schema/tag").is_some());
        assert_eq!(pages.get("/").unwrap().reach, Reach::Game);
    }

    #[test]
    fn what_cannot_be_served_is_said_with_its_place() {
        let fault = |files: &[(&str, &str)]| {
            let dir = folder(files);
            let fault = Pages::new([]).with_own(dir.path()).err().unwrap().to_string();
            fault.replace(&dir.path().display().to_string(), "DIR")
        };
        assert_eq!(fault(&[("page.html", "")]), "DIR has no index.html, which is what / shows");
        let taken = fault(&[("index.html", ""), ("greenroom.js", "")]);
        assert!(
            taken.starts_with("DIR/greenroom.js would be read at /greenroom.js, where "),
            "{taken}"
        );
        for file in ["ws", "healthz", "schema/tag"] {
            let taken = fault(&[("index.html", ""), (file, "")]);
            assert!(taken.contains("the server has its own"), "{taken}");
        }
        let deep = format!("{}index.html", "d/".repeat(DEPTH_MAX + 1));
        assert!(fault(&[("index.html", ""), (&deep, "")]).contains("more than 1024 files"));
        let nowhere = Path::new("/nowhere/at/all");
        let fault = Pages::new([]).with_own(nowhere).err().unwrap().to_string();
        assert!(
            fault.starts_with("cannot read /nowhere/at/all: ") && fault.ends_with("can be read"),
            "{fault}"
        );
    }

    #[test]
    fn more_than_fits_into_memory_is_refused_before_it_is_read() {
        let dir = folder(&[("index.html", "")]);
        let large = fs::File::create(dir.path().join("film.mp4")).unwrap();
        large.set_len(BYTES_MAX + 1).unwrap();
        assert!(matches!(read(dir.path()), Err(PagesError::TooMuch(_))));
    }
}
