//! Every shape that a state can have, published and recovered.

mod floats;
mod mistakes;

use proptest::prelude::*;

use super::{layout_of, publish, recover, schema_of};
use crate::codec::{Mirror, Snapshot, Step, Viewer, advance, put_change_body, put_step_body};
use crate::schema::{LaneKind, Predict, RowsKind};
use crate::{
    Blob, Grid, Layout, List, Map, PlayerId, Replicate, RoomId, Rows, Seen, Table, Teams, Text,
    Tick,
};

/// A value of each kind. The floats in it are multiples of their steps.
#[derive(Replicate, Clone, PartialEq, Debug, Default)]
#[sync(crate = "crate")]
struct All {
    flag: bool,
    ints: (i8, i16, i32, i64),
    uints: (u8, u16, u32, u64),
    names: (PlayerId, Tick, Option<RoomId>),
    #[sync(step = 0.25)]
    place: [f32; 3],
    #[sync(step = 0.5, range = (-10, 10.0))]
    heat: f64,
    #[sync(angle = 10, hold)]
    turn: f32,
    #[sync(linear)]
    count: u16,
    title: Text<12>,
    bytes: Option<Blob<4>>,
    mood: Mood,
    moods: [Mood; 2],
    act: Act,
    acts: [Option<Act>; 2],
    metres: Metres,
    #[sync(skip)]
    plan: Vec<u32>,
    pair: Pair<u8, Mood>,
    #[sync(step = 0.25)]
    curve: List<[f32; 2], 5>,
    notes: List<Note, 4>,
    ways: [List<u8, 3>; 2],
    tags: Map<Text<4>, Note, 5>,
    by_cell: Map<(u8, i8), Option<i64>, 6>,
    board: Grid<Mood, 3, 2>,
    tiles: Grid<(Act, u8), 2, 2>,
    ships: Table<Ship>,
}

#[derive(Replicate, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[sync(crate = "crate")]
enum Mood {
    #[default]
    Calm,
    Tense,
    r#Loud,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default)]
#[sync(crate = "crate")]
enum Act {
    #[default]
    Idle,
    Move {
        #[sync(step = 0.25)]
        x: f32,
        #[sync(step = 0.25, join)]
        y: f32,
        #[sync(skip)]
        reason: u64,
    },
    Say(Text<8>, u64),
    Hold(Metres),
    Feel(Option<Mood>),
}

#[derive(Replicate, Clone, Copy, PartialEq, Debug, Default)]
#[sync(crate = "crate")]
struct Metres(#[sync(step = 0.125)] f32);

#[derive(Replicate, Clone, Copy, PartialEq, Debug, Default)]
#[sync(crate = "crate")]
struct Pair<A, B>(A, B);

#[derive(Replicate, Clone, PartialEq, Debug, Default)]
#[sync(crate = "crate")]
struct Note {
    text: Text<6>,
    lines: List<Text<3>, 2>,
    score: i16,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default)]
#[sync(crate = "crate", near = (x, y), seen = Seen::Teams(Teams::of(self.team)))]
struct Ship {
    #[sync(step = 0.25)]
    x: f32,
    #[sync(step = 0.25, join)]
    y: f32,
    team: u8,
    owner: PlayerId,
    #[sync(seen = Seen::Player(self.owner))]
    secret: Option<Note1>,
    #[sync(seen = Seen::Player(self.owner))]
    cargo: List<Note, 3>,
    log: List<Note, 2>,
    deck: Grid<u8, 2, 2>,
    fuel: Map<u8, u16, 2>,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default)]
#[sync(crate = "crate")]
struct Note1 {
    text: Text<5>,
    code: u64,
}

fn quarters() -> impl Strategy<Value = f32> {
    (-4000i32..4000).prop_map(|steps| steps as f32 * 0.25)
}

fn mood() -> impl Strategy<Value = Mood> + Clone {
    prop_oneof![Just(Mood::Calm), Just(Mood::Tense), Just(Mood::Loud)]
}

fn text<const MAX: usize>() -> impl Strategy<Value = Text<MAX>> {
    "[a-zü]{0,12}".prop_map(|text| Text::cut(&text))
}

fn list<T: std::fmt::Debug, const MAX: usize>(
    of: impl Strategy<Value = T>,
) -> impl Strategy<Value = List<T, MAX>> {
    prop::collection::vec(of, 0..=MAX).prop_map(List::first)
}

