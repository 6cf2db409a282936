//! A match of a bot that does not see the state, and acts by a timetable.
//!
//! No frame wakes it, nor does it look at its connection whenever it acts: every [`LOOK`], frames that came
//! meanwhile are read in one go. What the server is told it is told all the same: inputs when they are
//! due, events and replies that arrived within [`LOOK`] of the time at which others say so.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::bot::Life;
use super::play::Play;

/// So often it looks. To do so ten times a second, with each input, costs a tenth more CPU time. What waits
/// meanwhile, a few frames, is little beside what a socket takes before the server notices.
const LOOK: Duration = Duration::from_millis(200);

impl Life {
    /// Plays to the end of the match; whether the connection is still there then.
    pub(super) async fn play_unseeing(&mut self, play: &mut Play<'_>) -> bool {
        let timer = sleep_until(self.timetable.next());
        let mut cuts = self.cuts();
        let (cut, mut is_cut) = (cuts.changed(), false);
        tokio::pin!(timer, cut);
        let mut look = Instant::now();
        loop {
            if !play.client.is_connected() {
                // What brings it back has to be woken by what it waits for.
                let update = play.client.next().await;
                if let Some(stays) = self.hear(play, update) {
                    return stays;
                }
                self.timetable.resume(Instant::now());
                continue;
            }
            timer.as_mut().reset(self.timetable.next().min(look));
            let breaks = tokio::select! {
                () = &mut timer => false,
                Ok(()) = &mut cut, if !is_cut => true,
            };
            let now = Instant::now();
            // First: what goes out confirms to the other end, as TCP does, what is read after it.
            self.act(play, now);
            if look <= now {
                look = now + LOOK;
                if let Some(stays) = self.read(play) {
                    return stays;
                }
            }
            if breaks {
                is_cut = true;
                if let Some(stays) = self.read_all(play).await {
                    return stays;
                }
                play.client.break_connection();
            }
        }
    }
}
