use greenroom_proto::*;
use serde::{Deserialize, Serialize};

#[derive(Message, Serialize, Deserialize)]
#[message(crate = "greenroom_proto")]
struct Values {
    plan: Vec<u32>,
}

#[derive(Message, Serialize, Deserialize)]
#[message(crate = "greenroom_proto")]
struct Name {
    name: String,
}

#[derive(Message, Serialize, Deserialize)]
#[message(crate = "greenroom_proto")]
struct Inner {
    names: List<Option<String>, 4>,
}

#[derive(Message, Serialize, Deserialize)]
#[message(crate = "greenroom_proto")]
struct Scores {
    scores: std::collections::HashMap<u8, u8>,
}

#[derive(Message, Serialize, Deserialize)]
#[message(crate = "greenroom_proto")]
struct Size {
    index: usize,
}

#[derive(Message, Serialize, Deserialize)]
#[message(crate = "greenroom_proto")]
struct Letter {
    key: char,
}

#[derive(Message, Serialize, Deserialize)]
#[message(crate = "greenroom_proto")]
struct Boxed {
    inner: Box<u8>,
}

#[derive(Message, Serialize, Deserialize)]
#[message(crate = "greenroom_proto")]
enum Variant {
    Empty,
    Full(Vec<u8>),
}

fn main() {}
