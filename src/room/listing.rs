//! What the outside is told of a room, so that players find it: metadata, who finds it, whether it
//! takes anybody. Set by its creator and by its game; part of the room, so that it is in its log.

use greenroom_proto::{
    List, METADATA_HALF_MAX, METADATA_MAX, MetaEntry, MetaKey, MetaValue, NewRoom, Visibility,
};
use serde::{Deserialize, Serialize};

/// Some entries of a room's metadata, by key, each key once.
type Half = List<MetaEntry, METADATA_HALF_MAX>;

/// What the creator of a room chose besides its options.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Setup {
    /// Seats, at most those of the game.
    pub seats: Option<u32>,
    /// Who finds it.
    pub visibility: Visibility,
    /// By key, each key once.
    pub metadata: Half,
}

impl Setup {
    /// Checks what a stranger chose, for a game with as many seats. The error is a sentence.
    pub fn of(room: &NewRoom, seats_max: u32) -> Result<Self, String> {
        if let Some(seats) = room.seats.filter(|seats| !(1..=seats_max).contains(seats)) {
            return Err(format!("seats is {seats}: choose 1 to {seats_max}"));
        }
        let mut metadata = room.metadata.clone();
        metadata.sort_by(|a, b| a.key.cmp(&b.key));
        if let Some(twice) = metadata.windows(2).find(|pair| pair[0].key == pair[1].key) {
            return Err(format!("the metadata has {:?} twice: name each key once", &*twice[0].key));
        }
        if metadata.iter().any(|entry| entry.key.is_empty()) {
            return Err("the metadata has an entry without a key: name it".into());
        }
        Ok(Setup { seats: room.seats, visibility: room.visibility, metadata })
    }
}

/// What is told of a room.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Listing {
    /// Seats that the creator chose.
    pub seats: Option<u32>,
    /// Who finds it.
    pub visibility: Visibility,
    /// Whether it takes nobody now.
    pub locked: bool,
    /// The creator's metadata.
    chosen: Half,
    /// The game's, which counts where both have a key.
    own: Half,
}

impl Listing {
    /// The creator's choice. What the game hid stays hidden.
    pub fn open(&mut self, setup: &Setup) {
        self.seats = setup.seats;
        self.visibility = self.visibility.max(setup.visibility);
        self.chosen = setup.metadata.clone();
    }

    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&MetaValue> {
        let of = |half: &'_ Half| place(half, key).ok();
        match of(&self.own) {
            Some(place) => Some(&self.own[place].value),
            None => of(&self.chosen).map(|place| &self.chosen[place].value),
        }
    }

    /// All entries by key.
    #[must_use]
    pub fn metadata(&self) -> List<MetaEntry, METADATA_MAX> {
        let chosen = self.chosen.iter().filter(|entry| place(&self.own, &entry.key).is_err());
        let mut all: Vec<MetaEntry> = self.own.iter().chain(chosen).cloned().collect();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        List::first(all)
    }

    /// Sets an entry of the game's; whether that changed anything.
    ///
    /// # Panics
    /// When the key is too long, or there are too many.
    pub(crate) fn set(&mut self, key: &str, value: MetaValue) -> bool {
        match place(&self.own, key) {
            Ok(place) if self.own[place].value == value => return false,
            Ok(place) => self.own[place].value = value,
            Err(place) => {
                let key = MetaKey::try_from(key).expect("a key of metadata has at most 32 bytes");
                let full = self.own.insert(place, MetaEntry { key, value });
                assert!(full.is_ok(), "a game sets at most {METADATA_HALF_MAX} metadata entries");
            }
        }
        true
    }

    /// Takes an entry away, whoever set it; whether there was one.
    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let before = self.own.len() + self.chosen.len();
        self.own.retain(|entry| *entry.key != *key);
        self.chosen.retain(|entry| *entry.key != *key);
        self.own.len() + self.chosen.len() < before
    }
}

fn place(half: &[MetaEntry], key: &str) -> Result<usize, usize> {
    half.binary_search_by(|entry| (*entry.key).cmp(key))
}

#[cfg(test)]
mod tests {
    use greenroom_proto::Text;

    use super::*;

    fn entry(key: &str, value: i64) -> MetaEntry {
        MetaEntry { key: Text::cut(key), value: value.into() }
    }

    #[test]
    fn what_the_game_says_counts_and_the_creator_cannot_crowd_it_out() {
        let chosen = (0..8).map(|n| entry(&format!("k{n}"), 1));
        let room = NewRoom { metadata: List::first(chosen), ..NewRoom::default() };
        let mut listing = Listing::default();
        listing.open(&Setup::of(&room, 4).expect("it is fine"));
        assert!(listing.set("k3", true.into()) && !listing.set("k3", true.into()));
        (0..7).for_each(|n| assert!(listing.set(&format!("own{n}"), n.into())));
        assert_eq!(listing.get("k3"), Some(&true.into()));
        assert_eq!((listing.get("k4"), listing.get("own6")), (Some(&1.into()), Some(&6.into())));
        let keys: Vec<_> = listing.metadata().iter().map(|entry| entry.key.to_string()).collect();
        assert!(keys.is_sorted() && keys.len() == 15);
        assert!(listing.remove("k3") && listing.get("k3").is_none());
    }

    #[test]
    fn what_a_creator_may_not_say_is_refused_with_a_sentence() {
        let with = |seats, keys: &[&str]| {
            let metadata = List::first(keys.iter().map(|key| entry(key, 0)));
            Setup::of(&NewRoom { seats, metadata, ..NewRoom::default() }, 4)
        };
        assert_eq!(with(Some(5), &[]), Err("seats is 5: choose 1 to 4".into()));
        assert_eq!(with(Some(0), &[]), Err("seats is 0: choose 1 to 4".into()));
        assert!(with(None, &["a", "b", "a"]).unwrap_err().contains("\"a\" twice"));
        assert!(with(None, &[""]).is_err());
        assert_eq!(&*with(Some(4), &["b", "a"]).expect("it is fine").metadata[0].key, "a");
    }

    #[test]
    #[should_panic(expected = "at most 8 metadata entries")]
    fn too_many_entries_are_a_bug_in_the_game() {
        let mut listing = Listing::default();
        (0..9).for_each(|n| assert!(listing.set(&n.to_string(), 1.into())));
    }
}
