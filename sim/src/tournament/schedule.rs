//! Who meets whom, and when.

use std::cmp::Reverse;

use super::standings::Standings;

/// Steps of the search for a Swiss round in which nobody meets again. Some hundred bots need a few
/// thousand; beyond, bots may meet twice.
const SEARCH_MAX: u32 = 100_000;

/// Two bots meet in a round, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Meeting {
    pub(super) round: u32,
    pub(super) pair: (usize, usize),
}

/// A tournament that goes on.
pub(super) struct Schedule {
    bots: usize,
    /// Of a Swiss tournament.
    rounds: Option<u32>,
    round: u32,
}

impl Schedule {
    pub(super) fn new(bots: usize, rounds: Option<u32>) -> Self {
        Schedule { bots, rounds, round: 0 }
    }

    /// How often two bots meet.
    pub(super) fn meetings(&self) -> u64 {
        let bots = self.bots as u64;
        self.rounds.map_or(bots * (bots - 1) / 2, |rounds| bots / 2 * u64::from(rounds))
    }

    /// The next meetings that depend on nothing but the standings; `None` at the end.
    pub(super) fn next(&mut self, standings: &Standings) -> Option<Vec<Meeting>> {
        match self.rounds {
            // All at once.
            None if self.round == 0 => {
                self.round = 1;
                Some(round_robin(self.bots))
            }
            Some(rounds) if self.round < rounds => {
                self.round += 1;
                let round = self.round;
                let pairs = swiss(self.bots, standings).into_iter();
                Some(pairs.map(|pair| Meeting { round, pair }).collect())
            }
            _ => None,
        }
    }
}

/// Everybody against everybody, each at most once in a round: the first sits still and the others go
/// round the table. Of an odd number one sits out.
fn round_robin(bots: usize) -> Vec<Meeting> {
    let seats = bots.next_multiple_of(2);
    let mut table: Vec<usize> = (0..seats).collect();
    let mut meetings = Vec::new();
    for round in 1..seats as u32 {
        let pairs = (0..seats / 2).map(|n| (table[n], table[seats - 1 - n]));
        let pairs = pairs.filter(|(one, other)| *one.max(other) < bots);
        meetings.extend(
            pairs.map(|(one, other)| Meeting { round, pair: (one.min(other), one.max(other)) }),
        );
        table[1..].rotate_right(1);
    }
    meetings
}

/// One round: the best meets the next that it has not met. Of an odd number the last sits out that
/// has not done so.
fn swiss(bots: usize, standings: &Standings) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..bots).collect();
    // Points are halves and shares of them: whole numbers of millionths sort without surprises.
    let points = |bot: usize| (standings.points(bot) * 1e6).round() as i64;
    order.sort_by_key(|bot| (Reverse(points(*bot)), *bot));
    if bots % 2 == 1 {
        let fewest = order.iter().map(|bot| standings.byes(*bot)).min();
        let out = order.iter().rposition(|bot| Some(standings.byes(*bot)) == fewest);
        order.remove(out.unwrap_or(bots - 1));
    }
    let (mut pairs, mut left) = (Vec::new(), SEARCH_MAX);
    if !pair_up(&mut order.clone(), standings, &mut pairs, &mut left) {
        pairs = order.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    }
    pairs.into_iter().map(|(one, other)| (one.min(other), one.max(other))).collect()
}

/// Finds partners for all, the first first. As deep as there are pairs.
fn pair_up(
    open: &mut Vec<usize>,
    standings: &Standings,
    pairs: &mut Vec<(usize, usize)>,
    left: &mut u32,
) -> bool {
    if open.is_empty() {
        return true;
    }
    let one = open.remove(0);
    for place in 0..open.len() {
        *left = left.saturating_sub(1);
        if *left == 0 {
            break;
        }
        if standings.have_met(one, open[place]) {
            continue;
        }
        let other = open.remove(place);
        pairs.push((one, other));
        if pair_up(open, standings, pairs, left) {
            return true;
        }
        pairs.pop();
        open.insert(place, other);
    }
    open.insert(0, one);
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn in_a_round_robin_everybody_meets_everybody_once() {
        for bots in 2..12 {
            let meetings = round_robin(bots);
            assert_eq!(meetings.len() as u64, Schedule::new(bots, None).meetings());
            let pairs: BTreeSet<_> = meetings.iter().map(|meeting| meeting.pair).collect();
            assert_eq!(pairs.len(), meetings.len());
            let mut seen = BTreeSet::new();
            for Meeting { round, pair: (one, other) } in meetings {
                assert!(one < other && other < bots);
                assert!(seen.insert((round, one)) && seen.insert((round, other)), "{bots}");
            }
        }
    }

    #[test]
    fn in_a_swiss_tournament_nobody_meets_twice_and_all_sit_out_as_often() {
        for bots in [2, 5, 8, 9, 30] {
            let mut standings = Standings::of((0..bots).map(|bot| format!("b{bot}")).collect());
            let rounds = if bots == 2 { 1 } else { 4 };
            let mut schedule = Schedule::new(bots, Some(rounds));
            let mut pairs = BTreeSet::new();
            while let Some(meetings) = schedule.next(&standings) {
                assert_eq!(meetings.len(), bots / 2);
                for Meeting { round, pair } in meetings {
                    assert!(pairs.insert(pair), "{bots} bots: {pair:?} again in round {round}");
                    // The lower number is the better bot.
                    standings.met(round, pair, 7, 1.0);
                }
            }
            assert_eq!(pairs.len() as u64, schedule.meetings());
            standings.rate();
            assert_eq!(standings.first(), "b0");
            if bots % 2 == 1 {
                let byes: Vec<u32> = (0..bots).map(|bot| standings.byes(bot)).collect();
                assert!(byes.iter().all(|count| *count <= 1), "{byes:?}");
                assert_eq!(byes.iter().sum::<u32>(), rounds);
            }
        }
    }
}
