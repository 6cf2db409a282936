//! When to tell the server what has arrived. No socket, no clock.

use std::time::Duration;

use tokio::time::Instant;

/// Events and replies after which it is told at once.
const COUNT: u32 = 64;
/// Bytes of them after which it is.
const BYTES: usize = 8 << 10;
/// Otherwise it is told so long after the first of them.
const LATER: Duration = Duration::from_secs(1);

/// What has arrived since the server was told last.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    count: u32,
    bytes: usize,
    due: Option<Instant>,
}

impl Acks {
    /// An event or a reply has come.
    pub(crate) fn arrived(&mut self, bytes: usize, now: Instant) {
        self.count += 1;
        self.bytes += bytes;
        self.due.get_or_insert(now + LATER);
        if self.count >= COUNT || self.bytes >= BYTES {
            self.due = Some(now);
        }
    }

    /// When to tell it, if there is something to tell.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// It has been told.
    pub(crate) fn told(&mut self) {
        *self = Acks::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_or_large_ones_are_acknowledged_at_once_and_few_after_a_second() {
        let now = Instant::now();
        let mut acks = Acks::default();
        assert_eq!(acks.due(), None);
        for place in 0..COUNT - 1 {
            acks.arrived(1, now + Duration::from_millis(u64::from(place)));
            assert_eq!(acks.due(), Some(now + LATER));
        }
        acks.arrived(1, now);
        assert_eq!(acks.due(), Some(now));
        acks.told();
        assert_eq!(acks.due(), None);
        acks.arrived(BYTES - 1, now);
        assert_eq!(acks.due(), Some(now + LATER));
        acks.arrived(1, now);
        assert_eq!(acks.due(), Some(now));
    }
}
