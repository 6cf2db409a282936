use greenroom_proto::*;

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Unknown {
    #[sync(stepp = 0.1)]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Twice {
    #[sync(step = 0.1, step = 0.2)]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct OfType {
    #[sync(near = (x, y))]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto", step = 0.1)]
struct OfField {
    x: u8,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
enum OnVariant {
    Idle,
    #[sync(skip)]
    Busy,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Skipped {
    #[sync(skip, step = 0.1)]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct Both {
    #[sync(hold, linear)]
    x: u8,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct AngleInSteps {
    #[sync(angle = 8, step = 0.1)]
    x: f32,
}

fn main() {}
