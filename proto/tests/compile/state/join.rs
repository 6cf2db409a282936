use greenroom_proto::*;

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct First {
    #[sync(join)]
    x: u8,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct AfterPart {
    #[sync(seen = Seen::Nobody)]
    x: u8,
    #[sync(join)]
    y: u8,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct SeenPart {
    x: u8,
    #[sync(seen = Seen::Nobody, join)]
    y: u8,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct OfText {
    x: u8,
    #[sync(join)]
    y: Text<4>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
enum InVariant {
    Move {
        #[sync(join)]
        x: u8,
    },
}

fn main() {}
