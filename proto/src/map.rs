//! Values under keys, each in a slot of its own.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

use crate::bounded::{Full, List};

/// At most `MAX` values under keys, in the order of the keys.
///
/// An entry keeps its slot as long as it lives, so that in a state a change of one entry costs
/// that entry alone, whatever comes and goes around it. A new entry takes the lowest free slot:
/// equal histories give equal slots, and a copy by serde has them too. Which slots the entries
/// have makes no difference to `==`.
#[derive(Clone)]
pub struct Map<K, V, const MAX: usize> {
    /// By key.
    entries: Vec<Entry<K, V>>,
    /// Per slot the place in `entries`, or [`FREE`].
    places: Vec<u32>,
}

#[derive(Clone)]
struct Entry<K, V> {
    slot: u32,
    key: K,
    value: V,
}

const FREE: u32 = u32::MAX;

impl<K, V, const MAX: usize> Default for Map<K, V, MAX> {
    fn default() -> Self {
        Map { entries: Vec::new(), places: Vec::new() }
    }
}

impl<K, V, const MAX: usize> Map<K, V, MAX> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Map { entries: Vec::new(), places: Vec::new() }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether there is no room for one more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.entries.len() >= MAX
    }

    /// All entries by key.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + ExactSizeIterator {
        self.entries.iter().map(|entry| (&entry.key, &entry.value))
    }

    /// All entries by key.
    pub fn iter_mut(
        &mut self,
    ) -> impl DoubleEndedIterator<Item = (&K, &mut V)> + ExactSizeIterator {
        self.entries.iter_mut().map(|entry| (&entry.key, &mut entry.value))
    }

    /// All keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator {
        self.entries.iter().map(|entry| &entry.key)
    }

    /// All values by key.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator {
        self.entries.iter().map(|entry| &entry.value)
    }

    /// All values by key.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> + ExactSizeIterator {
        self.entries.iter_mut().map(|entry| &mut entry.value)
    }

    /// Removes the entries for which `keep` says no.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.entries.retain_mut(|entry| keep(&entry.key, &mut entry.value));
        self.place();
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.places.clear();
    }

    /// All entries by slot.
    pub(crate) fn by_slot(&self) -> impl Iterator<Item = (usize, &K, &V)> {
        self.places.iter().enumerate().filter(|(_, place)| **place != FREE).map(|(slot, place)| {
            let entry = &self.entries[*place as usize];
            (slot, &entry.key, &entry.value)
        })
    }

    /// Finds the places of the entries anew.
    fn place(&mut self) {
        self.places.clear();
        for (place, entry) in self.entries.iter().enumerate() {
            let slot = entry.slot as usize;
            if self.places.len() <= slot {
                self.places.resize(slot + 1, FREE);
            }
            self.places[slot] = place as u32;
        }
    }
}

impl<K: Ord, V, const MAX: usize> Map<K, V, MAX> {
    fn find(&self, key: &K) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.key.cmp(key))
    }

    /// Whether there is an entry.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.find(key).ok().map(|place| &self.entries[place].value)
    }

    /// The value under a key.
    #[must_use]
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.find(key).ok().map(|place| &mut self.entries[place].value)
    }

    /// Puts a value under a key and gives back the one that was there, whose slot it takes.
    pub fn insert(&mut self, key: K, value: V) -> Result<Option<V>, Full> {
        match self.find(&key) {
            Ok(place) => Ok(Some(std::mem::replace(&mut self.entries[place].value, value))),
            Err(place) => self.add(place, key, value).map(|()| None),
        }
    }

    /// The value under a key, put there now if there was none.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> Result<&mut V, Full> {
        let place = match self.find(&key) {
            Ok(place) => place,
            Err(_) if self.is_full() => return Err(Full { max: MAX }),
            Err(place) => {
                self.add(place, key, make())?;
                place
            }
        };
        Ok(&mut self.entries[place].value)
    }

    /// Takes a value out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.find(key).ok()?;
        let entry = self.entries.remove(place);
        self.place();
        Some(entry.value)
    }

    fn add(&mut self, place: usize, key: K, value: V) -> Result<(), Full> {
        if self.is_full() {
            return Err(Full { max: MAX });
        }
        let free = self.places.iter().position(|place| *place == FREE);
        let slot = free.unwrap_or(self.places.len()) as u32;
        self.entries.insert(place, Entry { slot, key, value });
        self.place();
        Ok(())
    }

    /// A map of entries that have their slots. Of two with one key the first counts.
    pub(crate) fn of_slots(entries: impl Iterator<Item = (usize, (K, V))>) -> Self {
        let entry = |(slot, (key, value))| Entry { slot: slot as u32, key, value };
        let mut entries: Vec<_> = entries.map(entry).collect();
        entries.sort_by(|one, other| one.key.cmp(&other.key));
        entries.dedup_by(|next, kept| next.key == kept.key);
        let mut map = Map { entries, places: Vec::new() };
        map.place();
        map
    }
}

