//! `greenroom token`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::account::{Account, Role};
use crate::auth::keys::{Keys, add_key};
use crate::auth::signed::now_unix;

#[derive(Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["new_key", "account"]),
    after_help = "A studio's backend makes such tokens by itself: the page of greenroom::auth::signed \
                  has their format."
)]
pub(super) struct TokenArgs {
    /// Make a file with a key for this user alone, or add a newer key to it.
    #[arg(long, value_name = "FILE")]
    new_key: Option<PathBuf>,
    /// Print a token for the account of this id.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// What the account may do: player, spectator or operator.
    #[arg(long, default_value_t = Role::Player)]
    role: Role,
    /// For how long the token holds: a number with s, m, h or d behind it.
    #[arg(long, default_value = "1h", value_name = "TIME", value_parser = time)]
    expires: Duration,
    /// What games may know about the account, a JSON object.
    #[arg(long, value_name = "JSON")]
    claims: Option<String>,
    /// The file with the keys, of which the newest signs.
    #[arg(long, value_name = "FILE", default_value = "auth.key", conflicts_with = "new_key")]
    auth_key: PathBuf,
}

/// Returns what is to be printed.
pub(super) fn run(args: &TokenArgs) -> Result<String, String> {
    match (&args.new_key, &args.account) {
        (Some(path), _) => new_key(path),
        (None, Some(account)) => token(args, account),
        (None, None) => Err("give --new-key or --account".into()),
    }
}

fn new_key(path: &Path) -> Result<String, String> {
    let id = add_key(path).map_err(|error| error.to_string())?;
    Ok(format!("{}: key {id} signs tokens from now on\n", path.display()))
}

fn token(args: &TokenArgs, id: &str) -> Result<String, String> {
    let mut account = Account::new(id, args.role).map_err(|error| error.to_string())?;
    if let Some(claims) = &args.claims {
        account = account.with_claims(claims).map_err(|error| error.to_string())?;
    }
    let keys = Keys::read(&args.auth_key).map_err(|error| error.to_string())?;
    let expires = now_unix().saturating_add(args.expires.as_secs());
    Ok(format!("{}\n", keys.sign(&account, expires)?.as_str()))
}

/// A time such as `90m`.
fn time(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?} is no time: write 30s, 90m, 12h or 7d");
    let (number, unit) =
        text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let seconds: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(bad()),
    };
    let number: u32 = number.parse().map_err(|_| bad())?;
    Ok(Duration::from_secs(seconds * u64::from(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        let secs = |text| time(text).map(|time| time.as_secs()).ok();
        assert_eq!(
            ["30s", "90m", "12h", "7d", "0s"].map(secs),
            [Some(30), Some(5_400), Some(43_200), Some(604_800), Some(0)]
        );
        assert_eq!(["", "7", "h", "-1h", "1.5h", "1w", "7ü", "99999999999d"].map(secs), [None; 8]);
    }

    #[test]
    fn a_key_is_made_and_signs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("auth.key");
        let mut args = TokenArgs {
            new_key: Some(path.clone()),
            account: None,
            role: Role::Operator,
            expires: Duration::from_secs(60),
            claims: Some(r#"{"level":7}"#.into()),
            auth_key: path.clone(),
        };
        assert!(run(&args).unwrap().contains("key k1 signs"));
        (args.new_key, args.account) = (None, Some("ada".into()));
        let token = run(&args).unwrap();
        let account = Keys::read(&path).unwrap().open(token.trim_end(), now_unix()).unwrap();
        assert_eq!((&**account.id(), account.role()), ("ada", Role::Operator));
        assert_eq!(account.claims(), r#"{"level":7}"#);
        args.claims = Some("7".into());
        assert!(run(&args).unwrap_err().contains("JSON object"));
        args.account = Some("guest-1".into());
        assert!(run(&args).unwrap_err().contains("guest-"));
    }
}
