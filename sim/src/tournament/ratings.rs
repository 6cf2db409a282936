//! Ratings of many bots from meetings of two: the model of Bradley and Terry (1952), the one behind Elo.
//!
//! The ratings are those under which the points are the likeliest, around a mean of 0. Their intervals
//! are those of robust errors (P. J. Huber, 1967; for few matches after D. V. Hinkley, 1977): how far the
//! shares of points really are from what the ratings expect counts, not how far wins and losses
//! would be. Every bot has half a win and half a loss more than it has, spread
//! over those it met: one that won everything is not better by any difference.

use serde::Serialize;

use crate::headless::rating::Z;

/// Points of Elo of one unit of the model's own scale: 400 are odds of ten to one.
const ELO: f64 = 400.0 / std::f64::consts::LN_10;
/// Pulls all ratings to the mean by so little that only those feel it whom nothing else ties to the
/// others: groups of bots that never met get intervals without an end in sight.
const RIDGE: f64 = 1e-3;
/// Steps of Newton's method. Some ten do; it is for nothing that is not a number.
const STEPS_MAX: usize = 200;

/// A rating in Elo, and between what it is with 95 % confidence.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub(crate) struct Rating {
    pub(crate) elo: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Rating {
    /// To whole points, none of which is -0.
    pub(crate) fn rounded(self) -> Self {
        let round = |elo: f64| elo.round() + 0.0;
        Rating { elo: round(self.elo), low: round(self.low), high: round(self.high) }
    }
}

/// Matches of two bots that depend on no others, and the first one's share of their points.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    pub(crate) pair: (usize, usize),
    pub(crate) share: f64,
}

/// All of two bots.
#[derive(Clone, Copy, Default)]
struct Pair {
    one: usize,
    other: usize,
    count: f64,
    sum: f64,
    squares: f64,
}

impl Pair {
    /// The first one's share of points, as these strengths have it.
    fn expected(&self, strengths: &[f64]) -> f64 {
        1.0 / (1.0 + libm::exp(strengths[self.other] - strengths[self.one]))
    }

    /// The squares of how far the shares are from that, together. Not from their own mean: of two bots
    /// that met once or twice that is too near.
    fn distances(&self, strengths: &[f64]) -> f64 {
        let expected = self.expected(strengths);
        self.squares - 2.0 * expected * self.sum + self.count * expected * expected
    }
}

/// The ratings of so many bots.
pub(crate) fn ratings(bots: usize, units: &[Unit]) -> Vec<Rating> {
    let pairs = pairs(bots, units);
    let mut strengths = vec![0.0; bots];
    for _ in 0..STEPS_MAX {
        let (slope, curve) = slope_and_curve(&strengths, &pairs);
        let Some(inverse) = inverse(curve) else { break };
        // By a step of the model's scale at most: far away the curve says little.
        let steps: Vec<f64> =
            times(&inverse, &slope).into_iter().map(|step| step.clamp(-1.0, 1.0)).collect();
        strengths.iter_mut().zip(&steps).for_each(|(strength, step)| *strength += step);
        if steps.iter().all(|step| step.abs() < 1e-10) {
            break;
        }
    }
    let (_, curve) = slope_and_curve(&strengths, &pairs);
    let errors = inverse(curve)
        .map_or(vec![f64::INFINITY; bots], |curve| errors(&curve, &strengths, &pairs));
    let mean = strengths.iter().sum::<f64>() / bots.max(1) as f64;
    let rating = |(strength, error): (f64, f64)| {
        let (elo, width) = (ELO * (strength - mean), ELO * Z * error);
        Rating { elo, low: elo - width, high: elo + width }
    };
    strengths.into_iter().zip(errors).map(rating).collect()
}

/// The units by pair, with the half wins and losses that are added.
fn pairs(bots: usize, units: &[Unit]) -> Vec<Pair> {
    let mut all = vec![Pair::default(); bots * bots];
    for Unit { pair: (one, other), share } in units {
        let pair = &mut all[one * bots + other];
        (pair.one, pair.other) = (*one, *other);
        pair.count += 1.0;
        pair.sum += share;
        pair.squares += share * share;
    }
    all.retain(|pair| pair.count > 0.0);
    let met = |bot| all.iter().filter(|pair| pair.one == bot || pair.other == bot).count() as f64;
    let met: Vec<f64> = (0..bots).map(met).collect();
    for pair in &mut all {
        let added = 0.5 / met[pair.one] + 0.5 / met[pair.other];
        pair.count += added;
        pair.sum += added / 2.0;
        pair.squares += added / 2.0;
    }
    all
}

/// Which way the likelihood of these strengths goes up, and how it bends.
fn slope_and_curve(strengths: &[f64], pairs: &[Pair]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut slope: Vec<f64> = strengths.iter().map(|strength| -RIDGE * strength).collect();
    let mut curve = diagonal(strengths.len(), RIDGE);
    for pair @ Pair { one, other, count, sum, .. } in pairs {
        let expected = pair.expected(strengths);
        slope[*one] += sum - count * expected;
        slope[*other] -= sum - count * expected;
        tie(&mut curve, (*one, *other), count * expected * (1.0 - expected));
    }
    (slope, curve)
}

