//! A message's shape says what its bytes are, and its greatest size is one that it can have.

use greenroom_proto::message::{Field, Variant};
use greenroom_proto::{
    Blob, EntityId, Grid, List, Map, Message, PlayerId, Replicate, RoomId, Shape, Text, Tick, wire,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Message, Replicate, Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
#[sync(crate = "greenroom_proto")]
struct Input {
    thrust: bool,
    turn: i8,
    #[sync(step = 0.5)]
    aim: [f32; 2],
    #[serde(skip)]
    #[sync(skip)]
    told: Vec<u32>,
}

#[derive(Message, Serialize, Deserialize, Clone, PartialEq, Debug)]
#[message(crate = "greenroom_proto")]
#[serde(rename_all = "snake_case")]
enum Request {
    Nothing,
    Move {
        from: (u8, u16),
        #[serde(rename = "where")]
        r#to: Option<i32>,
    },
    Say(Text<300>),
    Trade(PlayerId, List<Ware<u64>, 3>),
    Done(Result<Ware<i16>, Why>),
    All(Map<u8, Text<4>, 4>, Grid<Option<bool>, 2, 2>),
    Send(Blob<5>, Names),
}

#[derive(Message, Serialize, Deserialize, Clone, PartialEq, Debug)]
#[message(crate = "greenroom_proto")]
struct Ware<N>(N);

#[derive(Message, Serialize, Deserialize, Clone, PartialEq, Debug)]
#[message(crate = "greenroom_proto")]
struct Why;

#[derive(Message, Serialize, Deserialize, Clone, PartialEq, Debug)]
#[message(crate = "greenroom_proto")]
struct Names(RoomId, Tick, EntityId, [u64; 2], f64, (i64, u32, ()));

#[derive(Message, Serialize, Deserialize, Clone, PartialEq, Debug)]
#[message(crate = "greenroom_proto")]
enum Never {}

/// Passes over what a shape says, as a client in another language would. The rest is returned.
fn pass<'a>(shape: &Shape, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let varint = |bytes: &'a [u8]| {
        let length = match bytes.first()? {
            251 => 2,
            252 => 4,
            253 => 8,
            small => return (*small < 251).then_some((u64::from(*small), &bytes[1..])),
        };
        let (value, rest) = bytes[1..].split_at_checked(length)?;
        let fold = value.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Some((fold, rest))
    };
    let bounded = |max: u32| varint(bytes).filter(|(length, _)| *length <= u64::from(max));
    match shape {
        Shape::Unit => Some(bytes),
        Shape::Bool => bytes.split_first().filter(|(bit, _)| **bit <= 1).map(|(_, rest)| rest),
        Shape::U8 | Shape::I8 => bytes.get(1..),
        Shape::U16 | Shape::I16 => {
            varint(bytes).filter(|(n, _)| *n <= 0xffff).map(|(_, rest)| rest)
        }
        Shape::U32 | Shape::I32 => {
            varint(bytes).filter(|(n, _)| *n <= 0xffff_ffff).map(|(_, rest)| rest)
        }
        Shape::U64 | Shape::I64 => varint(bytes).map(|(_, rest)| rest),
        Shape::F32 => bytes.get(4..),
        Shape::F64 => bytes.get(8..),
        Shape::Text(max) | Shape::Bytes(max) => {
            let (length, rest) = bounded(*max)?;
            rest.get(length as usize..)
        }
        Shape::Option(inner) => match bytes.split_first()? {
            (0, rest) => Some(rest),
            (1, rest) => pass(inner, rest),
            _ => None,
        },
        Shape::List(inner, max) => {
            let (length, rest) = bounded(*max)?;
            (0..length).try_fold(rest, |rest, _| pass(inner, rest))
        }
        Shape::Array(inner, count) => (0..*count).try_fold(bytes, |rest, _| pass(inner, rest)),
        Shape::Tuple(parts) => parts.iter().try_fold(bytes, |rest, part| pass(part, rest)),
        Shape::Struct(_, fields) => {
            fields.iter().try_fold(bytes, |rest, field| pass(&field.shape, rest))
        }
        Shape::Enum(_, variants) => {
            let (number, rest) = varint(bytes)?;
            pass(&variants.get(number as usize)?.data, rest)
        }
    }
}

fn fits<T: Message + PartialEq + std::fmt::Debug>(message: &T) -> usize {
    let bytes = wire::encode(message);
    assert!(bytes.len() <= T::BYTES_MAX, "{message:?} has {} bytes", bytes.len());
    assert_eq!(pass(&T::shape(), &bytes), Some(&[][..]), "{message:?}");
    assert_eq!(wire::decode::<T>(&bytes).as_ref(), Ok(message));
    bytes.len()
}

