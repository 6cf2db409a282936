use greenroom_proto::*;

#[derive(Replicate)]
#[sync(crate = "greenroom_proto", near = (x, z))]
struct NoField {
    #[sync(step = 0.1)]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto", near = (x, y))]
struct Integers {
    x: i32,
    y: i32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto", near = (x, y))]
struct InRange {
    #[sync(step = 0.1, range = (0.0, 1.0))]
    x: f32,
    #[sync(step = 0.1)]
    y: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto", near = x)]
struct One {
    #[sync(step = 0.1)]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto", near = (x + 1.0, y))]
struct Expression {
    #[sync(step = 0.1)]
    x: f32,
}

fn main() {}
