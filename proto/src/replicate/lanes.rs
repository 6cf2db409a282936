//! Numbers: values of one lane or two.

use super::{Describe, Publish, Recover, Replicate, Sync, Takes};
use crate::id::{PlayerId, RoomId, Tick};
use crate::schema::{LaneKind, Predict};

macro_rules! one_lane {
    ($($type:ty: $kind:expr, $to:expr, $from:expr;)*) => {$(
        impl Replicate for $type {
            const LANES: usize = 1;
            const TAKES: Takes = Takes::Prediction;
            fn describe(name: &str, sync: &Sync, out: &mut Describe) {
                let sync = Sync { predict: sync.predict, joined: sync.joined, ..Sync::NONE };
                out.lane(name, $kind, Predict::Hold, &sync);
            }
            #[inline]
            fn publish(&self, _: &Sync, out: &mut Publish<'_>) {
                let to: fn($type) -> i32 = $to;
                out.lane(to(*self));
            }
            #[inline]
            fn recover(_: &Sync, from: &mut Recover<'_>) -> Self {
                let of: fn(i32) -> $type = $from;
                of(from.lane())
            }
        }
    )*};
}

one_lane! {
    bool: LaneKind::Bool, i32::from, |lane| lane != 0;
    i8: LaneKind::Int, i32::from, |lane| lane as i8;
    i16: LaneKind::Int, i32::from, |lane| lane as i16;
    i32: LaneKind::Int, |value| value, |lane| lane;
    u8: LaneKind::Uint, i32::from, |lane| lane as u8;
    u16: LaneKind::Uint, i32::from, |lane| lane as u16;
    u32: LaneKind::Uint, |value| value as i32, |lane| lane as u32;
    PlayerId: LaneKind::Uint, |value| value.0 as i32, |lane| PlayerId(lane as u32);
    Tick: LaneKind::Uint, |value| value.0 as i32, |lane| Tick(lane as u32);
}

macro_rules! two_lanes {
    ($($type:ty: $signed:expr, $to:expr, $from:expr;)*) => {$(
        impl Replicate for $type {
            const LANES: usize = 2;
            const TAKES: Takes = Takes::Prediction;
            fn describe(name: &str, sync: &Sync, out: &mut Describe) {
                let sync = Sync { predict: sync.predict, ..Sync::NONE };
                out.lane(name, LaneKind::Low { signed: $signed }, Predict::Hold, &sync);
                out.lane(name, LaneKind::High, Predict::Hold, &Sync { joined: true, ..sync });
            }
            fn publish(&self, _: &Sync, out: &mut Publish<'_>) {
                let to: fn($type) -> u64 = $to;
                let bits = to(*self);
                out.lane(bits as u32 as i32);
                out.lane((bits >> 32) as u32 as i32);
            }
            fn recover(_: &Sync, from: &mut Recover<'_>) -> Self {
                let low = from.lane() as u32;
                let high = from.lane() as u32;
                let of: fn(u64) -> $type = $from;
                of(u64::from(high) << 32 | u64::from(low))
            }
        }
    )*};
}

two_lanes! {
    u64: false, |value| value, |bits| bits;
    i64: true, |value| value as u64, |bits| bits as i64;
    RoomId: false, |value| value.0, RoomId;
}

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Replicate for $type {
            const LANES: usize = 1;
            const TAKES: Takes = Takes::Steps;
            fn describe(name: &str, sync: &Sync, out: &mut Describe) {
                out.lane(name, sync.kind(), Predict::Linear, sync);
            }
            #[inline]
            fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
                let (lane, exact) = sync.to_lane(f64::from(*self));
                if !exact {
                    out.clamped();
                }
                out.lane(lane);
            }
            #[inline]
            fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self {
                sync.of_lane(from.lane()) as $type
            }
        }
    )*};
}

floats!(f32 f64);
