//! Golden vectors: what every implementation of the protocol must read the same way.
//!
//! They are committed in `proto/vectors`, and built here again. After a change of the format,
//! `GREENROOM_VECTORS=write cargo test -p greenroom-proto --test vectors` writes them anew.

#![allow(missing_docs, clippy::unwrap_used)]

mod broken;
mod control;
mod random;
mod room;
mod rooms;
mod scenarios;
mod schemas;
mod world;

use std::fs;
use std::path::PathBuf;

use greenroom_proto::schema::RowsKind;
use greenroom_proto::{Layout, wire};
use serde_json::Value;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares a file with what it should be, or writes it. Numbers and names decide, not spaces.
fn check(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    if std::env::var("GREENROOM_VECTORS").is_ok_and(|what| what == "write") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let committed = fs::read_to_string(&path).unwrap_or_default().replace('\r', "");
    let same = !committed.is_empty() && parse(&committed) == parse(text);
    assert!(same, "{name} is not what the code makes of it");
}

/// A list with one value a line.
fn lines(values: &[Value]) -> String {
    let values: Vec<String> = values.iter().map(Value::to_string).collect();
    format!("[\n{}\n]", values.join(",\n"))
}

#[test]
fn control_messages() {
    check("control.json", &format!("{}\n", control::vectors()));
}

#[test]
fn schemas_read_back() {
    let all: Vec<Value> =
        scenarios::all().iter().map(|it| schemas::vector(it.name, &it.schema)).collect();
    check("schemas.json", &format!("{}\n", lines(&all)));
}

#[test]
fn quaternions_have_as_many_bits_as_the_codec_can_tell_apart() {
    let schema = |bits| {
        let lanes = schemas::quat("turn", bits);
        schemas::schema(vec![schemas::table("", RowsKind::Single, lanes, &[])])
    };
    assert!(Layout::new(&schema(15)).is_ok());
    assert!(Layout::new(&schema(16)).is_err());
}

#[test]
fn frames() {
    for scenario in scenarios::all() {
        let streams: Vec<String> = scenario
            .run()
            .into_iter()
            .map(|(name, frames)| format!("{{\"name\":\"{name}\",\"frames\":{}}}", lines(&frames)))
            .collect();
        let schema = hex(&wire::encode(&scenario.schema));
        let text = format!("{{\"schema\":\"{schema}\",\"streams\":[{}]}}\n", streams.join(",\n"));
        check(&format!("frames/{}.json", scenario.name), &text);
    }
}

/// Every decoder refuses the same frames, and makes the same of the others.
#[test]
fn broken_frames() {
    check("broken.json", &format!("{}\n", lines(&broken::vectors(80))));
}
