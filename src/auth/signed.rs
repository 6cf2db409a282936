//! Signed tokens: the studio's backend says who somebody is, and the server needs not ask.
//!
//! ```text
//! token     = signed "." base64url(HMAC-SHA-256(key, signed))
//! signed    = key id "." base64url(payload)
//! payload   = a JSON object, UTF-8
//! ```
//!
//! base64url is that of RFC 4648 without padding; a token has at most 1,024 bytes. Of the payload:
//!
//! | field | what | if it is missing |
//! |---|---|---|
//! | `account` | text: 1 to 64 bytes, no white space, does not begin with `guest-` | refused |
//! | `expires_unix` | number: from this second since 1970 on the token holds no more | refused |
//! | `role` | `"player"`, `"spectator"` or `"operator"` | a player |
//! | `claims` | an object of at most 512 bytes: what games may know about the account | none |
//!
//! Others are not looked at. For example, with the key `k1` of the 32 bytes 0, 1, 2, … 31
//!
//! ```text
//! payload   {"account":"ada","role":"player","expires_unix":1790000000,"claims":{"level":7}}
//! token     k1.eyJhY2NvdW50IjoiYWRhIiwicm9sZSI6InBsYXllciIsImV4cGlyZXNfdW5peCI6MTc5MDAwMDAwMCwiY2xhaW1zIjp7ImxldmVsIjo3fX0.-dH8qEq2_CedRNyu8RfT69O1ZHkbbsfZcUj-lB7xeeg
//! ```
//!
//! and in Python
//!
//! ```python
//! import base64, hashlib, hmac, json, time
//!
//! def b64(data): return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
//!
//! def token(key_id, key, account, role="player", seconds=3600, **claims):
//!     payload = {"account": account, "role": role,
//!                "expires_unix": int(time.time()) + seconds, "claims": claims}
//!     signed = key_id + "." + b64(json.dumps(payload).encode())
//!     return signed + "." + b64(hmac.digest(key, signed.encode(), hashlib.sha256))
//! ```

// The shell may read clocks.
#![allow(clippy::disallowed_methods)]

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use greenroom_proto::{AUTH_TOKEN_MAX, AuthToken};
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::keys::Keys;
use super::{Answer, Authenticate, Denied};
use crate::account::{Account, BadAccount, Role};

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Payload {
    account: String,
    #[serde(default)]
    role: Role,
    expires_unix: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims: Option<serde_json::Map<String, serde_json::Value>>,
}

/// A token is not taken. It says nothing of what the token holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAuthToken {
    /// It has not the form of one.
    #[error("it is no signed token")]
    NoToken,
    /// It was signed with another key, or changed afterwards.
    #[error("it was signed with a key that this server does not have, or changed afterwards")]
    Foreign,
    /// It is too old.
    #[error("it has expired")]
    Expired,
    /// What was signed is no account.
    #[error("what was signed is no account: {0}")]
    NoAccount(String),
}

impl From<BadAccount> for BadAuthToken {
    fn from(why: BadAccount) -> Self {
        BadAuthToken::NoAccount(why.to_string())
    }
}

/// Takes tokens that were signed with one of these keys.
pub struct SignedTokens(pub Keys);

impl Authenticate for SignedTokens {
    fn authenticate(&self, token: Option<AuthToken>) -> Answer<'_> {
        Box::pin(async move {
            let refused = |why: String| Denied::Refused(why);
            let token = token.ok_or_else(|| refused("it has no token".into()))?;
            let account = self.0.open(token.as_str(), now_unix());
            account.map(Some).map_err(|why| refused(why.to_string()))
        })
    }
}

/// Seconds since 1970.
#[must_use]
pub fn now_unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Keys {
    /// A token for an account, by the newest key.
    pub fn sign(&self, account: &Account, expires_unix: u64) -> Result<AuthToken, String> {
        let claims = match account.claims() {
            "" => None,
            claims => Some(serde_json::from_str(claims).map_err(|why| why.to_string())?),
        };
        let (role, account) = (account.role(), account.id().to_string());
        let payload = Payload { account, role, expires_unix, claims };
        let payload = serde_json::to_vec(&payload).map_err(|why| why.to_string())?;
        let key = self.newest();
        let signed = format!("{}.{}", key.id, BASE64URL_NOPAD.encode(&payload));
        let mac = hmac::sign(&key.secret, signed.as_bytes());
        let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(mac.as_ref()));
        AuthToken::try_from(token.as_str())
            .map_err(|_| format!("the token would be longer than {AUTH_TOKEN_MAX} bytes"))
    }

    /// Whose token this is, at this time.
    pub fn open(&self, token: &str, now_unix: u64) -> Result<Account, BadAuthToken> {
        let (signed, mac) = token.rsplit_once('.').ok_or(BadAuthToken::NoToken)?;
        let (id, payload) = signed.split_once('.').ok_or(BadAuthToken::NoToken)?;
        let mac = decode(mac)?;
        let key = self.find(id).ok_or(BadAuthToken::Foreign)?;
        // Takes as long whatever differs.
        hmac::verify(&key.secret, signed.as_bytes(), &mac).map_err(|_| BadAuthToken::Foreign)?;
        let payload: Payload = serde_json::from_slice(&decode(payload)?)
            .map_err(|why| BadAuthToken::NoAccount(why.to_string()))?;
        if now_unix >= payload.expires_unix {
            return Err(BadAuthToken::Expired);
        }
        let account = Account::new(&payload.account, payload.role)?;
        match payload.claims.filter(|claims| !claims.is_empty()) {
            None => Ok(account),
            Some(claims) => {
                Ok(account.with_claims(&serde_json::Value::Object(claims).to_string())?)
            }
        }
    }
}

