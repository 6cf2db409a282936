//! Where to connect, from a URL.

use tokio_tungstenite::tungstenite::http::Uri;

use crate::error::ConnectError;

/// A URL taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Address {
    pub(crate) tls: bool,
    /// Without the brackets of an IPv6 address.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// As the HTTP request names the server.
    pub(crate) authority: String,
    pub(crate) path: String,
}

impl Address {
    /// Reads `ws[s]://host[:port][/path]`. Without a path it is `/ws`.
    pub(crate) fn parse(url: &str) -> Result<Self, ConnectError> {
        let bad = |why: String| ConnectError::BadUrl { url: url.to_owned(), why };
        if !url.contains("://") {
            return Err(bad(format!("it has no scheme; did you mean wss://{url}")));
        }
        let uri: Uri = url.parse().map_err(|error| bad(format!("{error}")))?;
        let tls = match uri.scheme_str() {
            Some("wss") => true,
            Some("ws") => false,
            other => {
                let scheme = other.unwrap_or_default();
                return Err(bad(format!("{scheme}:// is not a scheme of WebSockets")));
            }
        };
        let authority = uri.authority().ok_or_else(|| bad("it names no host".into()))?;
        if authority.as_str().contains('@') {
            // It would end in logs of the server and of proxies.
            return Err(bad("it holds a user name: a token is given in Connect::token".into()));
        }
        let host = authority.host().trim_matches(['[', ']']);
        if host.is_empty() {
            return Err(bad("it names no host".into()));
        }
        let path = match uri.path_and_query().map_or("/", |path| path.as_str()) {
            "" | "/" => "/ws",
            path => path,
        };
        Ok(Address {
            tls,
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            authority: authority.to_string(),
            path: path.to_owned(),
        })
    }

    /// Scheme, host and port, for people.
    pub(crate) fn name(&self) -> String {
        format!("{}://{}", if self.tls { "wss" } else { "ws" }, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_defaults_for_port_and_path() {
        let address = Address::parse("wss://example.org").unwrap();
        assert_eq!((address.port, address.path.as_str(), address.tls), (443, "/ws", true));
        let address = Address::parse("ws://[::1]:8080/play?x=1").unwrap();
        assert_eq!((address.host.as_str(), address.port), ("::1", 8080));
        assert_eq!((address.path.as_str(), address.tls), ("/play?x=1", false));
        assert_eq!(address.authority, "[::1]:8080");
    }

    #[test]
    fn what_is_no_websocket_url_is_refused_with_a_sentence() {
        for (url, part) in [
            ("127.0.0.1:8443", "did you mean wss://127.0.0.1:8443"),
            ("https://example.org", "https:// is not a scheme of WebSockets"),
            ("wss://anna:secret@example.org", "Connect::token"),
            ("wss://", "is not a URL"),
            ("wss://exa mple", "is not a URL"),
        ] {
            let error = Address::parse(url).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
