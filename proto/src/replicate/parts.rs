//! Values made of others: arrays, tuples, options.

use super::{Describe, Publish, Recover, Replicate, Sync, Takes};
use crate::schema::{GROUP_LANES_MAX, LaneKind, Predict};

impl<T: Replicate, const N: usize> Replicate for [T; N] {
    const LANES: usize = N * T::LANES;
    const TEXTS: usize = N * T::TEXTS;
    const TABLES: usize = N * T::TABLES;
    const TAKES: Takes = T::TAKES;

    fn describe(name: &str, sync: &Sync, out: &mut Describe) {
        // A short array of floats is a vector: its components change together.
        let floats = T::LANES == 1 && matches!(T::TAKES, Takes::Steps);
        let vector = floats && sync.angle == 0 && N <= GROUP_LANES_MAX;
        for index in 0..N {
            let joined = if index == 0 { sync.joined } else { vector };
            let sync = Sync { joined, ..*sync };
            T::describe(&Describe::path(name, &index.to_string()), &sync, out);
        }
    }

    fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
        for value in self {
            value.publish(sync, out);
        }
    }

    fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self {
        std::array::from_fn(|_| T::recover(sync, from))
    }
}

macro_rules! tuples {
    ($(($($part:ident $index:tt),+);)*) => {$(
        impl<$($part: Replicate),+> Replicate for ($($part,)+) {
            const LANES: usize = 0 $(+ $part::LANES)+;
            const TEXTS: usize = 0 $(+ $part::TEXTS)+;
            const TABLES: usize = 0 $(+ $part::TABLES)+;
            const TAKES: Takes = Takes::Nothing$(.and($part::TAKES))+;

            fn describe(name: &str, sync: &Sync, out: &mut Describe) {
                $($part::describe(
                    &Describe::path(name, stringify!($index)),
                    &Sync { joined: sync.joined && $index == 0, ..*sync },
                    out,
                );)+
            }
            fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
                $(self.$index.publish(sync, out);)+
            }
            fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self {
                ($($part::recover(sync, from),)+)
            }
        }
    )*};
}

tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
}

impl Replicate for () {
    const LANES: usize = 0;
    fn describe(_: &str, _: &Sync, _: &mut Describe) {}
    fn publish(&self, _: &Sync, _: &mut Publish<'_>) {}
    fn recover(_: &Sync, _: &mut Recover<'_>) -> Self {}
}

impl<T: Replicate> Replicate for Option<T> {
    const LANES: usize = 1 + T::LANES;
    const TEXTS: usize = T::TEXTS;
    const TABLES: usize = {
        assert!(
            T::TABLES == 0,
            "a List, Map, Grid, Table or field with `seen` cannot be in an Option: leave it empty"
        );
        0
    };
    const TAKES: Takes = T::TAKES;

    fn describe(name: &str, sync: &Sync, out: &mut Describe) {
        out.lane(name, LaneKind::Some, Predict::Hold, &Sync::NONE);
        T::describe(name, &Sync { joined: false, ..*sync }, out);
    }

    fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
        out.lane(i32::from(self.is_some()));
        match self {
            Some(value) => value.publish(sync, out),
            None => out.nothing::<T>(),
        }
    }

    fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self {
        let some = from.lane() != 0;
        let value = T::recover(sync, from);
        some.then_some(value)
    }
}
