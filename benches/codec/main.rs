//! What the streams of a state codec are like, and what a frame of them costs.
//!
//! ```text
//! cargo bench --bench codec                  what each stream is like, and the fixed ladders
//! cargo bench --bench codec -- --json        figures only, a JSON line each
//! cargo bench --bench codec -- --dump DIR    writes each stream to DIR/NAME.stream
//! cargo bench --bench codec -- --frames FILE writes frames of 1,000 entities, see clients/js/bench
//! ```
//!
//! `benches/peers/run` compares these figures with those of other codecs.

#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

mod file;
mod greenroom;
#[path = "../streams/mod.rs"]
mod streams;
mod thousand;

use std::path::PathBuf;

use serde_json::json;

use streams::figures::figures;
use streams::{FRAMES, Stream, ladders};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |name: &str| arguments.iter().position(|argument| argument == name);
    // `cargo test --benches` runs this too: then it is only a check that everything works.
    let frames = if has("--test").is_some() { 60 } else { FRAMES };
    if has("--thousand").is_some() {
        return thousand(10 * frames);
    }
    if let Some(at) = has("--frames") {
        let to = arguments.get(at + 1).expect("--frames needs a file");
        let (layout, _, rows) = greenroom::thousand(frames / 4);
        let bytes = file::of(&greenroom::bodies_schema(), &layout, &rows);
        return std::fs::write(to, bytes).unwrap();
    }
    let streams = streams::all(frames);
    streams.iter().for_each(check);
    if let Some(at) = has("--dump") {
        let to = PathBuf::from(arguments.get(at + 1).expect("--dump needs a directory"));
        std::fs::create_dir_all(&to).unwrap();
        for stream in &streams {
            stream.dump(&to.join(format!("{}.stream", stream.name))).unwrap();
        }
        return;
    }
    #[cfg(feature = "train")]
    if has("--train").is_some() {
        return train(&streams);
    }
    let json = has("--json").is_some();
    if !json {
        streams.iter().for_each(|stream| print!("{}", figures(stream)));
    }
    let bodies = &streams[0];
    let cost = ladders::cost(bodies);
    println!(
        "{}",
        json!({
            "codec": "ladders", "stream": bodies.name,
            "bytes_per_frame": cost.bytes_per_frame, "bits_per_changed": cost.bits_per_changed,
        })
    );
    thousand(frames);
    let micros = |time: std::time::Duration| time.as_secs_f64() * 1e6;
    for stream in &streams {
        let cost = greenroom::cost(stream, figures(stream).changed);
        println!(
            "{}",
            json!({
                "stream": stream.name,
                "bytes_per_frame": cost.bytes_per_frame, "bits_per_changed": cost.bits_per_changed,
                "encode_us": micros(cost.advance + cost.body), "body_us": micros(cost.body),
                "decode_us": micros(cost.decode), "whole_bytes": cost.whole_bytes,
            })
        );
    }
}

/// Prints the best codes for these streams, and what codes made for one stream cost on others.
#[cfg(feature = "train")]
fn train(streams: &[Stream]) {
    use greenroom_proto::codec::lengths::LENGTHS;
    use greenroom_proto::codec::train::{cost, take_counts, train};
    let _ = take_counts();
    let counts: Vec<_> = streams
        .iter()
        .map(|stream| {
            greenroom::cost(stream, 1.0);
            take_counts()
        })
        .collect();
    let mut sum = take_counts();
    for counts in &counts {
        for (sum, counts) in sum.iter_mut().zip(counts) {
            // Of each stream as much as of any other, but for codes that it hardly uses.
            let all: u64 = counts.iter().sum();
            for (sum, count) in sum.iter_mut().zip(counts) {
                *sum += count * 100_000 / all.max(2_000);
            }
        }
    }
    let first = counts[0].map(|counts| train(&counts));
    for (stream, counts) in streams.iter().zip(&counts) {
        let own = cost(counts, &counts.map(|counts| train(&counts)));
        let more = |lengths| 100.0 * (cost(counts, lengths) / own - 1.0);
        println!(
            "{}: codes for {} take {:.1} % more bits than its own, the protocol's {:.1} %",
            stream.name,
            streams[0].name,
            more(&first),
            more(&LENGTHS),
        );
    }
    for counts in &sum {
        println!("    {:?},", train(counts));
    }
}

/// Every lane keeps within its bounds, and the bodies move enough to be worth measuring.
fn check(stream: &Stream) {
    for frame in &stream.frames {
        for (slot, row) in frame.lanes.chunks(stream.lanes.len()).enumerate() {
            let fits = row.iter().zip(stream.lanes).all(|(it, at)| (at.min..=at.max).contains(it));
            assert!(fits || !frame.alive[slot], "{}: {row:?} at {slot}", stream.name);
        }
    }
    let figures = figures(stream);
    if stream.name == "bodies" && stream.frames.len() == FRAMES {
        assert!(figures.changed >= 0.1 * figures.alive, "{figures}");
        assert!(figures.lanes[..3].iter().all(|lane| lane.step >= 8.0), "{figures}");
    }
}

/// What 1,000 entities cost that all change.
fn thousand(frames: usize) {
    let (layout, restricted, rows) = greenroom::thousand(frames / 4);
    let times = thousand::times(&layout, &restricted, &rows);
    let micros = |time: std::time::Duration| time.as_secs_f64() * 1e6;
    println!(
        "{}",
        json!({
            "stream": "thousand", "diff_us": micros(times.diff), "encode_us": micros(times.encode),
            "append_ns": micros(times.append) * 1e3 / f64::from(thousand::ENTITIES),
            "decode_us": micros(times.decode),
            "bytes_per_frame": times.bytes,
        })
    );
}
