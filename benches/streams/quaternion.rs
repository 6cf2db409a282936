//! Rotations as unit quaternions, and these as three small integers.

use super::physics::Vec3;

/// A unit quaternion: x, y, z, w.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quaternion(pub [f64; 4]);

/// The greatest quantised component: 9 bits with a sign.
pub const COMPONENT_MAX: i32 = 255;

/// A component other than the largest is at most 1/√2.
const SCALE: f64 = std::f64::consts::SQRT_2 * COMPONENT_MAX as f64;

/// How much larger another component has to be before it is the one left out: two that are about
/// as large would take turns otherwise. `#[sync(quat)]` has no such margin: see there what it saves.
const HYSTERESIS: f64 = 0.1;

impl Quaternion {
    /// No rotation.
    pub const IDENTITY: Self = Quaternion([0.0, 0.0, 0.0, 1.0]);

    /// Turned by an angular velocity for a time, to first order, and of length 1 again.
    pub fn turned(self, spin: Vec3, secs: f64) -> Self {
        let [x, y, z, w] = self.0;
        let [a, b, c] = [spin.x, spin.y, spin.z].map(|rate| rate * 0.5 * secs);
        let turned = [
            x + a * w + b * z - c * y,
            y + b * w + c * x - a * z,
            z + c * w + a * y - b * x,
            w - a * x - b * y - c * z,
        ];
        let length = turned.iter().map(|part| part * part).sum::<f64>().sqrt();
        Quaternion(turned.map(|part| part / length))
    }

    /// A vector of the body as a vector of the world.
    pub fn rotate(self, v: Vec3) -> Vec3 {
        let [x, y, z, w] = self.0;
        let axis = Vec3::new(x, y, z);
        let twice = axis.cross(v) * 2.0;
        v + twice * w + axis.cross(twice)
    }

    /// The component left out and the three others, signed so that the one left out is positive.
    /// `before` is the one left out last; it stays until another is clearly larger or does not fit.
    pub fn smallest_three(self, before: usize) -> (usize, [i32; 3]) {
        let size = self.0.map(f64::abs);
        let largest = (0..4).fold(0, |best, n| if size[n] > size[best] { n } else { best });
        let stays = size[before] + HYSTERESIS > size[largest]
            && self.others(before).iter().all(|part| part.abs() <= COMPONENT_MAX);
        let which = if stays { before } else { largest };
        (which, self.others(which).map(|part| part.clamp(-COMPONENT_MAX, COMPONENT_MAX)))
    }

    fn others(self, which: usize) -> [i32; 3] {
        let sign = if self.0[which] < 0.0 { -SCALE } else { SCALE };
        let mut rest = (0..4).filter(|n| *n != which).map(|n| (self.0[n] * sign).round() as i32);
        [(); 3].map(|()| rest.next().expect("three are left"))
    }
}
