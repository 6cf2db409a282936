//! Frames as a file, to time decoders in other languages with.

use greenroom_proto::codec::{Snapshot, Step, Viewer, advance, put_change_body, put_step_body};
use greenroom_proto::frame::{Base, write_body_head};
use greenroom_proto::{Head, Layout, Rows, Schema, Tick, wire};

/// Frames between two that have a hash, as rooms send them.
const HASH_EVERY: usize = 32;

/// The schema, the whole state, and steps; each with its length before it.
pub fn of(schema: &Schema, layout: &Layout, frames: &[Rows]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut put = |bytes: &[u8]| {
        out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    put(&wire::encode(schema));
    let mut step = Step::default();
    let mut before = Snapshot::initial(layout);
    for (tick, rows) in frames.iter().enumerate() {
        let mut now = Snapshot::default();
        now.publish(|into| into.clone_from(rows));
        advance(layout, &before, &mut now, &mut step);
        let mut message = Head::default().to_bytes(false).to_vec();
        let hash = tick.is_multiple_of(HASH_EVERY).then(|| now.rows().hash());
        let base = if tick == 0 { Base::Nothing } else { Base::Step };
        write_body_head(base, Tick(tick as u32), hash, &mut message);
        match tick {
            0 => put_change_body(layout, &before, (&now, &step), Viewer::All, &mut message),
            _ => put_step_body(layout, (&now, &step), Viewer::All, &mut message),
        }
        put(&message);
        before = now;
    }
    out
}
