//! Between a `Hello` and its `Welcome`: asks who the client is, so many at once, and not for ever.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use greenroom_proto::{AuthToken, CloseCode};
use metrics::counter;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::keys::{Keys, KeysError};
use super::signed::SignedTokens;
use super::{Authenticate, Denied, Verdict};
use crate::account::Account;
use crate::config::Auth;
use crate::panics::caught;

/// Asks who clients are.
pub struct Gate {
    /// `None`: everybody is a guest.
    hook: Option<Arc<dyn Authenticate>>,
    places: Semaphore,
    within: Duration,
}

/// Nobody could be let in.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The keys cannot be had.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// There are two ways to find out who somebody is.
    #[error(
        "this program finds out by itself who its clients are (Games::authenticate): leave \
         --auth-key out"
    )]
    TwoWays,
}

impl Gate {
    /// A gate with the hook of the program or the keys of the configuration.
    pub fn new(hook: Option<Arc<dyn Authenticate>>, config: &Auth) -> Result<Self, GateError> {
        let hook = match (hook, &config.key) {
            (Some(_), Some(_)) => return Err(GateError::TwoWays),
            (None, Some(path)) => Some(Arc::new(SignedTokens(Keys::read(path)?)) as Arc<_>),
            (hook, None) => hook,
        };
        Ok(Gate { hook, places: Semaphore::new(config.at_once_max), within: config.timeout })
    }

    /// Who the client with this token is, or the code to close it with.
    pub async fn ask(&self, token: Option<AuthToken>) -> Result<Account, CloseCode> {
        let answer = match &self.hook {
            None => Ok(None),
            Some(hook) => timeout(self.within, self.ask_in_turn(&**hook, token))
                .await
                .unwrap_or_else(|_| Err(Denied::Unavailable("it takes too long".into()))),
        };
        match answer {
            Ok(Some(account)) => {
                counter!("greenroom_authenticated_total").increment(1);
                Ok(account)
            }
            Ok(None) => guest(),
            Err(denied) => Err(turn_away(&denied)),
        }
    }

    async fn ask_in_turn(&self, hook: &dyn Authenticate, token: Option<AuthToken>) -> Verdict {
        // The semaphore is fair: who came first is asked about first. It is never closed.
        let _place = self.places.acquire().await;
        // The host's own code.
        match caught(pin!(async { hook.authenticate(token).await })).await {
            Ok(verdict) => verdict,
            Err(panicked) => {
                tracing::error!(
                    place = panicked.place(),
                    "Authenticate panicked, its client is refused: {}",
                    panicked.text()
                );
                Err(Denied::Refused("the hook panicked".into()))
            }
        }
    }
}

fn guest() -> Result<Account, CloseCode> {
    let number = getrandom::u64().map_err(|error| {
        tracing::error!("the system has no random numbers: {error}");
        CloseCode::Failed
    })?;
    Ok(Account::guest(number))
}

fn turn_away(denied: &Denied) -> CloseCode {
    let (code, why) = match denied {
        Denied::Refused(why) => (CloseCode::Unauthorized, why),
        Denied::Unavailable(why) => (CloseCode::AuthTimeout, why),
    };
    counter!("greenroom_auth_denied_total", "code" => code.code().to_string()).increment(1);
    tracing::debug!(code = code.code(), "a client was not let in: {why}");
    code
}
