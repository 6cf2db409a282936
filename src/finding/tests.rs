use std::collections::BTreeMap;
use std::sync::Arc;

use greenroom_proto::{GameName, List, NewRoom, OptionsText, RoomEntry, RoomId, Sort};

use super::window::{Ranking, change};
use super::*;
use crate::rng::Rng;
use crate::room::listing::Setup;

#[derive(Clone, Debug)]
struct Sample {
    room: RoomId,
    number: u64,
    players: u32,
    listing: Listing,
}

impl Sample {
    fn random(rng: &mut Rng, number: u64) -> Self {
        let mut sample = Sample {
            room: RoomId(rng.next_u64()),
            number,
            players: 0,
            listing: Listing::default(),
        };
        sample.change(rng);
        sample
    }

    fn change(&mut self, rng: &mut Rng) {
        self.players = rng.below(8);
        self.listing = Listing::default();
        self.listing.open(&Setup::of(&NewRoom::default(), 8).expect("it is fine"));
        if rng.below(4) > 0 {
            self.listing.set("rank", i64::from(rng.below(6)).into());
        }
        let map = ["Monza", "Monaco", "Spa"][rng.below(3) as usize];
        self.listing.set("map", map.into());
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            players: self.players,
            free: 8 - self.players,
            age_secs: 0,
            born_ms: self.number as i64,
            number: self.number,
            listing: &self.listing,
        }
    }

    fn entry(&self) -> Arc<RoomEntry> {
        Arc::new(RoomEntry {
            room: self.room,
            players: self.players,
            players_max: 8,
            free: 8 - self.players,
            locked: false,
            age_secs: 0,
            options: OptionsText::new(),
            metadata: self.listing.metadata(),
        })
    }
}

fn key(key: &str) -> Fact {
    Fact::Key(Text::cut(key))
}

fn query(conditions: &[(Fact, Test)], by: Fact, descending: bool, limit: u16) -> Query {
    let condition =
        |(fact, test): &(Fact, Test)| Condition { fact: fact.clone(), test: test.clone() };
    Query {
        game: GameName::cut("race"),
        conditions: List::first(conditions.iter().map(condition)),
        sort: Sort { by, descending },
        limit,
        cursor: None,
    }
}

/// The rooms of a query, in its order, in the plainest way.
fn all<'a>(rooms: &'a [Sample], query: &Query) -> Vec<&'a Sample> {
    let mut found: Vec<_> = rooms.iter().filter(|room| holds(query, &room.facts())).collect();
    found.sort_by_key(|room| place(query, &room.facts()));
    found
}

#[test]
fn every_kind_of_condition_holds_where_it_should() {
    let mut listing = Listing::default();
    listing.set("map", "Monza".into());
    listing.set("rank", 7.into());
    listing.set("night", true.into());
    let facts =
        Facts { players: 3, free: 2, age_secs: 60, born_ms: 0, number: 1, listing: &listing };
    let one_of = |values: &[i64]| Test::OneOf(List::first(values.iter().map(|v| (*v).into())));
    let cases = [
        (key("map"), Test::Is("Monza".into()), true),
        (key("map"), Test::Is("monza".into()), false),
        (key("map"), Test::StartsWith(Text::cut("Mon")), true),
        (key("map"), Test::Between(0, 9), false),
        (key("rank"), Test::Between(7, 9), true),
        (key("rank"), Test::Between(8, 9), false),
        (key("rank"), one_of(&[1, 7]), true),
        (key("rank"), one_of(&[]), false),
        (key("rank"), Test::StartsWith(Text::cut("7")), false),
        (key("night"), Test::Is(true.into()), true),
        (key("night"), Test::Not(true.into()), false),
        (key("none"), Test::Not(true.into()), true),
        (key("none"), Test::Is(true.into()), false),
        (Fact::Players, Test::Is(3.into()), true),
        (Fact::Free, Test::Between(1, 2), true),
        (Fact::Age, Test::Between(0, 59), false),
    ];
    for (fact, test, expected) in cases {
        let query = query(&[(fact.clone(), test.clone())], Fact::Age, true, 0);
        assert_eq!(holds(&query, &facts), expected, "{fact:?} {test:?}");
    }
}

#[test]
fn a_query_that_makes_no_sense_is_refused_with_a_sentence() {
    let why = |fact, test| check(&query(&[(fact, test)], Fact::Age, true, 0)).unwrap_err();
    assert!(why(Fact::Free, Test::Is(true.into())).contains("is a number"));
    assert!(why(Fact::Free, Test::StartsWith(Text::cut("1"))).contains("is a number"));
    assert!(why(key("a"), Test::Between(2, 1)).contains("the first is the lower"));
    assert!(check(&query(&[], Fact::Age, true, 51)).unwrap_err().contains("choose 1 to 50"));
    let mut other = query(&[], Fact::Players, true, 5);
    let room = Sample::random(&mut Rng::new(1), 1);
    let place = place(&other, &room.facts());
    other.cursor = Some(cursor(&other, &place));
    assert_eq!(check(&other), Ok(()));
    other.sort.descending = false;
    assert!(check(&other).unwrap_err().contains("another query"));
    other.cursor = Some(Cursor::cut(&[1, 9, 3]));
    assert!(check(&other).unwrap_err().contains("none of this server's"));
}

