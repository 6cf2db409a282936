//! Precedence, kinds of values, what is printed, and the table against itself.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches};

use super::*;

mod faults;

/// Resolves a file (if not empty), environment variables and command-line words.
fn resolve(
    file: &str,
    environment: &[(&str, &str)],
    words: &[&str],
) -> Result<Settings, ConfigErrors> {
    Settings::resolve(&Sources {
        file: (!file.is_empty())
            .then(|| ConfigFile { path: DEFAULT_FILE.into(), text: file.into() }),
        environment: environment
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)))
            .collect(),
        flags: flags(words),
    })
}

fn flags(words: &[&str]) -> ConfigFlags {
    let command = ConfigFlags::augment_args(Command::new("serve").no_binary_name(true));
    ConfigFlags::from_arg_matches(&command.try_get_matches_from(words).unwrap()).unwrap()
}

fn error(file: &str, environment: &[(&str, &str)], words: &[&str]) -> String {
    resolve(file, environment, words).unwrap_err().to_string()
}

#[test]
fn every_default_is_valid_and_reads_into_its_field() {
    let config = Config::default();
    assert_eq!(config.listen.bind, "127.0.0.1:8443".parse().unwrap());
    assert_eq!(config.listen.plain, Some("127.0.0.1:8080".parse().unwrap()));
    assert_eq!(config.listen.cert, None);
    assert_eq!(config.deadlines.ping_interval, Duration::from_secs(10));
    assert_eq!(config.rooms.room_empty, Duration::from_secs(60));
    assert_eq!(config.edge.head_bytes_max, 16 * 1024);
    assert!(resolve("", &[], &[]).is_ok());
}

#[test]
fn table_is_sound() {
    let (mut keys, mut variables) = (BTreeSet::new(), BTreeSet::new());
    for tunable in TUNABLES {
        let key = tunable.key;
        assert!(keys.insert(key), "{key} twice: flags have no section");
        assert!(variables.insert(tunable.variable()), "{key}");
        assert!(!tunable.why.is_empty() && !tunable.why.ends_with('.'), "{key}");
        assert!(tunable.what.starts_with(' ') && tunable.what.ends_with('.'), "{key}");
        let Kind::Whole { min, max, unit } = tunable.kind else {
            continue;
        };
        assert!(min < max && max <= u64::from(u32::MAX), "{key}: must fit every field type");
        match unit {
            Unit::Ms => assert!(key.ends_with("_ms"), "{key}"),
            Unit::Secs => assert!(key.ends_with("_secs"), "{key}"),
            Unit::Bytes => assert!(key.contains("_bytes"), "{key}"),
            Unit::Of(_) => {}
        }
    }
}

#[test]
fn both_ends_of_every_range_are_accepted_and_what_is_beyond_is_not() {
    for tunable in TUNABLES {
        let Kind::Whole { min, max, .. } = tunable.kind else {
            continue;
        };
        let file = |number: u64| format!("[{}]\n{} = {number}", tunable.section, tunable.key);
        assert!(resolve(&file(min), &[], &[]).is_ok(), "{}", tunable.key);
        assert!(resolve(&file(max), &[], &[]).is_ok(), "{}", tunable.key);
        assert!(resolve(&file(max + 1), &[], &[]).is_err(), "{}", tunable.key);
        if let Some(below) = min.checked_sub(1) {
            assert!(resolve(&file(below), &[], &[]).is_err(), "{}", tunable.key);
        }
    }
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let file = "[rooms]\nrooms_max = 2\n";
    let environment = [("GREENROOM_ROOMS_ROOMS_MAX", "3")];
    let words = ["--rooms-max", "4"];
    let none: [&str; 0] = [];
    for (file, environment, words, expected, origin) in [
        ("", &[][..], &none[..], 10_000, "default"),
        (file, &[], &none, 2, "greenroom.toml:2"),
        (file, &environment, &none, 3, "environment GREENROOM_ROOMS_ROOMS_MAX"),
        (file, &environment, &words, 4, "--rooms-max"),
    ] {
        let settings = resolve(file, environment, words).unwrap();
        assert_eq!(settings.config().rooms.rooms_max, expected);
        assert_eq!(settings.origin("rooms_max").to_string(), origin);
    }
}

