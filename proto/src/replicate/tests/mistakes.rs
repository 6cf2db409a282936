//! What only shows in the whole is told at the first run.

use super::{Ship, hide};
use crate::replicate::{layout_of, publish, recover};
use crate::{Grid, List, Map, PlayerId, Replicate, Rows, Seen, Table, Text};

macro_rules! refused {
    ($($name:ident: $why:literal, { $($fields:tt)* })*) => {$(
        #[test]
        #[should_panic(expected = $why)]
        fn $name() {
            #[derive(Replicate)]
            #[sync(crate = "crate")]
            struct State { $($fields)* }
            let _ = layout_of::<State>();
        }
    )*};
}

#[derive(Replicate)]
#[sync(crate = "crate")]
struct Holder {
    inner: Table<u8>,
}

#[derive(Replicate)]
#[sync(crate = "crate", seen = Seen::All)]
struct Seer {
    one: u8,
}

refused! {
    a_table_in_an_entity: "a Table can be a field of the state only", {
        outer: Table<Holder>,
    }
    lanes_of_two_kinds_joined: "join: `two` needs a number of the same kind", {
        one: u8, #[sync(step = 0.1, join)] two: f32,
    }
    five_lanes_joined: "join: `e` is one more than 4", {
        a: u8, #[sync(join)] b: u8, #[sync(join)] c: u8, #[sync(join)] d: u8,
        #[sync(join)] e: u8,
    }
    lanes_sent_differently_joined: "sent alike", {
        one: u8, #[sync(linear, join)] two: u8,
    }
    joined_to_text: "join: `two` needs a number", {
        one: Text<3>, #[sync(join)] two: u8,
    }
    a_type_that_is_seen_as_a_field: "write `#[sync(seen = …)]` above the field", {
        seer: Seer,
    }
    a_type_that_is_seen_in_a_part: "write `#[sync(seen = …)]` above the field", {
        #[sync(seen = Seen::Nobody)] seer: Seer,
    }
    a_type_that_is_seen_in_a_cell: "write `#[sync(seen = …)]` above the field", {
        seer: Grid<Seer, 2, 2>,
    }
    a_position_in_a_list: "only entities of a Table have a position", {
        ships: List<Ship, 3>,
    }
    too_many_values_in_a_row: "a row has at most 64 values, not 65", {
        many: [u8; 65],
    }
    too_many_tables: "a state has at most 64 tables, not 101", {
        many: [List<u8, 2>; 100],
    }
    too_many_slots: "`ships.deep` is for 300 values, but 1 to 256 are possible here", {
        ships: Table<Deep>,
    }
    an_empty_list: "`none` is for 0 values", {
        none: List<u8, 0>,
    }
}

#[derive(Replicate)]
#[sync(crate = "crate")]
struct Deep {
    deep: List<u8, 300>,
}

/// Values of a list or map may say who sees them.
#[test]
fn a_type_that_is_seen_as_a_value() {
    #[derive(Replicate, Default)]
    #[sync(crate = "crate")]
    struct State {
        list: List<Seer, 2>,
        map: Map<u8, Seer, 2>,
        hands: Map<PlayerId, Hand, 2>,
    }
    #[derive(Replicate, PartialEq, Debug)]
    #[sync(crate = "crate")]
    struct Hand {
        #[sync(seen = Seen::Nobody)]
        cards: List<u8, 5>,
    }
    let layout = layout_of::<State>();
    assert!(layout.tables()[1].restricted && layout.tables()[2].restricted);
    let mut state = State::default();
    state.hands.insert(PlayerId(1), Hand { cards: List::first([1, 2]) }).unwrap();
    state.list.push(Seer { one: 1 }).unwrap();
    state.list.push(Seer { one: 2 }).unwrap();
    let mut rows = Rows::default();
    publish(&state, &layout, &mut rows);
    // Who sees only the second value has a list of one.
    hide(&mut rows, &layout, 1, 0);
    hide(&mut rows, &layout, 4, 0);
    let seen: State = recover(&rows, &layout).unwrap();
    assert_eq!(seen.list.iter().map(|seer| seer.one).collect::<Vec<_>>(), [2]);
    assert_eq!(seen.hands.get(&PlayerId(1)), Some(&Hand { cards: List::new() }));
}
