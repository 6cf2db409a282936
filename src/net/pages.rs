//! What there is to read over HTTP beside the WebSocket: the JavaScript client, and what the games'
//! messages look like. Nothing that a client would not get anyway, so anybody may read it, pages
//! from elsewhere too.

use std::collections::BTreeMap;

use hyper::body::Bytes;

/// The JavaScript client in one file.
const CLIENT: &str = include_str!("../../clients/js/dist/greenroom.js");

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
    /// `/greenroom.js`, and `/schema/NAME` for each game of which the description, JSON, is given.
    #[must_use]
    pub fn new(descriptions: impl IntoIterator<Item = (String, String)>) -> Self {
        let schema = |(name, json): (String, String)| {
            let page = Page { content_type: "application/json", body: json.into() };
            (format!("/schema/{name}"), page)
        };
        let client = Page {
            content_type: "text/javascript; charset=utf-8",
            body: Bytes::from_static(CLIENT.as_bytes()),
        };
        let mut pages: BTreeMap<String, Page> = descriptions.into_iter().map(schema).collect();
        pages.insert("/greenroom.js".to_owned(), client);
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
        assert!(client.body.starts_with(b"/* greenroom-client ") && client.body.ends_with(b";\n"));
        assert!(pages.get("/schema/chess").is_none() && pages.get("/schema/").is_none());
    }
}
