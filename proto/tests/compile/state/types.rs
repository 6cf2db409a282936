use greenroom_proto::*;

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
union Either {
    one: u8,
    other: i8,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
enum Never {}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto", near = (x, y))]
enum Near {
    Here,
}

fn main() {}
