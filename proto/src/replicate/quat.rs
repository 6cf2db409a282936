//! Unit quaternions by their three smallest components: what `#[sync(quat = 10)]` makes of
//! `[f32; 4]`, the components x, y, z, w of a rotation. On the wire w comes first, so that zeros
//! are no rotation.

use std::f64::consts::SQRT_2;

use super::{Describe, Publish, Recover, Sync};
use crate::schema::{LaneKind, Predict};

/// Lanes of a quaternion.
pub const LANES: usize = 4;

/// Checks the bits of a quaternion's component.
///
/// # Panics
/// When they are not 4 to 15: with more, a residual might not be told from a turn.
#[must_use]
pub const fn bits(bits: u8) -> u8 {
    assert!(4 <= bits && bits <= 15, "a part of a quaternion has 4 to 15 bits");
    bits
}

/// The greatest lane of a component: it stands for 1/√2.
fn most(bits: u8) -> f64 {
    f64::from((1u32 << (bits - 1)) - 1)
}

/// Adds the four lanes of the field `name`.
pub fn describe(name: &str, bits: u8, out: &mut Describe) {
    out.lane(name, LaneKind::Quat(bits), Predict::Linear, &Sync::NONE);
    for part in ["a", "b", "c"] {
        let name = Describe::path(name, part);
        let joined = Sync { joined: true, ..Sync::NONE };
        out.lane(&name, LaneKind::QuatPart(bits), Predict::Linear, &joined);
    }
}

/// Writes a rotation, which need not have length 1. One without a direction counts as clamped and
/// is sent as no rotation.
pub fn publish(value: &[f32; 4], bits: u8, out: &mut Publish<'_>) {
    let [x, y, z, w] = value.map(f64::from);
    let value = [w, x, y, z];
    let length = value.iter().map(|part| part * part).sum::<f64>().sqrt();
    let mut unit = value.map(|part| part / length);
    if !(length > 0.0 && length.is_finite()) {
        out.clamped();
        unit = [1.0, 0.0, 0.0, 0.0];
    }
    // Whoever publishes could stay with the component left out last as long as the others fit, which
    // decoders would not mind: near equality it changes back and forth, and a turn costs some 20
    // bits more than a step. It saves too little to carry the row before into here: the bodies of
    // `cargo bench -p greenroom-proto --bench codec`, whose stream does so by itself, take 422.0
    // bytes a frame with it and 423.5 without (`HYSTERESIS` in benches/streams/quaternion.rs), 0.34
    // %; 0.39 % with the best margin.
    let largest =
        (1..4).fold(0, |best, at| if unit[at].abs() > unit[best].abs() { at } else { best });
    // A quaternion and its negative are the same rotation.
    let sign = if unit[largest] < 0.0 { -1.0 } else { 1.0 };
    out.lane(largest as i32);
    for part in others(largest) {
        let lane = (unit[part] * sign * SQRT_2 * most(bits)).round();
        out.lane(lane.clamp(-most(bits), most(bits)) as i32);
    }
}

/// Reads a rotation.
#[must_use]
pub fn recover(bits: u8, from: &mut Recover<'_>) -> [f32; 4] {
    let largest = (from.lane() & 3) as usize;
    let mut value = [0.0; 4];
    let mut rest = 1.0;
    for part in others(largest) {
        value[part] = f64::from(from.lane()) / (SQRT_2 * most(bits));
        rest -= value[part] * value[part];
    }
    value[largest] = rest.max(0.0).sqrt();
    let [w, x, y, z] = value.map(|part| part as f32);
    [x, y, z, w]
}

/// The components besides one, in order.
fn others(largest: usize) -> impl Iterator<Item = usize> {
    (0..4).filter(move |part| *part != largest)
}
