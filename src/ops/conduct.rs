//! Who is kept out of a room and who is kept quiet in it, as a studio's backend decides. Each decision
//! goes through the room's log, like a word to the game; a replay has it.

use std::time::Duration;

use axum::response::Response;
use greenroom_proto::{PlayerId, Text};
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::{Code, Fault};
use super::given::{self, Json, Room};
use crate::account::AccountId;
use crate::directory::RoomRecord;
use crate::directory::backend::{NotRuled, Whom};
use crate::room::conduct::{Measure, REASON_MAX, Reason, Sanctions};

/// For so long somebody is kept out or quiet at most: no room lasts that long.
const SECONDS_MAX: u64 = 366 * 24 * 3600;

/// Whom it is about, and for how long.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sentence {
    player: Option<u32>,
    account: Option<String>,
    seconds: u64,
    #[serde(default)]
    reason: String,
}

/// Whom it is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pardon {
    player: Option<u32>,
    account: Option<String>,
}

/// `POST /v1/rooms/{room}/ban`
pub(super) async fn ban(
    Room(room): Room,
    Json(sentence): Json<Sentence>,
) -> Result<Response, Fault> {
    let (whom, for_ms, reason) = sentence.read()?;
    ruled(&room, "banned", whom, Measure::Ban { for_ms, reason })
}

/// `POST /v1/rooms/{room}/unban`
pub(super) async fn unban(Room(room): Room, Json(pardon): Json<Pardon>) -> Result<Response, Fault> {
    ruled(&room, "unbanned", whom(pardon.player, pardon.account)?, Measure::Unban)
}

/// `POST /v1/rooms/{room}/mute`
pub(super) async fn mute(
    Room(room): Room,
    Json(sentence): Json<Sentence>,
) -> Result<Response, Fault> {
    let (whom, for_ms, reason) = sentence.read()?;
    ruled(&room, "muted", whom, Measure::Mute { for_ms, reason })
}

/// `POST /v1/rooms/{room}/unmute`
pub(super) async fn unmute(
    Room(room): Room,
    Json(pardon): Json<Pardon>,
) -> Result<Response, Fault> {
    ruled(&room, "unmuted", whom(pardon.player, pardon.account)?, Measure::Unmute)
}

/// `GET /v1/rooms/{room}/conduct`
pub(super) async fn look(Room(room): Room) -> Response {
    let (time_ms, conduct) = room.conduct();
    let listed = |sanctions: &Sanctions| -> Vec<Value> {
        let lasting = sanctions.lasting(time_ms).map(|sanction| {
            let left = Duration::from_millis(sanction.until_ms - time_ms);
            json!({
                "account": &*sanction.account,
                "seconds": left.as_millis().div_ceil(1000) as u64,
                "reason": &*sanction.reason,
            })
        });
        lasting.collect()
    };
    super::json(&json!({ "bans": listed(&conduct.bans), "mutes": listed(&conduct.mutes) }))
}

impl Sentence {
    fn read(self) -> Result<(Whom, u64, Reason), Fault> {
        if !(1..=SECONDS_MAX).contains(&self.seconds) {
            let text = format!("seconds is 1 to {SECONDS_MAX}");
            return Err(Fault::new(Code::BadRequest, text));
        }
        let reason = Text::try_from(self.reason.as_str()).map_err(|_| {
            Fault::new(Code::BadRequest, format!("reason has at most {REASON_MAX} bytes"))
        })?;
        Ok((whom(self.player, self.account)?, self.seconds * 1000, reason))
    }
}

fn whom(player: Option<u32>, account: Option<String>) -> Result<Whom, Fault> {
    match (player, account) {
        (Some(player), None) => Ok(Whom::Player(PlayerId(player))),
        (None, Some(account)) => AccountId::try_from(account.as_str())
            .ok()
            .filter(|account| !account.is_empty())
            .map(Whom::Account)
            .ok_or_else(|| Fault::new(Code::BadRequest, "account is the id of an account")),
        _ => Err(Fault::new(Code::BadRequest, "name either a player or an account")),
    }
}

fn ruled(room: &RoomRecord, done: &str, whom: Whom, measure: Measure) -> Result<Response, Fault> {
    match room.rule(whom, measure) {
        Ok(account) => Ok(super::json(&json!({ done: &*account }))),
        Err(NotRuled::UnknownPlayer) => {
            Err(Fault::new(Code::UnknownPlayer, "nobody in this room is this player"))
        }
        Err(NotRuled::Busy) => {
            let text = "too many such decisions wait for this room's next step: try again";
            Err(Fault::new(Code::Busy, text))
        }
        Err(NotRuled::Over) => Err(given::over()),
    }
}
