//! A client that looks on without a seat.

use std::sync::Arc;

use greenroom_proto::{Refusal, RoomId, Spectating, ToClient, Visibility};

use super::Connection;
use super::hear::{NOT_BESIDE, OTHER_SCHEMA, is_free, turn_away};
use crate::actors::lobby::STOPPING;
use crate::directory::spectator::Watch;
use crate::directory::{Client, RoomRecord};
use crate::game::Pace;

impl Connection {
    pub(super) async fn look_on(
        &self,
        client: &Arc<Client>,
        id: u32,
        room: RoomId,
        schema: Option<u64>,
    ) {
        if !is_free(client, id) {
            return;
        }
        let Some(account) = self.known.as_ref().map(|known| known.account.id()) else { return };
        let watch = match self.may_look_on(client, room, schema) {
            Ok(room) => self.shared.audiences.enter(&room, client, account).await,
            Err(why) => Err(why),
        };
        match watch {
            Ok(watch) => self.begin(client, id, &watch),
            Err(why) => turn_away(client, id, why, in_words(why)),
        }
    }

    fn may_look_on(
        &self,
        client: &Arc<Client>,
        room: RoomId,
        schema: Option<u64>,
    ) -> Result<Arc<RoomRecord>, Refusal> {
        let directory = &self.shared.directory;
        if directory.leaving().is_draining() {
            return Err(Refusal::Stopping);
        }
        let room = directory.get(room).ok_or(Refusal::UnknownRoom)?;
        if room.listing().visibility == Visibility::Private {
            // Whoever has its id has not been let in by that.
            return Err(Refusal::UnknownRoom);
        }
        if room.plan.spectators.is_none() {
            return Err(Refusal::NoSpectators);
        }
        if schema.is_some_and(|schema| schema != room.entry.schema_hash) {
            return Err(Refusal::OtherSchema);
        }
        match self.channels.may_enter(client, &room) {
            true => Ok(room),
            false => Err(Refusal::NotBeside),
        }
    }

    /// Says what follows, before anything of it does.
    fn begin(&self, client: &Client, id: u32, watch: &Watch) {
        let room = &watch.room;
        let (tick_hz, send_every) = match room.plan.pace {
            Pace::Fixed { tick_hz, send_every } => (tick_hz, send_every),
            Pace::OnCommand => (0, 1),
        };
        let begun = watch.begin(|events| {
            client.line.control(&ToClient::Spectating(Spectating {
                id,
                room: room.id,
                game: room.game_name(),
                tick: room.audience().shown(),
                tick_hz,
                send_every,
                delay_ms: room.audience().delay_ms(),
                events,
                schema_hash: room.entry.schema_hash,
                schema: room.entry.schema_for(self.knows_schema(room)),
            }));
        });
        if let Err(lasting) = begun {
            turn_away(client, id, Refusal::Banned, &lasting.banned());
        }
    }
}

/// The client looks on no more.
pub(super) fn look_away(client: &Client) {
    if let Some(watch) = client.watched() {
        watch.leave();
        client.unwatch(&watch.spectator);
    }
}

fn in_words(why: Refusal) -> &'static str {
    match why {
        Refusal::UnknownRoom => "there is no such room, or its match is over",
        Refusal::NoSpectators => "this room shows itself to nobody without a seat",
        Refusal::AudienceFull => "as many look on as may: try again later",
        Refusal::OtherSchema => OTHER_SCHEMA,
        Refusal::NotBeside => NOT_BESIDE,
        Refusal::Stopping => STOPPING,
        _ => "the room cannot be shown now: try again",
    }
}
