//! Text, bytes and lists that know their greatest length. The length is checked before anything
//! is allocated, and is part of the type, so that a message's largest size can be read off it.

mod blob;
mod list;
mod text;

pub use blob::Blob;
pub use list::List;
pub use text::Text;

/// The value is longer than its type allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{length} is too long: at most {max} are allowed")]
pub struct TooLong {
    /// The length found, in bytes or values.
    pub length: usize,
    /// The greatest length allowed.
    pub max: usize,
}

/// There is no room for one more value. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is full: at most {max} are allowed")]
pub struct Full {
    /// How many values there may be.
    pub max: usize,
}

/// Where an error is a sentence, as that of a game's `join`.
impl From<Full> for String {
    fn from(full: Full) -> String {
        full.to_string()
    }
}

pub(crate) fn fits(length: usize, max: usize) -> Result<(), TooLong> {
    if length > max { Err(TooLong { length, max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Malformed, decode, encode};

    #[test]
    fn a_length_over_the_bound_is_refused_before_it_is_allocated() {
        let claims_4_gib = [253, 0, 0, 0, 0, 1, 0, 0, 0];
        assert!(decode::<Text<8>>(&claims_4_gib).is_err());
        assert!(decode::<Blob<8>>(&claims_4_gib).is_err());
        assert!(decode::<List<u64, 8>>(&claims_4_gib).is_err());
        assert!(decode::<List<(), 8>>(&claims_4_gib).is_err());
        assert!(decode::<Text<8>>(&encode("nine byte")).is_err());
    }

    #[test]
    fn what_fits_reads_back_and_nothing_may_follow() {
        let text: Text<8> = Text::try_from("grün").expect("five bytes");
        let mut bytes = encode(&text);
        assert_eq!(decode::<Text<8>>(&bytes), Ok(text));
        bytes.push(0);
        assert_eq!(decode::<Text<8>>(&bytes), Err(Malformed::Trailing(1)));
        assert_eq!(&*Text::<4>::cut("grün"), "grü");
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut text: Text<4> = Text::cut("abc");
        assert_eq!(text.push_str("de"), Err(TooLong { length: 5, max: 4 }));
        assert_eq!(text.push('ü'), Err(TooLong { length: 5, max: 4 }));
        assert_eq!((text.push('d'), text.push('e').is_err()), (Ok(()), true));
        assert_eq!(text.set("12345"), Err(TooLong { length: 5, max: 4 }));
        assert_eq!(text, "abcd");
        assert_eq!((text.pop(), text.set("x"), &*text), (Some('d'), Ok(()), "x"));

        let mut blob: Blob<2> = Blob::default();
        assert_eq!((blob.push(1), blob.push(2)), (Ok(()), Ok(())));
        assert_eq!(blob.push(3), Err(TooLong { length: 3, max: 2 }));
        assert_eq!(&*blob, &[1, 2]);
        assert_eq!((blob.set(&[7]), &*blob), (Ok(()), &[7][..]));

        let mut list: List<u8, 3> = List::first([1, 2, 3, 4]);
        assert_eq!(list.push(5), Err(Full { max: 3 }));
        assert_eq!(list.insert(0, 5), Err(Full { max: 3 }));
        assert_eq!((list.remove(1), list.remove(7), list.insert(9, 8)), (Some(2), None, Ok(())));
        list[0] += 10;
        list.iter_mut().for_each(|value| *value += 1);
        assert_eq!(list, [12, 4, 9]);
        list.retain(|value| *value > 4);
        assert_eq!((list.pop(), list.len()), (Some(9), 1));
    }
}
