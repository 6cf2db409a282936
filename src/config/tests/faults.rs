//! Every kind of fault: one line, with its place and what to do.

use super::*;

#[test]
fn wrong_value_is_one_line_with_place_range_unit_and_reason() {
    let file = "# mine\n\n[outbox]\nevents_max = 12\nevent_bytes_max = 12 # tiny\n";
    assert_eq!(
        error(file, &[], &[]),
        "greenroom.toml:5: event_bytes_max is 12: choose 256 to 1048576 (bytes; \
         the same bound for large events, so 10,000 stuck clients take 320 MB at most)"
    );
    let text = error("", &[("GREENROOM_EDGE_MESSAGES_BURST", "many")], &[]);
    assert!(
        text.starts_with("environment GREENROOM_EDGE_MESSAGES_BURST: messages_burst is \"many\": choose 1 to 20000 (messages; "),
        "{text}"
    );
    let text = error("", &[], &["--bind", "8443"]);
    assert!(
        text.starts_with(
            "--bind: bind is \"8443\": choose an address with port, such as 127.0.0.1:8443"
        ),
        "{text}"
    );
}

#[test]
fn wrong_types_in_the_file_are_named() {
    for (line, shown) in [
        ("[listen]\nbacklog = \"4096\"", "the string \"4096\""),
        ("[listen]\nbacklog = 4096.5", "4096.5"),
        ("[listen]\nbacklog = -1", "-1"),
        ("[listen]\nbacklog = 99999999999999999999999", "99999999999999999999999"),
        ("[listen]\nbacklog = true", "true"),
        ("[listen]\nbind = 8443", "8443"),
        ("[listen]\nbind = \"off\"", "the string \"off\""),
        ("[listen]\nbind = { port = 1 }", "a table"),
        ("[listen]\ncerts_dir = \"\"", "the string \"\""),
        ("[listen]\nlimit_loopback = \"yes\"", "the string \"yes\""),
        ("[listen]\norigins = \"https://a.example\"", "the string \"https://a.example\""),
        ("[listen]\norigins = [1]", "a list"),
        (
            "[listen]\norigins = [\"https://a.example/\"]",
            "a list that starts with \"https://a.example/\"",
        ),
    ] {
        let text = error(line, &[], &[]);
        assert!(text.starts_with("greenroom.toml:2: "), "{text}");
        assert!(text.contains(&format!(" is {shown}: choose ")), "{shown}\n{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    for (file, expected) in [
        (
            "[edge]\nhead_byte_max = 1",
            "greenroom.toml:2: [edge] has no setting \"head_byte_max\": did you mean head_bytes_max?",
        ),
        (
            "[edge]\nrooms_max = 1",
            "greenroom.toml:2: [edge] has no setting \"rooms_max\": did you mean rooms_max in [rooms]?",
        ),
        (
            "[outbox]\ncolour = 1",
            "greenroom.toml:2: [outbox] has no setting \"colour\": it has events_max, event_bytes_max",
        ),
        (
            "bind = \"x\"",
            "greenroom.toml:1: \"bind\" stands outside of a section: did you mean bind in [listen]?",
        ),
        (
            "colour = 1",
            "greenroom.toml:1: \"colour\" stands outside of a section: `greenroom config` lists all",
        ),
        (
            "\n[lisen]\nbind = 1",
            "greenroom.toml:2: there is no section [\"lisen\"]: did you mean [listen]?",
        ),
        ("[[listen]]\nbind = 1", "greenroom.toml:1: \"listen\" stands outside of a section"),
        (
            "[colours]",
            "greenroom.toml:1: there is no section [\"colours\"]: there are listen, deadlines, auth, edge, outbox, rooms, spectators, journal, replays, ops, process, dev",
        ),
    ] {
        let text = error(file, &[], &[]);
        assert!(text.starts_with(expected), "{expected}\n{text}");
    }
    let text = error("", &[("GREENROOM_EDGE_HEAD_BYTE_MAX", "1")], &[]);
    assert_eq!(
        text,
        "environment GREENROOM_EDGE_HEAD_BYTE_MAX: no setting has this name: did you mean GREENROOM_EDGE_HEAD_BYTES_MAX?"
    );
    let text = error("", &[("GREENROOM_EDGE_COLOUR", "1")], &[]);
    assert!(text.ends_with("`greenroom config` lists all"), "{text}");
}

#[test]
fn variables_of_others_are_left_alone() {
    let others = [
        ("GREENROOM_SERVICE_HOST", "10.0.0.1"),
        ("GREENROOM_PORT_8443_TCP", "tcp://10.0.0.1:8443"),
        ("GREENROOM_LOG", "debug"),
        ("PATH", "/bin"),
    ];
    assert!(resolve("", &others, &[]).is_ok());
}

#[test]
fn broken_toml_is_told_with_its_line() {
    for file in [
        "[listen]\n\nbind = = 1\n",
        "[listen]\nbacklog = 100\nbacklog = 200\n",
        "[listen]\n\nbind = \"x\n",
    ] {
        let text = error(file, &[], &[]);
        assert!(text.starts_with("greenroom.toml:3: not valid TOML: "), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn all_faults_are_told_at_once_also_those_that_a_flag_covers() {
    let file = "[edge]\nmessages_burst = 0\ncolour = 1\n[rooms]\nrooms_max = 0\n";
    let text =
        error(file, &[("GREENROOM_LISTEN_BACKLOG", "1")], &["--rooms-max", "5", "--plain", "x"]);
    assert_eq!(text.lines().count(), 5, "{text}");
}

#[test]
fn long_and_wild_values_stay_one_short_line() {
    let wild = "x\n\u{1b}[31m".repeat(1_000);
    let text = error("", &[("GREENROOM_LISTEN_BIND", &wild)], &[]);
    assert!(text.lines().count() == 1 && text.len() < 700 && !text.contains('\u{1b}'), "{text}");
    let key = "k".repeat(100_000);
    assert!(error(&format!("[edge]\n{key} = 1"), &[], &[]).len() < 400);
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let text = error("[listen]\ncert = \"a.pem\"", &[], &[]);
    assert_eq!(text, "greenroom.toml:2: cert is given without key: give both, or neither");
    let text = error("", &[], &["--key", "a.pem"]);
    assert_eq!(text, "--key: key is given without cert: give both, or neither");
    let text = error("", &[], &["--plain", "127.0.0.1:8443"]);
    assert!(text.starts_with("--plain: plain and bind are both 127.0.0.1:8443: "), "{text}");
    assert!(resolve("", &[], &["--plain", "127.0.0.1:0", "--bind", "127.0.0.1:0"]).is_ok());
    let fails = "[dev]\ndev_faults = \"kill-lobby=every:20\"";
    assert!(resolve(fails, &[], &[]).is_ok());
    for open in ["0.0.0.0:8443", "[::]:8443", "192.0.2.1:8443"] {
        let text = error(fails, &[], &["--bind", open]);
        assert!(text.starts_with("greenroom.toml:2: dev_faults is for trying out"), "{text}");
        assert!(text.contains(open), "{text}");
    }
}

#[test]
fn file_that_was_asked_for_must_be_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mine.toml");
    let flags = flags(&["--config-file", path.to_str().unwrap()]);
    let text = Config::load(&flags).unwrap_err().to_string();
    assert!(text.starts_with(&format!("{}: cannot be read: ", path.display())), "{text}");
    std::fs::write(&path, "[rooms]\nrooms_max = 7\n").unwrap();
    assert_eq!(Config::load(&flags).unwrap().rooms.rooms_max, 7);
    let line = format!("rooms_max = 7 # from {}:2, default 10_000", path.display());
    assert!(print(&flags).unwrap().contains(&line));
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(Config::load(&flags).unwrap_err().to_string().contains("UTF-8"));
}
