//! Who the bots are, and when they come and go.

use std::time::Duration;

use clap::ValueEnum;
use tokio::time::Instant;

use super::target::is_among;

/// What the bots play, besides the game.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Scenario {
    /// All play, from the ramp to the end.
    Steady,
    /// Two thirds of the bots (--share) come all at once after a third of the time, and go after two
    /// thirds of it.
    Spike,
    /// After half of the time the connections of all who play break at once, and they come back.
    Storm,
    /// A tenth of the bots (--share) reads for a tenth of a second, and then for two seconds not at
    /// all. What they meet with is not in the times.
    Slow,
    /// Nine of ten bots (--share) connect and take no seat.
    Idle,
    /// Nine of ten bots (--share) look on at the rooms of the others.
    Spectators,
}

impl Scenario {
    /// The share of bots that it is about, if nobody says otherwise.
    pub(super) fn share(self) -> f64 {
        match self {
            Scenario::Steady | Scenario::Storm => 0.0,
            Scenario::Spike => 2.0 / 3.0,
            Scenario::Slow => 0.1,
            Scenario::Idle | Scenario::Spectators => 0.9,
        }
    }

    /// As it is written.
    pub(super) fn name(self) -> &'static str {
        match self {
            Scenario::Steady => "steady",
            Scenario::Spike => "spike",
            Scenario::Storm => "storm",
            Scenario::Slow => "slow",
            Scenario::Idle => "idle",
            Scenario::Spectators => "spectators",
        }
    }

    /// Whether it is about a share of the bots at all.
    pub(super) fn has_share(self) -> bool {
        self.share() > 0.0
    }

    /// When all connections break.
    pub(super) fn breaks_after(self, whole: Duration) -> Option<Duration> {
        (self == Scenario::Storm).then_some(whole / 2)
    }
}

/// What a bot is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Player,
    Slow,
    Idle,
    Spectator,
}

/// The part of one bot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) number: u32,
    pub(super) role: Role,
    pub(super) start: Instant,
    /// Before the run is over, if at all.
    pub(super) end: Option<Instant>,
}

/// How a run goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) scenario: Scenario,
    /// Of the bots that it is about.
    pub(super) share: f64,
    pub(super) bots: u32,
    pub(super) secs: f64,
    pub(super) ramp_secs: f64,
    pub(super) warmup_secs: f64,
}

impl Course {
    /// What the bot of this number does, in a run that began then.
    pub(super) fn part(&self, number: u32, began: Instant) -> Part {
        let ramp = self.ramp_secs * f64::from(number) / f64::from(self.bots);
        let at = |secs| began + Duration::from_secs_f64(secs);
        // The others first: the first bot always plays.
        let special = self.share > 0.0 && !is_among(number, 1.0 - self.share);
        let role = match self.scenario {
            Scenario::Slow if special => Role::Slow,
            Scenario::Idle if special => Role::Idle,
            Scenario::Spectators if special => Role::Spectator,
            _ => Role::Player,
        };
        match self.scenario == Scenario::Spike && special {
            true => {
                let (start, end) = (at(self.secs / 3.0), Some(at(self.secs * 2.0 / 3.0)));
                Part { number, role, start, end }
            }
            false => Part { number, role, start: at(ramp), end: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(scenario: Scenario) -> Vec<Part> {
        let share = scenario.share();
        let course =
            Course { scenario, share, bots: 30, secs: 30.0, ramp_secs: 3.0, warmup_secs: 0.0 };
        let began = Instant::now();
        (0..30).map(|bot| course.part(bot, began)).collect()
    }

    #[test]
    fn each_scenario_has_its_share_of_bots_and_the_first_one_plays() {
        for (scenario, role, count) in [
            (Scenario::Steady, Role::Player, 30),
            (Scenario::Storm, Role::Player, 30),
            (Scenario::Slow, Role::Slow, 3),
            (Scenario::Idle, Role::Idle, 27),
            (Scenario::Spectators, Role::Spectator, 27),
        ] {
            let parts = roles(scenario);
            assert_eq!(
                parts.iter().filter(|part| part.role == role).count(),
                count,
                "{scenario:?}"
            );
            assert_eq!(parts[0].role, Role::Player);
            assert!(parts.iter().all(|part| part.end.is_none()));
        }
    }

    #[test]
    fn a_spike_comes_at_once_and_goes_before_the_end() {
        let parts = roles(Scenario::Spike);
        let spike: Vec<_> = parts.iter().filter(|part| part.end.is_some()).collect();
        assert_eq!(spike.len(), 20);
        assert!(spike.iter().all(|part| part.start == spike[0].start));
        assert_eq!(spike[0].end, Some(spike[0].start + Duration::from_secs(10)));
    }
}