/// The standard errors: what the points really vary by, seen through the curve.
fn errors(inverse: &[Vec<f64>], strengths: &[f64], pairs: &[Pair]) -> Vec<f64> {
    let bots = inverse.len();
    // The ratings were chosen to be near: each of them takes the distance of one unit away.
    let count: f64 = pairs.iter().map(|pair| pair.count).sum();
    let free = (count + 1.0 - bots as f64).max(1.0);
    let near = count / free * student(free) * student(free);
    let mut varies = diagonal(bots, RIDGE);
    pairs.iter().for_each(|pair| {
        tie(&mut varies, (pair.one, pair.other), near * pair.distances(strengths));
    });
    // Of the distance to the mean: that all are stronger together is nothing that anybody sees.
    let mean: Vec<f64> =
        (0..bots).map(|n| inverse.iter().map(|row| row[n]).sum::<f64>() / bots as f64).collect();
    let error = |row: &Vec<f64>| {
        let row: Vec<f64> = row.iter().zip(&mean).map(|(own, mean)| own - mean).collect();
        let through = times(&varies, &row);
        row.iter().zip(through).map(|(one, other)| one * other).sum::<f64>().max(0.0).sqrt()
    };
    inverse.iter().map(error).collect()
}

/// By how much an interval is wider than one of the normal distribution where what varies was
/// estimated from so few (Student's t, the first term of its expansion).
fn student(free: f64) -> f64 {
    1.0 + (Z * Z + 1.0) / (4.0 * free)
}

fn diagonal(size: usize, value: f64) -> Vec<Vec<f64>> {
    (0..size).map(|n| (0..size).map(|m| if n == m { value } else { 0.0 }).collect()).collect()
}

/// Adds something about the difference of two.
fn tie(matrix: &mut [Vec<f64>], (one, other): (usize, usize), by: f64) {
    matrix[one][one] += by;
    matrix[other][other] += by;
    matrix[one][other] -= by;
    matrix[other][one] -= by;
}

fn times(matrix: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    matrix.iter().map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum()).collect()
}

/// The inverse of a symmetric, positive definite matrix (Gauss and Jordan, without a search for
/// pivots, which those do not need).
fn inverse(mut matrix: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let size = matrix.len();
    let mut inverse = diagonal(size, 1.0);
    for n in 0..size {
        let pivot = matrix[n][n];
        if !pivot.is_finite() || pivot <= 0.0 {
            return None;
        }
        for row in [&mut matrix[n], &mut inverse[n]] {
            row.iter_mut().for_each(|value| *value /= pivot);
        }
        let (own, own_inverse) = (matrix[n].clone(), inverse[n].clone());
        for m in (0..size).filter(|m| *m != n) {
            let by = matrix[m][n];
            let less = |row: &mut [f64], own: &[f64]| {
                row.iter_mut().zip(own).for_each(|(value, own)| *value -= by * own);
            };
            less(&mut matrix[m], &own);
            less(&mut inverse[m], &own_inverse);
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use greenroom::Rng;

    use super::*;

    #[test]
    fn intervals_hold_what_they_promise() {
        let strengths = [200.0, 50.0, 0.0, -50.0, -200.0];
        let (mut held, mut rated) = (0, 0);
        let mut rng = Rng::new(6);
        for _ in 0..200 {
            let mut units = Vec::new();
            for one in 0..strengths.len() {
                for other in one + 1..strengths.len() {
                    let odds = (strengths[other] - strengths[one]) / 400.0;
                    let expected = 1.0 / (1.0 + libm::exp10(odds));
                    let mut game = || f64::from(rng.next_u32()) / f64::from(u32::MAX) < expected;
                    // Two matches each.
                    units.extend((0..20).map(|_| Unit {
                        pair: (one, other),
                        share: f64::from(u8::from(game()) + u8::from(game())) / 2.0,
                    }));
                }
            }
            for (strength, rating) in strengths.iter().zip(ratings(strengths.len(), &units)) {
                rated += 1;
                held += u32::from((rating.low..=rating.high).contains(strength));
            }
        }
        let share = f64::from(held) / f64::from(rated);
        assert!((0.92..0.98).contains(&share), "{held} of {rated}");
    }

    /// Also where there are many bots that met only once.
    #[test]
    fn equals_are_called_different_in_five_of_a_hundred_cases_at_most() {
        let mut rng = Rng::new(7);
        for (bots, matches, tournaments) in [(2, 20, 1000), (4, 2, 400), (8, 1, 200), (12, 1, 100)]
        {
            let (mut called, mut rated) = (0, 0);
            for _ in 0..tournaments {
                let pairs =
                    (0..bots).flat_map(|one| (one + 1..bots).map(move |other| (one, other)));
                let units: Vec<Unit> = pairs
                    .flat_map(|pair| std::iter::repeat_n(pair, matches))
                    .map(|pair| Unit { pair, share: f64::from(rng.below(2) + rng.below(2)) / 2.0 })
                    .collect();
                for Rating { low, high, .. } in ratings(bots, &units) {
                    rated += 1;
                    called += u32::from(low > 0.0 || high < 0.0);
                }
            }
            assert!(called * 20 <= rated, "{bots} bots: {called} of {rated}");
        }
    }

    #[test]
    fn who_won_all_and_who_met_nobody_have_ratings_too() {
        let won: Vec<Unit> = (0..10).map(|_| Unit { pair: (0, 1), share: 1.0 }).collect();
        let both = ratings(2, &won);
        assert!(both[0].elo > 200.0 && both[0].elo < 400.0, "{both:?}");
        assert!((both[0].elo + both[1].elo).abs() < 1e-6);
        assert!(both[0].low < both[0].elo && both[0].low.is_finite());
        let apart = ratings(3, &won);
        assert!(apart[2].high - apart[2].low > 1000.0, "{apart:?}");
        assert_eq!(ratings(0, &[]), []);
        let (even, few) = (Unit { pair: (0, 1), share: 0.5 }, ratings(2, &[]));
        assert!(ratings(2, &[even, even])[0].elo.abs() < 1e-6 && few[0].elo == 0.0);
    }
}
