//! Inputs under way: for which tick they are sent, and which of them the room has applied.

use std::collections::VecDeque;
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

/// What becomes of an input that the caller gives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fate {
    /// One before it has not gone out yet.
    pub(crate) replaced: bool,
    /// There is no connection.
    pub(crate) kept: bool,
}

/// How time passes in the room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) tick_hz: u16,
    pub(crate) send_every: u16,
}

/// An input on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent {
    /// Counts up from 1 for a seat. Once [`crate::Client::applied`] has reached it, the room has
    /// applied this input or a newer one. 0: it is left out, because the player was moved to another
    /// room and the caller has yet to take [`crate::Update::Moved`].
    pub ordinal: u32,
    /// The tick it is for; of one that is kept, only if the connection were back now.
    pub tick: Tick,
    /// Whether it took the place (and the ordinal) of one that the socket had not taken yet, or
    /// that was kept.
    pub replaced: bool,
    /// Whether it is kept here because the connection is broken. It goes out as soon as the seat is
    /// back, unless a newer one replaces it.
    pub kept: bool,
}

/// Ticks that inputs lead by at most: a second at the usual rates. The room has a bound of its own.
const LEAD_MAX: i32 = 60;
/// Inputs may be early by so many ticks before it counts as too early.
const SLACK_WANTED: i8 = 2;
/// Frames with too much slack in a row before the lead is cut by one: rare on purpose, because a
/// late input costs more than an early one.
const PATIENCE: u32 = 40;
/// Inputs of which it is known for which tick they were.
const TICKS_KEPT: usize = 256;

/// The inputs of one seat.
///
/// They are counted twice: as the caller sent them, and as they arrived at the server. The counts
/// part when a connection breaks with inputs under way. The caller only sees the first, which goes
/// on over any number of connections.
#[derive(Debug)]
pub(crate) struct Inputs {
    sent: u32,
    applied: u32,
    /// As the server counts.
    theirs: Theirs,
    policy: Lead,
    lead: i32,
    /// The first input that was sent with the present lead: slack of earlier ones is old news.
    judged_from: u32,
    early: u32,
    /// How early the newest input came, as the last frame says.
    slack: i8,
    /// The newest inputs by number, oldest first, and for which tick each was.
    ticks: VecDeque<(u32, Tick)>,
}

/// Inputs as the server counts them.
#[derive(Debug)]
struct Theirs {
    sent: u32,
    applied: u32,
    /// How many there were when the connection came up.
    before: u32,
    /// How far the caller's count is ahead of those from before this connection, and the last that
    /// it had given then.
    ahead_before: u32,
    ours_before: u32,
}

impl Inputs {
    /// For a seat of which so many inputs have arrived already.
    pub(crate) fn new(policy: Lead, send_every: u16, arrived: u32) -> Self {
        let lead = match policy {
            Lead::Auto => i32::from(send_every).min(LEAD_MAX),
            Lead::Fixed(ticks) => i32::from(ticks),
        };
        let theirs = Theirs {
            sent: arrived,
            applied: arrived,
            before: arrived,
            ahead_before: 0,
            ours_before: arrived,
        };
        let (sent, applied, judged_from) = (arrived, arrived, arrived.wrapping_add(1));
        let ticks = VecDeque::new();
        Inputs { sent, applied, theirs, policy, lead, judged_from, early: 0, slack: 0, ticks }
    }

    /// Counts an input that is sent, or kept, `since` the frame of `newest` arrived. One that takes
    /// the place of another has the other's ordinal. It is for the tick that the caller says, if any.
    pub(crate) fn send(
        &mut self,
        fate: Fate,
        tick: Option<Tick>,
        newest: Tick,
        since: Duration,
        pace: Pace,
    ) -> Sent {
        let Fate { replaced, kept } = fate;
        if !replaced {
            self.sent = self.sent.wrapping_add(1);
            self.theirs.sent = self.theirs.sent.wrapping_add(u32::from(!kept));
        }
        let tick = tick.unwrap_or_else(|| self.due(newest, since, pace));
        self.stamp(tick);
        Sent { ordinal: self.sent, tick, replaced, kept }
    }

