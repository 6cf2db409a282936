//! What runs beside all rooms, counted: a stop waits for the last save.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Effects that have begun, or wait for their turn, and are not through.
#[derive(Default)]
pub struct UnderWay {
    count: AtomicUsize,
    bell: Notify,
}

/// One of them, until this is dropped.
pub(super) struct Running(Arc<UnderWay>);

impl UnderWay {
    pub(super) fn enter(self: &Arc<Self>) -> Running {
        self.count.fetch_add(1, Ordering::AcqRel);
        Running(Arc::clone(self))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Waits until there is none.
    pub async fn none(&self) {
        let mut bell = std::pin::pin!(self.bell.notified());
        loop {
            bell.as_mut().enable();
            if self.count() == 0 {
                return;
            }
            bell.as_mut().await;
            bell.set(self.bell.notified());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.bell.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_is_told_of_the_last_one() {
        let under_way = Arc::new(UnderWay::default());
        under_way.none().await;
        let (first, second) = (under_way.enter(), under_way.enter());
        let waits = tokio::spawn({
            let under_way = Arc::clone(&under_way);
            async move { under_way.none().await }
        });
        drop(first);
        tokio::task::yield_now().await;
        assert_eq!((under_way.count(), waits.is_finished()), (1, false));
        drop(second);
        waits.await.unwrap();
    }
}
