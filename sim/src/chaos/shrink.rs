//! Of a schedule that breaks a promise, what is needed for it.

use super::schedule::Action;

/// Runs that finding it may take.
const RUNS_MAX: u32 = 3_000;

/// Leaves actions out for as long as it `fails` all the same: halves first, single ones last.
pub(super) fn shrink(schedule: &[Action], fails: impl Fn(&[Action]) -> bool) -> Vec<Action> {
    let (mut shortest, mut runs) = (schedule.to_vec(), 0);
    let mut size = shortest.len() / 2;
    while size > 0 {
        let (mut from, mut shrunk) = (0, false);
        while from < shortest.len() {
            if runs == RUNS_MAX {
                return shortest;
            }
            runs += 1;
            let end = (from + size).min(shortest.len());
            let without = [&shortest[..from], &shortest[end..]].concat();
            if fails(&without) {
                (shortest, shrunk) = (without, true);
            } else {
                from += size;
            }
        }
        if !(shrunk && size == 1) {
            size /= 2;
        }
    }
    shortest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_is_left() {
        let schedule: Vec<Action> = (0..100).map(|ms| Action::Wait { ms }).collect();
        let needed = [Action::Wait { ms: 7 }, Action::Wait { ms: 8 }, Action::Wait { ms: 93 }];
        let fails = |of: &[Action]| needed.iter().all(|action| of.contains(action));
        assert_eq!(shrink(&schedule, fails), needed);
    }
}
