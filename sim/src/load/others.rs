//! Bots that do something else than play: read slowly, sit there, look on.

use std::sync::Arc;
use std::time::Duration;

use greenroom_client::proto::Refusal;
use greenroom_client::{CallError, Client, Update};
use tokio::time::{Instant, sleep, timeout_at};

use super::bot::{Ended, Life};

/// For so long a slow reader reads, and for so long it then does not. Shorter than the server's
/// patience with a client that answers no ping.
const READS: Duration = Duration::from_millis(100);
const SLEEPS: Duration = Duration::from_secs(2);
/// A spectator that finds no room looks again after this.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl Life {
    /// Has a connection and no seat.
    pub(super) async fn idle(&mut self, client: &mut Client) -> Ended {
        self.arrived();
        loop {
            if let Update::Closed(closed) = client.next().await {
                self.tally.disconnected(closed.to_string());
                return Ended::Again;
            }
        }
    }

    /// Has a seat and seldom looks; whether the connection is still there when the seat is over.
    pub(super) async fn read_slowly(&mut self, client: &mut Client) -> bool {
        let mut frames = client.stats().frames;
        loop {
            let until = Instant::now() + READS;
            while let Ok(update) = timeout_at(until, client.next()).await {
                self.tally.live.frames_until(&mut frames, client.stats().frames);
                match update {
                    Update::Ended { .. } | Update::Left => return true,
                    Update::Broken { why, .. } => {
                        self.connection_up.set_up(false);
                        self.tally.disconnected(why.to_string());
                    }
                    Update::Resumed { after, .. } => self.came_back(after),
                    Update::Closed(closed) => {
                        self.tally.disconnected(closed.to_string());
                        return false;
                    }
                    _ => {}
                }
            }
            sleep(SLEEPS).await;
        }
    }

    /// Looks on at one room after the other in which other bots play.
    pub(super) async fn look_on(&mut self, client: &mut Client) -> Ended {
        loop {
            let error = match self.choose_room(client).await {
                Ok(true) => {
                    self.arrived();
                    let tally = Arc::clone(&self.tally);
                    let _seated = tally.live.seated.one();
                    if !self.watch_room(client).await {
                        return Ended::Again;
                    }
                    continue;
                }
                Ok(false) => {
                    sleep(LOOK_AGAIN).await;
                    continue;
                }
                Err(error) => error,
            };
            match error {
                CallError::Closed(closed) => {
                    self.tally.disconnected(closed.to_string());
                    return Ended::Again;
                }
                // It ended meanwhile.
                CallError::Refused { why: Refusal::UnknownRoom, .. } => sleep(LOOK_AGAIN).await,
                error => {
                    self.tally.failed(error.to_string());
                    sleep(LOOK_AGAIN).await;
                }
            }
        }
    }

    /// Whether there was a room to look on at.
    async fn choose_room(&mut self, client: &mut Client) -> Result<bool, CallError> {
        let chance = self.rng.below(1000) as f64 / 1000.0;
        match self.tally.room(chance) {
            Some(room) => client.spectate(room).await.map(|_| true),
            None => Ok(false),
        }
    }

    /// Looks on to the end of the room; whether the connection is still there then.
    async fn watch_room(&mut self, client: &mut Client) -> bool {
        let mut frames = client.stats().frames;
        loop {
            let update = client.next().await;
            self.tally.live.frames_until(&mut frames, client.stats().frames);
            match update {
                Update::Ended { .. } | Update::Left => return true,
                Update::Closed(closed) => {
                    self.tally.disconnected(closed.to_string());
                    return false;
                }
                _ => {}
            }
        }
    }
}
