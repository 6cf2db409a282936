//! Certificates: loads the one the server shows, and makes one for development.
//!
//! wss needs a certificate before the first packet, so the first run makes a small certificate
//! authority (CA) and a server certificate signed by it, both in `certs/`:
//!
//! ```text
//! ca.pem          to be trusted by browsers and clients    ca-key.pem      mode 0600
//! server.pem      what the server shows                    server-key.pem  mode 0600
//! ```
//!
//! Whoever gets hold of `ca-key.pem` can pose only as the names the CA is limited to: `localhost`,
//! the loopback addresses and, with `--lan`, this machine's own names and addresses. Those limits
//! are name constraints, marked critical, so software that does not know them refuses the CA.
//!
//! Ours are recognised by the issuer's fixed name (`issue::ISSUER`). Nothing else is ever
//! overwritten, and a key without its certificate is nobody's, so it is not ours either.
//!
//! [`ensure`] runs at every start and does nothing while the certificate is good for another
//! week. Files are written beside their place and renamed, certificate before key: whoever loses
//! power between the two finds a pair that does not match but is known to be ours.

// The shell may read clocks and use maps in any order.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod error;
mod files;
mod identity;
mod issue;
mod load;
mod names;
mod report;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustls::pki_types::CertificateDer;

use crate::config::Listen;

pub use error::CertError;
pub use identity::Identity;
pub use load::load;
pub use names::Names;
pub use report::{Outcome, Report};

use issue::Authority;
use names::Machine;

/// A certificate with less left than this is remade at start: a server that runs for days should
/// not be overtaken by it.
const RENEW_BEFORE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The files in a directory of certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertPaths {
    /// The CA, to be trusted.
    pub ca: PathBuf,
    /// Its key.
    pub ca_key: PathBuf,
    /// The server's certificate.
    pub server: PathBuf,
    /// Its key.
    pub server_key: PathBuf,
}

impl CertPaths {
    /// The paths in `dir`.
    #[must_use]
    pub fn of(dir: &Path) -> Self {
        Self {
            ca: dir.join("ca.pem"),
            ca_key: dir.join("ca-key.pem"),
            server: dir.join("server.pem"),
            server_key: dir.join("server-key.pem"),
        }
    }
}

/// Makes or renews the development certificates in `dir` where that is needed.
///
/// With `lan` the certificate is also for this machine's addresses and host name; without, one
/// that already is stays so, also when it is renewed.
///
/// # Errors
/// Files that cannot be read or written, and files that are not ours and cannot be used.
pub fn ensure(dir: &Path, lan: bool) -> Result<Report, CertError> {
    ensure_at(dir, lan, &Machine::here(), SystemTime::now())
}

/// The certificate and key that `greenroom serve` shows: the configured files, or else those of
/// `certs_dir`, made if there are none. The report is for the second case.
///
/// # Errors
/// As [`load`] and [`ensure`].
pub fn for_server(listen: &Listen) -> Result<(Identity, Option<Report>), CertError> {
    if let (Some(cert), Some(key)) = (&listen.cert, &listen.key) {
        return Ok((Identity::of_files(cert, key)?, None));
    }
    let report = ensure(&listen.certs_dir, false)?;
    let identity = Identity::of_files(&report.paths.server, &report.paths.server_key)?;
    Ok((identity, Some(report)))
}

/// [`ensure`] on a given machine, at a given time.
fn ensure_at(
    dir: &Path,
    lan: bool,
    machine: &Machine,
    now: SystemTime,
) -> Result<Report, CertError> {
    let paths = CertPaths::of(dir);
    // Two servers that start together would each make a CA, and one would end with the
    // certificate of the other.
    let _lock = files::lock(dir)?;
    let ca = load::existing(&paths.ca, &paths.ca_key)?;
    let server = load::existing(&paths.server, &paths.server_key)?;

    let report = |outcome, names| Report { paths: paths.clone(), outcome, names };
    if let Some(server) = &server
        && !issue::is_ours(server)
    {
        load(&paths.server, &paths.server_key)?;
        return Ok(report(Outcome::Foreign, Names::default()));
    }
    if ca.as_ref().is_some_and(|ca| !issue::is_ours(ca)) {
        return Err(CertError::NotOurs { path: paths.ca });
    }

    // A start without --lan is content with loopback: a new CA for every new address of a laptop
    // would have to be trusted each time. What is remade anyway keeps its reach.
    let asked = Names::of(machine, lan);
    let why = match (&ca, &server) {
        (Some(ca), Some(server)) => match fault(&paths, ca, server, &asked, now)? {
            Some(why) => why,
            None => return Ok(report(Outcome::Kept, asked)),
        },
        (None, Some(_)) => "its ca.pem is missing".into(),
        (_, None) => String::new(),
    };

    let lan = lan || server.as_ref().is_some_and(issue::is_for_lan);
    let names = Names::of(machine, lan);
    let until = issue::server_end(now);
    if let Some(authority) = load::authority(ca, &paths.ca_key, now + RENEW_BEFORE)? {
        let pair = authority.issue(&names, now)?;
        // Fails where the CA may not vouch for a name that is new, such as today's address.
        if issue::verify_names(&authority.certificate, &pair.certificate, &names, now).is_ok() {
            files::write_pair(&paths.server, &paths.server_key, &pair, now)?;
            return Ok(report(Outcome::Renewed { why, until }, names));
        }
    }
    let (authority, ca_pair) = Authority::new(&names, now)?;
    let pair = authority.issue(&names, now)?;
    files::write_pair(&paths.ca, &paths.ca_key, &ca_pair, now)?;
    files::write_pair(&paths.server, &paths.server_key, &pair, now)?;
    Ok(report(Outcome::Made { why, until }, names))
}

/// Why our server certificate has to be remade, if it has to.
fn fault(
    paths: &CertPaths,
    ca: &CertificateDer<'_>,
    server: &CertificateDer<'_>,
    names: &Names,
    now: SystemTime,
) -> Result<Option<String>, CertError> {
    let soon = now + RENEW_BEFORE;
    if let Some(end) = issue::expired(ca, soon) {
        return Ok(Some(format!("the CA ends on {end}")));
    }
    if let Some(end) = issue::expired(server, soon) {
        return Ok(Some(format!("it ends on {end}")));
    }
    if let Err(why) = issue::verify_names(ca, server, names, now) {
        return Ok(Some(why));
    }
    match load(&paths.server, &paths.server_key) {
        Ok(_) => Ok(None),
        // The user may have a reason for these rights; remaking would end at the same wall.
        Err(error @ CertError::Unreadable { .. }) => Err(error),
        Err(error) => Ok(Some(error.to_string())),
    }
}

#[cfg(test)]
pub(crate) mod handshake;
#[cfg(test)]
mod tests;
