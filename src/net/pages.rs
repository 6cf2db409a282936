//! What there is to read over HTTP beside the WebSocket: pages that play the games, the JavaScript
//! client, and what the games' messages look like. Nothing that a client would not get anyway, so
//! anybody may read it; the client and the descriptions pages from elsewhere too.
//!
//! The pages that play are those built in, or those of whoever runs the server.

mod own;
mod play;

use std::collections::BTreeMap;
use std::path::Path;

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use xxhash_rust::xxh3::xxh3_128;

pub use own::PagesError;

struct Bundle {
    path: &'static str,
    text: &'static str,
    gzip: &'static [u8],
    map: &'static str,
}

macro_rules! bundle {
    ($name:literal) => {
        Bundle {
            path: concat!("/", $name, ".js"),
            text: include_str!(concat!("../../clients/js/dist/", $name, ".js")),
            gzip: include_bytes!(concat!("../../clients/js/dist/", $name, ".js.gz")),
            map: include_str!(concat!("../../clients/js/dist/", $name, ".js.map")),
        }
    };
}

/// The JavaScript client, what it loads when rooms are to be found, what is for the feel of a game, and
/// the protocol by itself for recordings: minified, the same with gzip, and what shows the sources to
/// whoever looks for a mistake.
const CLIENT: [Bundle; 4] =
    [bundle!("greenroom"), bundle!("finding"), bundle!("feel"), bundle!("protocol")];

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";

/// What is read, by its path.
pub struct Pages {
    pages: BTreeMap<String, Page>,
}

/// Something to read.
#[derive(Clone)]
pub struct Page {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its bytes, shared.
    pub body: Bytes,
    /// The same with gzip, where that is worth it.
    pub gzip: Option<Bytes>,
    /// Its `ETag`: a hash of the bytes, weak as it is the same with gzip.
    pub tag: HeaderValue,
    /// Who may use it.
    pub reach: Reach,
}

/// Who may use a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Pages from elsewhere, too.
    Anybody,
    /// The pages of this server alone, which may do what their policy says.
    OwnPages,
    /// The same, but they are the game's own: what they may do they say themselves.
    Game,
}

impl Reach {
    /// The `Content-Security-Policy` that goes with it.
    #[must_use]
    pub fn policy(self) -> Option<&'static str> {
        (self == Reach::OwnPages).then_some(play::POLICY)
    }
}

impl Page {
    fn new(content_type: &'static str, body: impl Into<Bytes>, reach: Reach) -> Self {
        let body = body.into();
        let tag = HeaderValue::try_from(format!("W/\"{:032x}\"", xxh3_128(&body)))
            .expect("hexadecimal digits between quotes");
        Page { content_type, body, gzip: None, tag, reach }
    }
}

impl Pages {
    /// The pages that play; the client, `/feel.js` and the others with their source maps; and
    /// `/schema/NAME` for each game of which the description, JSON, is given.
    #[must_use]
    pub fn new(descriptions: impl IntoIterator<Item = (String, String)>) -> Self {
        let schema = |(name, json): (String, String)| {
            (format!("/schema/{name}"), Page::new(JSON, json, Reach::Anybody))
        };
        let client = CLIENT.into_iter().flat_map(|Bundle { path, text, gzip, map }| {
            let script = Page::new(JAVASCRIPT, text, Reach::Anybody);
            let script = Page { gzip: Some(gzip.into()), ..script };
            [
                (path.to_owned(), script),
                (format!("{path}.map"), Page::new(JSON, map, Reach::Anybody)),
            ]
        });
        let play = play::FILES.iter().map(|file| {
            (file.path.to_owned(), Page::new(file.content_type, file.text, Reach::OwnPages))
        });
        Pages { pages: descriptions.into_iter().map(schema).chain(client).chain(play).collect() }
    }

    /// The same with the files of this directory in place of the pages that play: `index.html` at its
    /// directory's path, the others by their names.
    ///
    /// # Errors
    /// A directory without `index.html`, with something that cannot be read, with more than is kept in
    /// memory, or with a file where the server has its own.
    pub fn with_own(mut self, dir: &Path) -> Result<Self, PagesError> {
        let own = own::read(dir)?;
        self.pages.retain(|_, page| page.reach != Reach::OwnPages);
        let is_ours = |path: &str| {
            matches!(path, "/ws" | "/healthz")
                || path.starts_with("/schema/")
                || self.get(path).is_some()
        };
        if let Some(path) = own.keys().find(|path| is_ours(path)) {
            let file = dir.join(path.trim_start_matches('/'));
            return Err(PagesError::Taken { file, path: path.clone() });
        }
        self.pages.extend(own);
        Ok(self)
    }

    /// What is at this path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Page> {
        self.pages.get(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_and_each_game_has_its_path() {
        let pages = Pages::new([("arena".to_owned(), "{}".to_owned())]);
        assert_eq!(pages.get("/schema/arena").unwrap().body, "{}");
        let client = pages.get("/greenroom.js").unwrap();
        let map = b"\n//# sourceMappingURL=greenroom.js.map\n";
        assert!(client.body.starts_with(b"/* greenroom-client ") && client.body.ends_with(map));
        for file in ["finding", "feel", "protocol"] {
            let path = format!("/{file}.js");
            assert_eq!(pages.get(&path).unwrap().reach, Reach::Anybody, "{path}");
            assert!(pages.get(&format!("{path}.map")).is_some(), "{path}");
        }
        let gzip = client.gzip.as_ref().unwrap();
        assert!(gzip.starts_with(&[0x1f, 0x8b]) && 2 * gzip.len() < client.body.len());
        assert!(pages.get("/greenroom.js.map").unwrap().body.starts_with(b"{"));
        assert!(pages.get("/schema/chess").is_none() && pages.get("/schema/").is_none());
    }
}