impl<V, const MAX: usize> Map<u32, V, MAX> {
    /// Puts a value behind all others, under the number after that of the last (0 if there is
    /// none), and returns the number. When the map is full the first goes: a chat, of which the
    /// newest lines stay.
    pub fn push(&mut self, value: V) -> u32 {
        if self.is_full() && !self.is_empty() {
            self.entries.remove(0);
            self.place();
        }
        let number = self.entries.last().map_or(0, |last| last.key.saturating_add(1));
        // Fails only where there may be nothing at all, or the numbers are used up.
        let _ = self.insert(number, value);
        number
    }
}

impl<K: PartialEq, V: PartialEq, const MAX: usize> PartialEq for Map<K, V, MAX> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K: Eq, V: Eq, const MAX: usize> Eq for Map<K, V, MAX> {}

impl<K: fmt::Debug, V: fmt::Debug, const MAX: usize> fmt::Debug for Map<K, V, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A list of slot, key and value, by key.
impl<K: Serialize, V: Serialize, const MAX: usize> Serialize for Map<K, V, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_seq(self.entries.iter().map(|entry| (entry.slot, &entry.key, &entry.value)))
    }
}

impl<'de, K, V, const MAX: usize> Deserialize<'de> for Map<K, V, MAX>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = List::<(u32, K, V), MAX>::deserialize(deserializer)?;
        let ascending = entries.is_sorted_by(|one, other| one.1 < other.1);
        if !ascending || entries.iter().any(|entry| entry.0 as usize >= MAX) {
            return Err(D::Error::custom("keys out of order, or a slot over the bound"));
        }
        let entry = |(slot, key, value)| Entry { slot, key, value };
        let entries: Vec<_> = entries.into_iter().map(entry).collect();
        let mut map = Map { entries, places: Vec::new() };
        map.place();
        if map.places.iter().filter(|place| **place != FREE).count() < map.len() {
            return Err(D::Error::custom("two entries in one slot"));
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::wire::{decode, encode};

    type Small = Map<u8, u16, 5>;

    fn slots(map: &Small) -> BTreeMap<u8, usize> {
        map.by_slot().map(|(slot, key, _)| (*key, slot)).collect()
    }

    proptest! {
        #[test]
        fn it_is_a_tree_map_with_a_bound_whose_entries_stay_in_their_slots(
            steps in prop::collection::vec((0u8..4, 0u8..9, any::<u16>()), 0..60)
        ) {
            let (mut map, mut model) = (Small::new(), BTreeMap::new());
            for (what, key, value) in steps {
                let before = slots(&map);
                match what {
                    0 => prop_assert_eq!(map.remove(&key), model.remove(&key)),
                    1 => {
                        map.retain(|other, _| other % 3 != key % 3);
                        model.retain(|other, _| other % 3 != key % 3);
                    }
                    _ if model.len() == 5 && !model.contains_key(&key) => {
                        prop_assert_eq!(map.insert(key, value), Err(Full { max: 5 }));
                    }
                    _ => prop_assert_eq!(map.insert(key, value), Ok(model.insert(key, value))),
                }
                prop_assert!(map.iter().eq(model.iter()));
                prop_assert_eq!(map.get(&key), model.get(&key));
                let after = slots(&map);
                prop_assert_eq!(after.len(), map.len());
                prop_assert!(after.values().all(|slot| *slot < 5));
                for (key, slot) in before {
                    prop_assert!(after.get(&key).is_none_or(|now| *now == slot));
                }
                let copy: Small = decode(&encode(&map)).unwrap();
                prop_assert_eq!(slots(&copy), after);
                prop_assert_eq!(copy, map.clone());
            }
        }
    }

    #[test]
    fn a_strangers_map_that_breaks_a_rule_is_refused() {
        let refused = |entries: &[(u32, u8, u16)]| decode::<Small>(&encode(entries)).is_err();
        assert!(!refused(&[(1, 1, 1), (0, 2, 2)]));
        assert!(refused(&[(0, 2, 1), (1, 1, 2)]), "keys out of order");
        assert!(refused(&[(0, 1, 1), (1, 1, 2)]), "a key twice");
        assert!(refused(&[(0, 1, 1), (0, 2, 2)]), "a slot twice");
        assert!(refused(&[(5, 1, 1)]), "a slot over the bound");
        assert!(refused(&[(0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 4, 1), (4, 5, 1), (4, 6, 1)]));
    }

    #[test]
    fn a_value_is_made_only_where_there_is_none() {
        let mut map = Small::new();
        *map.get_or_insert_with(3, || 7).unwrap() += 1;
        *map.get_or_insert_with(3, || unreachable!()).unwrap() += 1;
        assert_eq!(map.get(&3), Some(&9));
    }
    #[test]
    fn what_is_pushed_pushes_the_oldest_out() {
        let mut lines: Map<u32, &str, 3> = Map::new();
        assert_eq!(["a", "b", "c", "d", "e"].map(|line| lines.push(line)), [0, 1, 2, 3, 4]);
        assert!(lines.iter().eq([(&2, &"c"), (&3, &"d"), (&4, &"e")]));
        lines.remove(&3);
        assert_eq!((lines.push("f"), lines.len()), (5, 3));
        let mut none: Map<u32, &str, 0> = Map::new();
        assert_eq!((none.push("a"), none.len()), (0, 0));
    }
}
