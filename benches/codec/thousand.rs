//! What 1,000 entities of seven lanes cost that all change, on one core.

use std::time::{Duration, Instant};

use greenroom_proto::codec::{
    Member, Members, Mirror, Snapshot, Step, Viewer, advance, put_change_body, put_step_body,
};
use greenroom_proto::{Layout, Rows};

/// So many entities.
pub const ENTITIES: u32 = 1000;

/// Times, the least of all frames: other programs run here too.
pub struct Times {
    /// To find out that nothing changed.
    pub diff: Duration,
    /// To find what changed, to make records of it, and to put a body together.
    pub encode: Duration,
    /// Of the body alone, made of its records, for a viewer with names of its own.
    pub append: Duration,
    /// To apply a body.
    pub decode: Duration,
    /// Bytes of a body.
    pub bytes: usize,
}

/// Measures frames of a stream of which all entities change.
pub fn times(layout: &Layout, restricted: &Layout, frames: &[Rows]) -> Times {
    let initial = Snapshot::initial(layout);
    let (mut before, mut now, mut still) = Default::default();
    let (mut step, mut step_of_some) = (Step::default(), Step::default());
    let mut mirror = Mirror::new(layout.clone());
    let mut body = Vec::new();
    let most = Duration::MAX;
    let mut times = Times { diff: most, encode: most, append: most, decode: most, bytes: 0 };
    let (members_before, members_now) = (members(), members());
    for (number, rows) in frames.iter().enumerate() {
        std::mem::swap(&mut before, &mut now);
        Snapshot::publish(&mut now, |into| into.clone_from(rows));
        if number == 0 {
            advance(layout, &before, &mut now, &mut step);
            put_change_body(layout, &initial, (&now, &step), Viewer::All, &mut body);
            mirror.restart().unwrap();
            mirror.take(&body, false).unwrap();
            Snapshot::publish(&mut still, |into| into.clone_from(rows));
            let (same, mut same_step) = Snapshot::first(layout, |into| into.clone_from(rows));
            for _ in 0..20 {
                let start = Instant::now();
                advance(layout, &same, &mut still, &mut same_step);
                times.diff = times.diff.min(start.elapsed());
            }
            advance(restricted, &initial, &mut now, &mut step_of_some);
            continue;
        }
        body.clear();
        let start = Instant::now();
        advance(layout, &before, &mut now, &mut step);
        put_step_body(layout, (&now, &step), Viewer::All, &mut body);
        let put = Instant::now();
        mirror.take(&body, true).unwrap();
        let taken = Instant::now();
        assert!(mirror.rows() == rows, "frame {number} differs");
        times.encode = times.encode.min(put - start);
        times.decode = times.decode.min(taken - put);
        times.bytes = body.len();
        advance(restricted, &before, &mut now, &mut step_of_some);
        let viewer = Viewer::Some { before: &members_before, now: &members_now };
        body.clear();
        let start = Instant::now();
        put_step_body(restricted, (&now, &step_of_some), viewer, &mut body);
        times.append = times.append.min(start.elapsed());
    }
    times
}

/// Sees all rows, by names in another order than theirs.
fn members() -> Members {
    let row = |slot| slot * 389 % ENTITIES;
    let member = |slot| Member { slot, row: row(slot), birth: row(slot) + 1, generation: 0 };
    Members(vec![Vec::new(), (0..ENTITIES).map(member).collect(), Vec::new()])
}