#[test]
fn rooms_without_the_key_come_last_in_both_directions() {
    let mut rng = Rng::new(5);
    let rooms: Vec<_> = (0..60).map(|number| Sample::random(&mut rng, number)).collect();
    for descending in [false, true] {
        let order = all(&rooms, &query(&[], key("rank"), descending, 0));
        let ranks: Vec<_> = order.iter().map(|room| room.listing.get("rank")).collect();
        let known: Vec<_> = ranks.iter().copied().take_while(Option::is_some).flatten().collect();
        assert!(ranks[known.len()..].iter().all(Option::is_none));
        assert!(known.is_sorted_by(|a, b| if descending { a >= b } else { a <= b }));
    }
}

/// Pages through rooms that come, go and change meanwhile.
#[test]
fn what_stays_is_on_exactly_one_page_whatever_comes_and_goes() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let mut rooms: Vec<_> = (0..40).map(|number| Sample::random(&mut rng, number)).collect();
        let steady = rooms.clone();
        let mut query = query(&[], key("rank"), seed % 2 == 0, 1 + rng.below(9) as u16);
        let mut seen: BTreeMap<RoomId, u32> = BTreeMap::new();
        loop {
            let after = query.cursor.as_ref().map(|cursor| read_cursor(&query, cursor).unwrap());
            let rest = all(&rooms, &query);
            let mut rest = rest.into_iter().filter(|room| {
                after.as_ref().is_none_or(|after| place(&query, &room.facts()) > *after)
            });
            let page: Vec<_> = rest.by_ref().take(limit(&query)).collect();
            page.iter().for_each(|room| *seen.entry(room.room).or_default() += 1);
            let Some(last) = page.last() else { break };
            query.cursor = Some(cursor(&query, &place(&query, &last.facts())));
            // Every third room is there to come and go.
            if let Some(gone) = rooms.iter().position(|room| room.number % 3 == 0) {
                rooms.remove(gone);
            }
            let number = rooms.len() as u64 + 1000;
            rooms.push(Sample::random(&mut rng, number * 3));
        }
        for room in steady.iter().filter(|room| room.number % 3 != 0) {
            assert_eq!(seen.get(&room.room), Some(&1), "seed {seed}");
        }
    }
}

/// A watcher who puts the changes together, however rarely it gets one, has what is there.
#[test]
fn changes_put_together_are_what_is_there() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let free = (Fact::Free, Test::Between(1, 6));
        let query = query(&[free], key("rank"), true, 1 + rng.below(6) as u16);
        let mut rooms: BTreeMap<u64, Sample> = BTreeMap::new();
        let mut ranking = Ranking::new(query.clone());
        let mut sent = window::Window::default();
        let mut held: BTreeMap<RoomId, RoomEntry> = BTreeMap::new();
        for number in 0..80 {
            match (rng.below(3), rooms.keys().nth(rng.below(20) as usize).copied()) {
                (0, Some(gone)) => ranking.remove(rooms.remove(&gone).expect("it is there").room),
                (1, Some(other)) => {
                    let room = rooms.get_mut(&other).expect("it is there");
                    room.change(&mut rng);
                    ranking.put(&room.facts(), &room.entry());
                }
                _ => {
                    let room = Sample::random(&mut rng, number);
                    ranking.put(&room.facts(), &room.entry());
                    rooms.insert(number, room);
                }
            }
            if rng.below(3) > 0 {
                continue;
            }
            let now = Arc::clone(ranking.refresh());
            let change = change(&sent, &now);
            sent = now;
            for room in &change.removed {
                assert!(held.remove(room).is_some(), "seed {seed}: it was not there");
            }
            for room in change.added {
                assert!(held.insert(room.room, room).is_none(), "seed {seed}: it was there");
            }
            for room in change.changed {
                assert!(held.insert(room.room, room).is_some(), "seed {seed}: it was not there");
            }
            let samples: Vec<_> = rooms.values().cloned().collect();
            let first = all(&samples, &query);
            let mut expected: Vec<_> = first
                .iter()
                .take(limit(&query))
                .map(|room| RoomEntry::clone(&room.entry()))
                .collect();
            expected.sort_by_key(|room| room.room);
            assert_eq!(held.values().cloned().collect::<Vec<_>>(), expected, "seed {seed}");
        }
    }
}

#[test]
fn a_code_is_read_however_it_is_typed() {
    assert_eq!(&*tidy_code("k7qm-4t xb"), "K7QM4TXB");
}