fn request() -> impl Strategy<Value = Request> {
    let names = (any::<[u64; 4]>(), any::<[u32; 2]>(), any::<[u16; 2]>(), -1e9..1e9f64);
    let names =
        names.prop_map(|([room, one, two, three], [tick, four], [slot, generation], float)| {
            let entity = EntityId { slot, generation };
            Names(RoomId(room), Tick(tick), entity, [one, two], float, (three as i64, four, ()))
        });
    prop_oneof![
        Just(Request::Nothing),
        (any::<(u8, u16)>(), any::<Option<i32>>())
            .prop_map(|(from, r#to)| Request::Move { from, to }),
        ".{0,300}".prop_map(|text| Request::Say(Text::cut(&text))),
        (any::<u32>(), prop::collection::vec(any::<u64>(), 0..4)).prop_map(|(player, wares)| {
            Request::Trade(PlayerId(player), List::first(wares.into_iter().map(Ware)))
        }),
        any::<Result<i16, ()>>().prop_map(|done| Request::Done(done.map(Ware).map_err(|()| Why))),
        (prop::collection::vec((any::<u8>(), "[a-z]{0,4}"), 0..4), any::<[Option<bool>; 4]>())
            .prop_map(|(entries, cells)| {
                let mut map = Map::new();
                for (key, text) in entries {
                    map.insert(key, Text::cut(&text)).expect("there is room");
                }
                Request::All(map, Grid::from_fn(|x, y| cells[2 * y + x]))
            }),
        (prop::collection::vec(any::<u8>(), 0..=5), names)
            .prop_map(|(bytes, names)| Request::Send(Blob::cut(&bytes), names)),
    ]
}

proptest! {
    #[test]
    fn the_shape_says_what_the_bytes_are(message in request()) {
        fits(&message);
    }

    #[test]
    fn an_input_fits(thrust: bool, turn: i8, x in -1e9f32..1e9, y in -1e9f32..1e9) {
        fits(&Input { thrust, turn, aim: [x, y], told: Vec::new() });
    }
}

#[test]
fn the_greatest_size_is_one_that_there_is() {
    let long = "x".repeat(300);
    assert_eq!(fits(&Request::Say(Text::cut(&long))), Request::BYTES_MAX);
    assert_eq!(fits(&Input::default()), Input::BYTES_MAX);
    let most = Ware(u64::MAX);
    let wares: List<Ware<u64>, 3> = List::first([most.clone(), most.clone(), most]);
    assert_eq!(fits(&wares), List::<Ware<u64>, 3>::BYTES_MAX);
    let entity = EntityId { slot: u16::MAX, generation: u16::MAX };
    let tuple = (i64::MIN, u32::MAX, ());
    let names = Names(RoomId(u64::MAX), Tick(u32::MAX), entity, [u64::MAX; 2], 1.0, tuple);
    assert_eq!(fits(&names), Names::BYTES_MAX);
    assert_eq!(fits(&Err::<u8, _>(i16::MIN)), Result::<u8, i16>::BYTES_MAX);
    assert_eq!((Never::BYTES_MAX, Why::BYTES_MAX), (0, 0));
    assert_eq!(List::<u8, 250>::BYTES_MAX, 251);
    assert_eq!(List::<u8, 251>::BYTES_MAX, 254);
}

#[test]
fn a_shape_names_what_it_is_made_of() {
    let field = |name: &str, shape| Field { name: name.into(), shape };
    let aim = Shape::Array(Box::new(Shape::F32), 2);
    let fields = vec![field("thrust", Shape::Bool), field("turn", Shape::I8), field("aim", aim)];
    assert_eq!(Input::shape(), Shape::Struct("Input".into(), fields));
    assert_eq!(Never::shape(), Shape::Enum("Never".into(), vec![]));
    let Shape::Enum(name, variants) = Request::shape() else { panic!("it is an enum") };
    assert_eq!((&*name, variants.len()), ("Request", 7));
    assert_eq!(variants[0], Variant { name: "Nothing".into(), data: Shape::Unit });
    assert_eq!(variants[2], Variant { name: "Say".into(), data: Shape::Text(300) });
    let from = Shape::Tuple(vec![Shape::U8, Shape::U16]);
    let to = Shape::Option(Box::new(Shape::I32));
    let data = Shape::Struct(String::new(), vec![field("from", from), field("to", to)]);
    assert_eq!(variants[1], Variant { name: "Move".into(), data });
}
