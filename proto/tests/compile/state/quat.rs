use greenroom_proto::*;

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct OfThree {
    #[sync(quat = 10)]
    turned: [f32; 3],
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct OfDoubles {
    #[sync(quat = 10)]
    turned: [f64; 4],
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct OfOne {
    #[sync(quat = 10)]
    turned: f32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct OfInteger {
    #[sync(quat = 10)]
    turned: u32,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct OfOption {
    #[sync(quat = 10)]
    turned: Option<[f32; 4]>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct TooFine {
    #[sync(quat = 17)]
    turned: [f32; 4],
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct InSteps {
    #[sync(quat = 10, step = 0.1)]
    turned: [f32; 4],
}

fn main() {}
