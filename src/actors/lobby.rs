//! The actor that finds or makes rooms for those who want a seat, or have some kept.
//!
//! **Its job.** One question after the other, so that two clients who ask join-or-create at the
//! same moment end in one room. **Its children.** None: rooms are children of the `rooms`
//! supervisor. **What ends it.** Only a bug. **What happens then.** It is started again; it holds
//! nothing that is not in the [directory](crate::directory).

mod ask;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use greenroom_proto::{JoinTarget, NewRoom, Refusal, RoomId, Visibility};

pub use self::ask::{Taken, ask, reserve, seats_together};
use super::actor::{Actor, Context, Failure, Named, Reply, catch};
use super::room::Rooms;
use crate::account::AccountId;
use crate::directory::reservations::{NotReserved, Reservation};
use crate::directory::token::TokenKey;
use crate::directory::{Booked, Directory, NotInserted, RoomRecord};
use crate::faults::Every;
use crate::finding;
use crate::game::MoveTo;
use crate::registry::{Entry, Games, RoomPlan};
use crate::room::listing::Setup;
use crate::seating::NoSeat;

/// What whoever wants a seat is told when the server stops.
pub const STOPPING: &str = "the server is stopping: connect again in a moment";

/// A refusal with the reason for a person.
pub type Refused = (Refusal, String);

/// Who wants seats where.
#[derive(Clone)]
pub struct Wish {
    /// Where.
    pub to: JoinTarget,
    /// Who: whoever is banned from a room is not led there. `None`: the studio's own program.
    pub by: Option<AccountId>,
}

/// What became of somebody who wants a seat.
pub enum Found {
    /// There is one.
    Seat(Booked),
    /// There is none in this room, and the client may queue up for one.
    Queue(Arc<RoomRecord>),
}

/// What the lobby is asked.
pub enum LobbyMsg {
    /// For a seat.
    Seat(Wish, Taken, Reply<Result<Found, Refused>>),
    /// For so many seats in one place, for players of this room.
    Together(MoveTo, RoomId, u32, Taken, Reply<Result<Vec<Booked>, Refused>>),
    /// To keep so many seats for so long.
    Reserve(Wish, u32, Duration, Taken, Reply<Result<Reservation, Refused>>),
}

