//! Certificates on disk, judged by a real client.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::handshake::{Client, handshake, identity};
use super::*;
use crate::net::tls;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn machine() -> Machine {
    Machine {
        host: Some("desk".into()),
        addresses: vec![[192, 168, 1, 7].into(), "fd00::7".parse().unwrap()],
    }
}

fn accepts(dir: &Path, name: &str) -> Result<(), rustls::Error> {
    let paths = CertPaths::of(dir);
    let identity = load(&paths.server, &paths.server_key).unwrap();
    let server = tls::server_config(std::sync::Arc::new(identity.into())).unwrap();
    handshake(&Client::trusting(&paths.ca), &server, name).map(|_| ())
}

fn all_bytes(dir: &Path) -> Vec<Vec<u8>> {
    let paths = CertPaths::of(dir);
    let files = [paths.ca, paths.ca_key, paths.server, paths.server_key];
    files.iter().map(|path| fs::read(path).unwrap_or_default()).collect()
}

/// Certificate and key of somebody else.
fn foreign(cert: &Path, key: &Path) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(cert, made.cert.pem()).unwrap();
    fs::write(key, made.signing_key.serialize_pem()).unwrap();
}

#[test]
fn first_run_makes_what_a_client_with_the_ca_accepts_on_loopback() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("not/yet/there");
    let report = ensure(&dir, false).unwrap();
    assert!(matches!(&report.outcome, Outcome::Made { why, .. } if why.is_empty()), "{report}");
    for name in ["localhost", "127.0.0.1", "::1"] {
        accepts(&dir, name).unwrap();
    }
    for name in ["desk", "192.168.1.7", "play.example", "127.0.0.2"] {
        assert!(accepts(&dir, name).is_err(), "{name}");
    }
}

#[test]
fn second_run_changes_nothing() {
    let (dir, _) = identity();
    let before = all_bytes(dir.path());
    assert_eq!(ensure(dir.path(), false).unwrap().outcome, Outcome::Kept);
    assert_eq!(all_bytes(dir.path()), before);
    let left = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 4, "no temporary files stay");
}

#[test]
fn keys_are_for_their_owner_only() {
    let (dir, _) = identity();
    let paths = CertPaths::of(dir.path());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&paths.ca_key), 0o600);
    assert_eq!(mode(&paths.server_key), 0o600);
    assert_eq!(mode(&paths.ca) & 0o444, 0o444);
}

#[test]
fn leaked_ca_key_signs_for_no_other_name() {
    let dir = tempfile::tempdir().unwrap();
    ensure(dir.path(), false).unwrap();
    let paths = CertPaths::of(dir.path());
    let ca = CertificateDer::from_pem_file(&paths.ca).unwrap();
    let authority = Authority::of(ca.clone(), &fs::read_to_string(&paths.ca_key).unwrap()).unwrap();
    let now = SystemTime::now();
    for (host, address) in [("bank.example", None), ("localhost", Some([192, 168, 1, 7]))] {
        let names = Names {
            hosts: vec![host.into()],
            addresses: address.into_iter().map(Into::into).collect(),
        };
        let pair = authority.issue(&names, now).unwrap();
        let refusal = issue::verify_names(&ca, &pair.certificate, &names, now).unwrap_err();
        assert!(refusal.contains("NameConstraintViolation"), "{refusal}");
    }
}

#[test]
fn lan_adds_names_and_makes_a_ca_that_may_vouch_for_them() {
    let (dir, _) = identity();
    let now = SystemTime::now();
    let report = ensure_at(dir.path(), true, &machine(), now).unwrap();
    assert!(
        matches!(&report.outcome, Outcome::Made { why, .. } if why == "it is not for desk"),
        "{report}"
    );
    for name in ["localhost", "::1", "desk", "desk.local", "192.168.1.7", "fd00::7"] {
        accepts(dir.path(), name).unwrap();
    }
    assert!(accepts(dir.path(), "192.168.1.8").is_err());
    // The same names again need nothing; nor does a start without --lan.
    for lan in [true, false] {
        let again = ensure_at(dir.path(), lan, &machine(), now).unwrap();
        assert_eq!(again.outcome, Outcome::Kept);
    }
}

#[test]
fn new_address_of_the_machine_matters_only_when_lan_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    ensure_at(dir.path(), true, &machine(), now).unwrap();
    let mut moved = machine();
    moved.addresses = vec![[10, 0, 0, 7].into()];
    let start = ensure_at(dir.path(), false, &moved, now).unwrap();
    assert_eq!(start.outcome, Outcome::Kept);
    accepts(dir.path(), "192.168.1.7").unwrap();
    ensure_at(dir.path(), true, &moved, now).unwrap();
    accepts(dir.path(), "10.0.0.7").unwrap();
}

#[test]
fn certificate_near_its_end_is_renewed_by_the_same_ca_with_the_same_names() {
    let dir = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    ensure_at(dir.path(), true, &machine(), now - 392 * DAY).unwrap();
    let ca = fs::read(dir.path().join("ca.pem")).unwrap();

    let report = ensure_at(dir.path(), false, &machine(), now).unwrap();
    assert!(
        matches!(&report.outcome, Outcome::Renewed { why, .. } if why.starts_with("it ends on 2")),
        "{report}"
    );
    assert_eq!(fs::read(dir.path().join("ca.pem")).unwrap(), ca);
    accepts(dir.path(), "192.168.1.7").unwrap();
}

#[test]
fn certificate_with_more_than_a_week_left_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    ensure_at(dir.path(), false, &machine(), now - 388 * DAY).unwrap();
    let report = ensure_at(dir.path(), false, &machine(), now).unwrap();
    assert_eq!(report.outcome, Outcome::Kept);
}

