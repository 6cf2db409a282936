use greenroom_proto::*;

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct StepOfInteger {
    #[sync(step = 1.0)]
    x: u32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct StepOfOption {
    #[sync(step = 1.0)]
    x: Option<i64>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct AngleOfInteger {
    #[sync(angle = 8)]
    x: i16,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct StepOfText {
    #[sync(step = 1.0)]
    x: Text<4>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct HoldOfText {
    #[sync(hold)]
    x: Blob<4>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct NoStep {
    #[sync(step = 0.0)]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct BelowNothing {
    #[sync(step = -0.5)]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct RangeWithoutStep {
    #[sync(range = (0.0, 1.0))]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct RangeBackwards {
    #[sync(step = 0.1, range = (1.0, -1.0))]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct RangeOfOne {
    #[sync(step = 0.1, range = 1.0)]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct ToleranceWithoutStep {
    #[sync(tolerance = 0.1)]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct ToleranceOfNothing {
    #[sync(step = 0.1, tolerance = 0.0)]
    x: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct TooFine {
    #[sync(angle = 25)]
    x: f32,
}

fn main() {}
