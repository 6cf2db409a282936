//! What there is to read over HTTP beside the WebSocket: the JavaScript client, and what the games'
//! messages look like. Nothing that a client would not get anyway, so anybody may read it, pages
//! from elsewhere too.

use std::collections::BTreeMap;

use hyper::body::Bytes;

/// The JavaScript client and what is for the feel of a game, minified, and what shows its sources to whoever looks for a mistake: by
/// path, type, text.
const CLIENT: [(&str, &str, &str); 4] = [
    ("/greenroom.js", JAVASCRIPT, include_str!("../../clients/js/dist/greenroom.js")),
    ("/greenroom.js.map", JSON, include_str!("../../clients/js/dist/greenroom.js.map")),
    ("/feel.js", JAVASCRIPT, include_str!("../../clients/js/dist/feel.js")),
    ("/feel.js.map", JSON, include_str!("../../clients/js/dist/feel.js.map")),
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
}

impl Pages {
    /// `/greenroom.js` and `/feel.js` with their source maps, and `/schema/NAME` for each game of which the description, JSON, is given.
    #[must_use]
    pub fn new(descriptions: impl IntoIterator<Item = (String, String)>) -> Self {
        let schema = |(name, json): (String, String)| {
            let page = Page { content_type: JSON, body: json.into() };
            (format!("/schema/{name}"), page)
        };
        let client = CLIENT.map(|(path, content_type, text)| {
            let body = Bytes::from_static(text.as_bytes());
            (path.to_owned(), Page { content_type, body })
        });
        Pages { pages: descriptions.into_iter().map(schema).chain(client).collect() }
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
        assert!(pages.get("/greenroom.js.map").unwrap().body.starts_with(b"{"));
        assert!(pages.get("/schema/chess").is_none() && pages.get("/schema/").is_none());
    }
}