#[test]
fn ca_near_its_end_is_remade() {
    let dir = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    ensure_at(dir.path(), false, &machine(), now - 3_650 * DAY).unwrap();
    let report = ensure_at(dir.path(), false, &machine(), now).unwrap();
    assert!(
        matches!(&report.outcome, Outcome::Made { why, .. } if why.starts_with("the CA ends on 2")),
        "{report}"
    );
    accepts(dir.path(), "localhost").unwrap();
}

#[test]
fn life_is_below_what_browsers_accept() {
    let dir = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    ensure_at(dir.path(), false, &machine(), now).unwrap();
    let server = CertificateDer::from_pem_file(dir.path().join("server.pem")).unwrap();
    // Valid from a day ago, ended 397 days after now: 398 days in all.
    assert!(issue::expired(&server, now + 395 * DAY).is_none());
    assert!(issue::expired(&server, now + 397 * DAY).is_some());
}

#[test]
fn each_missing_or_foreign_part_of_our_pair_is_remade() {
    let (other, _) = identity();
    let other = CertPaths::of(other.path());
    type Break = fn(&CertPaths, &CertPaths);
    let cases: [(&str, Break); 6] = [
        ("no such file", |ours, _| fs::remove_file(&ours.server_key).unwrap()),
        ("does not belong", |ours, other| drop(fs::copy(&other.server_key, &ours.server_key))),
        ("ca.pem is missing", |ours, _| {
            fs::remove_file(&ours.ca).unwrap();
            fs::remove_file(&ours.ca_key).unwrap();
        }),
        ("ca.pem did not sign it", |ours, other| drop(fs::copy(&other.ca, &ours.ca))),
        ("holds no private key", |ours, _| fs::write(&ours.server_key, "?").unwrap()),
        ("", |ours, _| {
            fs::remove_file(&ours.server).unwrap();
            fs::remove_file(&ours.server_key).unwrap();
        }),
    ];
    for (expected, break_it) in cases {
        let (dir, _) = identity();
        break_it(&CertPaths::of(dir.path()), &other);
        let report = ensure(dir.path(), false).unwrap();
        let (Outcome::Made { why, .. } | Outcome::Renewed { why, .. }) = &report.outcome else {
            panic!("{expected}: {report}");
        };
        assert!(why.contains(expected), "{expected}: {why}");
        accepts(dir.path(), "localhost").unwrap();
        assert_eq!(ensure(dir.path(), false).unwrap().outcome, Outcome::Kept, "{expected}");
    }
}

#[test]
fn key_that_does_not_match_is_set_aside_not_lost() {
    let (dir, _) = identity();
    let paths = CertPaths::of(dir.path());
    fs::write(&paths.server_key, "precious").unwrap();
    ensure(dir.path(), false).unwrap();
    let kept = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "old"))
        .unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), "precious");
}

#[test]
fn foreign_certificates_are_used_and_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let paths = CertPaths::of(dir.path());
    foreign(&paths.server, &paths.server_key);
    let before = all_bytes(dir.path());
    for lan in [false, true] {
        assert_eq!(ensure(dir.path(), lan).unwrap().outcome, Outcome::Foreign);
    }
    assert_eq!(all_bytes(dir.path()), before);
}

#[test]
fn what_is_not_ours_and_of_no_use_is_refused_and_left_alone() {
    type Break = fn(&CertPaths);
    let cases: [(&str, Break); 5] = [
        ("ca.pem: was not made by", |paths| foreign(&paths.ca, &paths.ca_key)),
        ("server-key.pem: this key has no", |paths| fs::write(&paths.server_key, "k").unwrap()),
        ("ca-key.pem: this key has no", |paths| fs::write(&paths.ca_key, "k").unwrap()),
        ("server.pem: holds no certificate", |paths| fs::write(&paths.server, "text").unwrap()),
        ("server-key.pem: there is no such file", |paths| {
            foreign(&paths.server, &paths.server_key);
            fs::remove_file(&paths.server_key).unwrap();
        }),
    ];
    for (expected, break_it) in cases {
        let dir = tempfile::tempdir().unwrap();
        break_it(&CertPaths::of(dir.path()));
        let before = all_bytes(dir.path());
        let error = ensure(dir.path(), false).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        assert_eq!(all_bytes(dir.path()), before);
    }
}

#[test]
fn unwritable_directory_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for inside in [file.clone(), file.join("certs")] {
        let error = ensure(&inside, false).unwrap_err();
        assert!(matches!(error, CertError::Unwritable { .. }));
        let text = error.to_string();
        assert!(text.contains("cannot be written") && text.contains("--certs-dir"), "{text}");
    }
}

#[test]
fn several_servers_starting_at_once_end_with_one_pair() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| ensure(dir.path(), false).unwrap());
        }
    });
    accepts(dir.path(), "localhost").unwrap();
}

#[test]
fn for_server_takes_the_configured_files_or_makes_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut listen = crate::config::Config::default().listen;
    listen.certs_dir = dir.path().join("certs");
    assert!(for_server(&listen).unwrap().1.is_some());

    let (cert, key) = (dir.path().join("c.pem"), dir.path().join("k.pem"));
    foreign(&cert, &key);
    (listen.cert, listen.key) = (Some(cert), Some(key));
    assert!(for_server(&listen).unwrap().1.is_none());
}

#[test]
fn report_says_what_was_made_and_how_to_trust_it() {
    let dir = tempfile::tempdir().unwrap();
    let text = ensure(dir.path(), false).unwrap().to_string();
    let ca = dir.path().join("ca.pem").display().to_string();
    for part in [
        "for localhost, 127.0.0.1, ::1, until 2",
        &format!("--cacert {ca}"),
        "Firefox",
        "update-ca-certificates",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(ensure(dir.path(), false).unwrap().to_string().contains("is good"));
}
