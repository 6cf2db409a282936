//! Frames to time decoders with: bodies that all move and tumble.

use greenroom_proto::codec::{Snapshot, Step, Viewer, advance, put_change_body, put_step_body};
use greenroom_proto::frame::{Base, write_body_head};
use greenroom_proto::schema::RowsKind;
use greenroom_proto::{
    Describe, Head, Layout, Publish, Recover, Replicate, Sync, Table, Tick, publish, wire,
};

use crate::random::Random;
use crate::schemas::{joined, linear, quat, schema, step, table};

const BODIES: usize = 1000;
const FRAMES: u32 = 120;
/// The greatest part of a quaternion of nine bits.
const MOST: i32 = 255;

struct Body {
    lanes: [i32; 7],
    speeds: [i32; 7],
}

struct Bodies(Table<Body>);

impl Body {
    fn tick(&mut self, random: &mut Random) {
        for (lane, speed) in self.lanes.iter_mut().zip(&mut self.speeds).take(3) {
            *speed += random.around(6);
            *lane += *speed;
        }
        for (lane, speed) in self.lanes.iter_mut().zip(&mut self.speeds).skip(4) {
            *speed = (*speed + random.around(2)).clamp(-9, 9);
            *lane = (*lane + *speed).clamp(-MOST, MOST);
        }
        if random.below(200) == 0 {
            self.lanes[3] = (self.lanes[3] + 1) & 3;
        }
    }
}

impl Replicate for Body {
    const LANES: usize = 7;
    fn describe(_: &str, _: &Sync, _: &mut Describe) {}
    fn publish(&self, _: &Sync, out: &mut Publish<'_>) {
        self.lanes.iter().for_each(|lane| out.lane(*lane));
    }
    fn recover(_: &Sync, _: &mut Recover<'_>) -> Self {
        unreachable!("nobody reads it back")
    }
}

impl Replicate for Bodies {
    const LANES: usize = 0;
    fn describe(_: &str, _: &Sync, _: &mut Describe) {}
    fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
        self.0.publish(sync, out);
    }
    fn recover(_: &Sync, _: &mut Recover<'_>) -> Self {
        unreachable!("nobody reads it back")
    }
}

/// The schema, the whole state, and steps; each with its length before it.
pub fn stream() -> Vec<u8> {
    let mut lanes = vec![linear(step("x")), linear(joined(step("y"))), linear(joined(step("z")))];
    lanes.extend(quat("turn", 9));
    let schema = schema(vec![
        table("", RowsKind::Single, vec![], &[]),
        table("bodies", RowsKind::Entities, lanes, &[]),
    ]);
    let layout = Layout::new(&schema).expect("a schema of ours");
    let mut random = Random(1);
    let mut bodies = Bodies(Table::new());
    for _ in 0..BODIES {
        let place = |random: &mut Random| random.around(20_000);
        let part = |random: &mut Random| random.around(150);
        let (x, y, z) = (place(&mut random), place(&mut random), place(&mut random));
        let (a, b, c) = (part(&mut random), part(&mut random), part(&mut random));
        bodies.0.insert(Body { lanes: [x, y, z, 3, a, b, c], speeds: [0; 7] });
    }
    let mut out = Vec::new();
    let mut put = |bytes: &[u8]| {
        out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    put(&wire::encode(&schema));
    let mut step = Step::default();
    let mut before = Snapshot::initial(&layout);
    for tick in 0..FRAMES {
        let mut now = Snapshot::default();
        bodies.0.values_mut().for_each(|body| body.tick(&mut random));
        now.publish(|rows| assert_eq!(publish(&bodies, &layout, rows), 0));
        advance(&layout, &before, &mut now, &mut step);
        let mut message = Head { applied: 0, slack: 0 }.to_bytes(false).to_vec();
        // As rooms send it: a hash every now and then.
        let hash = (tick % 60 == 0).then(|| now.rows().hash());
        if tick == 0 {
            write_body_head(Base::Nothing, Tick(tick), hash, &mut message);
            put_change_body(&layout, &before, (&now, &step), Viewer::All, &mut message);
        } else {
            write_body_head(Base::Step, Tick(tick), hash, &mut message);
            put_step_body(&layout, (&now, &step), Viewer::All, &mut message);
        }
        put(&message);
        before = now;
    }
    out
}
