//! The actor that finds or makes rooms for those who want a seat.
//!
//! **Its job.** One question after the other, so that two clients who ask join-or-create at the
//! same moment end in one room. **Its children.** None: rooms are children of the `rooms`
//! supervisor. **What ends it.** Only a bug. **What happens then.** It is started again; it holds
//! nothing that is not in the [directory](crate::directory).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use greenroom_proto::{JoinTarget, Refusal, RoomId};

use super::actor::{Actor, Context, Failure, Named, Reply, catch};
use super::room::Rooms;
use crate::directory::token::TokenKey;
use crate::directory::{Booked, Directory, RoomRecord};
use crate::faults::Every;
use crate::registry::{Entry, Games, RoomPlan};

/// What whoever wants a seat is told when the server stops.
pub const STOPPING: &str = "the server is stopping: connect again in a moment";

/// A refusal with the reason for a person.
pub type Refused = (Refusal, String);

/// What the lobby is asked.
pub enum LobbyMsg {
    /// For a seat.
    Seat(JoinTarget, Taken, Reply<Result<Booked, Refused>>),
}

/// How often a lobby has looked at a question. One that a dead lobby has not looked at may be asked
/// again without a second thought: it has done nothing, and nobody died of it.
pub type Taken = Arc<AtomicU32>;

impl Named for LobbyMsg {
    fn name(&self) -> &'static str {
        match self {
            LobbyMsg::Seat(..) => "seat",
        }
    }
}

/// The actor, and what it starts from.
#[derive(Clone)]
pub struct Lobby {
    /// The games there are.
    pub games: Games,
    /// The rooms there are.
    pub directory: Arc<Directory>,
    /// Where rooms are started.
    pub rooms: Rooms,
    /// Makes the tokens of their seats.
    pub tokens: Arc<TokenKey>,
    /// Seats that it was asked for since it was started.
    pub asked: u32,
}

impl Actor for Lobby {
    const CLASS: &'static str = "lobby";
    type Msg = LobbyMsg;
    type Args = Lobby;

    async fn start(lobby: Lobby, _: &Context<LobbyMsg>) -> Result<Self, Failure> {
        Ok(lobby)
    }

    async fn handle(&mut self, msg: LobbyMsg, ctx: &Context<LobbyMsg>) -> Result<(), Failure> {
        match msg {
            LobbyMsg::Seat(target, taken, reply) => {
                let before = taken.fetch_add(1, Ordering::AcqRel);
                let found = self.seat(target).await;
                if before == 0 {
                    self.strike(ctx).await;
                }
                // Whoever asked may be gone; then the seat is free again.
                let _ = reply.send(found);
            }
        }
        Ok(())
    }
}

impl Lobby {
    /// What somebody who tries that out has asked to fail; never twice over the same question.
    async fn strike(&mut self, ctx: &Context<LobbyMsg>) {
        self.asked = self.asked.wrapping_add(1);
        let faults = &self.rooms.config().dev.faults;
        let due = |every: Option<Every>| every.is_some_and(|n| self.asked.is_multiple_of(n.0));
        assert!(!due(faults.panic_lobby), "a fault that was asked for: panic-lobby");
        if due(faults.kill_lobby) {
            tracing::warn!("a fault that was asked for: the lobby is killed");
            ctx.cell().kill();
            std::future::pending().await
        }
    }

    async fn seat(&self, target: JoinTarget) -> Result<Booked, Refused> {
        if self.directory.leaving().is_draining() {
            return Err((Refusal::Stopping, STOPPING.to_owned()));
        }
        match target {
            JoinTarget::Create { game, options } => {
                let (entry, plan) = self.plan(&game, &options)?;
                self.create(entry, plan).await
            }
            JoinTarget::Open { game, options } => {
                let (entry, plan) = self.plan(&game, &options)?;
                self.directory.book_open(entry.game.name(), &plan.options).ok_or_else(|| {
                    let text = format!("no room of {} with these options is open", &*game);
                    (Refusal::UnknownRoom, text)
                })
            }
            JoinTarget::OpenOrCreate { game, options } => {
                let (entry, plan) = self.plan(&game, &options)?;
                match self.directory.book_open(entry.game.name(), &plan.options) {
                    Some(seat) => Ok(seat),
                    None => self.create(entry, plan).await,
                }
            }
            JoinTarget::Room(id) => {
                let unknown = || (Refusal::UnknownRoom, format!("there is no open room {id}"));
                let room = self.directory.get(id).ok_or_else(unknown)?;
                room.book().map_err(|why| match why {
                    Refusal::RoomFull => (why, format!("room {id} is full")),
                    _ => unknown(),
                })
            }
        }
    }

    fn plan(&self, game: &str, options: &str) -> Result<(&Entry, RoomPlan), Refused> {
        let entry =
            self.games.get(game).map_err(|unknown| (Refusal::UnknownGame, unknown.to_string()))?;
        // The game's own code: a panic in it must not cost the lobby, which all games share.
        let plan = catch(|| entry.game.plan(options)).map_err(|panicked| {
            tracing::error!(
                game,
                place = panicked.place(),
                "options panicked: {}",
                panicked.text()
            );
            (Refusal::Failed, "the game failed on these options".to_owned())
        })?;
        Ok((entry, plan.map_err(|why| (Refusal::BadOptions, why))?))
    }

    async fn create(&self, entry: &Entry, plan: RoomPlan) -> Result<Booked, Refused> {
        let random = || {
            getrandom::u64().map_err(|error| {
                (Refusal::Failed, format!("the system has no random numbers: {error}"))
            })
        };
        let (id, seed) = (RoomId(random()?), random()?);
        let config = self.rooms.config();
        let made_from = (entry.clone(), plan);
        let record = RoomRecord::new(id, made_from, seed, &self.tokens, config);
        let seat = record.book().map_err(|why| (why, "the game has no seats".to_owned()))?;
        if !self.directory.insert(Arc::clone(&record), config.rooms.rooms_max) {
            let text = "the server hosts as many rooms as it may: try again later";
            return Err((Refusal::ServerFull, text.into()));
        }
        if let Err(error) = self.rooms.start(record).await {
            self.directory.remove(id);
            tracing::error!(room = %id, "a room could not be started: {error}");
            return Err((Refusal::Failed, "the room could not be started: try again".into()));
        }
        Ok(seat)
    }
}
