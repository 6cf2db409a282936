//! Floats, angles and rotations.

use std::f32::consts::{PI, TAU};

use proptest::prelude::*;

use crate::replicate::{layout_of, publish, recover};
use crate::{Replicate, Rows, Seen};

#[derive(Replicate, Default)]
#[sync(crate = "crate")]
struct Floats {
    #[sync(step = 0.1)]
    step: f32,
    #[sync(step = 0.1, range = (-1.0, 1.05))]
    range: f64,
    #[sync(angle = 8)]
    angle: f32,
    #[sync(quat = 9)]
    turned: [f32; 4],
    #[sync(quat = 15, seen = Seen::All)]
    fine: [f32; 4],
}

fn through(state: &Floats) -> (Floats, u32) {
    let layout = layout_of::<Floats>();
    let mut rows = Rows::default();
    let clamped = publish(state, &layout, &mut rows);
    (recover(&rows, &layout).unwrap(), clamped)
}

/// A state whose rotations are rotations.
fn floats() -> Floats {
    let none = [0.0, 0.0, 0.0, 1.0];
    Floats { turned: none, fine: none, ..Floats::default() }
}

/// The cosine of half the angle between two rotations.
fn likeness(one: [f32; 4], other: [f32; 4]) -> f32 {
    let length = |of: [f32; 4]| of.iter().map(|part| part * part).sum::<f32>().sqrt();
    let dot: f32 = one.iter().zip(other).map(|(one, other)| one * other).sum();
    (dot / length(one) / length(other)).abs()
}

proptest! {
    #[test]
    fn a_float_is_sent_as_the_nearest_step(step in -1e6f32..1e6, range in -1.0f64..1.05, angle in -20.0f32..20.0) {
        let (seen, clamped) = through(&Floats { step, range, angle, ..floats() });
        prop_assert_eq!(clamped, 0);
        prop_assert!((seen.step - step).abs() <= 0.0501 + step.abs() * 1e-6);
        prop_assert!((seen.range - range).abs() <= 0.0501);
        let off = (seen.angle - angle) / TAU;
        prop_assert!((off - off.round()).abs() <= 0.5 / 256.0 + 1e-5);
        prop_assert!((-PI - 0.001..PI).contains(&seen.angle));
    }

    #[test]
    fn a_rotation_is_sent_as_one_near_it(turned in any::<[i16; 4]>(), length in 0.01f32..10.0) {
        prop_assume!(turned != [0; 4]);
        let turned = turned.map(|part| f32::from(part) * length);
        let (seen, clamped) = through(&Floats { turned, fine: turned, ..Floats::default() });
        prop_assert_eq!(clamped, 0);
        prop_assert!(likeness(seen.turned, turned) > 0.99997);
        prop_assert!(likeness(seen.fine, turned) > 0.999_999);
        let length = seen.turned.iter().map(|part| part * part).sum::<f32>();
        prop_assert!((length - 1.0).abs() < 1e-5);
    }
}

#[test]
fn what_cannot_be_sent_is_counted() {
    let clamped = |state: Floats| through(&state).1;
    assert_eq!(clamped(floats()), 0);
    assert_eq!(clamped(Floats { step: f32::NAN, ..floats() }), 1);
    assert_eq!(clamped(Floats { step: 1e12, ..floats() }), 1);
    assert_eq!(clamped(Floats { angle: f32::INFINITY, ..floats() }), 1);
    let (seen, clamped) = through(&Floats { range: 7.0, turned: [0.0; 4], ..floats() });
    assert_eq!((seen.range, seen.turned, clamped), (1.05, [0.0, 0.0, 0.0, 1.0], 2));
    let (seen, clamped) = through(&Floats { range: f64::NAN, fine: [f32::NAN; 4], ..floats() });
    assert_eq!((seen.range, seen.fine, clamped), (-1.0, [0.0, 0.0, 0.0, 1.0], 2));
}
