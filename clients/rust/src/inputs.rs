//! Inputs under way: for which tick they are sent, and which of them the room has applied.

use std::time::Duration;

use greenroom_proto::{Head, Tick};

/// For which tick an input is sent, seen from where the room should be now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lead {
    /// Just enough that inputs arrive in time for their tick, learned from each frame's slack.
    #[default]
    Auto,
    /// Always so many ticks. With 0 an input is for the next step that the room makes.
    Fixed(u8),
}

/// An input on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent {
    /// Counts up from 1 for a seat. Once [`crate::Client::applied`] has reached it, the room has
    /// applied this input or a newer one.
    pub ordinal: u32,
    /// The tick it is for.
    pub tick: Tick,
    /// Whether it took the place (and the ordinal) of one that the socket had not taken yet.
    pub replaced: bool,
}

/// Ticks that inputs lead by at most: a second at the usual rates. The room has a bound of its own.
const LEAD_MAX: i32 = 60;
/// Inputs may be early by so many ticks before it counts as too early.
const SLACK_WANTED: i8 = 2;
/// Frames with too much slack in a row before the lead is cut by one: rare on purpose, because a
/// late input costs more than an early one.
const PATIENCE: u32 = 40;

/// The inputs of one seat.
#[derive(Debug)]
pub(crate) struct Inputs {
    sent: u32,
    applied: u32,
    policy: Lead,
    lead: i32,
    /// The first input that was sent with the present lead: slack of earlier ones is old news.
    judged_from: u32,
    early: u32,
}

impl Inputs {
    pub(crate) fn new(policy: Lead, send_every: u16) -> Self {
        let lead = match policy {
            Lead::Auto => i32::from(send_every).min(LEAD_MAX),
            Lead::Fixed(ticks) => i32::from(ticks),
        };
        Inputs { sent: 0, applied: 0, policy, lead, judged_from: 1, early: 0 }
    }

    /// Counts an input that is sent `since` the frame of `newest` arrived. One that takes the
    /// place of another has the other's ordinal.
    pub(crate) fn send(
        &mut self,
        newest: Tick,
        since: Duration,
        pace: (u16, u16),
        replaced: bool,
    ) -> Sent {
        if !replaced || self.sent == 0 {
            self.sent = self.sent.wrapping_add(1);
        }
        let (tick_hz, send_every) = pace;
        // The room goes on between its frames; when frames stay out, it is the network that
        // stalls, and there is no telling where the room is.
        let passed = since.as_millis().min(60_000) as u32 * u32::from(tick_hz) / 1000;
        let passed = passed.min(2 * u32::from(send_every.max(1)));
        let tick = Tick(newest.0.wrapping_add(passed).wrapping_add_signed(self.lead));
        Sent { ordinal: self.sent, tick, replaced }
    }

    /// Takes a frame's head.
    pub(crate) fn acknowledge(&mut self, head: Head) {
        let more = u32::from(head.applied.wrapping_sub(self.applied as u16));
        // A room cannot apply what was not sent.
        if more > self.sent.wrapping_sub(self.applied) {
            return;
        }
        self.applied = self.applied.wrapping_add(more);
        if self.policy == Lead::Auto && more > 0 && self.applied >= self.judged_from {
            self.judge(head.slack);
        }
    }

    fn judge(&mut self, slack: i8) {
        self.early = if slack > SLACK_WANTED { self.early + 1 } else { 0 };
        let change = match slack {
            late if late < 0 => -i32::from(late),
            _ if self.early >= PATIENCE => -1,
            _ => return,
        };
        self.lead = (self.lead + change).clamp(0, LEAD_MAX);
        self.judged_from = self.sent.wrapping_add(1);
        self.early = 0;
    }

    pub(crate) fn applied(&self) -> u32 {
        self.applied
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn send(inputs: &mut Inputs, tick: u32) -> Sent {
        inputs.send(Tick(tick), NOW, (20, 1), false)
    }

    #[test]
    fn sixteen_bits_acknowledge_more_inputs_than_they_count() {
        let mut inputs = Inputs::new(Lead::Fixed(0), 1);
        for ordinal in 1..=200_000u32 {
            assert_eq!(send(&mut inputs, 7).ordinal, ordinal);
            if ordinal % 1000 == 0 {
                inputs.acknowledge(Head { applied: (ordinal - 3) as u16, slack: 0 });
                assert_eq!(inputs.applied(), ordinal - 3);
            }
        }
        inputs.acknowledge(Head { applied: inputs.sent as u16 + 1, slack: 0 });
        assert_eq!(inputs.applied(), 199_997, "more than was sent");
    }

    #[test]
    fn the_lead_grows_at_once_when_inputs_are_late_and_shrinks_slowly() {
        let mut inputs = Inputs::new(Lead::Auto, 1);
        let mut room = 100;
        let mut step = |inputs: &mut Inputs, slack: i8| {
            room += 1;
            let sent = send(inputs, room);
            inputs.acknowledge(Head { applied: sent.ordinal as u16, slack });
            sent.tick.0 - room
        };
        assert_eq!(step(&mut inputs, -3), 1);
        assert_eq!(step(&mut inputs, 0), 4);
        for _ in 0..PATIENCE {
            assert_eq!(step(&mut inputs, 5), 4);
        }
        assert_eq!(step(&mut inputs, 0), 3);
        assert_eq!(step(&mut inputs, i8::MIN), 3);
        assert_eq!(step(&mut inputs, 0), LEAD_MAX as u32);
    }

    #[test]
    fn slack_of_inputs_from_before_a_change_is_not_counted_twice() {
        let mut inputs = Inputs::new(Lead::Auto, 1);
        for _ in 0..5 {
            send(&mut inputs, 50);
        }
        for applied in 1..=5 {
            inputs.acknowledge(Head { applied, slack: -2 });
        }
        assert_eq!(send(&mut inputs, 50).tick, Tick(53));
    }

    #[test]
    fn between_frames_the_room_goes_on_but_not_for_ever() {
        let mut inputs = Inputs::new(Lead::Fixed(1), 3);
        let mut tick = |ms| inputs.send(Tick(10), Duration::from_millis(ms), (60, 3), false).tick;
        assert_eq!(tick(0), Tick(11));
        assert_eq!(tick(34), Tick(13));
        assert_eq!(tick(5000), Tick(17));
    }

    #[test]
    fn an_input_that_replaces_another_has_its_ordinal() {
        let mut inputs = Inputs::new(Lead::Fixed(0), 1);
        assert_eq!(send(&mut inputs, 1).ordinal, 1);
        assert_eq!(inputs.send(Tick(1), NOW, (20, 1), true).ordinal, 1);
        assert_eq!(send(&mut inputs, 1).ordinal, 2);
    }
}
