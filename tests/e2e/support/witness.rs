//! A client that plays in the background and must not be disturbed.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use greenroom_client::{Client, Closed, Update};
use tokio::task::JoinHandle;

use super::until;

/// A client whose room steps at a rate.
pub struct Witness {
    notes: Arc<Notes>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Notes {
    tick: AtomicU32,
    ended: Mutex<Option<String>>,
    closed: Mutex<Option<Closed>>,
}

impl Witness {
    /// Drives the client from now on.
    pub fn new(mut client: Client) -> Self {
        let notes = Arc::new(Notes::default());
        let noted = Arc::clone(&notes);
        let task = tokio::spawn(async move {
            loop {
                match client.next().await {
                    Update::Frame { tick, .. } => noted.tick.store(tick.0, Ordering::Relaxed),
                    Update::Ended { result } => *noted.ended.lock().unwrap() = Some(result),
                    // A witness sees no break at all.
                    Update::Closed(closed) | Update::Broken { why: closed, .. } => {
                        *noted.closed.lock().unwrap() = Some(closed);
                        return;
                    }
                    Update::Event(_)
                    | Update::Reply { .. }
                    | Update::People(_)
                    | Update::Left
                    | Update::Dismissed(_)
                    | Update::Moved { .. }
                    | Update::Banned { .. }
                    | Update::Chat(_)
                    | Update::Rooms { .. }
                    | Update::Notice { .. }
                    | Update::Resumed { .. } => {}
                }
            }
        });
        Witness { notes, task }
    }

    /// The tick of the newest frame.
    pub fn tick(&self) -> u32 {
        self.notes.tick.load(Ordering::Relaxed)
    }

    /// How its connection ended, if it has.
    pub fn closed(&self) -> Option<Closed> {
        self.notes.closed.lock().unwrap().clone()
    }

    /// Waits for ten more frames: the room plays on and the client is still in it.
    pub async fn plays_on(&self) {
        let from = self.tick();
        until("the witness plays on", || {
            assert_eq!(self.closed(), None, "the witness was thrown out");
            assert_eq!(*self.notes.ended.lock().unwrap(), None, "its match ended");
            self.tick() >= from + 10
        })
        .await;
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.task.abort();
    }
}
