//! Writes what the fuzzers start from into `corpus/`: the golden vectors of `proto/vectors`, the
//! logs of `tests/golden` and keyframes of every game. Without it they would have to find out by
//! chance what a schema is.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use greenroom::Games;
use greenroom::proto::PlayerId;
use greenroom::room::Command;
use serde_json::Value;

type Done = Result<(), Box<dyn Error>>;

/// A log has a name in front and a checksum behind, which the target adds itself.
const LOG_NAME_BYTES: usize = 8;
const LOG_CHECKSUM_BYTES: usize = 8;
/// Frames of a stream in one input, and inputs made of one stream: libFuzzer likes them short.
const FRAMES_MAX: usize = 8;

fn main() -> Done {
    let vectors = root().join("proto/vectors");
    for direction in ["to_server", "to_client"] {
        let all = json(&vectors.join("control.json"))?;
        for (number, message) in list(&all[direction]).enumerate() {
            // Without the byte that says that it is a control message.
            put("control", &format!("{direction}-{number}"), &unhex(&message["bytes"])?[1..])?;
        }
    }
    for schema in list(&json(&vectors.join("schemas.json"))?) {
        put("schema", schema["name"].as_str().unwrap_or_default(), &unhex(&schema["bytes"])?)?;
    }
    for file in fs::read_dir(vectors.join("frames"))? {
        frames(&file?.path())?;
    }
    logs()?;
    keyframes()
}

/// Streams for `replica`, each frame for `frame_head`.
fn frames(file: &Path) -> Done {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let scenario = json(file)?;
    let schema = unhex(&scenario["schema"])?;
    for (stream, frames) in list(&scenario["streams"]).enumerate() {
        let frames: Vec<Vec<u8>> =
            list(&frames["frames"]).map(|it| unhex(&it["message"])).collect::<Result<_, _>>()?;
        let mut all = part(&schema)?;
        for (number, frame) in frames.iter().take(FRAMES_MAX).enumerate() {
            all.extend(part(frame)?);
            put("frame_head", &format!("{name}-{stream}-{number}"), frame)?;
            put("replica", &format!("{name}-{stream}-{number}"), &all)?;
        }
    }
    Ok(())
}

fn logs() -> Done {
    for file in fs::read_dir(root().join("tests/golden"))? {
        let path = file?.path();
        if path.extension().is_some_and(|end| end == "log") {
            let bytes = fs::read(&path)?;
            let inner = &bytes[LOG_NAME_BYTES..bytes.len() - LOG_CHECKSUM_BYTES];
            put("log", &path.file_stem().unwrap_or_default().to_string_lossy(), inner)?;
        }
    }
    Ok(())
}

/// Of every game after some steps, with two players.
fn keyframes() -> Done {
    for entry in Games::builtin().entries() {
        let plan = entry.game.plan("{}")?;
        let mut room = entry.game.create(&plan.options, 1)?;
        let joins = [1, 2].map(|player| Command::join(PlayerId(player)));
        room.step(0, &joins, &mut Vec::new());
        (1..20).for_each(|step| room.step(step * 100, &[], &mut Vec::new()));
        put("log", &format!("keyframe-{}", entry.game.name()), &room.keyframe())?;
    }
    Ok(())
}

/// With its length before it, as the target `replica` takes it apart.
fn part(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok([&u16::try_from(bytes.len())?.to_le_bytes(), bytes].concat())
}

fn put(target: &str, name: &str, bytes: &[u8]) -> Done {
    let folder = root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(name), bytes)?)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn json(path: &Path) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn unhex(text: &Value) -> Result<Vec<u8>, Box<dyn Error>> {
    let text = text.as_str().ok_or("no text")?;
    (0..text.len()).step_by(2).map(|at| Ok(u8::from_str_radix(&text[at..at + 2], 16)?)).collect()
}
