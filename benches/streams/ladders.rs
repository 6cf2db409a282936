//! The fixed ladders of Glenn Fiedler's "Snapshot Compression", as a yardstick for [`bodies`]: the
//! difference to the frame before, zig-zag, in the narrowest of three widths, else the value
//! itself. No prediction, no entropy coding. It counts bits and writes none.
//!
//! A bit in front of each lane that says whether it changed would make it larger: when a body
//! moves, nearly all its lanes change.
//!
//! [`bodies`]: super::bodies
//!
//! ```text
//! frame     10 bits: how many bodies changed; for each its place and its change
//! place     steps from the body changed before: 1, or a prefix and the rest, up to 10 bits
//! change    1 bit: position changed; if so each lane; 1 bit: rotation changed; if so `which` in
//!           2 bits and each of a, b, c
//! lane      2 bits: which of the three widths, or the value itself; then so many bits
//! ```

use super::Stream;

const POSITION: [u32; 3] = [5, 6, 7];
const ROTATION: [u32; 3] = [4, 5, 7];
const COUNT_BITS: u64 = 10;

/// What the stream costs.
pub struct Cost {
    /// Mean over all frames but the first.
    pub bytes_per_frame: f64,
    /// Bits for each body that changed.
    pub bits_per_changed: f64,
}

/// Codes every frame but the first against the one before it.
pub fn cost(stream: &Stream) -> Cost {
    let (mut bytes, mut bits, mut changed) = (0, 0, 0);
    for n in 1..stream.frames.len() {
        let (mut frame, mut last) = (COUNT_BITS, None);
        for slot in 0..stream.slots {
            let (Some(before), Some(now)) = (stream.row(n - 1, slot), stream.row(n, slot)) else {
                continue;
            };
            if before != now {
                frame += place(last.map_or(slot + 1, |last| slot - last));
                frame += change(stream, before.lanes, now.lanes);
                (last, changed) = (Some(slot), changed + 1);
            }
        }
        bits += frame;
        bytes += frame.div_ceil(8);
    }
    let frames = stream.frames.len().saturating_sub(1).max(1) as f64;
    Cost {
        bytes_per_frame: bytes as f64 / frames,
        bits_per_changed: bits as f64 / f64::from(changed.max(1)),
    }
}

fn place(gap: usize) -> u64 {
    match gap {
        ..=1 => 1,
        2..=5 => 2 + 2,
        6..=13 => 3 + 3,
        14..=29 => 4 + 4,
        30..=61 => 5 + 5,
        62..=125 => 6 + 6,
        _ => 6 + 10,
    }
}

fn change(stream: &Stream, before: &[i32], now: &[i32]) -> u64 {
    let lane = |n: usize, ladder| {
        let info = stream.lanes[n];
        let whole = 32 - info.max.abs_diff(info.min).leading_zeros();
        2 + u64::from(rung(now[n] - before[n], ladder).unwrap_or(whole))
    };
    let position = before[..3] != now[..3];
    let rotation = before[3..] != now[3..];
    let mut bits = 2;
    if position {
        bits += (0..3).map(|n| lane(n, POSITION)).sum::<u64>();
    }
    if rotation {
        bits += 2 + (4..7).map(|n| lane(n, ROTATION)).sum::<u64>();
    }
    bits
}

/// The narrowest width that holds the difference.
fn rung(step: i32, ladder: [u32; 3]) -> Option<u32> {
    let zig_zag = (step << 1 ^ step >> 31) as u32;
    ladder.into_iter().find(|bits| zig_zag < 1 << bits)
}