impl Named for LobbyMsg {
    fn name(&self) -> &'static str {
        match self {
            LobbyMsg::Seat(..) => "seat",
            LobbyMsg::Together(..) => "together",
            LobbyMsg::Reserve(..) => "reserve",
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
            LobbyMsg::Seat(wish, taken, reply) => {
                let before = taken.fetch_add(1, Ordering::AcqRel);
                let found = self.seat(wish).await;
                if before == 0 {
                    self.strike(ctx).await;
                }
                // Whoever asked may be gone; then the seat is free again.
                let _ = reply.send(found);
            }
            LobbyMsg::Together(to, from, seats, taken, reply) => {
                taken.fetch_add(1, Ordering::AcqRel);
                // Whoever asked may be gone; then the seats are free again.
                let _ = reply.send(self.seats_together(to, from, seats).await);
            }
            LobbyMsg::Reserve(wish, seats, expiry, taken, reply) => {
                taken.fetch_add(1, Ordering::AcqRel);
                let reserve = |room: &Arc<RoomRecord>| room.reserve_for(seats, expiry);
                let reserved = self.find(wish, reserve, refused_reservation).await;
                // Whoever asked may be gone; then the seats are free again.
                if let Err(Ok(unheard)) = reply.send(reserved) {
                    unheard.codes.iter().for_each(|code| {
                        self.directory.cancel_reservation(code);
                    });
                }
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

    async fn seat(&self, Wish { to, by }: Wish) -> Result<Found, Refused> {
        let book = |room: &Arc<RoomRecord>| room.book();
        match to {
            JoinTarget::Reserved(code) => {
                self.open_to_newcomers()?;
                let booked = self.directory.redeem(&code).ok_or_else(|| {
                    let text = "no seat is kept by this code, or not any more: ask for another";
                    (Refusal::BadCode, text.to_owned())
                })?;
                // Dropped, the seat is kept on: somebody else may have the code, too.
                admit(booked.room(), by.as_ref())?;
                Ok(Found::Seat(booked))
            }
            JoinTarget::Wait(id) => {
                let wish = Wish { to: JoinTarget::Room(id), by };
                match self.find(wish, book, refused).await {
                    Err((Refusal::RoomFull | Refusal::Locked, _)) => {
                        self.directory.get(id).map(Found::Queue).ok_or_else(|| unknown(id))
                    }
                    other => other.map(Found::Seat),
                }
            }
            to => self.find(Wish { to, by }, book, refused).await.map(Found::Seat),
        }
    }

    /// Seats for players of the room `from`, who want to stay together. A room that is there also takes
    /// them while the server begins nothing new.
    async fn seats_together(
        &self,
        to: MoveTo,
        from: RoomId,
        seats: u32,
    ) -> Result<Vec<Booked>, Refused> {
        let book = |room: &Arc<RoomRecord>| match room.id == from {
            true => Err(NoSeat::Locked),
            false => room.book_together(seats),
        };
        match to {
            MoveTo::Room(id) if id == from => {
                Err((Refusal::AlreadySeated, "they are in this room already".to_owned()))
            }
            MoveTo::Room(_) if self.directory.leaving().is_closing() => {
                Err((Refusal::Stopping, STOPPING.to_owned()))
            }
            MoveTo::Room(id) => {
                let room = self.directory.get(id).ok_or_else(|| unknown(id))?;
                book(&room).map_err(|why| refused(id, why))
            }
            MoveTo::New { game, room } => {
                self.find(nobody(JoinTarget::New { game, room }), book, refused).await
            }
            MoveTo::Open { game, room } => {
                let open = JoinTarget::Open { game: game.clone(), options: room.options.clone() };
                match self.find(nobody(open), book, refused).await {
                    Err((Refusal::UnknownRoom, _)) => {
                        self.find(nobody(JoinTarget::New { game, room }), book, refused).await
                    }
                    found => found,
                }
            }
        }
    }

    /// Has `take` done with the room that is meant.
    async fn find<T, E>(
        &self,
        Wish { to, by }: Wish,
        take: impl Fn(&Arc<RoomRecord>) -> Result<T, E>,
        refused: impl Fn(RoomId, E) -> Refused,
    ) -> Result<T, Refused> {
        self.open_to_newcomers()?;
        let by = by.as_ref();
        let if_any = |room: &Arc<RoomRecord>| {
            admit(room, by).ok()?;
            take(room).ok()
        };
        let first_open = |entry: &Entry, plan: &RoomPlan| {
            self.directory.first_open(entry.game.name(), &plan.options, if_any)
        };
        let take_in = |room: &Arc<RoomRecord>| {
            admit(room, by)?;
            take(room).map_err(|why| refused(room.id, why))
        };
        match to {
            JoinTarget::Create { game, options } => {
                let (entry, plan) = self.plan(&game, &options)?;
                self.create(entry, plan, Setup::default(), take_in).await
            }
            JoinTarget::New { game, room } => {
                let (entry, plan) = self.plan(&game, &room.options)?;
                let setup = setup(&room, &plan)?;
                self.create(entry, plan, setup, take_in).await
            }
            JoinTarget::Open { game, options } => {
                let (entry, plan) = self.plan(&game, &options)?;
                first_open(entry, &plan).ok_or_else(|| {
                    let text = format!("no room of {} with these options is open", &*game);
                    (Refusal::UnknownRoom, text)
                })
            }
            JoinTarget::OpenOrCreate { game, options } => {
                let (entry, plan) = self.plan(&game, &options)?;
                match first_open(entry, &plan) {
                    Some(seat) => Ok(seat),
                    None => self.create(entry, plan, Setup::default(), take_in).await,
                }
            }
            JoinTarget::Room(id) => {
                let room = self.directory.get(id).ok_or_else(|| unknown(id))?;
                match room.listing().visibility {
                    // Whoever has its id has not been let in by that.
                    Visibility::Private => Err(unknown(id)),
                    Visibility::Listed | Visibility::Unlisted => take_in(&room),
                }
            }
            JoinTarget::Match { query, or_create } => {
                finding::check(&query).map_err(|why| (Refusal::BadQuery, why))?;
                let plan = |options: &str| self.plan(&query.game, options);
                // Before any room is looked at: what is wrong is said whether there is one or not.
                let new = or_create.as_ref().map(|room| {
                    let (entry, plan) = plan(&room.options)?;
                    let setup = setup(room, &plan)?;
                    Ok((entry, plan, setup))
                });
                let new = new.transpose()?;
                match (self.directory.first_of(&query, if_any), new) {
                    (Some(taken), _) => Ok(taken),
                    (None, Some((entry, plan, setup))) => {
                        self.create(entry, plan, setup, take_in).await
                    }
                    (None, None) => {
                        plan("")?;
                        let text = "no such room has a free seat: ask for less, or for a new one";
                        Err((Refusal::UnknownRoom, text.to_owned()))
                    }
                }
            }
            JoinTarget::Code(code) => {
                let room = self.directory.by_code(&finding::tidy_code(&code)).ok_or_else(|| {
                    let text = "no room has this code: look at it again";
                    (Refusal::BadCode, text.to_owned())
                })?;
                take_in(&room)
            }
            JoinTarget::Reserved(_) | JoinTarget::Wait(_) => {
                let text = "seats are not kept in such a place: name a game or a room";
                Err((Refusal::BadQuery, text.to_owned()))
            }
        }
    }

    fn open_to_newcomers(&self) -> Result<(), Refused> {
        match self.directory.leaving().is_draining() {
            true => Err((Refusal::Stopping, STOPPING.to_owned())),
            false => Ok(()),
        }
    }

    fn plan(&self, game: &str, options: &str) -> Result<(&Entry, RoomPlan), Refused> {
        let entry =
            self.games.get(game).map_err(|unknown| (Refusal::UnknownGame, unknown.to_string()))?;
        // The game's own code: a panic in it must not cost the lobby, which all games share.
        let plan = catch(|| entry.game.choose(options)).map_err(|panicked| {
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

    async fn create<T>(
        &self,
        entry: &Entry,
        plan: RoomPlan,
        setup: Setup,
        take: impl Fn(&Arc<RoomRecord>) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let random = || {
            getrandom::u64().map_err(|error| {
                (Refusal::Failed, format!("the system has no random numbers: {error}"))
            })
        };
        if plan.seats == 0 {
            return Err((Refusal::RoomFull, "the game has no seats".to_owned()));
        }
        let (id, seed) = (RoomId(random()?), random()?);
        let config = self.rooms.config();
        let made_from = (entry.clone(), plan);
        let record = RoomRecord::new(id, made_from, seed, &self.tokens, config);
        record.open_as(setup);
        let taken = take(&record)?;
        self.directory.insert(&record, config.rooms.rooms_max).map_err(|why| match why {
            NotInserted::Full => {
                let text = "the server hosts as many rooms as it may: try again later";
                (Refusal::ServerFull, text.to_owned())
            }
            NotInserted::SameCode => {
                (Refusal::Failed, "the room could not be started: try again".to_owned())
            }
            NotInserted::GameFull => {
                let text = "there are as many rooms of this game as may be: try again later";
                (Refusal::TooManyRooms, text.to_owned())
            }
        })?;
        if let Err(error) = self.rooms.start(record).await {
            self.directory.remove(id);
            tracing::error!(room = %id, "a room could not be started: {error}");
            return Err((Refusal::Failed, "the room could not be started: try again".into()));
        }
        Ok(taken)
    }
}

/// For players whom their game moves: the room itself refuses whom it has banned.
fn nobody(to: JoinTarget) -> Wish {
    Wish { to, by: None }
}

/// Refuses whoever is banned from the room.
fn admit(room: &RoomRecord, by: Option<&AccountId>) -> Result<(), Refused> {
    match by.and_then(|account| room.ban_of(account)) {
        Some(lasting) => Err((Refusal::Banned, lasting.banned())),
        None => Ok(()),
    }
}

fn setup(room: &NewRoom, plan: &RoomPlan) -> Result<Setup, Refused> {
    Setup::of(room, plan.seats).map_err(|why| (Refusal::BadOptions, why))
}

fn unknown(room: RoomId) -> Refused {
    (Refusal::UnknownRoom, format!("there is no open room {room}"))
}

fn refused(room: RoomId, why: NoSeat) -> Refused {
    match why {
        NoSeat::Full | NoSeat::WaitingFull => (Refusal::RoomFull, format!("room {room} is full")),
        NoSeat::Locked => (Refusal::Locked, format!("room {room} takes nobody now")),
        NoSeat::Shut | NoSeat::NotReserved => unknown(room),
    }
}

fn refused_reservation(_: RoomId, why: NotReserved) -> Refused {
    let refusal = match why {
        NotReserved::UnknownRoom(_) => Refusal::UnknownRoom,
        NotReserved::Locked(_) => Refusal::Locked,
        NotReserved::Full { .. } => Refusal::RoomFull,
        NotReserved::NoSeats => Refusal::BadQuery,
        NotReserved::NoRandom(_) => Refusal::Failed,
    };
    (refusal, why.to_string())
}
