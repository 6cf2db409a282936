//! Seats whose players are moved, from and to other rooms.

use std::mem;
use std::sync::Arc;

use greenroom_proto::{PlayerId, Refusal};

use super::{Member, Members};
use crate::account::Person;
use crate::directory::member::Asked;
use crate::directory::moving::Arrival;
use crate::directory::{Client, RoomRecord};
use crate::room::origin::{ORIGINS_MAX, Origin};

/// What goes along with a player.
pub(in crate::directory) struct Going {
    pub(in crate::directory) person: Arc<Person>,
    pub(in crate::directory) origins: Vec<Origin>,
    pub(in crate::directory) only_schema: Option<u64>,
    /// The connection may have places in other rooms, too.
    pub(in crate::directory) has_channels: bool,
}

/// What a player has left behind.
pub(in crate::directory) struct Leaver {
    pub(in crate::directory) client: Option<Arc<Client>>,
    pub(in crate::directory) asked: Option<Asked>,
    pub(in crate::directory) away_since: Option<std::time::Instant>,
}

impl Members {
    /// A seat is asked for in the name of somebody who is moved here. `false`: the room is over.
    pub(in crate::directory) fn arrive(
        &mut self,
        player: PlayerId,
        person: Arc<Person>,
        arrival: Arrival,
    ) -> bool {
        if let Some((why, _)) = self.ended {
            arrival.stays(why);
            return false;
        }
        let mut member = Member::new(player, person);
        member.arrival = Some(arrival);
        self.members.push(member);
        true
    }

    /// A player who is to be moved out of this room, as they are now.
    pub(in crate::directory) fn going(
        &mut self,
        room: &RoomRecord,
        player: PlayerId,
    ) -> Result<Going, Refusal> {
        let is_seated = |member: &&mut Member| member.outbox.is_some() && member.is_here();
        let member = self.find(player).filter(is_seated).ok_or(Refusal::NoSeat)?;
        let mut origins = member.origins.clone();
        origins.retain(|origin| origin.has_tokens() || room.is_going(origin));
        origins.push(Origin::of(
            room.id,
            player,
            (member.tokens.confirmed(), member.tokens.newest()),
        ));
        if origins.len() > ORIGINS_MAX {
            return Err(Refusal::Busy);
        }
        let client = member.client.as_ref();
        Ok(Going {
            person: Arc::clone(&member.person),
            origins,
            only_schema: member.only_schema,
            has_channels: client.is_some_and(|client| client.line.link().has_channels()),
        })
    }

    /// A player has another seat from now on; the room learns of it by a `Leave`.
    pub(in crate::directory) fn move_away(&mut self, player: PlayerId) -> Option<Leaver> {
        self.stirred = true;
        let member = self.find(player).filter(|member| member.is_here())?;
        member.moved = true;
        let (client, asked) = (member.client.take(), member.asked.take());
        Some(Leaver { client, asked, away_since: member.away_since.take() })
    }

    /// Those whom the game has let in since this was last asked, and who have yet to change places.
    pub fn take_arrived(&mut self) -> Vec<PlayerId> {
        mem::take(&mut self.arrived)
    }

    /// All seats, with those whose tokens lead to them.
    pub(in crate::directory) fn origins(&self) -> Vec<(PlayerId, Vec<Origin>)> {
        let seated = self.members.iter().filter(|m| m.outbox.is_some() && m.is_here());
        seated.map(|member| (member.player, member.origins.clone())).collect()
    }

    /// Somebody has come.
    pub(in crate::directory) fn stir(&mut self) {
        self.stirred = true;
    }
}
