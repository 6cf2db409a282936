//! The people of a room as its members were told of them, and what they are to be told now.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use greenroom_proto::{List, PlayerId, ROSTER_MAX, Roster, Someone};

/// How often it is told that no more than the number of those who look on has changed: thousands
/// may come and go.
const COUNTED_EVERY: Duration = Duration::from_secs(1);

/// What members were told last.
#[derive(Default)]
pub(super) struct Told {
    people: BTreeMap<PlayerId, Someone>,
    spectators: u32,
    counted: Option<Instant>,
}

impl Told {
    /// Notes who is here now. Returns what those are to be told who knew what was noted before.
    pub(super) fn note(
        &mut self,
        now: impl Iterator<Item = Someone>,
        spectators: u32,
        at: Instant,
    ) -> Vec<Roster> {
        let now: BTreeMap<_, _> = now.map(|someone| (someone.player, someone)).collect();
        let changed: Vec<_> = now
            .values()
            .filter(|someone| self.people.get(&someone.player) != Some(*someone))
            .cloned()
            .collect();
        let left = self.people.keys().filter(|player| !now.contains_key(player));
        let gone: Vec<_> = left.copied().collect();
        if changed.is_empty() && gone.is_empty() && !self.counts(spectators, at) {
            return Vec::new();
        }
        self.people = now;
        if spectators != self.spectators {
            (self.spectators, self.counted) = (spectators, Some(at));
        }
        in_messages(false, &changed, &gone, spectators)
    }

    /// Whether the number of those who look on is to be told by itself.
    pub(super) fn counts(&self, spectators: u32, at: Instant) -> bool {
        let may_count = self.counted.is_none_or(|counted| at >= counted + COUNTED_EVERY);
        spectators != self.spectators && may_count
    }

    /// What somebody is to be told who knows nothing.
    pub(super) fn all(&self) -> Vec<Roster> {
        let all: Vec<_> = self.people.values().cloned().collect();
        in_messages(true, &all, &[], self.spectators)
    }
}

/// As many messages as it takes: each is small, and all together are one change.
fn in_messages(anew: bool, people: &[Someone], gone: &[PlayerId], spectators: u32) -> Vec<Roster> {
    let count = people.len().max(gone.len()).div_ceil(ROSTER_MAX).max(1);
    let (mut people, mut gone) = (people.chunks(ROSTER_MAX), gone.chunks(ROSTER_MAX));
    let mut message = |place: usize| Roster {
        anew: anew && place == 0,
        more: place + 1 < count,
        people: List::first(people.next().unwrap_or_default().iter().cloned()),
        gone: List::first(gone.next().unwrap_or_default().iter().copied()),
        spectators,
    };
    (0..count).map(&mut message).collect()
}

#[cfg(test)]
mod tests {
    use greenroom_proto::{Profile, Text};

    use super::*;

    fn someone(player: u32, connected: bool) -> Someone {
        let account = Text::cut(&format!("account-{player}"));
        Someone { player: PlayerId(player), account, profile: Profile::default(), connected }
    }

    /// What somebody knows who was told all of this.
    fn learnt(people: &mut BTreeMap<PlayerId, Someone>, messages: &[Roster]) {
        for message in messages {
            if message.anew {
                people.clear();
            }
            message.gone.iter().for_each(|player| drop(people.remove(player)));
            people.extend(message.people.iter().map(|one| (one.player, one.clone())));
        }
    }

    #[test]
    fn whoever_hears_all_changes_knows_what_whoever_comes_now_is_told() {
        let (mut told, mut known) = (Told::default(), BTreeMap::new());
        let at = Instant::now();
        let mut random = crate::rng::Rng::new(3);
        for _ in 0..200 {
            let here = (1..=200).filter(|_| random.chance(0.7)).collect::<Vec<_>>();
            let here = here.iter().map(|player| someone(*player, player % 3 != 0));
            learnt(&mut known, &told.note(here.clone(), 0, at));
            let mut anew = BTreeMap::from([(PlayerId(999), someone(999, true))]);
            learnt(&mut anew, &told.all());
            assert_eq!(known, anew);
            assert!(known.values().eq(here.collect::<Vec<_>>().iter()));
        }
    }

    #[test]
    fn nothing_is_said_where_nothing_has_changed_and_little_of_who_only_looks_on() {
        let (mut told, at) = (Told::default(), Instant::now());
        let here = || [someone(1, true), someone(2, false)].into_iter();
        assert_eq!(told.note(here(), 5, at).len(), 1);
        assert!(told.note(here(), 5, at).is_empty());
        assert!(told.note(here(), 6, at).is_empty(), "so soon");
        assert_eq!(told.note(here(), 6, at + COUNTED_EVERY)[0].spectators, 6);
        // With a change it costs nothing.
        let gone = told.note([someone(1, true)].into_iter(), 9, at + COUNTED_EVERY);
        assert_eq!((gone.len(), &*gone[0].gone, gone[0].spectators), (1, &[PlayerId(2)][..], 9));
    }

    #[test]
    fn many_people_take_several_messages_that_are_one_change() {
        let mut told = Told::default();
        let messages = told.note((1..=150).map(|player| someone(player, true)), 0, Instant::now());
        assert_eq!(messages.iter().map(|one| one.people.len()).collect::<Vec<_>>(), [64, 64, 22]);
        assert_eq!(messages.iter().map(|one| one.more).collect::<Vec<_>>(), [true, true, false]);
        assert!(told.all()[0].anew && !told.all()[1].anew);
    }
}
