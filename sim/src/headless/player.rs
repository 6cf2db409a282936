//! A player of a match: a seat, who thinks for it, and the way between them and the room.

use std::borrow::Cow;
use std::time::Duration;

use greenroom::Pace;
use greenroom::bot::Act;
use greenroom::proto::{PlayerId, Rows, Tick};

use super::lag::{Lag, Told};
use super::mind::Mind;
use super::play::Seat;
use super::series::{Series, mix};

/// Its generator has nothing in common with that of the bot.
const LAG: u64 = 0x6c61_7465_6e63_7900;

pub(super) struct Player {
    pub(super) seat: Seat,
    pub(super) mind: Mind,
    /// Of the frames.
    pub(super) bytes: u64,
    lag: Option<Lag>,
    pace: Pace,
}

impl Player {
    pub(super) fn new(series: &Series, bot: &str, place: (PlayerId, usize), seed: u64) -> Self {
        let player = place.0;
        let of_lag = mix(seed ^ mix(LAG ^ u64::from(player.0)));
        Player {
            seat: Seat { player, bot: bot.to_owned() },
            mind: Mind::new(series, bot, place, seed),
            bytes: 0,
            pace: series.plan.pace,
            lag: series.latency.map(|latency| Lag::new(latency, of_lag)),
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self.mind, Mind::Gone)
    }

    /// It is out: nothing is on its way any more.
    pub(super) fn leave(&mut self) {
        self.mind = Mind::Gone;
        self.lag = None;
    }

    pub(super) fn reply(&mut self, now_ms: u64, body: Vec<u8>) {
        match &mut self.lag {
            None => self.mind.reply(&body),
            Some(lag) => lag.tell(now_ms, Told::Reply(body)),
        }
    }

    pub(super) fn event(&mut self, now_ms: u64, body: &[u8]) {
        match &mut self.lag {
            None => self.mind.event(body),
            Some(lag) => lag.tell(now_ms, Told::Event(body.to_owned())),
        }
    }

    /// Is shown a frame. What it does at once comes back; the error is the end of a sentence about a
    /// bot that is out.
    pub(super) fn frame(
        &mut self,
        now_ms: u64,
        tick: Tick,
        rows: Cow<'_, Rows>,
    ) -> Result<Vec<Act>, String> {
        match &mut self.lag {
            None => self.mind.act(self.seat.player, (tick, &rows), Duration::ZERO),
            Some(lag) => {
                lag.tell(now_ms, Told::Frame { tick, rows: rows.into_owned() });
                Ok(Vec::new())
            }
        }
    }

    /// Lets arrive what arrives by now, at either end. Returns what comes to the room.
    pub(super) fn arrive(&mut self, now_ms: u64) -> Result<Vec<Act>, String> {
        let Some(lag) = &mut self.lag else { return Ok(Vec::new()) };
        while let Some((at_ms, told)) = lag.told(now_ms) {
            match told {
                Told::Event(body) => self.mind.event(&body),
                Told::Reply(body) => self.mind.reply(&body),
                Told::Frame { tick, rows } => {
                    let age = age(self.pace, tick, lag.acts_at(at_ms));
                    for act in self.mind.act(self.seat.player, (tick, &rows), age)? {
                        lag.act(at_ms, act);
                    }
                }
            }
        }
        Ok(std::iter::from_fn(|| lag.acted(now_ms)).collect())
    }

    /// When something arrives next.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.lag.as_ref().and_then(Lag::next_ms)
    }
}

/// How much later what arrives then takes effect than in the step after `tick`.
fn age(pace: Pace, tick: Tick, arrives_ms: u64) -> Duration {
    let Pace::Fixed { tick_hz, .. } = pace else { return Duration::ZERO };
    let hz = u64::from(tick_hz.max(1));
    // The first step is at 0 ms.
    let last = (arrives_ms * hz).div_ceil(1000);
    Duration::from_secs(last.saturating_sub(tick.0.into())) / u32::from(tick_hz.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_so_many_steps_old_by_the_time_that_an_act_arrives() {
        let pace = Pace::Fixed { tick_hz: 30, send_every: 1 };
        // The state after tick 3 is there at 66 ms; tick 4 is at 100 ms, tick 5 at 133 ms.
        for (arrives_ms, steps) in [(66, 0), (100, 0), (101, 1), (133, 1), (134, 2), (1066, 29)] {
            let expected = Duration::from_secs(steps) / 30;
            assert_eq!(age(pace, Tick(3), arrives_ms), expected, "at {arrives_ms} ms");
        }
        assert_eq!(age(Pace::OnCommand, Tick(3), 1066), Duration::ZERO);
    }
}
