//! Makes a CA and server certificates, and checks one against the other as a client would.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, SanType, date_time_ymd,
};
use rustls::CertificateError;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::EndEntityCert;

use super::{CertError, Names};

/// The CA's name. Certificates issued under it are ours; it must not change, or those of an
/// earlier version would become foreign.
const ISSUER: &str = "Greenroom development CA";
/// The server's name, for people who look at it. Browsers read only the alternative names.
const SERVER: &str = "Greenroom development server";
/// The same with `--lan`; renewing keeps it.
const SERVER_LAN: &str = "Greenroom development server (lan)";

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Browsers refuse server certificates that are valid for more than 398 days in all.
const SERVER_LIFE: Duration = Duration::from_secs(396 * 24 * 3600);
/// Ten years: trusting it is work that nobody wants to do twice on the same machine.
const CA_LIFE: Duration = Duration::from_secs(3_652 * 24 * 3600);

/// A certificate and its key, to be written.
pub(super) struct Pair {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) certificate_pem: String,
    pub(super) key_pem: String,
}

/// The CA with its key.
pub(super) struct Authority {
    pub(super) certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Authority {
    /// A new CA that can vouch for `names` and loopback only, and for no further CA; and its files.
    pub(super) fn new(names: &Names, now: SystemTime) -> Result<(Self, Pair), CertError> {
        let key = new_key()?;
        let mut params = ca_params(now);
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: subtrees(names),
            excluded_subtrees: Vec::new(),
        });
        let certificate = params.self_signed(&key)?;
        let pair = Pair {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        };
        let certificate = pair.certificate.clone();
        Ok((Self { certificate, key }, pair))
    }

    /// The CA from its files; `None` if the key is another's.
    pub(super) fn of(certificate: CertificateDer<'static>, key_pem: &str) -> Option<Self> {
        let key = KeyPair::from_pem(key_pem).ok()?;
        let theirs = EndEntityCert::try_from(&certificate).ok()?.subject_public_key_info();
        (theirs.as_ref() == rcgen::PublicKeyData::subject_public_key_info(&key))
            .then_some(Self { certificate, key })
    }

    /// A new key with a server certificate for `names`.
    pub(super) fn issue(&self, names: &Names, now: SystemTime) -> Result<Pair, CertError> {
        let key = new_key()?;
        let mut params = CertificateParams::default();
        params.distinguished_name =
            common_name(if *names == Names::loopback() { SERVER } else { SERVER_LAN });
        set_life(&mut params, now, SERVER_LIFE);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Tells apart two CAs of the same name, of which a trust store may hold several.
        params.use_authority_key_identifier_extension = true;
        for host in &names.hosts {
            params.subject_alt_names.push(SanType::DnsName(host.as_str().try_into()?));
        }
        params.subject_alt_names.extend(names.addresses.iter().copied().map(SanType::IpAddress));

        let ca = ca_params(now);
        let certificate = params.signed_by(&key, &Issuer::from_params(&ca, &self.key))?;
        Ok(Pair {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }
}

/// P-256: every browser has it, and a handshake costs a fifth of RSA-2048's.
fn new_key() -> Result<KeyPair, CertError> {
    Ok(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)
}

/// All of the CA's parameters save the names it is limited to. Signing reads only its name and
/// how its key is identified, so a CA that exists is described by this too.
fn ca_params(now: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(ISSUER);
    set_life(&mut params, now, CA_LIFE);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn common_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

/// The names as constraints: all of 127.0.0.0/8, otherwise exactly these addresses, and these
/// hosts with what is below them.
fn subtrees(names: &Names) -> Vec<GeneralSubtree> {
    let hosts = names.hosts.iter().cloned().map(GeneralSubtree::DnsName);
    let addresses = names.addresses.iter().map(|address| {
        let prefix = match address {
            IpAddr::V4(four) if four.is_loopback() => 8,
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        let base = match address {
            IpAddr::V4(four) if four.is_loopback() => IpAddr::from([127, 0, 0, 0]),
            other => *other,
        };
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(base, prefix))
    });
    hosts.chain(addresses).collect()
}

/// The day on which a server certificate made now ends.
pub(super) fn server_end(now: SystemTime) -> String {
    day(now + SERVER_LIFE)
}

/// From a day ago, for phones with a slow clock, until `life` from now.
fn set_life(params: &mut CertificateParams, now: SystemTime, life: Duration) {
    let now = date_time_ymd(1970, 1, 1) + since_epoch(now);
    params.not_before = now - DAY;
    params.not_after = now + life;
}

fn day(at: SystemTime) -> String {
    (date_time_ymd(1970, 1, 1) + since_epoch(at)).date().to_string()
}

fn since_epoch(at: SystemTime) -> Duration {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Whether this is our CA or a certificate signed under its name.
pub(super) fn is_ours(certificate: &CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(certificate).is_ok_and(|parsed| contains(parsed.issuer(), ISSUER))
}

/// Whether this certificate was made with `--lan`.
pub(super) fn is_for_lan(certificate: &CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(certificate).is_ok_and(|parsed| contains(parsed.subject(), SERVER_LAN))
}

/// In DER a name stands as plain text, so looking for the text needs no parser.
fn contains(der: &[u8], text: &str) -> bool {
    der.windows(text.len()).any(|part| part == text.as_bytes())
}

/// The day on which a certificate ends, if that is before `at`.
pub(super) fn expired(certificate: &CertificateDer<'_>, at: SystemTime) -> Option<String> {
    // The dates are looked at before who signed it and whether it is a CA, so any root will do.
    let name = ServerName::from(IpAddr::from([127, 0, 0, 1]));
    match verify(certificate, certificate, &name, at) {
        Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
            not_after,
            ..
        })) => Some(day(SystemTime::UNIX_EPOCH + Duration::from_secs(not_after.as_secs()))),
        _ => None,
    }
}

/// Whether a client that trusts `ca` alone accepts `server` for every one of `names`; otherwise
/// why not.
pub(super) fn verify_names(
    ca: &CertificateDer<'_>,
    server: &CertificateDer<'_>,
    names: &Names,
    at: SystemTime,
) -> Result<(), String> {
    for name in names.server_names() {
        verify(ca, server, &name, at).map_err(|error| match error {
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidForNameContext { .. } | CertificateError::NotValidForName,
            ) => format!("it is not for {}", name.to_str()),
            rustls::Error::InvalidCertificate(
                CertificateError::BadSignature | CertificateError::UnknownIssuer,
            ) => "ca.pem did not sign it".into(),
            other => format!("clients refuse it for {}: {other}", name.to_str()),
        })?;
    }
    Ok(())
}

fn verify(
    ca: &CertificateDer<'_>,
    server: &CertificateDer<'_>,
    name: &ServerName<'_>,
    at: SystemTime,
) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone().into_owned())?;
    let verifier = WebPkiServerVerifier::builder_with_provider(
        Arc::new(roots),
        Arc::new(ring::default_provider()),
    )
    .build()
    .map_err(|error| rustls::Error::General(error.to_string()))?;
    let at = UnixTime::since_unix_epoch(since_epoch(at));
    verifier.verify_server_cert(server, &[], name, &[], at).map(|_| ())
}