    /// The connection is back. So many inputs have arrived; others are lost.
    pub(crate) fn resume(&mut self, arrived: u32) {
        let ahead = self.sent.wrapping_sub(self.theirs.sent);
        let theirs = &mut self.theirs;
        if is_after(theirs.applied, theirs.before) {
            theirs.ahead_before = ahead;
        }
        // Frames tell 16 bits of it, so it must not be further away.
        let nearest = arrived.saturating_sub(u16::MAX.into());
        theirs.applied = theirs.applied.clamp(nearest, arrived);
        (theirs.sent, theirs.before, theirs.ours_before) = (arrived, arrived, self.sent);
        // The slack of inputs from before tells nothing of this connection.
        self.judged_from = self.sent.wrapping_add(1);
    }

    /// Counts the newest input when it goes out on the new connection, and says for which tick it
    /// then is. One that was sent before is a new one.
    pub(crate) fn again(&mut self, kept: bool, newest: Tick, since: Duration, pace: Pace) -> Tick {
        self.sent = self.sent.wrapping_add(u32::from(!kept));
        self.theirs.sent = self.theirs.sent.wrapping_add(1);
        let tick = self.due(newest, since, pace);
        self.stamp(tick);
        tick
    }

    /// The newest input is for this tick.
    fn stamp(&mut self, tick: Tick) {
        if self.ticks.back().is_some_and(|(ordinal, _)| *ordinal == self.sent) {
            self.ticks.pop_back();
        }
        if self.ticks.len() == TICKS_KEPT {
            self.ticks.pop_front();
        }
        self.ticks.push_back((self.sent, tick));
    }

    /// The tick that the newest input was for that the room has applied, if that is known.
    pub(crate) fn applied_tick(&self) -> Option<Tick> {
        let stamp = self.ticks.iter().rev().find(|(ordinal, _)| *ordinal == self.applied);
        stamp.map(|(_, tick)| *tick)
    }

    /// How early the newest input came, as the last frame says.
    pub(crate) fn slack(&self) -> i8 {
        self.slack
    }

    fn due(&self, newest: Tick, since: Duration, pace: Pace) -> Tick {
        let Pace { tick_hz, send_every } = pace;
        // The room goes on between its frames; when frames stay out, it is the network that
        // stalls, and there is no telling where the room is.
        let passed = since.as_millis().min(60_000) as u32 * u32::from(tick_hz) / 1000;
        let passed = passed.min(2 * u32::from(send_every.max(1)));
        Tick(newest.0.wrapping_add(passed).wrapping_add_signed(self.lead))
    }

