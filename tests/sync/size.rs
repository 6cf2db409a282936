//! What the server is willing to send, every replica takes: up to the last row.

use greenroom::proto::{
    Grid, Head, List, Part, PlayerId, Replica, Replicate, Seen, Sight, Table, Text, Tick, TooLarge,
    layout_of, publish,
};
use greenroom::room::history::{History, HistoryLimits};
use greenroom::room::views::ViewKey;

/// 244 bytes a slot.
#[derive(Replicate, Clone, Default)]
struct Thing {
    parts: [[i32; 30]; 2],
}

/// A state that grows by one thing.
trait Grows: Replicate + Default {
    fn grow(&mut self);
}

#[derive(Replicate, Default)]
struct Things {
    things: Table<Thing>,
}

impl Grows for Things {
    fn grow(&mut self) {
        self.things.insert(Thing::default());
    }
}

/// 6.4 MB that are always there, and things besides.
#[derive(Replicate, Default)]
struct Land {
    heights: Grid<u8, 1000, 800>,
    things: Table<Thing>,
}

impl Grows for Land {
    fn grow(&mut self) {
        self.things.insert(Thing::default());
    }
}

/// 16 bytes a slot and 8,190 of text.
#[derive(Replicate, Default)]
struct Book {
    pages: Table<Text<8190>>,
}

/// Things that hold things; of the holders only the first has any.
#[derive(Replicate, Default)]
#[sync(seen = Seen::Player(PlayerId(1)))]
struct Holder {
    held: List<Thing, 16>,
}

#[derive(Replicate, Default)]
struct Holders {
    holders: Table<Holder>,
}

impl Grows for Holders {
    fn grow(&mut self) {
        let held =
            if self.holders.is_empty() { List::first([Thing::default()]) } else { List::new() };
        self.holders.insert(Holder { held });
    }
}

struct Room<S> {
    state: S,
    history: History,
    tick: Tick,
}

impl<S: Replicate + Default> Room<S> {
    fn new() -> Self {
        let limits = HistoryLimits { frames_max: 4, bytes_max: usize::MAX };
        let history = History::new(layout_of::<S>(), limits);
        Room { state: S::default(), history, tick: Tick(0) }
    }

    fn push(&mut self) -> Result<(), TooLarge> {
        self.tick = self.tick.next();
        let layout = layout_of::<S>();
        self.history.push(self.tick, |rows| {
            publish(&self.state, &layout, rows);
        })
    }

    /// Brings a replica to the newest frame.
    fn show(&mut self, replica: &mut Replica) {
        let sight = Sight::of(PlayerId(1));
        let view = ViewKey::of(PlayerId(1), &sight);
        let (body, _) = self.history.body(replica.tick(), view, &sight).unwrap();
        let message = [&Head::default().to_bytes(false), body].concat();
        replica.apply(&message).unwrap();
    }
}

/// Grows a state until the server refuses it; returns how often it grew.
fn most<S: Grows>(start: u32) -> u32 {
    let mut room = Room::<S>::new();
    (0..start).for_each(|_| room.state.grow());
    let mut stays = Replica::new(layout_of::<S>());
    for size in start.. {
        if let Err(error) = room.push() {
            assert!(matches!(error.part, Part::Table(number) if number > 0), "{error}");
            // The frame before is still there for whoever comes.
            room.show(&mut Replica::new(layout_of::<S>()));
            return size - 1;
        }
        room.show(&mut stays);
        room.show(&mut Replica::new(layout_of::<S>()));
        room.state.grow();
    }
    unreachable!("a table has a last slot")
}

#[test]
fn a_table_that_grows_is_taken_up_to_a_third_of_the_whole() {
    assert_eq!(most::<Things>(22_914), 22_919);
}

#[test]
fn what_is_always_there_does_not_grow() {
    assert_eq!(most::<Land>(14_172), 14_176);
}

/// Nobody else's names say how the room numbers its rows: only the greatest number counts.
#[test]
fn rows_of_rows_that_not_all_see_count_as_many_as_there_may_be() {
    assert_eq!(most::<Holders>(1_429), 1_431);
}

#[test]
fn texts_have_room_to_change_all_at_once() {
    let mut room = Room::<Book>::new();
    let mut replica = Replica::new(layout_of::<Book>());
    let page = |letter: &str| Text::cut(&letter.repeat(8190));
    room.state.pages.extend((0..1024).map(|_| page("a")));
    room.push().unwrap();
    room.show(&mut replica);
    for text in room.state.pages.values_mut() {
        *text = page("b");
    }
    room.push().unwrap();
    room.show(&mut replica);
    room.state.pages.insert(page("c"));
    let error = TooLarge { part: Part::Texts, bytes: 1025 * 8190 };
    assert_eq!(room.push(), Err(error));
    assert_eq!(
        error.to_string(),
        "the state is larger than clients take: 8394750 bytes in its texts"
    );
}

#[test]
fn a_game_may_allow_less_than_clients_take() {
    let mut room = Room::<Things>::new();
    room.history = room.history.with_states_at_most(100_000);
    let refused = loop {
        match room.push() {
            Ok(()) => room.state.grow(),
            Err(error) => break error,
        }
    };
    assert!(
        refused.part == Part::Whole && (100_001..101_000).contains(&refused.bytes),
        "{refused:?}"
    );
    let words = refused.to_string();
    assert!(words.starts_with("the state is larger than its game allows: "), "{words}");
    assert!(words.ends_with(" bytes in all"), "{words}");
    // The frame before is there for whoever comes, and a smaller state is taken again.
    room.show(&mut Replica::new(layout_of::<Things>()));
    room.state = Things::default();
    assert_eq!(room.push(), Ok(()));
}
