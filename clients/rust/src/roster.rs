//! The people of a room, as far as the game tells.

use std::collections::BTreeMap;

use greenroom_proto::{PlayerId, Roster as Message, Someone};

/// Who has a seat in the room, and how many look on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Roster {
    people: BTreeMap<PlayerId, Someone>,
    spectators: u32,
    /// The people after a change of which more is to come.
    coming: Option<BTreeMap<PlayerId, Someone>>,
}

/// What has become of somebody in the room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PersonChange {
    /// They have a seat now.
    Joined(Someone),
    /// Their connection broke; the seat is held for them.
    Dropped(PlayerId),
    /// They are back.
    Resumed(PlayerId),
    /// Their seat is free. This is who they were.
    Left(Someone),
}

impl Roster {
    /// Everybody with a seat, by player: this client, too.
    pub fn people(&self) -> impl Iterator<Item = &Someone> {
        self.people.values()
    }

    /// Who has this seat.
    #[must_use]
    pub fn get(&self, player: PlayerId) -> Option<&Someone> {
        self.people.get(&player)
    }

    /// How many look on without a seat.
    #[must_use]
    pub fn spectators(&self) -> u32 {
        self.spectators
    }

    /// Takes a message. Returns what has changed, once all of it is there: nothing twice, whatever
    /// was told again.
    pub(crate) fn take(&mut self, message: Message) -> Vec<PersonChange> {
        let mut people = self.coming.take().unwrap_or_else(|| self.people.clone());
        if message.anew {
            people.clear();
        }
        for player in &*message.gone {
            people.remove(player);
        }
        people.extend(message.people.into_vec().into_iter().map(|one| (one.player, one)));
        self.spectators = message.spectators;
        if message.more {
            self.coming = Some(people);
            return Vec::new();
        }
        let before = std::mem::replace(&mut self.people, people);
        self.changes(&before)
    }

    fn changes(&self, before: &BTreeMap<PlayerId, Someone>) -> Vec<PersonChange> {
        let left = before.values().filter(|one| !self.people.contains_key(&one.player));
        let others = self.people.values().filter_map(|one| {
            let (was, player) = (before.get(&one.player), one.player);
            match (was.map(|was| was.connected), one.connected) {
                (None, _) => Some(PersonChange::Joined(one.clone())),
                (Some(true), false) => Some(PersonChange::Dropped(player)),
                (Some(false), true) => Some(PersonChange::Resumed(player)),
                _ => None,
            }
        });
        left.cloned().map(PersonChange::Left).chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    use greenroom_proto::{List, Profile, Text};

    use super::*;

    fn someone(player: u32, connected: bool) -> Someone {
        let (account, profile) = (Text::new(), Profile::default());
        Someone { player: PlayerId(player), account, profile, connected }
    }

    fn message(anew: bool, more: bool, people: &[Someone], gone: &[u32]) -> Message {
        let gone = List::first(gone.iter().map(|player| PlayerId(*player)));
        Message { anew, more, people: List::first(people.iter().cloned()), gone, spectators: 0 }
    }

    #[test]
    fn what_is_told_again_is_no_change() {
        let mut roster = Roster::default();
        let all = [someone(1, true), someone(2, true)];
        let joined = all.clone().map(PersonChange::Joined);
        assert_eq!(roster.take(message(true, false, &all, &[])), joined);
        assert_eq!(roster.take(message(true, false, &all, &[])), []);
        let dropped = roster.take(message(false, false, &[someone(2, false)], &[]));
        assert_eq!(dropped, [PersonChange::Dropped(PlayerId(2))]);
        // As after a break in which one came back and the other went.
        let changes = roster.take(message(true, false, &[someone(2, true)], &[]));
        let left = PersonChange::Left(someone(1, true));
        assert_eq!(changes, [left, PersonChange::Resumed(PlayerId(2))]);
    }

    #[test]
    fn a_change_in_several_messages_is_one() {
        let mut roster = Roster::default();
        roster.take(message(true, false, &[someone(1, true), someone(9, true)], &[]));
        assert_eq!(roster.take(message(true, true, &[someone(1, true)], &[])), []);
        assert_eq!(roster.people().count(), 2, "not half of it");
        let changes = roster.take(message(false, false, &[someone(9, true)], &[]));
        assert_eq!((changes, roster.people().count()), (vec![], 2));
    }
}
