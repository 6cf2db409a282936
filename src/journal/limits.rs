//! How much the journal may take.

use std::time::Duration;

use crate::config::{self, Config};

/// Bounds of a journal. The defaults are those of the configuration's section `journal`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of records that wait to be written; beyond it they are not taken. In memory it is
    /// twice that: one part fills while the other is written. A record must fit in.
    pub queue_bytes_max: usize,
    /// Bytes of a segment after which another is begun; the last batch may go beyond it.
    pub segment_bytes: u64,
    /// Bytes on disk beyond which rooms in the oldest segments are told to write their state anew.
    /// Four times what the rooms need is allowed in any case.
    pub disk_bytes_max: u64,
    /// Time between two writes while there is something to write; a record that comes later is
    /// written at once.
    pub gather: Duration,
    /// Time between two syncs while there is something to sync: so much may be lost when the power
    /// fails.
    pub sync_interval: Duration,
    /// Time between two tries after an error of the disk.
    pub retry_interval: Duration,
}

/// Waking up and calling the kernel take 9 µs of CPU time whatever is written. With 1,000 rooms at
/// 20 Hz that is 1.7 µs a record if it is done every quarter of a millisecond, 0.8 µs if every
/// millisecond; and timers of rooms are no finer than that either.
const GATHER: Duration = Duration::from_millis(1);

/// Rooms can leave old segments only for a newer one, so there must be several within the bound.
const SEGMENTS_MIN: u64 = 4;

impl From<&config::Journal> for Limits {
    fn from(settings: &config::Journal) -> Self {
        Limits {
            queue_bytes_max: settings.queue_bytes_max,
            segment_bytes: settings.segment_bytes.min(settings.disk_bytes_max / SEGMENTS_MIN),
            disk_bytes_max: settings.disk_bytes_max,
            gather: GATHER,
            sync_interval: settings.sync_interval,
            retry_interval: Duration::from_secs(1),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::from(&Config::default().journal)
    }
}
