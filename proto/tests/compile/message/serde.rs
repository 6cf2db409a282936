use greenroom_proto::*;
use serde::{Deserialize, Serialize};

#[derive(Message, Serialize, Deserialize)]
#[message(crate = "greenroom_proto")]
struct Flat {
    #[serde(flatten)]
    inner: (),
}

#[derive(Message, Serialize, Deserialize)]
#[message(crate = "greenroom_proto")]
struct With {
    #[serde(skip_serializing_if = "Option::is_none")]
    inner: Option<u8>,
}

#[derive(Message, Serialize, Deserialize)]
#[message(crate = "greenroom_proto")]
#[serde(tag = "kind")]
enum Tagged {
    One { x: u8 },
}

fn main() {}
