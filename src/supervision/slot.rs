//! [`Slot`]: where the current incarnation of a restarted child is found.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// A shared place that a child's start function fills with the child's current handle (a
/// [`Mailbox`](crate::actors::actor::Mailbox) or a [`SupervisorRef`](super::SupervisorRef)).
///
/// A handle goes stale when its actor ends; whoever keeps the slot instead and asks it each time
/// reaches the successor. Between the end and the restart the slot still has the old handle, which
/// answers that its actor has ended.
pub struct Slot<T>(Arc<RwLock<Option<T>>>);

impl<T: Clone> Slot<T> {
    /// An empty slot.
    pub fn new() -> Self {
        Self(Arc::new(RwLock::new(None)))
    }

    /// Replaces what is in it.
    pub fn set(&self, value: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    /// The current handle; `None` before the first start.
    pub fn get(&self) -> Option<T> {
        let guard = self.0.read().unwrap_or_else(PoisonError::into_inner);
        guard.clone()
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}
