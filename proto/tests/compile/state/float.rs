use greenroom_proto::*;

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Plain {
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Array {
    #[sync(linear)]
    x: [f64; 3],
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Optional {
    x: Option<f32>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Listed {
    x: List<(u8, f32), 4>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Mapped {
    x: Map<u8, f32, 3>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
enum Variant {
    Idle,
    Move { x: f32 },
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Newtype(f32);

fn main() {}
