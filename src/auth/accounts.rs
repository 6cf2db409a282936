//! How many connections an account has, and what becomes of one too many.
//!
//! Whoever comes is counted under one lock, so that of two that come in the same moment one is the
//! later. Guests are each an account of their own and are not counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use greenroom_proto::CloseCode;

use crate::account::{Account, AccountId};
use crate::config::Auth;
use crate::net::link::Link;

/// Something that can be closed: a connection.
pub trait Closes: Send + Sync {
    /// Closes it.
    fn close(&self, code: CloseCode);
}

impl Closes for Link {
    fn close(&self, code: CloseCode) {
        Link::close(self, code);
    }
}

/// The accounts that are connected. As many entries as connections at most.
pub struct Accounts {
    max: usize,
    newest_wins: bool,
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    last: u64,
    accounts: BTreeMap<AccountId, Here>,
}

/// An account's connections by number, the oldest first.
type Here = Vec<(u64, Arc<dyn Closes>)>;

/// An account's connection is here until this is dropped.
pub struct Presence {
    accounts: Arc<Accounts>,
    /// `None`: it is not counted.
    counted: Option<(AccountId, u64)>,
}

impl Accounts {
    /// Nobody is here yet.
    #[must_use]
    pub fn new(config: &Auth) -> Arc<Self> {
        let (max, newest_wins) = (config.per_account_max, config.newest_wins);
        Arc::new(Accounts { max, newest_wins, present: Mutex::default() })
    }

    /// A connection of this account is here. One too many is either closed for it, or refused.
    pub fn enter(
        self: &Arc<Self>,
        account: &Account,
        connection: Arc<dyn Closes>,
    ) -> Result<Presence, CloseCode> {
        if account.is_guest() {
            return Ok(Presence { accounts: Arc::clone(self), counted: None });
        }
        let mut present = self.lock();
        present.last += 1;
        let number = present.last;
        let here = present.accounts.entry(account.id().clone()).or_default();
        let mut replaced = None;
        if here.len() >= self.max {
            if !self.newest_wins {
                return Err(CloseCode::AccountInUse);
            }
            replaced = Some(here.remove(0).1);
        }
        here.push((number, connection));
        drop(present);
        if let Some(replaced) = replaced {
            replaced.close(CloseCode::Elsewhere);
        }
        let counted = Some((account.id().clone(), number));
        Ok(Presence { accounts: Arc::clone(self), counted })
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let Some((account, number)) = &self.counted else { return };
        let mut present = self.accounts.lock();
        if let Some(here) = present.accounts.get_mut(account) {
            here.retain(|(of, _)| of != number);
            if here.is_empty() {
                present.accounts.remove(account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Role;

    #[derive(Default)]
    struct Connection(Mutex<Option<CloseCode>>);

    impl Closes for Connection {
        fn close(&self, code: CloseCode) {
            *self.0.lock().unwrap() = Some(code);
        }
    }

    fn accounts(max: usize, newest_wins: bool) -> Arc<Accounts> {
        Arc::new(Accounts { max, newest_wins, present: Mutex::default() })
    }

    fn ada() -> Account {
        Account::new("ada", Role::Player).unwrap()
    }

    #[test]
    fn the_oldest_goes_where_the_newest_wins() {
        let accounts = accounts(2, true);
        let all: [Arc<Connection>; 4] = Default::default();
        let here = all.each_ref().map(|one| accounts.enter(&ada(), one.clone()).ok().unwrap());
        let codes = all.each_ref().map(|one| *one.0.lock().unwrap());
        assert_eq!(codes, [Some(CloseCode::Elsewhere), Some(CloseCode::Elsewhere), None, None]);
        drop(here);
        assert!(accounts.lock().accounts.is_empty());
    }

    #[test]
    fn one_too_many_is_refused_where_the_oldest_stay() {
        let accounts = accounts(1, false);
        let (first, second) = (Arc::new(Connection::default()), Arc::new(Connection::default()));
        let here = accounts.enter(&ada(), first.clone()).ok().unwrap();
        let refused = accounts.enter(&ada(), second.clone()).err();
        assert_eq!(refused, Some(CloseCode::AccountInUse));
        let bob = Account::new("bob", Role::Player).unwrap();
        assert!(accounts.enter(&bob, second.clone()).is_ok());
        drop(here);
        assert!(accounts.enter(&ada(), second).is_ok());
        assert_eq!(*first.0.lock().unwrap(), None);
    }

    #[test]
    fn guests_are_not_counted() {
        let accounts = accounts(1, false);
        let guest = Account::guest(1);
        let here: Vec<_> = (0..3)
            .map(|_| accounts.enter(&guest, Arc::new(Connection::default())).ok().unwrap())
            .collect();
        assert!(accounts.lock().accounts.is_empty());
        drop(here);
    }

    #[test]
    fn in_a_race_as_many_stay_as_may() {
        for newest_wins in [true, false] {
            let accounts = accounts(1, newest_wins);
            let all: Vec<_> = (0..16).map(|_| Arc::new(Connection::default())).collect();
            let here: Vec<_> = std::thread::scope(|scope| {
                let enter = |one: &Arc<Connection>| {
                    let (accounts, one) = (Arc::clone(&accounts), Arc::clone(one));
                    scope.spawn(move || accounts.enter(&ada(), one).ok())
                };
                let threads: Vec<_> = all.iter().map(enter).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let closed = all.iter().filter(|one| one.0.lock().unwrap().is_some()).count();
            let let_in = here.iter().flatten().count();
            assert_eq!(let_in - closed, 1, "newest wins: {newest_wins}");
            drop(here);
            assert!(accounts.lock().accounts.is_empty());
        }
    }
}