fn map<K: Ord + std::fmt::Debug, V: std::fmt::Debug, const MAX: usize>(
    of: impl Strategy<Value = (K, V)>,
) -> impl Strategy<Value = Map<K, V, MAX>> {
    prop::collection::vec((of, any::<bool>()), 0..=2 * MAX).prop_map(|entries| {
        let mut map = Map::new();
        for ((key, value), keep) in entries {
            if !keep {
                map.remove(&key);
            } else if !map.is_full() {
                map.insert(key, value).unwrap();
            }
        }
        map
    })
}

fn note() -> impl Strategy<Value = Note> {
    (text(), list(text()), any::<i16>()).prop_map(|(text, lines, score)| Note {
        text,
        lines,
        score,
    })
}

fn metres() -> impl Strategy<Value = Metres> {
    quarters().prop_map(|value| Metres(value / 2.0))
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Idle),
        (quarters(), quarters()).prop_map(|(x, y)| Act::Move { x, y, reason: 0 }),
        (text(), any::<u64>()).prop_map(|(text, code)| Act::Say(text, code)),
        metres().prop_map(Act::Hold),
        prop::option::of(mood()).prop_map(Act::Feel),
    ]
}

fn ship() -> impl Strategy<Value = Ship> {
    let secret = (text(), any::<u64>()).prop_map(|(text, code)| Note1 { text, code });
    let place = (quarters(), quarters(), any::<u8>(), any::<u32>().prop_map(PlayerId));
    let deck = any::<[u8; 4]>().prop_map(|cells| Grid::from_fn(|x, y| cells[2 * y + x]));
    let rest =
        (prop::option::of(secret), list(note()), list(note()), deck, map(any::<(u8, u16)>()));
    (place, rest).prop_map(|((x, y, team, owner), (secret, cargo, log, deck, fuel))| Ship {
        x,
        y,
        team,
        owner,
        secret,
        cargo,
        log,
        deck,
        fuel,
    })
}

fn ships() -> impl Strategy<Value = Table<Ship>> {
    prop::collection::vec((ship(), any::<bool>()), 0..6).prop_map(|ships| {
        let mut table = Table::new();
        for (ship, stays) in ships {
            let id = table.insert(ship);
            if !stays {
                table.remove(id);
            }
        }
        table
    })
}

fn all() -> impl Strategy<Value = All> {
    let numbers = (
        any::<bool>(),
        any::<(i8, i16, i32, i64)>(),
        any::<(u8, u16, u32, u64)>(),
        any::<(u32, u32, Option<u64>)>(),
        [quarters(), quarters(), quarters()],
        -20i32..=20,
        -512i32..512,
        any::<u16>(),
    );
    let parts = (
        text(),
        prop::option::of(prop::collection::vec(any::<u8>(), 0..=4)),
        [mood(), mood(), mood(), mood()],
        [act(), act()],
        prop::option::of(act()),
        metres(),
        any::<u8>(),
    );
    let rows = (
        list([quarters(), quarters()]),
        list(note()),
        [list(any::<u8>()), list(any::<u8>())],
        map((text(), note())),
        map((any::<(u8, i8)>(), any::<Option<i64>>())),
        prop::collection::vec(mood(), 6),
        prop::collection::vec((act(), any::<u8>()), 4),
        ships(),
    );
    (numbers, parts, rows).prop_map(|(numbers, parts, rows)| {
        let (flag, ints, uints, (player, tick, room), place, heat, turn, count) = numbers;
        let (title, bytes, [mood, mood1, mood2, mood3], [act, act1], act2, metres, byte) = parts;
        let (curve, notes, ways, tags, by_cell, board, tiles, ships) = rows;
        All {
            flag,
            ints,
            uints,
            names: (PlayerId(player), Tick(tick), room.map(RoomId)),
            place,
            heat: f64::from(heat) * 0.5,
            turn: (f64::from(turn) * (std::f64::consts::TAU / 1024.0)) as f32,
            count,
            title,
            bytes: bytes.map(|bytes| Blob::cut(&bytes)),
            mood,
            moods: [mood1, mood2],
            act,
            acts: [Some(act1), act2],
            metres,
            plan: Vec::new(),
            pair: Pair(byte, mood3),
            curve,
            notes,
            ways,
            tags,
            by_cell,
            board: Grid::from_fn(|x, y| board[3 * y + x]),
            tiles: Grid::from_fn(|x, y| tiles[2 * y + x].clone()),
            ships,
        }
    })
}

