use greenroom_proto::*;

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Values {
    plan: Vec<u32>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Name {
    name: String,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Inner {
    names: List<Option<String>, 4>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Scores {
    scores: std::collections::HashMap<u8, u8>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Tree {
    scores: std::collections::BTreeMap<u8, u8>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Set {
    scores: std::collections::BTreeSet<u8>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Size {
    index: usize,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Sizes {
    index: [isize; 2],
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Huge {
    id: u128,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Letter {
    key: char,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Boxed {
    inner: Box<u8>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Borrowed {
    name: &'static str,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Target {
    target: Option<EntityId>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
enum Variant {
    Empty,
    Full(Vec<u8>),
}

fn main() {}
