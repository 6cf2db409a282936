//! Which web pages may connect. A browser lets any page open a WebSocket to any server, with the
//! user's cookies, and only says in the `Origin` header where the page is from; checking it is
//! the server's part. Programs that are not browsers send no `Origin` and are not held up.

use std::net::{IpAddr, SocketAddr};

/// The origins that may connect.
#[derive(Clone, Debug)]
pub struct Origins {
    allowed: Vec<String>,
    loopback: bool,
}

impl Origins {
    /// The listed origins; besides, pages from this machine while the server can be reached from
    /// nowhere else.
    #[must_use]
    pub fn new(allowed: &[String], bind: SocketAddr) -> Self {
        Origins { allowed: allowed.to_vec(), loopback: bind.ip().is_loopback() }
    }

    /// Whether a request may connect. `host` is its `Host` header: pages that this server itself
    /// serves are always welcome.
    #[must_use]
    pub fn allow(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        if self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) {
            return true;
        }
        let Some((_, authority)) = origin.split_once("://") else { return false };
        host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
            || (self.loopback && is_loopback(authority))
    }
}

/// Whether `host[:port]` names this machine.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_pages_are_refused_and_programs_are_not() {
        let local = Origins::new(&[], "127.0.0.1:8443".parse().unwrap());
        assert!(local.allow(None, None));
        assert!(local.allow(Some("http://localhost:3000"), None));
        assert!(local.allow(Some("https://127.0.0.1"), None));
        assert!(local.allow(Some("http://[::1]:8080"), None));
        assert!(!local.allow(Some("https://evil.example"), Some("127.0.0.1:8443")));
        assert!(!local.allow(Some("https://localhost.evil.example"), None));
        assert!(!local.allow(Some("null"), None));
        assert!(!local.allow(Some(""), Some("")));
    }

    #[test]
    fn beyond_loopback_only_own_pages_and_listed_ones() {
        let listed = ["https://play.example".to_owned()];
        let public = Origins::new(&listed, "0.0.0.0:8443".parse().unwrap());
        assert!(public.allow(Some("https://PLAY.example"), None));
        assert!(public.allow(Some("https://game.example:8443"), Some("game.example:8443")));
        assert!(!public.allow(Some("http://localhost:3000"), Some("game.example:8443")));
    }
}