    /// Takes a frame's head.
    pub(crate) fn acknowledge(&mut self, head: Head) {
        self.slack = head.slack;
        let theirs = &mut self.theirs;
        let more = u32::from(head.applied.wrapping_sub(theirs.applied as u16));
        // A room cannot apply what was not sent.
        if more > theirs.sent.wrapping_sub(theirs.applied) {
            return;
        }
        theirs.applied = theirs.applied.wrapping_add(more);
        let applied = if is_after(theirs.applied, theirs.before) {
            theirs.applied.wrapping_add(self.sent.wrapping_sub(theirs.sent))
        } else {
            // Another client may have had the seat meanwhile.
            let applied = theirs.applied.wrapping_add(theirs.ahead_before);
            if is_after(applied, theirs.ours_before) { theirs.ours_before } else { applied }
        };
        if is_after(applied, self.applied) {
            self.applied = applied;
        }
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

/// Of two counts that may have wrapped.
fn is_after(count: u32, other: u32) -> bool {
    count.wrapping_sub(other) as i32 > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;
    const PACE: Pace = Pace { tick_hz: 20, send_every: 1 };

    fn send(inputs: &mut Inputs, tick: u32) -> Sent {
        inputs.send(Fate::default(), None, Tick(tick), NOW, PACE)
    }

    #[test]
    fn sixteen_bits_acknowledge_more_inputs_than_they_count() {
        let mut inputs = Inputs::new(Lead::Fixed(0), 1, 0);
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
        let mut inputs = Inputs::new(Lead::Auto, 1, 0);
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
        let mut inputs = Inputs::new(Lead::Auto, 1, 0);
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
        let mut inputs = Inputs::new(Lead::Fixed(1), 3, 0);
        let pace = Pace { tick_hz: 60, send_every: 3 };
        let mut tick =
            |ms| inputs.send(Fate::default(), None, Tick(10), Duration::from_millis(ms), pace).tick;
        assert_eq!(tick(0), Tick(11));
        assert_eq!(tick(34), Tick(13));
        assert_eq!(tick(5000), Tick(17));
    }

    #[test]
    fn an_input_that_replaces_another_has_its_ordinal() {
        let mut inputs = Inputs::new(Lead::Fixed(0), 1, 0);
        assert_eq!(send(&mut inputs, 1).ordinal, 1);
        let fate = Fate { replaced: true, kept: false };
        assert_eq!(inputs.send(fate, None, Tick(1), NOW, PACE).ordinal, 1);
        assert_eq!(send(&mut inputs, 1).ordinal, 2);
    }

    fn send_all(inputs: &mut Inputs, count: usize) {
        for _ in 0..count {
            send(inputs, 1);
        }
    }

    fn applied(inputs: &mut Inputs, theirs: u16) -> u32 {
        inputs.acknowledge(Head { applied: theirs, slack: 0 });
        inputs.applied()
    }

    #[test]
    fn the_callers_count_goes_on_when_inputs_are_lost() {
        let mut inputs = Inputs::new(Lead::Fixed(0), 1, 0);
        send_all(&mut inputs, 10);
        assert_eq!(applied(&mut inputs, 4), 4);
        // Six arrived and four are lost; the tenth is sent again, as the eleventh.
        inputs.resume(6);
        inputs.again(false, Tick(1), NOW, PACE);
        assert_eq!(send(&mut inputs, 1).ordinal, 12);
        assert_eq!(applied(&mut inputs, 6), 6, "the seventh to tenth are not applied");
        assert_eq!(applied(&mut inputs, 7), 11);
        assert_eq!(applied(&mut inputs, 8), 12);
        assert_eq!(applied(&mut inputs, 9), 12, "more than was sent");
    }

    #[test]
    fn an_input_that_was_kept_keeps_its_ordinal() {
        let mut inputs = Inputs::new(Lead::Fixed(0), 1, 0);
        send(&mut inputs, 1);
        let keep = |replaced| Fate { replaced, kept: true };
        assert_eq!(inputs.send(keep(false), None, Tick(1), NOW, PACE).ordinal, 2);
        assert_eq!(inputs.send(keep(true), None, Tick(1), NOW, PACE).ordinal, 2);
        inputs.resume(0);
        inputs.again(true, Tick(1), NOW, PACE);
        assert_eq!(applied(&mut inputs, 1), 2);
    }

    #[test]
    fn breaks_in_a_row_never_claim_that_a_lost_input_was_applied() {
        let mut inputs = Inputs::new(Lead::Fixed(0), 1, 0);
        send_all(&mut inputs, 5);
        for arrived in [2, 3, 4] {
            inputs.resume(arrived);
            inputs.again(false, Tick(1), NOW, PACE);
        }
        assert_eq!(applied(&mut inputs, 2), 2);
        assert_eq!(applied(&mut inputs, 4), 4, "it is the seventh, and that is not told");
        assert_eq!(applied(&mut inputs, 5), 8);
        assert_eq!(send(&mut inputs, 1).ordinal, 9);
    }

    #[test]
    fn what_was_applied_before_a_second_break_is_counted_as_before() {
        let mut inputs = Inputs::new(Lead::Fixed(0), 1, 0);
        send_all(&mut inputs, 5);
        inputs.resume(1);
        inputs.again(false, Tick(1), NOW, PACE);
        send_all(&mut inputs, 3);
        assert_eq!(applied(&mut inputs, 3), 7, "the second of this connection");
        inputs.resume(5);
        inputs.again(false, Tick(1), NOW, PACE);
        assert_eq!(applied(&mut inputs, 4), 8);
        assert_eq!(applied(&mut inputs, 6), 10);
    }

    #[test]
    fn a_seat_that_another_client_had_counts_on() {
        let mut inputs = Inputs::new(Lead::Fixed(0), 1, 70_000);
        assert_eq!(applied(&mut inputs, 69_990u32 as u16), 70_000);
        assert_eq!(send(&mut inputs, 1).ordinal, 70_001);
        assert_eq!(applied(&mut inputs, 70_001u32 as u16), 70_001);
        // And another client has it for a while.
        inputs.resume(400_000);
        inputs.again(false, Tick(1), NOW, PACE);
        assert_eq!(applied(&mut inputs, 399_999u32 as u16), 70_001);
        assert_eq!(applied(&mut inputs, 400_001u32 as u16), 70_002);
    }
}
