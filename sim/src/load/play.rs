//! One match of one bot, with what is under way in it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use greenroom::bot::{Act, AnyBot};
use greenroom_client::proto::Tick;
use greenroom_client::{CallError, Client, RequestId, SeatInfo};
use tokio::time::Instant;

use super::acts::Acts;
use super::staleness::Held;
use super::tally::Tally;

/// For the answer to a request.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// What was unanswered for longer when its connection ends counts with its age: leaving it out
/// would make a server look fast that answers nothing.
const UNANSWERED_AFTER: Duration = Duration::from_secs(1);

/// One match with what is under way in it.
pub(super) struct Play<'a> {
    pub(super) number: u32,
    /// Has a copy of the state, and what it meets with is measured.
    pub(super) sees: bool,
    /// Those that were counted so far.
    pub(super) frames: u64,
    pub(super) tally: &'a Tally,
    pub(super) bot: Box<dyn AnyBot>,
    /// What the bots did that see the state.
    pub(super) acts: &'a Acts,
    pub(super) client: &'a mut Client,
    pub(super) seat: &'a SeatInfo,
    /// `None` in a room that steps on commands, and for who does not see.
    pub(super) held: Option<Held<'a>>,
    /// When the newest frame came.
    pub(super) arrived: Option<Instant>,
    /// Ordinal and due time of the inputs that no frame has acknowledged.
    pub(super) inputs: VecDeque<(u32, Instant)>,
    pub(super) requests: BTreeMap<RequestId, Instant>,
}

impl Play<'_> {
    /// Lets the bot act; `due` is when that should have happened.
    ///
    /// In a room that steps on commands the bot's last move may not be in its state yet, and it
    /// would make it again: there it acts once the answer is in, which comes before the frame.
    pub(super) fn act(&mut self, due: Instant) {
        if self.seat.tick_hz == 0 && !self.requests.is_empty() {
            return;
        }
        for act in self.decide(due) {
            let sent = match act {
                Act::Input(body) => self
                    .client
                    .input_bytes(&body)
                    .map(|sent| self.inputs.push_back((sent.ordinal, due))),
                Act::Request(body) => self.client.start_bytes(body, REQUEST_DEADLINE).map(|id| {
                    self.tally.requested();
                    self.requests.insert(id, due);
                }),
            };
            match sent {
                // A closed connection is told by the next update, once.
                Ok(()) | Err(CallError::Closed(_)) => {}
                Err(error) => self.tally.failed(error.to_string()),
            }
        }
    }

    /// What the bot does then.
    fn decide(&mut self, at: Instant) -> Vec<Act> {
        if !self.sees {
            return self.acts.unseen(self.number);
        }
        let age = self.age(at);
        // None before the first frame.
        let Some((tick, rows)) = self.client.rows() else { return Vec::new() };
        self.acts.seen(self.bot.act(self.seat.player, tick, rows, age))
    }

    fn age(&self, at: Instant) -> Duration {
        let since =
            self.arrived.map_or(Duration::ZERO, |at_last| at.saturating_duration_since(at_last));
        age(self.seat, since, self.client.input_slack())
    }

    /// A frame has come.
    pub(super) fn frame(&mut self, tick: Tick, now: Instant) {
        self.arrived = Some(now);
        self.acknowledge(now);
        if let Some(held) = &mut self.held {
            held.frame(tick, now);
        }
    }

    /// Counts what has come, and the inputs that the room has applied.
    pub(super) fn acknowledge(&mut self, now: Instant) {
        self.tally.live.frames_until(&mut self.frames, self.client.stats().frames);
        let applied = self.client.applied();
        let done = self.inputs.partition_point(|(ordinal, _)| *ordinal <= applied);
        let times = self.inputs.drain(..done).map(|(_, due)| now.saturating_duration_since(due));
        if self.sees && done > 0 {
            self.tally.acknowledged(self.number, times);
        }
    }

    pub(super) fn replied(
        &mut self,
        id: RequestId,
        reply: Result<greenroom_client::Reply, CallError>,
    ) {
        let due = self.requests.remove(&id);
        match reply {
            Ok(reply) => {
                if let Some(due) = due {
                    self.tally.answered(self.number, due.elapsed());
                }
                self.bot.reply(&reply.0);
            }
            Err(CallError::Closed(_)) => {}
            Err(error) => self.tally.failed(error.to_string()),
        }
    }
}

impl Drop for Play<'_> {
    fn drop(&mut self) {
        self.tally.live.frames_until(&mut self.frames, self.client.stats().frames);
        let now = Instant::now();
        let old = |due: &Instant| now.saturating_duration_since(*due) > UNANSWERED_AFTER;
        let inputs = self.inputs.iter().map(|(_, due)| *due).filter(old);
        let requests = self.requests.values().copied().filter(old);
        let count = inputs.clone().count() + requests.clone().count();
        if count > 0 {
            self.tally.unanswered(count);
        }
        if count > 0 && self.sees {
            self.tally.acknowledged(self.number, inputs.map(|due| now - due));
            requests.for_each(|due| self.tally.answered(self.number, now - due));
        }
    }
}

/// How much later than in the step after the newest frame's what is said now takes effect, in whole steps:
/// those that the room has made `since` as far as a client can know, and those by which its last input
/// came too late.
fn age(seat: &SeatInfo, since: Duration, slack: i8) -> Duration {
    let hz = u32::from(seat.tick_hz);
    // When frames stay out there is no telling where the room is.
    let made = (since.as_secs_f64() * f64::from(hz)).min(2.0 * f64::from(seat.send_every)) as u32;
    // An input is for the step of the newest frame, so the next one is one late.
    let late = (-i32::from(slack) - 1).max(0) as u32;
    Duration::from_secs((made + late).into()) / hz.max(1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use greenroom_client::proto::{PlayerId, RoomId};

    use super::*;

    #[test]
    fn a_view_is_as_old_as_steps_were_made_since_and_the_last_input_was_late() {
        let games = greenroom::Games::builtin();
        let schema = Arc::clone(&games.get("arena").unwrap().schema);
        let seat = SeatInfo {
            room: RoomId(1),
            game: "arena".into(),
            player: PlayerId(1),
            tick_hz: 20,
            send_every: 1,
            schema_hash: schema.hash(),
            schema,
            hold: Duration::ZERO,
        };
        // Nothing was sent yet, or it came before the next step: as good as without a network.
        for (since_ms, slack, age_ms) in [
            (0, 0, 0),
            (0, -1, 0),
            (49, -1, 0),
            (50, -1, 50),
            (0, -3, 100),
            (60, -2, 100),
            (900, 0, 100),
        ] {
            let age = age(&seat, Duration::from_millis(since_ms), slack);
            assert_eq!(age, Duration::from_millis(age_ms), "{since_ms} ms, {slack}");
        }
        let on_command = SeatInfo { tick_hz: 0, ..seat };
        assert_eq!(age(&on_command, Duration::from_secs(9), 0), Duration::ZERO);
    }
}