#[test]
fn numbers_may_be_grouped_and_in_other_bases() {
    let settings =
        resolve("listen.backlog = 0x2_00", &[("GREENROOM_ROOMS_ROOMS_MAX", "20_000")], &[])
            .unwrap();
    assert_eq!(settings.config().listen.backlog, 512);
    assert_eq!(settings.config().rooms.rooms_max, 20_000);
}

#[test]
fn origins_are_only_what_browsers_send() {
    let good = [
        "https://play.example",
        "http://localhost:8080",
        "https://[::1]:8443",
        "capacitor://localhost",
    ];
    let settings = resolve("", &[("GREENROOM_LISTEN_ORIGINS", &good.join(", "))], &[]).unwrap();
    assert_eq!(settings.config().listen.origins, good);
    let words = ["--origins", good[0], "--origins", good[1]];
    assert_eq!(resolve("", &[], &words).unwrap().config().listen.origins, good[..2]);
    for bad in [
        "*",
        "play.example",
        "https://Play.example",
        "https://a.example:443",
        "http://a.example:80",
        "https://",
        "https://a b",
    ] {
        assert!(resolve("", &[("GREENROOM_LISTEN_ORIGINS", bad)], &[]).is_err(), "{bad}");
    }
}

#[test]
fn off_auto_and_bare_switches() {
    let config = resolve("", &[], &["--plain", "off", "--limit-loopback"]).unwrap().config();
    assert_eq!(config.listen.plain, None);
    assert!(config.listen.limit_loopback);
    assert_eq!(config.journal.state_dir, None);
    let config = resolve("", &[], &["--state-dir", "state"]).unwrap().config();
    assert_eq!(config.journal.state_dir, Some("state".into()));
    let settings = resolve("[journal]\nstate_dir = \"off\"", &[], &[]).unwrap();
    assert!(settings.to_toml().contains("\nstate_dir = \"off\" # from greenroom.toml:2"));
    let config = resolve("[listen]\nlimit_loopback = true", &[], &["--limit-loopback=false"])
        .unwrap()
        .config();
    assert!(!config.listen.limit_loopback);
}

#[test]
fn printed_configuration_reads_back_to_the_same() {
    let file = "[listen]\norigins = [\"https://a.example\", \"https://b.example\"]\ncerts_dir = 'C:\\keys \"x\"'\n";
    let settings =
        resolve(file, &[("GREENROOM_ROOMS_ROOM_EMPTY_SECS", "5")], &["--plain", "off"]).unwrap();
    let text = settings.to_toml();
    assert_eq!(resolve(&text, &[], &[]).unwrap().config(), settings.config());
    for part in [
        "rooms_max = 10_000 # default",
        "origins = [\"https://a.example\", \"https://b.example\"] # from greenroom.toml:2, default []",
        "room_empty_secs = 5 # from environment GREENROOM_ROOMS_ROOM_EMPTY_SECS, default 60",
        "plain = \"off\" # from --plain, default \"127.0.0.1:8080\"",
        "# 8192 to 262144 bytes; GREENROOM_EDGE_HEAD_BYTES_MAX",
        "(fixed)",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    for tunable in TUNABLES {
        assert!(text.contains(&format!("\n{} = ", tunable.key)), "{}", tunable.key);
    }
}

#[test]
fn reference_has_a_row_for_every_tunable() {
    let text = reference();
    let rows = text.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, TUNABLES.len());
    assert!(
        text.lines()
            .filter(|line| line.starts_with("| `"))
            .all(|row| row.matches('|').count() == 5)
    );
}

#[test]
fn every_tunable_has_a_flag_and_help_says_its_variable() {
    let mut command = ConfigFlags::augment_args(Command::new("serve"));
    let help = command.render_long_help().to_string();
    for tunable in TUNABLES {
        assert!(help.contains(&format!("--{}", tunable.flag())), "{}", tunable.key);
        assert!(help.contains(&tunable.variable()), "{}", tunable.key);
    }
    command.debug_assert();
}
