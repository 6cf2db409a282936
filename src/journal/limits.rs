//! How much the journal may take.

use std::time::Duration;

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
    /// Time between two syncs while there is something to sync: so much may be lost when the power
    /// fails.
    pub sync_interval: Duration,
    /// Time between two tries after an error of the disk.
    pub retry_interval: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            queue_bytes_max: 8 << 20,
            segment_bytes: 64 << 20,
            disk_bytes_max: 1 << 30,
            sync_interval: Duration::from_secs(1),
            retry_interval: Duration::from_secs(1),
        }
    }
}
