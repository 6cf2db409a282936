//! What a backend does with one room. What changes the match goes through its log, as a word to the
//! game or a seat that is given up; a replay has it. What is said to players is beside it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use greenroom_proto::{NOTICE_MAX, NoticeText, PlayerId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Site;
use super::fault::{Code, Fault};
use super::given::{self, Json, Room};
use super::rooms::{ended, value};
use crate::directory::words::{Heard, NotTold};

/// Bytes of what a game says to a word, at most.
const REPLY_MAX: usize = 65_536;
/// How often it is looked whether a room has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Players that one request names, at most.
const PLAYERS_MAX: usize = 1_000;

/// A word to the game.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Word {
    word: Value,
}

/// `POST /v1/rooms/{room}/signal`
pub(super) async fn signal(
    State(site): State<Arc<Site>>,
    Room(room): Room,
    Json(Word { word }): Json<Word>,
) -> Result<Response, Fault> {
    let answer = room.tell(word.to_string().into_bytes()).map_err(|why| match why {
        NotTold::Over => given::over(),
        NotTold::Busy => Fault::new(Code::Busy, "too many words wait for this room: await replies"),
    })?;
    match tokio::time::timeout(site.patience(), answer).await {
        Ok(Ok(Heard::Reply(text))) if text.as_ref().is_some_and(|text| text.len() > REPLY_MAX) => {
            let text = format!(
                "the word was heard, but the game's reply is larger than {REPLY_MAX} bytes"
            );
            Err(Fault::new(Code::Failed, text))
        }
        Ok(Ok(Heard::Reply(text))) => {
            Ok(super::json(&json!({ "reply": text.as_deref().map(value) })))
        }
        Ok(Ok(Heard::Failed)) => Err(Fault::new(
            Code::GameFailed,
            "the game panicked over this word: nothing came of it",
        )),
        Ok(Err(_)) => Err(given::over()),
        Err(_) => {
            let text = "the room has not replied in time; the word may still reach the game";
            Err(Fault::new(Code::Timeout, text))
        }
    }
}

/// Something said to some players.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    players: Vec<u32>,
    text: String,
}

/// `POST /v1/rooms/{room}/send`
pub(super) async fn send(
    Room(room): Room,
    Json(Message { players, text }): Json<Message>,
) -> Result<Response, Fault> {
    let text = notice(&text)?;
    if players.len() > PLAYERS_MAX {
        let text = format!("at most {PLAYERS_MAX} players at once: announce to all");
        return Err(Fault::new(Code::BadRequest, text));
    }
    let players: Vec<_> = players.into_iter().map(PlayerId).collect();
    Ok(told(room.members().notice(Some(&players), &text)))
}

/// Something said to all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Announcement {
    text: String,
}

/// `POST /v1/rooms/{room}/announce`
pub(super) async fn announce(
    Room(room): Room,
    Json(Announcement { text }): Json<Announcement>,
) -> Result<Response, Fault> {
    let text = notice(&text)?;
    Ok(told(room.members().notice(None, &text)))
}

/// `POST /v1/announce`
pub(super) async fn announce_to_all(
    State(site): State<Arc<Site>>,
    Json(Announcement { text }): Json<Announcement>,
) -> Result<Response, Fault> {
    let text = notice(&text)?;
    // Each is written to the sockets of a room, under its lock.
    let all = tokio::task::spawn_blocking(move || {
        site.hosted.directory.all().iter().map(|room| room.members().notice(None, &text)).sum()
    });
    all.await.map(told).map_err(|_| Fault::new(Code::Failed, "the server is stopping"))
}

/// Who goes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kicked {
    player: u32,
}

/// `POST /v1/rooms/{room}/kick`
pub(super) async fn kick(
    Room(room): Room,
    Json(Kicked { player }): Json<Kicked>,
) -> Result<Response, Fault> {
    match room.kick(PlayerId(player)) {
        true => Ok(super::json(&json!({ "kicked": player }))),
        false => {
            let text = format!("nobody in this room is player {player}");
            Err(Fault::new(Code::UnknownPlayer, text))
        }
    }
}

/// How it ends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    #[serde(default)]
    result: Value,
}

/// `POST /v1/rooms/{room}/end`
pub(super) async fn end(
    State(site): State<Arc<Site>>,
    Room(room): Room,
    Json(End { result }): Json<End>,
) -> Result<Response, Fault> {
    room.end(result.to_string());
    let gone = async {
        while site.hosted.directory.get(room.id).is_some() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    if tokio::time::timeout(site.patience(), gone).await.is_err() {
        let text = "the room ends once the step that it makes is over, which is not yet the case";
        return Err(Fault::new(Code::Timeout, text));
    }
    let finished = site.hosted.directory.finished().get(room.id);
    Ok(super::json(&finished.map(|finished| ended(room.id, &finished))))
}

/// `POST /v1/drain`
pub(super) async fn drain(
    State(site): State<Arc<Site>>,
    Json(Nothing {}): Json<Nothing>,
) -> Response {
    site.hosted.condition.stops();
    site.hosted.directory.leaving().drain();
    let readiness = site.hosted.condition.readiness().to_string();
    super::json(&json!({ "readiness": readiness, "rooms": site.hosted.directory.len() }))
}

/// There is nothing to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

fn notice(text: &str) -> Result<NoticeText, Fault> {
    let text = NoticeText::try_from(text).ok().filter(|text| !text.is_empty());
    text.ok_or_else(|| Fault::new(Code::BadRequest, format!("text has 1 to {NOTICE_MAX} bytes")))
}

fn told(players: usize) -> Response {
    super::json(&json!({ "told": players }))
}
