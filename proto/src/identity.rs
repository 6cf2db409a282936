//! Who a client is, and what a person says about themself.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bounded::{Text, TooLong};

/// Bytes of the token that says who a client is.
pub const AUTH_TOKEN_MAX: usize = 1024;
/// Bytes of a person's name.
pub const NAME_MAX: usize = 32;
/// Bytes of what else a person says about themself, as JSON text.
pub const PROFILE_DATA_MAX: usize = 256;

/// Says who a client is, in words that the server understands. A secret: whoever has it is that
/// account. It is not shown by [`fmt::Debug`].
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AuthToken(Text<AUTH_TOKEN_MAX>);

impl AuthToken {
    /// The token itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for AuthToken {
    type Error = TooLong;

    fn try_from(text: &str) -> Result<Self, TooLong> {
        text.try_into().map(AuthToken)
    }
}

impl fmt::Debug for AuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthToken")
    }
}

/// What a person says about themself, for others to see.
///
/// The server cleans the name: characters that control, reorder or are not seen are left out, it is
/// normalised (NFKC), white space becomes single spaces, and what is longer than [`NAME_MAX`] then
/// is cut. The game may change both or refuse them. Whoever shows the data to others treats them as
/// a stranger's text.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Profile {
    /// What to call them; empty: nothing was said.
    pub name: Text<NAME_MAX>,
    /// Whatever else there is to say, a JSON object; empty: nothing.
    pub data: Text<PROFILE_DATA_MAX>,
}

impl Profile {
    /// Somebody with this name, of whom there is nothing else to say.
    pub fn named(name: &str) -> Result<Self, TooLong> {
        Ok(Profile { name: name.try_into()?, data: Text::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    #[test]
    fn a_token_is_a_text_that_is_not_shown() {
        let token = AuthToken::try_from("secret").unwrap();
        assert_eq!(wire::encode(&token), wire::encode("secret"));
        assert!(!format!("{token:?}").contains("secret"));
        assert!(AuthToken::try_from("x".repeat(AUTH_TOKEN_MAX + 1).as_str()).is_err());
    }
}
