//! How sure a comparison of bots is: win rates with intervals, ratings, and when enough was played.
//!
//! All intervals are for 95 %. They are about chance alone: what another game option, or another
//! opponent, would have given is not in them.

use serde::Serialize;

/// 97.5 % of a normal distribution are below so many standard deviations.
pub(crate) const Z: f64 = 1.959_964;

/// A share of matches, and between what it is.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Rate {
    /// How many.
    pub wins: u64,
    /// Of how many.
    pub matches: u64,
    /// The lower end, 0 to 1.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Rate {
    /// A share of these matches.
    #[must_use]
    pub fn of(wins: u64, matches: u64) -> Self {
        let (low, high) = match matches {
            0 => (0.0, 1.0),
            _ => interval(wins as f64 / matches as f64, matches as f64),
        };
        Rate { wins, matches, low, high }
    }
}

/// Between what a share is that was seen in so many trials: Wilson's score interval (E. B. Wilson,
/// "Probable Inference, the Law of Succession, and Statistical Inference", 1927). Unlike the usual one
/// it is right for few trials, too, and for shares near 0 and 1.
fn interval(share: f64, n: f64) -> (f64, f64) {
    let middle = share + Z * Z / (2.0 * n);
    let width = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    // As it is in theory, whatever the rounding.
    let low = if share > 0.0 { (middle - width) / whole } else { 0.0 };
    let high = if share < 1.0 { (middle + width) / whole } else { 1.0 };
    (low, high)
}

/// Points that one of two sides made in games that do not depend on each other: a match, or matches
/// that share a seed. A win is 1, a draw is ½.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Points {
    games: f64,
    sum: f64,
    squares: f64,
}

/// A difference of ratings in Elo, and between what it is.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Elo {
    /// The most likely one; 400 points are odds of ten to one.
    pub difference: f64,
    /// The lower end; endless below where no game was won or drawn, in JSON `null`.
    pub low: f64,
    /// The upper end, in the same way.
    pub high: f64,
}

impl Points {
    /// One more game, with a share of its points from 0 to 1.
    pub fn add(&mut self, share: f64) {
        self.games += 1.0;
        self.sum += share;
        self.squares += share * share;
    }

    fn mean(&self) -> f64 {
        self.sum / self.games
    }

    /// Of one game. Half a win more and half a loss more than there were: a side that won everything
    /// so far is not certain to.
    fn variance(&self) -> f64 {
        let n = self.games + 1.0;
        let mean = (self.sum + 0.5) / n;
        (self.squares + 0.5) / n - mean * mean
    }

    /// What the points come to as ratings; `None` before the first game.
    #[must_use]
    pub fn elo(&self) -> Option<Elo> {
        if self.games == 0.0 {
            return None;
        }
        let mean = self.mean();
        // Draws, and points of several matches, vary less than wins and losses: as if there were more
        // games.
        let of_wins = (mean * (1.0 - mean)).max(0.25 / self.games);
        let (low, high) = interval(mean, self.games * (of_wins / self.variance()).max(1.0));
        // Whoever won all may be better by any difference: as if half a game were still open.
        let least = 0.5 / (self.games + 1.0);
        let difference = elo_of(mean.clamp(least, 1.0 - least));
        Some(Elo { difference, low: elo_of(low), high: elo_of(high) })
    }
}

/// The difference in Elo of a side that makes this share of the points.
fn elo_of(share: f64) -> f64 {
    -400.0 * libm::log10(1.0 / share - 1.0)
}

/// The share of the points that a side makes that is better by so much.
fn share_of(elo: f64) -> f64 {
    1.0 / (1.0 + libm::exp10(-elo / 400.0))
}

/// A sequential probability ratio test: is one side stronger by `better` Elo, or by no more than
/// `same`? It ends as soon as the games say so, and calls a side wrongly in at most `errors` of all
/// cases, either way.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sprt {
    /// Shares of the points.
    same: f64,
    better: f64,
    /// The logarithm of the ratio of likelihoods at which it ends.
    bound: f64,
}

/// What a test says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Stronger by as much as was asked.
    Better,
    /// Not stronger.
    NotBetter,
    /// Too few games to say.
    Open,
}

/// Games before which no test ends: the variance is not known yet.
const GAMES_MIN: f64 = 16.0;

impl Sprt {
    /// A test between two differences in Elo, wrong in such a share of all cases. The error is a sentence.
    pub fn new(same: f64, better: f64, errors: f64) -> Result<Self, String> {
        if !(same.is_finite() && better.is_finite() && same < better) {
            return Err(format!("{same}:{better}: the first is the lower, as in 0:20"));
        }
        if !(0.001..=0.4).contains(&errors) {
            return Err(format!("wrong in {errors} of all cases (--errors): choose 0.001 to 0.4"));
        }
        let bound = libm::log(1.0 / errors);
        Ok(Sprt { same: share_of(same), better: share_of(better), bound })
    }

