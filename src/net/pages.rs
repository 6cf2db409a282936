//! What there is to read over HTTP beside the WebSocket: the JavaScript client, and what the games'
//! messages look like. Nothing that a client would not get anyway, so anybody may read it, pages
//! from elsewhere too.

use std::collections::BTreeMap;

use hyper::body::Bytes;

/// A file of the JavaScript client: its path, minified, with gzip, which is a third of it, and its
/// source map, which shows the modules to whoever looks for a mistake.
struct File {
    path: &'static str,
    text: &'static str,
    gzip: &'static [u8],
    map: &'static str,
}

const FILES: [File; 2] = [
    File {
        path: "/greenroom.js",
        text: include_str!("../../clients/js/dist/greenroom.js"),
        gzip: include_bytes!("../../clients/js/dist/greenroom.js.gz"),
        map: include_str!("../../clients/js/dist/greenroom.js.map"),
    },
    File {
        path: "/feel.js",
        text: include_str!("../../clients/js/dist/feel.js"),
        gzip: include_bytes!("../../clients/js/dist/feel.js.gz"),
        map: include_str!("../../clients/js/dist/feel.js.map"),
    },
];

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
}

impl Page {
    fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Page { content_type, body: body.into(), gzip: None }
    }
}

impl Pages {
    /// `/greenroom.js` and `/feel.js` with their source maps, and `/schema/NAME` for each game of which
    /// the description, JSON, is given.
    #[must_use]
    pub fn new(descriptions: impl IntoIterator<Item = (String, String)>) -> Self {
        let schema =
            |(name, json): (String, String)| (format!("/schema/{name}"), Page::new(JSON, json));
        let mut pages: BTreeMap<String, Page> = descriptions.into_iter().map(schema).collect();
        for File { path, text, gzip, map } in FILES {
            let page = Page { gzip: Some(gzip.into()), ..Page::new(JAVASCRIPT, text) };
            pages.insert(path.to_owned(), page);
            pages.insert(format!("{path}.map"), Page::new(JSON, map));
        }
        Pages { pages }
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
        assert!(pages.get("/feel.js").is_some() && pages.get("/feel.js.map").is_some());
        let gzip = client.gzip.as_ref().unwrap();
        assert!(gzip.starts_with(&[0x1f, 0x8b]) && 2 * gzip.len() < client.body.len());
        assert!(pages.get("/greenroom.js.map").unwrap().body.starts_with(b"{"));
        assert!(pages.get("/schema/chess").is_none() && pages.get("/schema/").is_none());
    }
}
