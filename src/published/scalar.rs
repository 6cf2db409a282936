//! Single lanes as values.

use greenroom::proto::Text;
use greenroom::proto::schema::LaneKind;
use serde_json::{Number, Value, json};

/// The value of a lane that is one by itself.
pub(super) fn scalar(kind: &LaneKind, lane: i32) -> Value {
    let float = |value: f64| Number::from_f64(value).map_or(Value::Null, Value::Number);
    let unsigned = |lane: i32| f64::from(lane as u32);
    match kind {
        LaneKind::Bool | LaneKind::Some => json!(lane != 0),
        LaneKind::Uint => json!(lane as u32),
        LaneKind::Step(step) => float(f64::from(lane) * f64::from_bits(*step)),
        LaneKind::Range { min, step, .. } => {
            float(f64::from_bits(*min) + unsigned(lane) * f64::from_bits(*step))
        }
        LaneKind::Angle(bits) => {
            float(f64::from(lane) * std::f64::consts::TAU / f64::from(*bits).exp2())
        }
        LaneKind::Variant(names) => json!(variant(names, lane)),
        LaneKind::Int
        | LaneKind::Low { .. }
        | LaneKind::High
        | LaneKind::Quat(_)
        | LaneKind::QuatPart(_) => json!(lane),
    }
}

/// The name of a variant. What no variant has reads as the first.
pub(super) fn variant(names: &[Text<64>], lane: i32) -> &str {
    let of = usize::try_from(lane).ok().and_then(|lane| names.get(lane)).or(names.first());
    of.map_or("", |name| name)
}

/// A 64-bit integer from its two lanes.
pub(super) fn wide(signed: bool, low: i32, high: i32) -> Value {
    let bits = u64::from(high as u32) << 32 | u64::from(low as u32);
    if signed { json!(bits as i64) } else { json!(bits) }
}

/// A unit quaternion `[x, y, z, w]` from its four lanes.
pub(super) fn quaternion(bits: u8, lanes: &[i32]) -> Value {
    let step = 1.0 / (std::f64::consts::SQRT_2 * f64::from((1 << (bits - 1)) - 1));
    let mut parts: Vec<f64> = lanes[1..4].iter().map(|lane| f64::from(*lane) * step).collect();
    let rest = 1.0 - parts.iter().map(|part| part * part).sum::<f64>();
    parts.insert((lanes[0] & 3) as usize, rest.max(0.0).sqrt());
    json!([parts[1], parts[2], parts[3], parts[0]])
}

/// A text as a string; bytes that need not be UTF-8 as hexadecimal digits.
pub(super) fn text(utf8: bool, bytes: &[u8]) -> Value {
    match utf8 {
        true => json!(String::from_utf8_lossy(bytes)),
        false => json!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}
