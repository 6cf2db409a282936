//! Who is kept out of a room and who is kept quiet in it, for how long still.
//!
//! Both go by account and by the room's own time: whoever leaves and comes again is the same
//! person, and a room that is brought back knows of it. It is part of the room, so that it is in its
//! log and in its keyframes.

use std::fmt;

use greenroom_proto::Text;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;

/// Accounts that are banned from a room at once, and as many that are muted. One more, and the
/// sanction that would end first is lifted.
pub const SANCTIONS_MAX: usize = 256;
/// Bytes of the reason for a sanction.
pub const REASON_MAX: usize = 128;

/// Why somebody is kept out or quiet, for them to read; may be empty.
pub type Reason = Text<REASON_MAX>;

/// Who is kept out and who is kept quiet.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Conduct {
    /// They get no seat, and do not look on.
    pub bans: Sanctions,
    /// They say nothing to the others.
    pub mutes: Sanctions,
}

impl Conduct {
    /// Does what was decided at this time of the room; whether that changed anything.
    pub fn rule(&mut self, now_ms: u64, ruling: &Ruling) -> bool {
        let Ruling { account, measure } = ruling;
        let until_ms = |for_ms: &u64| now_ms.saturating_add(*for_ms);
        match measure {
            Measure::Ban { for_ms, reason } => {
                self.bans.set(now_ms, account, until_ms(for_ms), reason);
                true
            }
            Measure::Unban => self.bans.lift(account),
            Measure::Mute { for_ms, reason } => {
                self.mutes.set(now_ms, account, until_ms(for_ms), reason);
                true
            }
            Measure::Unmute => self.mutes.lift(account),
        }
    }
}

/// What is decided of an account, from outside of the game or by it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ruling {
    /// Of whom.
    pub account: AccountId,
    /// What.
    pub measure: Measure,
}

/// What is done about somebody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Measure {
    /// They are kept out, and lose their seat if they have one.
    Ban {
        /// For so long, in milliseconds; counted from now, whatever was decided before.
        for_ms: u64,
        /// Why.
        reason: Reason,
    },
    /// They may come again.
    Unban,
    /// They are kept quiet.
    Mute {
        /// For so long, in milliseconds; counted from now.
        for_ms: u64,
        /// Why.
        reason: Reason,
    },
    /// They may talk again.
    Unmute,
}

/// Somebody is kept out, or quiet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sanction {
    /// Who.
    pub account: AccountId,
    /// Until this time of the room, in milliseconds since it began.
    pub until_ms: u64,
    /// Why.
    pub reason: Reason,
}

impl Sanction {
    /// What there is of it at this time.
    #[must_use]
    pub fn lasting(&self, now_ms: u64) -> Lasting {
        Lasting { for_ms: self.until_ms.saturating_sub(now_ms), reason: self.reason.clone() }
    }
}

/// How long a sanction still lasts, and why. As text the end of a sentence: `for 40 s still: spam`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Lasting {
    /// For so long by the room's time, in milliseconds.
    pub for_ms: u64,
    /// Why.
    pub reason: Reason,
}

impl Lasting {
    /// What somebody is told who is banned.
    #[must_use]
    pub fn banned(&self) -> String {
        format!("you are banned from this room {self}")
    }

    /// What somebody is told who is muted.
    #[must_use]
    pub fn muted(&self) -> String {
        format!("you are muted in this room {self}")
    }
}

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.for_ms.div_ceil(1000);
        match secs {
            0..120 => write!(f, "for {secs} s still")?,
            120..7_200 => write!(f, "for {} min still", secs.div_ceil(60))?,
            7_200..172_800 => write!(f, "for {} h still", secs.div_ceil(3_600))?,
            _ => write!(f, "for {} days still", secs.div_ceil(86_400))?,
        }
        match self.reason.is_empty() {
            true => Ok(()),
            false => write!(f, ": {}", &*self.reason),
        }
    }
}

/// Sanctions of one kind: one of an account, in the order in which they end.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Sanctions(Vec<Sanction>);

