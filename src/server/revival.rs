//! What a server does first with a journal: the rooms that another process left unfinished.

use std::path::Path;
use std::sync::Arc;

use greenroom_proto::RoomId;
use metrics::counter;

use crate::actors::connection::Shared;
use crate::actors::room::{Keeper, Rooms};
use crate::config::Config;
use crate::directory::over::{LastSeats, TOLD_FOR};
use crate::directory::token::{KEY_BYTES, TokenKey};
use crate::directory::{Directory, RoomRecord};
use crate::journal::{Found, Journal, JournalError, Limits};
use crate::registry::{Games, RoomPlan};
use crate::room::saved::Restored;
use crate::whole_file::{self, Readers};

/// A journal that was opened, and what was in it.
pub(super) struct Past {
    pub(super) keeper: Keeper,
    pub(super) tokens: Arc<TokenKey>,
    found: Vec<Found>,
}

/// A state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The journal in it cannot be opened.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The key in it cannot be read or made.
    #[error(
        "{path}: {why}; without it no player could come back to a seat: give --state-dir a \
         directory that this user can write to"
    )]
    Key {
        /// Its file.
        path: String,
        /// Why.
        why: String,
    },
}

/// Opens the state directory: the journal, the key of the resume tokens.
pub(super) fn open(dir: &Path, config: &Config) -> Result<Past, StateError> {
    let (journal, found) = Journal::open(dir, Limits::from(&config.journal))?;
    let tokens = TokenKey::new(&key(&dir.join("resume.key"))?);
    let keeper = Keeper::new(journal, dir.join("aside"));
    Ok(Past { keeper, tokens: Arc::new(tokens), found })
}

/// The key in this file, which is made if it is missing.
fn key(path: &Path) -> Result<[u8; KEY_BYTES], StateError> {
    let bad = |why: String| StateError::Key { path: path.display().to_string(), why };
    match std::fs::read(path) {
        Ok(bytes) => bytes.try_into().map_err(|_| bad("it is not a key of 32 bytes".into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = TokenKey::random().map_err(|error| bad(error.to_string()))?;
            whole_file::write(path, &key, Readers::Owner)
                .map_err(|error| bad(error.to_string()))?;
            Ok(key)
        }
        Err(error) => Err(bad(error.to_string())),
    }
}

/// Brings the rooms of another process back. Returns once each is there, or will not be.
pub(super) async fn revive(past: Past, rooms: &Rooms, shared: &Shared) {
    let Shared { games, directory, tokens, .. } = shared;
    let (keeper, build) = (&past.keeper, rooms.build());
    let making = Making { games, directory, rooms, tokens, keeper, build };
    let mut rooms = Vec::new();
    for found in past.found {
        let (id, torn) = (found.room, found.torn);
        match making.room(&found) {
            Ok((record, attempts)) => {
                if torn {
                    counter!("greenroom_rooms_rolled_back_total").increment(1);
                    tracing::warn!(room = %id, game = record.entry.game.name(),
                        "what happened last in this room is lost: it is back at an earlier point");
                }
                rooms.push((attempts, record));
            }
            Err(why) => making.give_up(&found, &why),
        }
    }
    // Matches that ended just before, and of which some players may not have heard.
    for (room, result) in making.rooms.results().recent(TOLD_FOR) {
        let last = LastSeats { any: true, ..LastSeats::default() };
        making.directory.over().keep(room, &last, &result, TOLD_FOR);
    }
    // Those that an earlier try may have died of, one after the other: if another does, it is known
    // of which.
    let (first, again): (Vec<_>, Vec<_>) =
        rooms.into_iter().partition(|(attempts, _)| *attempts == 0);
    let (first_count, count) = (first.len(), first.len() + again.len());
    for (_, record) in &first {
        making.start(record).await;
    }
    for (_, record) in &first {
        record.begun().await;
    }
    for (_, record) in &again {
        making.start(record).await;
        record.begun().await;
    }
    if count > 0 {
        tracing::info!(
            rooms = count,
            tried_before = count - first_count,
            "unfinished matches were brought back; they go on when their players are"
        );
    }
}

/// What it takes to make rooms.
struct Making<'a> {
    games: &'a Games,
    directory: &'a Directory,
    rooms: &'a Rooms,
    tokens: &'a Arc<TokenKey>,
    keeper: &'a Keeper,
    build: u64,
}

impl Making<'_> {
    fn room(&self, found: &Found) -> Result<(Arc<RoomRecord>, u32), String> {
        let restored =
            Restored::read(&found.start, &found.more).map_err(|error| error.to_string())?;
        let header = &restored.saved.header;
        let entry = self.games.get(&header.game).map_err(|error| error.to_string())?;
        if header.build != self.build && restored.log.end() != restored.saved.tick {
            return Err(format!(
                "it was played on by another build of the program ({:016x}, this is {:016x}) after \
                 its last keyframe: only that build can make its steps again",
                header.build, self.build
            ));
        }
        // It keeps its pace, whatever this build makes of the options.
        let plan = RoomPlan { pace: header.pace, ..entry.game.plan(&header.options)? };
        let (entry, attempts) = (entry.clone(), restored.saved.attempts);
        let config = self.rooms.config();
        let made_from = (entry, plan);
        let record = RoomRecord::restored(found.room, made_from, restored, self.tokens, config);
        Ok((record, attempts))
    }

    async fn start(&self, record: &Arc<RoomRecord>) {
        // As many as there are: they were all there before.
        let _ = self.directory.insert(record, usize::MAX);
        if let Err(error) = self.rooms.start(Arc::clone(record)).await {
            tracing::error!(room = %record.id, "a room could not be started: {error}");
            self.directory.remove(record.id);
            record.has_begun();
        }
    }

    /// A room that this program cannot go on with. What there is of it is set aside.
    fn give_up(&self, found: &Found, why: &str) {
        counter!("greenroom_rooms_set_aside_total").increment(1);
        let (id, name) = (found.room, found.room.to_string());
        self.directory.over().lose(id);
        let aside = match Restored::read(&found.start, &found.more) {
            Ok(restored) => self.keeper.set_aside(&name, &restored.log.to_bytes()),
            Err(_) => self.keeper.set_aside(&name, &all_of(found)),
        };
        match aside {
            Ok(path) => {
                tracing::error!(room = %id, "a room was not brought back: {why}. \
                    What there is of it was set aside as {}", path.display());
                forget(self.keeper, id);
            }
            Err(error) => tracing::error!(room = %id, "a room was not brought back: {why}. \
                It could not be set aside either ({error}) and stays in the journal"),
        }
    }
}

/// All that the journal has of a room that cannot be read: each record behind its length.
fn all_of(found: &Found) -> Vec<u8> {
    let mut all = Vec::new();
    for record in std::iter::once(&found.start).chain(&found.more) {
        all.extend_from_slice(&(record.len() as u32).to_le_bytes());
        all.extend_from_slice(record);
    }
    all
}

fn forget(keeper: &Keeper, room: RoomId) {
    let _ = keeper.journal().room(room, || ()).append(crate::journal::Kind::End, &[]);
}
