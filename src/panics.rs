//! A panic as a value: its text and the place in the source. For code that must survive code it does
//! not trust: an actor, a replay of a crash.
//!
//! The place is known to the panic hook only, so whoever asks first in a process installs one. It
//! notes the place of panics that are caught here, silently (whoever caught them says so in its own
//! words), and passes every other panic to the hook that was there before.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Once;
use std::task::Poll;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("panicked at {place}: {text}")]
pub struct Panicked {
    text: String,
    place: String,
}

impl Panicked {
    /// What the panic said.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// `file:line:column`.
    pub fn place(&self) -> &str {
        &self.place
    }
}

/// Runs `work`; a panic in it becomes an error, silently. `catch_unwind` does not know the place.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    install_hook();
    guarded(work)
}

/// Awaits `work`; a panic in it becomes an error. The work is not polled again afterwards.
pub async fn caught<F: Future>(mut work: Pin<&mut F>) -> Result<F::Output, Panicked> {
    install_hook();
    poll_fn(|cx| match guarded(|| work.as_mut().poll(cx)) {
        Ok(poll) => poll.map(Ok),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    let outer = INSIDE.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    INSIDE.set(outer);
    outcome.map_err(|payload| Panicked {
        text: text_of(payload.as_ref()),
        place: PLACE.take().unwrap_or_else(|| "an unknown place".into()),
    })
}

fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !INSIDE.get() {
                return previous(info);
            }
            let earlier = PLACE.replace(info.location().map(ToString::to_string));
            // The one before was not caught by us: either somebody else did, or this panic comes
            // while that one unwinds and aborts the process. Let it be seen.
            if earlier.is_some() {
                previous(info);
            }
        }));
    });
}

fn text_of(payload: &(dyn std::any::Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without text".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    #[tokio::test]
    async fn a_panic_becomes_text_and_place() {
        let panicked = caught(pin!(async { panic!("boom {}", 7) })).await.unwrap_err();
        assert_eq!(panicked.text(), "boom 7");
        assert!(panicked.place().contains("panics.rs:"), "{panicked}");
    }

    #[test]
    fn a_panic_that_somebody_else_caught_does_not_lend_its_place_to_the_next() {
        let panicked: Result<(), _> = catch(|| {
            let _ = catch_unwind(|| panic!("first"));
            panic!("second");
        });
        let panicked = panicked.unwrap_err();
        assert_eq!(panicked.text(), "second");
        let line: u32 = panicked.place().split(':').nth(1).unwrap().parse().unwrap();
        assert_eq!(line, line!() - 5);
    }

    #[tokio::test]
    async fn work_without_a_panic_is_untouched() {
        assert_eq!(caught(pin!(async { 3 })).await, Ok(3));
    }
}
