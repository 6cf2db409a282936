//! Who a client is: said by the token in its `Hello`, found out by the server.
//!
//! Three ways, of which a server has one:
//!
//! - **guests**, for development: nobody is asked, every connection is a guest with an account of
//!   its own;
//! - **[signed tokens](signed)**: `greenroom serve --auth-key FILE`; the studio's backend signs them
//!   with the same key;
//! - **a hook** of the studio's own: [`Games::authenticate`](crate::Games::authenticate).
//!
//! The [`gate`] keeps deadline and number of those that are asked about; [`accounts`] keeps how
//! many connections an account may have; [`name`] cleans what people call themselves.

#[cfg(feature = "server")]
pub mod accounts;
#[cfg(feature = "server")]
pub mod gate;
#[cfg(feature = "server")]
pub mod keys;
#[cfg(feature = "server")]
pub mod name;
#[cfg(feature = "server")]
pub mod signed;

use std::future::Future;
use std::pin::Pin;

use greenroom_proto::AuthToken;

use crate::account::Account;

/// Why a client is not let in. The reason is for the server's log; it must not hold the token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Denied {
    /// The token is no good, and will be none: the client is closed with 4004 and does not come back.
    Refused(String),
    /// Nobody can tell now: the client is closed with 4105 and comes back after a while.
    Unavailable(String),
}

/// An error on the way to an answer is not the client's fault.
impl<E: std::error::Error> From<E> for Denied {
    fn from(error: E) -> Self {
        Denied::Unavailable(error.to_string())
    }
}

/// What came of it. `None`: a guest, with an account of their own.
pub type Verdict = Result<Option<Account>, Denied>;

/// A verdict that takes a while.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

/// Finds out who a client is, by its token. A closure does:
///
/// ```
/// use greenroom::account::{Account, Role};
/// use greenroom::auth::Denied;
/// use greenroom::Games;
///
/// let games = Games::builtin().authenticate(|token: Option<greenroom::proto::AuthToken>| async move {
///     let Some(token) = token else { return Ok(None) }; // a guest
///     // Ask the studio's backend here; `?` on its errors lets the client come back.
///     match token.as_str() {
///         "open sesame" => Ok(Some(Account::new("ali-baba", Role::Player)?)),
///         _ => Err(Denied::Refused("nobody has this token".to_owned())),
///     }
/// });
/// ```
///
/// It is asked for many clients at once (`auth_at_once_max`) and given up after a while
/// (`auth_timeout_ms`), at an `await`: it must not block its thread. A panic in it refuses the
/// client.
pub trait Authenticate: Send + Sync + 'static {
    /// Who has this token, or why they are not let in.
    fn authenticate(&self, token: Option<AuthToken>) -> Answer<'_>;
}

impl<Hook, Work> Authenticate for Hook
where
    Hook: Fn(Option<AuthToken>) -> Work + Send + Sync + 'static,
    Work: Future<Output = Verdict> + Send + 'static,
{
    fn authenticate(&self, token: Option<AuthToken>) -> Answer<'_> {
        Box::pin(self(token))
    }
}
