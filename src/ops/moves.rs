//! Players whom a backend moves to another room: a matchmaker that has put them together.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use greenroom_proto::{
    GameName, List, NewRoom, OPTIONS_MAX, OptionsText, PlayerId, RoomId, Visibility,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::Site;
use super::fault::{Code, Fault};
use super::given::{self, Json, Room};
use crate::actors::room::moves::Move;
use crate::directory::Mover;
use crate::game::MoveTo;

/// Players that one request names, at most.
const PLAYERS_MAX: usize = 1_000;

/// Who, and where to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    players: BTreeSet<u32>,
    to: To,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum To {
    Room(InRoom),
    Game(InGame),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InRoom {
    room: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InGame {
    game: String,
    #[serde(default)]
    options: Map<String, Value>,
    /// Not into one that is open.
    #[serde(default)]
    new: bool,
}

/// `POST /v1/rooms/{room}/move`
pub(super) async fn move_players(
    State(site): State<Arc<Site>>,
    Room(room): Room,
    Json(Asked { players, to }): Json<Asked>,
) -> Result<Response, Fault> {
    if !(1..=PLAYERS_MAX).contains(&players.len()) {
        return Err(Fault::new(Code::BadRequest, format!("players are 1 to {PLAYERS_MAX}")));
    }
    let to = read(&site, to)?;
    let players: Vec<_> = players.into_iter().map(PlayerId).collect();
    let (tell, mut told) = mpsc::channel(players.len());
    let runtime = tokio::runtime::Handle::current();
    let lobby = &site.hosted.lobby;
    Move { mover: Mover::Backend(tell), players, to }.start(&room, lobby, &runtime);
    let (mut moved, mut stayed) = (Vec::new(), Vec::new());
    let all = async {
        while let Some((player, outcome)) = told.recv().await {
            match outcome {
                Ok(()) => moved.push(player.0),
                Err(why) => stayed.push(json!({ "player": player.0, "why": format!("{why:?}") })),
            }
        }
    };
    if tokio::time::timeout(site.patience(), all).await.is_err() {
        let text = "the rooms have not answered in time; the players may still be moved";
        return Err(Fault::new(Code::Timeout, text));
    }
    Ok(super::json(&json!({ "moved": moved, "stayed": stayed })))
}

fn read(site: &Site, to: To) -> Result<MoveTo, Fault> {
    let InGame { game, options, new } = match to {
        To::Room(InRoom { room }) => {
            let bad = |_| Fault::new(Code::BadRequest, "`to` has no id of a room");
            return room.parse::<RoomId>().map(MoveTo::Room).map_err(bad);
        }
        To::Game(game) => game,
    };
    given::known(site, &game)?;
    let (Ok(game), Ok(options)) = (
        GameName::try_from(game.as_str()),
        OptionsText::try_from(&*Value::from(options).to_string()),
    ) else {
        return Err(Fault::new(
            Code::BadOptions,
            format!("options take {OPTIONS_MAX} bytes at most"),
        ));
    };
    let (seats, visibility) = (None, Visibility::Listed);
    let room = NewRoom { options, seats, visibility, metadata: List::default() };
    Ok(if new { MoveTo::New { game, room } } else { MoveTo::Open { game, room } })
}