impl<T: PartialEq> PartialEq for Table<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_published_is_recovered(first in all(), second in all()) {
        let layout = layout_of::<All>();
        let mut rows = Rows::default();
        // The memory of one state serves the next.
        for state in [first, second] {
            prop_assert_eq!(publish(&state, &layout, &mut rows), 0);
            let seen: All = recover(&rows, &layout).unwrap();
            prop_assert_eq!(&seen, &state);
            let mut fresh = Rows::default();
            publish(&seen, &layout, &mut fresh);
            prop_assert_eq!(&fresh, &rows);
            prop_assert_eq!(fresh.hash(), rows.hash());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_published_arrives(states in prop::collection::vec(all(), 1..5)) {
        let layout = layout_of::<All>();
        let first = Snapshot::initial(&layout);
        let (mut before, mut step) = (first.clone(), Step::default());
        let (mut steps, mut body) = (Mirror::new(layout.clone()), Vec::new());
        steps.restart().unwrap();
        for state in states {
            let mut now = Snapshot::default();
            now.publish(|rows| {
                publish(&state, &layout, rows);
            });
            advance(&layout, &before, &mut now, &mut step);
            body.clear();
            put_step_body(&layout, (&now, &step), Viewer::All, &mut body);
            steps.take(&body, true).unwrap();
            body.clear();
            let mut whole = Mirror::new(layout.clone());
            whole.restart().unwrap();
            put_change_body(&layout, &first, (&now, &step), Viewer::All, &mut body);
            whole.take(&body, false).unwrap();
            for mirror in [&steps, &whole] {
                let arrived: All = recover(mirror.rows(), &layout).unwrap();
                prop_assert_eq!(&arrived, &state);
            }
            before = now;
        }
    }
}

/// Takes a row and all that it owns out of sight.
fn hide(rows: &mut Rows, layout: &Layout, table: usize, slot: usize) {
    rows.tables[table].despawn(slot);
    for (owned, each) in &layout.tables()[table].owned {
        let each = *each as usize;
        (slot * each..(slot + 1) * each).for_each(|slot| hide(rows, layout, *owned, slot));
    }
}

#[test]
fn what_is_not_seen_is_zero() {
    let layout = layout_of::<All>();
    let note = Note { text: Text::cut("ore"), lines: List::first([Text::cut("a")]), score: 3 };
    let ship = Ship {
        owner: PlayerId(7),
        team: 2,
        secret: Some(Note1 { text: Text::cut("x"), code: 5 }),
        cargo: List::first([note.clone(), note.clone()]),
        log: List::first([note]),
        ..Ship::default()
    };
    let mut state = All::default();
    let id = state.ships.insert(ship.clone());
    let mut rows = Rows::default();
    publish(&state, &layout, &mut rows);
    let table = |name: &str| {
        let schema = schema_of::<All>();
        schema.tables.iter().position(|table| &*table.name == name).unwrap()
    };
    assert_eq!(rows.tables[table("ships")].seen, [Seen::Teams(Teams::of(2))]);
    assert_eq!(rows.tables[table("ships.secret")].seen, [Seen::Player(PlayerId(7))]);
    assert_eq!(rows.tables[table("ships.cargo")].seen, [Seen::Player(PlayerId(7))]);
    assert_eq!(rows.tables[table("ships.cargo.items")].seen, [Seen::All; 2]);
    hide(&mut rows, &layout, table("ships.secret"), 0);
    hide(&mut rows, &layout, table("ships.cargo"), 0);
    let seen: All = recover(&rows, &layout).unwrap();
    let others = Ship { secret: None, cargo: List::default(), ..ship };
    assert_eq!(seen.ships.get(id), Some(&others));
    hide(&mut rows, &layout, table("ships"), 0);
    assert!(recover::<All>(&rows, &layout).unwrap().ships.is_empty());
}

#[derive(Replicate, Clone, Default)]
#[sync(crate = "crate")]
struct Told {
    #[sync(step = 0.1, tolerance = 0.3, hold)]
    x: f32,
    #[sync(step = 0.1, tolerance = 0.3, hold, join)]
    y: f32,
    #[sync(angle = 10, tolerance = 0.02)]
    angle: f32,
    #[sync(linear)]
    age: u32,
    #[sync(linear, join)]
    wear: u32,
    #[sync(step = 0.5)]
    alias: Alias,
    #[sync(step = 0.5)]
    six: [f32; 6],
    #[sync(step = 0.5)]
    two: [f32; 2],
    big: u64,
}

type Alias = f32;

#[test]
fn the_schema_says_what_the_fields_say() {
    let schema = schema_of::<Told>();
    let lane = |name: &str| schema.tables[0].lanes.iter().find(|lane| &*lane.name == name).unwrap();
    assert_eq!(
        (lane("x").tolerance, lane("x").predict, lane("x").joined),
        (3, Predict::Hold, false)
    );
    assert_eq!((lane("y").tolerance, lane("y").joined), (3, true));
    assert_eq!((lane("angle").tolerance, lane("angle").predict), (3, Predict::Linear));
    assert_eq!((lane("age").predict, lane("wear").joined), (Predict::Linear, true));
    assert_eq!(lane("alias").kind, LaneKind::Step(0.5f64.to_bits()));
    assert!(!lane("six.1").joined && lane("two.1").joined && !lane("two.0").joined);
    let big: Vec<_> = schema.tables[0].lanes.iter().filter(|lane| &*lane.name == "big").collect();
    assert_eq!(big.iter().map(|lane| lane.joined).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn tables_are_named_by_their_paths() {
    let schema = schema_of::<All>();
    let names: Vec<&str> = schema.tables.iter().map(|table| &*table.name).collect();
    let expected = [
        "",
        "curve",
        "notes",
        "notes.lines",
        "ways.0",
        "ways.1",
        "tags",
        "tags.value.lines",
        "by_cell",
        "board",
        "tiles",
        "ships",
        "ships.secret",
        "ships.cargo",
        "ships.cargo.items",
        "ships.cargo.items.lines",
        "ships.log",
        "ships.log.lines",
        "ships.deck",
        "ships.fuel",
    ];
    assert_eq!(names, expected);
    let table = |name: &str| schema.tables.iter().find(|table| &*table.name == name).unwrap();
    assert_eq!(table("ships.deck").rows, RowsKind::Cells { of: 11, each: 4 });
    assert_eq!(table("ships.secret").rows, RowsKind::Owned { of: 11, each: 1 });
    assert!(names[11..].iter().all(|name| table(name).restricted));
    assert!(names[..11].iter().all(|name| !table(name).restricted));
    assert!(table("ships").near.is_some());
    let of = |name| table(name).lanes.iter().map(|lane| lane.name.to_string()).collect::<Vec<_>>();
    assert_eq!(of("by_cell"), ["key.0", "key.1", "value", "value", "value"]);
    assert_eq!(of("board"), [""]);
    assert_eq!(of("ships"), ["x", "y", "team", "owner"]);
    let texts: Vec<_> = table("").texts.iter().map(|text| &*text.name).collect();
    assert_eq!(texts, ["title", "bytes", "act.Say.0", "acts.0.Say.0", "acts.1.Say.0"]);
}

#[test]
fn a_change_of_one_entry_of_a_map_is_a_change_of_one_row() {
    let layout = layout_of::<All>();
    let mut state = All::default();
    for key in [30, 10, 20] {
        state.by_cell.insert((key, 0), Some(key.into())).unwrap();
    }
    let (mut before, mut after) = (Rows::default(), Rows::default());
    publish(&state, &layout, &mut before);
    state.by_cell.remove(&(30, 0));
    state.by_cell.insert((5, 0), None).unwrap();
    publish(&state, &layout, &mut after);
    let differ: Vec<(usize, usize)> = (0..before.tables.len())
        .flat_map(|table| (0..8).map(move |slot| (table, slot)))
        .filter(|(table, slot)| !before.tables[*table].same(&after.tables[*table], *slot))
        .collect();
    assert_eq!(differ, [(8, 0)]);
}

#[test]
fn no_other_layout_is_recovered() {
    let layout = layout_of::<Told>();
    let mut rows = Rows::default();
    publish(&Told::default(), &layout, &mut rows);
    assert!(recover::<Told>(&rows, &layout).is_some());
    assert!(recover::<All>(&rows, &layout_of::<All>()).is_none());
    assert!(recover::<All>(&rows, &layout).is_none());
    assert!(recover::<Told>(&Rows::empty(&layout), &layout).is_none());
}