impl Sanctions {
    /// Whether there are none, also none that are over.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one of this account, if it lasts.
    #[must_use]
    pub fn of(&self, now_ms: u64, account: &AccountId) -> Option<&Sanction> {
        self.lasting(now_ms).find(|sanction| sanction.account == *account)
    }

    /// Those that last, in the order in which they end.
    pub fn lasting(&self, now_ms: u64) -> impl Iterator<Item = &Sanction> {
        self.0.iter().skip_while(move |sanction| sanction.until_ms <= now_ms)
    }

    fn set(&mut self, now_ms: u64, account: &AccountId, until_ms: u64, reason: &Reason) {
        self.0.retain(|other| other.until_ms > now_ms && other.account != *account);
        let place = self.0.partition_point(|other| other.until_ms <= until_ms);
        let sanction = Sanction { account: account.clone(), until_ms, reason: reason.clone() };
        self.0.insert(place, sanction);
        if self.0.len() > SANCTIONS_MAX {
            self.0.remove(0);
        }
    }

    fn lift(&mut self, account: &AccountId) -> bool {
        let before = self.0.len();
        self.0.retain(|sanction| sanction.account != *account);
        self.0.len() < before
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ban(account: u64, for_ms: u64) -> Ruling {
        let measure = Measure::Ban { for_ms, reason: Text::cut("spam") };
        Ruling { account: Text::cut(&account.to_string()), measure }
    }

    fn is_banned(conduct: &Conduct, now_ms: u64, account: u64) -> bool {
        conduct.bans.of(now_ms, &Text::cut(&account.to_string())).is_some()
    }

    #[test]
    fn a_ban_lasts_for_its_time_and_the_newest_word_counts() {
        let mut conduct = Conduct::default();
        assert!(conduct.rule(1_000, &ban(1, 500)));
        assert!(is_banned(&conduct, 1_499, 1) && !is_banned(&conduct, 1_500, 1));
        assert!(!is_banned(&conduct, 1_000, 2));
        conduct.rule(1_100, &ban(1, 100));
        assert!(is_banned(&conduct, 1_199, 1) && !is_banned(&conduct, 1_200, 1));
        let unban = Ruling { measure: Measure::Unban, ..ban(1, 0) };
        assert!(conduct.rule(1_150, &unban) && !is_banned(&conduct, 1_150, 1));
        assert!(!conduct.rule(1_150, &unban), "it was lifted already");
        conduct.rule(u64::MAX - 1, &ban(1, u64::MAX));
        assert!(is_banned(&conduct, u64::MAX - 1, 1));
    }

    #[test]
    fn how_long_is_said_in_words() {
        let said = |for_ms| Lasting { for_ms, reason: Text::new() }.to_string();
        assert_eq!(said(1), "for 1 s still");
        assert_eq!(said(119_001), "for 2 min still");
        assert_eq!(said(7_200_000), "for 2 h still");
        assert_eq!(said(86_400_000 * 30), "for 30 days still");
        let lasting = Lasting { for_ms: 4_000, reason: Text::cut("spam") };
        assert_eq!(lasting.banned(), "you are banned from this room for 4 s still: spam");
        assert!(Lasting { for_ms: u64::MAX, ..lasting }.muted().contains("days still: spam"));
    }

    proptest! {
        #[test]
        fn there_are_so_many_at_most_and_those_that_end_last_stay(
            bans in proptest::collection::vec((0..400u64, 1..10_000u64), 0..600),
        ) {
            let mut conduct = Conduct::default();
            for (account, for_ms) in &bans {
                conduct.rule(7, &ban(*account, *for_ms));
                prop_assert!(conduct.bans.0.len() <= SANCTIONS_MAX);
                prop_assert!(conduct.bans.0.is_sorted_by_key(|ban| ban.until_ms));
            }
            let mut accounts: Vec<_> = conduct.bans.0.iter().map(|ban| &ban.account).collect();
            accounts.sort();
            accounts.dedup();
            prop_assert_eq!(accounts.len(), conduct.bans.0.len());
        }
    }
}
