//! What of an entity moves.

use std::f64::consts::{PI, TAU};

/// One number of an entity that changes smoothly. All else of an entity is as one of two states has
/// it, never in between.
///
/// ```
/// use greenroom_client::feel::Field;
///
/// #[derive(Clone)]
/// struct Ship { x: f32, heading: f32 }
/// let fields = [
///     Field::linear(|ship: &Ship| ship.x.into(), |ship, x| ship.x = x as f32),
///     Field::angle(|ship: &Ship| ship.heading.into(), |ship, angle| ship.heading = angle as f32),
/// ];
/// ```
#[derive(Debug)]
pub struct Field<E> {
    get: fn(&E) -> f64,
    set: fn(&mut E, f64),
    is_angle: bool,
}

impl<E> Clone for Field<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Field<E> {}

impl<E> Field<E> {
    /// A place, say.
    #[must_use]
    pub const fn linear(get: fn(&E) -> f64, set: fn(&mut E, f64)) -> Self {
        Field { get, set, is_angle: false }
    }

    /// An angle in radians, which goes the short way round.
    #[must_use]
    pub const fn angle(get: fn(&E) -> f64, set: fn(&mut E, f64)) -> Self {
        Field { get, set, is_angle: true }
    }
}

/// What moves of an entity, all together.
#[derive(Clone, Debug)]
pub(super) struct Fields<E>(pub(super) Vec<Field<E>>);

impl<E> Fields<E> {
    /// What `to` has more than `from`, field by field.
    pub(super) fn difference(&self, from: &E, to: &E) -> Vec<f64> {
        let way = |field: &Field<E>| {
            let more = (field.get)(to) - (field.get)(from);
            if field.is_angle { wrap_angle(more) } else { more }
        };
        self.0.iter().map(way).collect()
    }

    /// The entity, with a share of that much more.
    pub(super) fn moved(&self, mut entity: E, difference: &[f64], share: f64) -> E {
        for (field, more) in self.0.iter().zip(difference) {
            let value = (field.get)(&entity) + more * share;
            (field.set)(&mut entity, if field.is_angle { wrap_angle(value) } else { value });
        }
        entity
    }

    /// How far that is, of the linear fields taken together.
    pub(super) fn length(&self, difference: &[f64]) -> f64 {
        let linear = self.0.iter().zip(difference).filter(|(field, _)| !field.is_angle);
        linear.map(|(_, value)| value * value).sum::<f64>().sqrt()
    }
}

/// The same angle, from −π to π.
fn wrap_angle(angle: f64) -> f64 {
    angle - TAU * ((angle + PI) / TAU).floor()
}
