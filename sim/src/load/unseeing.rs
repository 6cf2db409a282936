//! A match of a bot that does not see the state, and acts by a timetable.
//!
//! No frame wakes it. It looks at its connection when it acts, and now and then in between, as a game
//! does that looks when it draws: frames that came meanwhile are read in one go. What the server is
//! told it is told all the same: inputs when they are due, events and replies that arrived within
//! [`LOOK`] of the time at which others say so.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::bot::Life;
use super::play::Play;

/// It looks at least so often.
const LOOK: Duration = Duration::from_millis(100);

impl Life {
    /// Plays to the end of the match; whether the connection is still there then.
    pub(super) async fn play_unseeing(&mut self, play: &mut Play<'_>) -> bool {
        let timer = sleep_until(self.timetable.next());
        let mut cuts = self.cuts();
        let (cut, mut is_cut) = (cuts.changed(), false);
        tokio::pin!(timer, cut);
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
            timer.as_mut().reset(self.timetable.next().min(Instant::now() + LOOK));
            let is_due = tokio::select! {
                () = &mut timer => true,
                Ok(()) = &mut cut, if !is_cut => false,
            };
            // First: what goes out confirms to the other end, as TCP does, what is read after it.
            self.act(play, Instant::now());
            if let Some(stays) = self.read(play) {
                return stays;
            }
            if !is_due {
                is_cut = true;
                play.client.break_connection();
            }
        }
    }
}
