//! What `greenroom certs` prints.

use std::fmt;

use super::{CertPaths, Names};

/// What [`ensure`](super::ensure) found or did. Displayed as text for people.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    /// The files.
    pub paths: CertPaths,
    /// What was done.
    pub outcome: Outcome,
    /// What the certificate is for; empty for a foreign one, which is not looked into.
    pub names: Names,
}

/// What was done.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing: the certificate is good for another week and more.
    Kept,
    /// Nothing: certificate and key are not ours, and belong together.
    Foreign,
    /// The server certificate was made, by the CA that was there.
    Renewed {
        /// What was wrong with the one before; empty if there was none.
        why: String,
        /// The day on which it ends.
        until: String,
    },
    /// Both the CA and the server certificate were made, so there is something to trust.
    Made {
        /// What was wrong with those before; empty if there were none.
        why: String,
        /// The day on which the server certificate ends.
        until: String,
    },
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (server, ca) = (self.paths.server.display(), self.paths.ca.display());
        let because = |why: &str| match why {
            "" => String::new(),
            why => format!(", because of the one before: {why}"),
        };
        match &self.outcome {
            Outcome::Kept => writeln!(out, "{server} is good, for {}.", self.names)?,
            Outcome::Foreign => {
                return write!(
                    out,
                    "{server} was not made by `greenroom certs` and is used as it is."
                );
            }
            Outcome::Renewed { why, until } => writeln!(
                out,
                "Made {server} for {}, until {until}{}. Whoever trusts {ca} trusts it already.",
                self.names,
                because(why)
            )?,
            Outcome::Made { why, until } => writeln!(
                out,
                "Made {ca} and {server} for {}, until {until}{}.",
                self.names,
                because(why)
            )?,
        }
        write!(out, "{}", Trust(&ca.to_string()))
    }
}

/// How to trust the CA, for each place that has a trust store of its own.
struct Trust<'a>(&'a str);

impl fmt::Display for Trust<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ca = self.0;
        write!(
            out,
            "\
To trust it (it can vouch for the names above only; keep the key beside it to yourself):
  a first look     open the https page, then Advanced, Proceed; this tab may then use wss too
  curl, Node.js    curl --cacert {ca} ...    NODE_EXTRA_CA_CERTS={ca} node ...
  Debian, Ubuntu   sudo cp {ca} /usr/local/share/ca-certificates/greenroom.crt && sudo update-ca-certificates
  Fedora           sudo trust anchor {ca}
  Chrome on Linux  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n greenroom -i {ca}
  Firefox          Settings, Certificates, View Certificates, Authorities, Import
  macOS            security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {ca}
  Windows          certutil -user -addstore Root {ca}
  phones           send {ca} to the phone and open it (iOS: then also Certificate Trust Settings)"
        )
    }
}
