//! Who plays: an account as the studio knows it, and a person as a room sees them.

use std::fmt;
use std::str::FromStr;

use greenroom_proto::{Profile, Text};
use serde::{Deserialize, Serialize};

/// Bytes of an account's id.
pub const ACCOUNT_ID_MAX: usize = 64;
/// Bytes of an account's claims, as JSON text.
pub const CLAIMS_MAX: usize = 512;

/// What the id of a guest begins with, and no other.
const GUEST: &str = "guest-";

/// Names an account, in all rooms and for good.
pub type AccountId = Text<ACCOUNT_ID_MAX>;

/// What an account may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Take seats.
    #[default]
    Player,
    /// Look on: a seat is refused.
    Spectator,
    /// All that a player may, and what is for those who run the games.
    Operator,
}

impl Role {
    /// All there are.
    pub const ALL: [Role; 3] = [Role::Player, Role::Spectator, Role::Operator];

    /// Whether it may take a seat.
    #[must_use]
    pub fn may_play(self) -> bool {
        self != Role::Spectator
    }

    /// Its name in tokens and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Player => "player",
            Role::Spectator => "spectator",
            Role::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no such role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no role: player, spectator or operator")]
pub struct NoSuchRole(String);

impl FromStr for Role {
    type Err = NoSuchRole;

    fn from_str(text: &str) -> Result<Self, NoSuchRole> {
        let known = Role::ALL.into_iter().find(|role| role.name() == text);
        known.ok_or_else(|| NoSuchRole(text.to_owned()))
    }
}

/// An account. It is in logs, replays and crash files: no secret belongs into its claims.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    id: AccountId,
    role: Role,
    claims: Text<CLAIMS_MAX>,
}

/// What was said is no account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAccount {
    /// Its id.
    #[error(
        "an account's id has 1 to {ACCOUNT_ID_MAX} bytes, without white space and control \
         characters, and does not begin with \"guest-\": {0:?}"
    )]
    Id(String),
    /// Its claims.
    #[error("an account's claims are a JSON object of at most {CLAIMS_MAX} bytes: {0}")]
    Claims(String),
}

impl Account {
    /// An account of the studio's.
    pub fn new(id: &str, role: Role) -> Result<Self, BadAccount> {
        let unseen = |c: char| c.is_control() || c.is_whitespace();
        let fits = !id.is_empty() && !id.starts_with(GUEST) && !id.contains(unseen);
        match id.try_into() {
            Ok(id) if fits => Ok(Account { id, role, claims: Text::new() }),
            _ => Err(BadAccount::Id(id.chars().take(ACCOUNT_ID_MAX).collect())),
        }
    }

    /// The same with what else the studio has to say of it: a JSON object.
    pub fn with_claims(mut self, claims: &str) -> Result<Self, BadAccount> {
        is_object(claims).map_err(BadAccount::Claims)?;
        self.claims.set(claims).map_err(|why| BadAccount::Claims(why.to_string()))?;
        Ok(self)
    }

    /// Somebody whom nobody knows.
    #[must_use]
    pub fn guest(number: u64) -> Self {
        let id = Text::cut(&format!("{GUEST}{number:x}"));
        Account { id, role: Role::Player, claims: Text::new() }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &AccountId {
        &self.id
    }

    /// What it may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// What else the studio said of it, a JSON object; empty: nothing.
    #[must_use]
    pub fn claims(&self) -> &str {
        &self.claims
    }

    /// Whether nobody knows who this is.
    #[must_use]
    pub fn is_guest(&self) -> bool {
        self.id.starts_with(GUEST)
    }

    /// Whether a seat of `other` is this account's too. A guest is known by the token of the seat
    /// alone: on a new connection they are another guest.
    #[must_use]
    pub fn has_seats_of(&self, other: &Account) -> bool {
        self.id == other.id || (self.is_guest() && other.is_guest())
    }
}

/// Somebody in a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Person {
    /// Who they are.
    pub account: Account,
    /// What they say about themself.
    pub profile: Profile,
}

impl Person {
    /// A guest without a name.
    #[must_use]
    pub fn guest(number: u64) -> Self {
        Person { account: Account::guest(number), profile: Profile::default() }
    }
}

/// Whether a text is a JSON object, or why it is none.
pub fn is_object(text: &str) -> Result<(), String> {
    let read: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(text);
    read.map(drop).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_bounded_and_nobody_is_taken_for_a_guest() {
        let id = |id: &str| Account::new(id, Role::Player).map(|account| account.is_guest());
        assert_eq!(id("ada"), Ok(false));
        assert_eq!(id(&"x".repeat(ACCOUNT_ID_MAX)), Ok(false));
        for bad in ["", "a b", "a\u{7}", "guest-1", "a\u{2028}", &"x".repeat(ACCOUNT_ID_MAX + 1)] {
            assert!(id(bad).is_err(), "{bad:?}");
        }
        assert!(Account::guest(u64::MAX).is_guest());
    }

    #[test]
    fn claims_are_an_object() {
        let claims = |text: &str| {
            Account::new("ada", Role::Player).and_then(|account| account.with_claims(text))
        };
        assert_eq!(claims(r#"{"level":7}"#).map(|a| a.claims().len()), Ok(11));
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(CLAIMS_MAX));
        for bad in ["", "7", "[]", "{", r#"{"a":1} x"#, &long] {
            assert!(claims(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn seats_are_an_accounts_own_and_guests_are_known_by_their_tokens() {
        let account = |id| Account::new(id, Role::Player).unwrap();
        assert!(account("ada").has_seats_of(&account("ada")));
        assert!(!account("ada").has_seats_of(&account("bob")));
        assert!(!account("ada").has_seats_of(&Account::guest(1)));
        assert!(!Account::guest(1).has_seats_of(&account("ada")));
        assert!(Account::guest(1).has_seats_of(&Account::guest(2)));
    }

    #[test]
    fn roles_read_back() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
            let json = serde_json::to_string(&role).unwrap();
            assert_eq!(json, format!("\"{role}\""));
        }
        assert!("admin".parse::<Role>().is_err());
    }
}
