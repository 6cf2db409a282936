//! Functions whose results are the same on every platform.
//!
//! The platform's own sine or power differs between C libraries in the last bit, and one bit is
//! enough to make a replay part from its match. These come from the crate `libm`, which is plain
//! Rust. (`+ - * /`, `sqrt`, `floor`, `round` and the like are exact by IEEE 754 and need no
//! stand-in.) Angles are in radians.

/// Sine.
#[must_use]
pub fn sin(angle: f32) -> f32 {
    libm::sinf(angle)
}

/// Cosine.
#[must_use]
pub fn cos(angle: f32) -> f32 {
    libm::cosf(angle)
}

/// The angle of the point (x, y), from −π to π.
#[must_use]
pub fn atan2(y: f32, x: f32) -> f32 {
    libm::atan2f(y, x)
}

/// The length of the vector (x, y).
#[must_use]
pub fn hypot(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// How far apart two points are.
#[must_use]
pub fn distance(one: [f32; 2], other: [f32; 2]) -> f32 {
    hypot(other[0] - one[0], other[1] - one[1])
}

/// `base` to the power of `exponent`.
#[must_use]
pub fn powf(base: f32, exponent: f32) -> f32 {
    libm::powf(base, exponent)
}

/// e to the power of `exponent`.
#[must_use]
pub fn exp(exponent: f32) -> f32 {
    libm::expf(exponent)
}

/// The natural logarithm.
#[must_use]
pub fn ln(value: f32) -> f32 {
    libm::logf(value)
}

/// The same angle between −π and π.
#[must_use]
pub fn wrap_angle(angle: f32) -> f32 {
    use std::f32::consts::{PI, TAU};
    let turns = ((angle + PI) / TAU).floor();
    angle - turns * TAU
}
