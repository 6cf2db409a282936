//! What a stranger may send in place of a message: nothing of it may panic, and what does decode
//! says the same again once encoded.

use std::fmt::Debug;

use greenroom_proto::{Text, ToClient, ToServer, wire};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn survives<T: Serialize + DeserializeOwned + Debug>(bytes: &[u8]) {
    if let Ok(message) = wire::decode::<T>(bytes) {
        let again: T = wire::decode(&wire::encode(&message)).expect("it was a message before");
        assert_eq!(format!("{message:?}"), format!("{again:?}"));
    }
}

/// Bytes that start as some message does, so that more than the first variant is reached.
fn almost_a_message() -> impl Strategy<Value = Vec<u8>> {
    (0u8..24, prop::collection::vec(any::<u8>(), 0..200)).prop_map(|(variant, mut rest)| {
        rest.insert(0, variant);
        rest
    })
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in almost_a_message()) {
        survives::<ToServer>(&bytes);
        survives::<ToClient>(&bytes);
    }

    #[test]
    fn any_text_within_its_bound_arrives_whole(text in ".{0,64}") {
        let text = Text::<64>::cut(&text);
        prop_assert_eq!(wire::decode::<Text<64>>(&wire::encode(&text)).unwrap(), text);
    }
}