fn decode(text: &str) -> Result<Vec<u8>, BadAuthToken> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| BadAuthToken::NoToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        let bytes: Vec<u8> = (0..32).collect();
        Keys::parse(&format!("k1 {}\n", BASE64URL_NOPAD.encode(&bytes))).unwrap()
    }

    fn ada() -> Account {
        Account::new("ada", Role::Player).unwrap().with_claims(r#"{"level":7}"#).unwrap()
    }

    /// The example on the page of this module, of the README, and of whoever wrote a signer by it.
    #[test]
    fn the_example_is_right() {
        let page = include_str!("signed.rs");
        let line = page.lines().find_map(|line| line.strip_prefix("//! token     k1."));
        let example = format!("k1.{}", line.unwrap());
        assert_eq!(keys().sign(&ada(), 1_790_000_000).unwrap().as_str(), example);
        assert_eq!(keys().open(&example, 1_789_999_999), Ok(ada()));
        assert_eq!(keys().open(&example, 1_790_000_000), Err(BadAuthToken::Expired));
    }

    #[test]
    fn a_token_with_any_byte_changed_is_none() {
        let token = keys().sign(&ada(), 100).unwrap();
        for place in 0..token.as_str().len() {
            let mut bytes = token.as_str().as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(keys().open(&changed, 0).is_err(), "byte {place}");
            assert!(keys().open(&token.as_str()[..place], 0).is_err(), "{place} bytes");
        }
        let longer = format!("{}A", token.as_str());
        assert!(keys().open(&longer, 0).is_err());
    }

    #[test]
    fn every_key_is_taken_the_newest_signs_and_others_are_foreign() {
        let line = |id: &str, byte: u8| format!("{id} {}\n", BASE64URL_NOPAD.encode(&[byte; 32]));
        let old = Keys::parse(&line("k1", 1)).unwrap();
        let both = Keys::parse(&(line("k1", 1) + &line("k2", 2))).unwrap();
        let by_old = old.sign(&ada(), 100).unwrap();
        let by_new = both.sign(&ada(), 100).unwrap();
        assert_eq!(both.open(by_old.as_str(), 0), Ok(ada()));
        assert!(by_new.as_str().starts_with("k2."));
        assert_eq!(old.open(by_new.as_str(), 0), Err(BadAuthToken::Foreign));
        let other = Keys::parse(&line("k1", 9)).unwrap();
        assert_eq!(other.open(by_old.as_str(), 0), Err(BadAuthToken::Foreign));
    }

    /// Signs any payload, as a backend with a mistake would.
    fn signed(payload: &str) -> String {
        let keys = keys();
        let signed = format!("k1.{}", BASE64URL_NOPAD.encode(payload.as_bytes()));
        let mac = hmac::sign(&keys.newest().secret, signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(mac.as_ref()))
    }

    #[test]
    fn what_may_be_missing_is_missing_and_what_is_wrong_is_refused() {
        let open = |payload: &str| keys().open(&signed(payload), 0);
        let plain = Account::new("ada", Role::Player).unwrap();
        assert_eq!(open(r#"{"account":"ada","expires_unix":1,"more":[]}"#), Ok(plain));
        for bad in [
            r#"{"account":"ada"}"#,
            r#"{"expires_unix":1}"#,
            r#"{"account":"guest-1","expires_unix":1}"#,
            r#"{"account":"ada","expires_unix":1,"role":"root"}"#,
            r#"{"account":"ada","expires_unix":1,"claims":[1]}"#,
            r#"{"account":"ada","expires_unix":-1}"#,
            "[]",
            "",
        ] {
            assert!(matches!(open(bad), Err(BadAuthToken::NoAccount(_))), "{bad}");
        }
        let deep = format!(r#"{{"account":"ada","expires_unix":1,"claims":{}}}"#, "[".repeat(500));
        assert!(matches!(open(&deep), Err(BadAuthToken::NoAccount(_))));
    }
}