    /// What the games so far say. By the normal approximation of the generalised test (M. Van den
    /// Bergh, "A practical introduction to the GSPRT", 2019). A ratio that is right on average passes
    /// `1 / errors` in at most that share of all cases, however long it goes on (J. Ville, 1939): the
    /// bounds of A. Wald (1945) are a little narrower, and keep the promise only nearly.
    #[must_use]
    pub fn verdict(&self, points: &Points) -> Verdict {
        if points.games < GAMES_MIN {
            return Verdict::Open;
        }
        let Sprt { same, better, bound } = *self;
        let ratio = points.games * (better - same) * (2.0 * points.mean() - same - better)
            / (2.0 * points.variance());
        if ratio >= bound {
            Verdict::Better
        } else if ratio <= -bound {
            Verdict::NotBetter
        } else {
            Verdict::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use greenroom::Rng;

    use super::*;

    /// A side of this strength plays until the test has ended, or so many games.
    fn test_with(seed: u64, elo: f64, draws: f64, most: u32) -> (Verdict, f64) {
        let sprt = Sprt::new(0.0, 30.0, 0.05).unwrap();
        let (mut rng, mut points) = (Rng::new(seed), Points::default());
        let share = share_of(elo);
        let mut chance = |of: f64| f64::from(rng.next_u32()) / f64::from(u32::MAX) < of;
        for _ in 0..most {
            let drawn = chance(draws);
            points.add(if drawn { 0.5 } else { f64::from(u8::from(chance(share))) });
            let verdict = sprt.verdict(&points);
            if verdict != Verdict::Open {
                return (verdict, points.games);
            }
        }
        (Verdict::Open, points.games)
    }

    #[test]
    fn of_tournaments_of_equals_five_in_a_hundred_are_called_different_at_most() {
        let verdicts: Vec<_> = (0..10_000).map(|seed| test_with(seed, 0.0, 0.2, 20_000)).collect();
        let called = |what| verdicts.iter().filter(|(verdict, _)| *verdict == what).count();
        assert!(called(Verdict::Better) <= 500, "{} of 10,000", called(Verdict::Better));
        assert_eq!(called(Verdict::Open), 0);
        // And of those of which one is better as many are missed.
        let missed = (0..10_000)
            .filter(|seed| test_with(1_000_000 + seed, 30.0, 0.0, 20_000).0 == Verdict::NotBetter);
        let missed = missed.count();
        assert!(missed <= 500, "{missed} of 10,000");
        // It is the sooner over the clearer it is.
        assert!(test_with(1, 300.0, 0.0, 20_000).1 < 60.0);
    }

    #[test]
    fn intervals_hold_what_they_promise() {
        let mut rng = Rng::new(3);
        let (rounds, matches, share) = (2000, 40, 0.9);
        let (mut in_rate, mut in_elo) = (0, 0);
        let truth = elo_of(share);
        for _ in 0..rounds {
            let mut points = Points::default();
            let wins = (0..matches).filter(|_| {
                let won = f64::from(rng.next_u32()) / f64::from(u32::MAX) < share;
                points.add(f64::from(u8::from(won)));
                won
            });
            let rate = Rate::of(wins.count() as u64, matches);
            let elo = points.elo().unwrap();
            in_rate += u32::from((rate.low..=rate.high).contains(&share));
            in_elo += u32::from((elo.low..=elo.high).contains(&truth));
        }
        for held in [in_rate, in_elo] {
            assert!(f64::from(held) / f64::from(rounds) > 0.93, "{held} of {rounds}");
        }
    }

    #[test]
    fn nothing_and_everything_have_intervals_too() {
        assert_eq!(Rate::of(0, 0), Rate { wins: 0, matches: 0, low: 0.0, high: 1.0 });
        let all = Rate::of(10, 10);
        assert!(all.low > 0.7 && all.low < 0.75 && all.high == 1.0, "{all:?}");
        assert_eq!(Points::default().elo(), None);
        let mut points = Points::default();
        (0..10).for_each(|_| points.add(1.0));
        let elo = points.elo().unwrap();
        assert!(elo.low > 100.0 && elo.high == f64::INFINITY && elo.difference > 400.0, "{elo:?}");
        let mut even = Points::default();
        [1.0, 0.0, 0.5, 0.5].into_iter().for_each(|share| even.add(share));
        let elo = even.elo().unwrap();
        assert!(elo.difference.abs() < 1e-9 && (elo.low + elo.high).abs() < 1e-6, "{elo:?}");
    }

    #[test]
    fn what_is_no_test_is_said_in_a_sentence() {
        assert!(Sprt::new(10.0, 10.0, 0.05).unwrap_err().contains("the first is the lower"));
        assert!(Sprt::new(0.0, f64::NAN, 0.05).is_err());
        assert!(Sprt::new(0.0, 10.0, 0.0).unwrap_err().contains("choose 0.001"));
    }
}
