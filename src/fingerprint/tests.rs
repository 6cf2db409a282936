use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::Arc;

use greenroom_proto::{Blob, EntityId, Grid, List, Map, PlayerId, Table, Text, Tick};
use serde::{Deserialize, Serialize};

use super::*;

fn lines<T: DeserializeOwned>() -> Vec<String> {
    outline::<T>().lines.into_iter().collect()
}

fn is_whole<T: DeserializeOwned>() -> bool {
    outline::<T>().complete
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Ship {
    x: f32,
    order: Option<Order>,
    name: Metres,
    #[serde(skip)]
    plan: u8,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Metres(u16);

#[derive(Deserialize)]
#[allow(dead_code)]
enum Order {
    Wait,
    Go(u8, i8),
    Follow(PlayerId),
    Guard { from: Tick },
}

#[test]
fn an_outline_names_all_that_is_in_the_bytes_and_nothing_else() {
    let expected = [
        ".name: u16",
        ".order: option",
        ".order?: enum {Wait, Go, Follow, Guard}",
        ".order?<Follow>: u32",
        ".order?<Go>.0: u8",
        ".order?<Go>.1: i8",
        ".order?<Go>: tuple of 2",
        ".order?<Guard>.from: u32",
        ".order?<Guard>: struct {from}",
        ".order?<Wait>: nothing",
        ".x: f32",
        ": struct {x, order, name}",
    ];
    assert_eq!(lines::<Ship>(), expected);
    assert!(is_whole::<Ship>());
    // It stands in journals and logs.
    assert_eq!(of::<Ship>(), 0x0690_354c_0a71_7120);
}

macro_rules! all_differ {
    ($($type:ty),+) => {
        let all = [$(of::<$type>()),+];
        assert_eq!(std::collections::BTreeSet::from(all).len(), all.len());
        $(assert!(is_whole::<$type>(), stringify!($type));)+
    };
}

#[test]
fn whatever_changes_the_bytes_changes_the_fingerprint() {
    #[derive(Deserialize)]
    #[allow(dead_code)]
    enum Two {
        A,
        B,
    }
    #[derive(Deserialize)]
    #[allow(dead_code)]
    enum Swapped {
        B,
        A,
    }
    all_differ!(
        u32, i32, u64, f32, bool, char, String, Blob<4>, (), Option<u32>, Vec<u32>, [u32; 2],
        [u32; 3], (u32, u64), BTreeMap<u8, u32>, Two, Swapped, Vec<Two>, Vec<Option<Two>>,
        Table<u8>, Grid<i16, 3, 2>, Map<u8, u16, 4>, Result<u8, Two>, EntityId, Order, Ship
    );
    // Bounds are not in the bytes.
    assert_eq!(of::<Text<4>>(), of::<String>());
    assert_eq!(of::<List<u8, 4>>(), of::<Vec<u8>>());
    assert_eq!(of::<Grid<u8, 3, 2>>(), of::<Arc<[u8]>>());
}

#[derive(Deserialize)]
#[allow(dead_code)]
enum Term {
    Sum(Box<Term>, Box<Term>),
    Many { all: Vec<Term> },
    Number(i32),
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Node {
    next: Option<Box<Node>>,
    by_name: BTreeMap<String, Node>,
    kind: Kind,
    last: u8,
}

#[derive(Deserialize)]
#[allow(dead_code)]
enum Kind {
    Branch(Vec<Node>),
    Leaf(NonZeroU16),
}

#[test]
fn a_type_that_contains_itself_has_an_end() {
    let expected = [
        ": enum {Sum, Many, Number}",
        "<Many>.all: list",
        "<Many>.all[]: the same again",
        "<Many>: struct {all}",
        "<Number>: i32",
        "<Sum>.0: the same again",
        "<Sum>.1: the same again",
        "<Sum>: tuple of 2",
    ];
    assert_eq!(lines::<Term>(), expected);
    assert!(is_whole::<Term>());
    let node = outline::<Node>();
    assert!(node.complete, "{node:#?}");
    for line in [".next?: the same again", ".kind<Branch>[]: the same again", ".kind<Leaf>: u16"] {
        assert!(node.lines.contains(line), "{line}: {node:#?}");
    }
    assert!(node.lines.contains(".last: u8"), "what follows is seen: {node:#?}");
}

/// Takes one value only.
#[derive(Deserialize, Serialize)]
#[serde(try_from = "u8", into = "u8")]
struct Only<const N: u8>;

impl<const N: u8> From<Only<N>> for u8 {
    fn from(_: Only<N>) -> u8 {
        N
    }
}

impl<const N: u8> Clone for Only<N> {
    fn clone(&self) -> Self {
        Only
    }
}

impl<const N: u8> TryFrom<u8> for Only<N> {
    type Error = String;
    fn try_from(value: u8) -> Result<Self, String> {
        assert!(value != 0, "a hasty author");
        if value == N { Ok(Only) } else { Err("another".to_owned()) }
    }
}

#[test]
fn types_that_refuse_dummies_are_borne() {
    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Picky<T> {
        first: u8,
        picky: T,
        last: u16,
    }
    let sees = |outline: &Outline| outline.lines.contains(".last: u16");
    // Some other dummy is taken.
    for outline in [outline::<Picky<Only<1>>>(), outline::<Picky<Only<2>>>()] {
        assert!(sees(&outline) && outline.complete, "{outline:#?}");
    }
    // None is, but what is around it can do without it.
    let options = outline::<Picky<Option<(u64, Only<9>, u32)>>>();
    assert!(sees(&options) && !options.complete, "{options:#?}");
    assert!(options.lines.contains(".picky?.1: u8"), "{options:#?}");
    assert!(!options.lines.contains(".picky?.2: u32"), "{options:#?}");
    let lists = outline::<Picky<Vec<Only<9>>>>();
    assert!(sees(&lists) && lists.lines.contains(".picky[]: u8"), "{lists:#?}");
    let enums = outline::<Picky<Result<Only<9>, i64>>>();
    assert!(sees(&enums) && enums.lines.contains(".picky<Err>: i64"), "{enums:#?}");
    // Nothing can.
    let hard = outline::<Picky<Only<9>>>();
    assert!(!sees(&hard) && !hard.complete, "{hard:#?}");
    assert!(hard.lines.contains(".first: u8"), "{hard:#?}");
}

#[test]
fn what_asks_for_anything_is_borne() {
    let outline = outline::<(u8, serde_json::Value)>();
    assert!(!outline.complete && outline.lines.contains(".1: anything"), "{outline:#?}");
}

#[test]
fn games_are_seen_whole() {
    use crate::games::{arena::Arena, cards::Cards, connect4::Connect4, swarm::Swarm};
    all_differ!(Arena, Cards, Connect4, Swarm);
}
