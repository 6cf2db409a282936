//! The names and addresses a development certificate is for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustls::pki_types::{DnsName, ServerName};

/// Names and addresses, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Host names.
    pub hosts: Vec<String>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
}

/// What `--lan` adds.
pub(super) struct Machine {
    /// Its name.
    pub(super) host: Option<String>,
    /// All its addresses.
    pub(super) addresses: Vec<IpAddr>,
}

impl Machine {
    /// This machine. What it does not tell is left out: loopback always works.
    pub(super) fn here() -> Self {
        Self {
            host: gethostname::gethostname().into_string().ok(),
            addresses: if_addrs::get_if_addrs()
                .map(|all| all.iter().map(if_addrs::Interface::ip).collect())
                .unwrap_or_default(),
        }
    }
}

impl Names {
    /// `localhost` and the loopback addresses.
    #[must_use]
    pub fn loopback() -> Self {
        Self {
            hosts: vec!["localhost".into()],
            addresses: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        }
    }

    /// Loopback and, with `lan`, what other devices can call this machine.
    pub(super) fn of(machine: &Machine, lan: bool) -> Self {
        let mut names = Self::loopback();
        if !lan {
            return names;
        }
        if let Some(host) = machine.host.as_deref().map(str::to_lowercase) {
            // Phones find `name.local` by multicast DNS without any set-up.
            let local = (!host.contains('.')).then(|| format!("{host}.local"));
            for name in [Some(host), local].into_iter().flatten() {
                if DnsName::try_from(name.as_str()).is_ok() && !names.hosts.contains(&name) {
                    names.hosts.push(name);
                }
            }
        }
        for address in &machine.addresses {
            if reachable(*address) && !names.addresses.contains(address) {
                names.addresses.push(*address);
            }
        }
        names
    }

    /// All of them, as a client asks for them.
    pub(super) fn server_names(&self) -> impl Iterator<Item = ServerName<'static>> {
        let hosts = self.hosts.iter().filter_map(|host| ServerName::try_from(host.clone()).ok());
        hosts.chain(self.addresses.iter().map(|address| ServerName::from(*address)))
    }
}

impl fmt::Display for Names {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = self.addresses.iter().map(ToString::to_string);
        let all: Vec<String> = self.hosts.iter().cloned().chain(addresses).collect();
        write!(out, "{}", all.join(", "))
    }
}

/// Whether a URL can name the address from another machine. Link-local IPv6 cannot: it needs a
/// zone, which URLs in browsers do not have.
fn reachable(address: IpAddr) -> bool {
    let link_local = matches!(address, IpAddr::V6(six) if six.is_unicast_link_local());
    !address.is_loopback() && !address.is_unspecified() && !address.is_multicast() && !link_local
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(host: &str, addresses: &[&str]) -> Machine {
        Machine {
            host: Some(host.into()),
            addresses: addresses.iter().map(|one| one.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn lan_adds_what_others_can_reach_once() {
        let machine = machine(
            "Desk",
            &["127.0.0.1", "::1", "192.168.1.7", "192.168.1.7", "fe80::1", "fd00::7"],
        );
        let text = Names::of(&machine, true).to_string();
        assert_eq!(text, "localhost, desk, desk.local, 127.0.0.1, ::1, 192.168.1.7, fd00::7");
    }

    #[test]
    fn host_names_that_are_none_are_left_out() {
        for host in ["localhost", "", "my desk", "-", "a..b"] {
            let names = Names::of(&machine(host, &[]), true);
            assert!(names.hosts.iter().all(|one| one.starts_with("localhost")), "{names}");
        }
    }

    #[test]
    fn this_machine_has_names() {
        let names = Names::of(&Machine::here(), true);
        assert!(names.server_names().count() >= 3, "{names}");
    }
}
