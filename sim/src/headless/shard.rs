//! Parts of a series, each to be played by itself.

/// A part of a series, to be played by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shard {
    place: u64,
    of: u64,
}

impl Default for Shard {
    /// The whole series.
    fn default() -> Self {
        Shard { place: 0, of: 1 }
    }
}

impl Shard {
    /// Whether something of the whole is in this part.
    pub(crate) fn has(self, number: u64) -> bool {
        number % self.of == self.place
    }

    /// Of how many it is one.
    pub(crate) fn of(self) -> u64 {
        self.of
    }

    /// All of so many.
    pub(crate) fn all(of: u64) -> impl Iterator<Item = Self> {
        (0..of).map(move |place| Shard { place, of })
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.place + 1, self.of)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    /// `2/5`: the second of five.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<u64>().ok();
        let parts = text.split_once('/');
        match parts.and_then(|(place, of)| Some((number(place)?, number(of)?))) {
            Some((place @ 1.., of)) if place <= of => Ok(Shard { place: place - 1, of }),
            _ => Err("write 2/5 for the second of five shards".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shard;

    #[test]
    fn a_shard_is_one_of_so_many() {
        for wrong in ["", "1", "0/2", "3/2", "1/0", "a/b", "1/2/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        let shards: Vec<String> = Shard::all(2).map(|shard| shard.to_string()).collect();
        assert_eq!(shards, ["1/2", "2/2"]);
        assert_eq!("2/2".parse(), Ok(Shard { place: 1, of: 2 }));
    }
}
