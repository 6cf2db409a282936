//! A clock that follows another without a jump: it goes a little faster or slower until they agree.
//! Only when they are very far apart, as at first, or when a program comes back from sleep, it jumps.

/// In so many milliseconds it would make up for what it is off, if it may go that much faster.
const CATCH_UP_MS: f64 = 1000.0;

#[derive(Clone, Debug)]
pub(super) struct Glide {
    /// By which share it goes faster or slower at most.
    rate: f64,
    /// What is further off it jumps.
    jump_ms: f64,
    at: Option<f64>,
    value: f64,
}

impl Glide {
    pub(super) fn new(rate: f64, jump_ms: f64) -> Self {
        Glide { rate, jump_ms, at: None, value: 0.0 }
    }

    /// It is `now` on this machine, and it should show `goal`; both in milliseconds. Returns what it
    /// shows.
    pub(super) fn follow(&mut self, now: f64, goal: f64) -> f64 {
        let passed = self.at.map_or(0.0, |at| (now - at).max(0.0));
        let off = goal - (self.value + passed);
        if self.at.is_none() || off.abs() > self.jump_ms {
            self.value = goal;
        } else {
            let faster = (off / CATCH_UP_MS).clamp(-self.rate, self.rate);
            self.value += passed * (1.0 + faster);
        }
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
        self.value
    }

    /// It stood still when it got there.
    pub(super) fn hold(&mut self, end: f64) -> f64 {
        self.value = self.value.min(end);
        self.value
    }

    pub(super) fn restart(&mut self) {
        self.at = None;
    }
}
