use greenroom_proto::*;
use serde::{Deserialize, Serialize};

#[derive(Message)]
#[message(crate = "greenroom_proto")]
union Either {
    one: u8,
    other: i8,
}

#[derive(Message, Serialize, Deserialize)]
#[message(crat = "greenroom_proto")]
struct Unknown {
    x: u8,
}

fn main() {}
