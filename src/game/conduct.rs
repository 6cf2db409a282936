//! What a game does about players who spoil it for the others.

use std::time::Duration;

use greenroom_proto::{PlayerId, Text};

use super::{Ctx, Game, Said};
use crate::account::AccountId;
use crate::room::conduct::{Measure, Ruling};

impl<G: Game> Ctx<G> {
    /// Has a player's seat end, in the next step: [`Game::leave`] is told, and so is the player. Nothing
    /// happens for somebody without a seat.
    pub fn kick(&mut self, player: PlayerId) {
        if let Some(seat) = self.seat_mut(player).filter(|seat| !seat.going) {
            seat.going = true;
            self.said.push(Said::Kick(player));
        }
    }

    /// The same, and the player's account is kept out of this room until so much of its own time
    /// ([`Ctx::time`]) has passed: it gets no seat, by whatever way it comes, and does not look on. All
    /// its seats here end. Another ban of the account takes the place of this one.
    ///
    /// It is the account that is banned: on a server that knows nobody (`serve` without keys) each
    /// connection is a guest of its own, who simply connects again.
    ///
    /// At most [`SANCTIONS_MAX`](crate::room::conduct::SANCTIONS_MAX) accounts are banned; past that the
    /// ban that would end first is lifted.
    pub fn ban(&mut self, player: PlayerId, time: Duration) {
        if let Some(account) = self.account(player).map(|account| account.id().clone()) {
            self.ban_account(&account, time, "");
        }
    }

    /// The same for somebody by their account, whether they are here or not. The reason is for them
    /// to read; of more than 128 bytes the first are taken.
    pub fn ban_account(&mut self, account: &AccountId, time: Duration, reason: &str) {
        let (for_ms, reason) = (milliseconds(time), Text::cut(reason));
        self.decide(account, Measure::Ban { for_ms, reason });
    }

    /// The account may come again.
    pub fn unban(&mut self, account: &AccountId) {
        self.decide(account, Measure::Unban);
    }

    /// The accounts that are banned now, and for how long still; who may come first is first.
    pub fn bans(&self) -> impl Iterator<Item = (&AccountId, Duration)> {
        let lasting = self.conduct.bans.lasting(self.time_ms);
        lasting.map(|ban| (&ban.account, Duration::from_millis(ban.until_ms - self.time_ms)))
    }

    /// The player's account says nothing to the others until so much of the room's own time has
    /// passed, also if it goes and comes again. Bounded as bans are.
    pub fn mute(&mut self, player: PlayerId, time: Duration) {
        if let Some(account) = self.account(player).map(|account| account.id().clone()) {
            let measure = Measure::Mute { for_ms: milliseconds(time), reason: Text::new() };
            self.decide(&account, measure);
        }
    }

    /// The player may talk again.
    pub fn unmute(&mut self, player: PlayerId) {
        if let Some(account) = self.account(player).map(|account| account.id().clone()) {
            self.decide(&account, Measure::Unmute);
        }
    }

    /// Whether the player may not talk now.
    #[must_use]
    pub fn is_muted(&self, player: PlayerId) -> bool {
        let account = self.account(player);
        account.is_some_and(|account| self.conduct.mutes.of(self.time_ms, account.id()).is_some())
    }

    fn decide(&mut self, account: &AccountId, measure: Measure) {
        self.rule(&Ruling { account: account.clone(), measure });
    }

    /// Does what was decided. Whoever is banned loses their seats by it.
    pub(crate) fn rule(&mut self, ruling: &Ruling) {
        self.conduct_changed |= self.conduct.rule(self.time_ms, ruling);
        let Ruling { account, measure: Measure::Ban { .. } } = ruling else { return };
        if self.conduct.bans.of(self.time_ms, account).is_none() {
            return;
        }
        let of_account =
            |player: &PlayerId| self.account(*player).is_some_and(|own| own.id() == account);
        let theirs: Vec<PlayerId> = self.players().filter(of_account).collect();
        theirs.into_iter().for_each(|player| self.kick(player));
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
