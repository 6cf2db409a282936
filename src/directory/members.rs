//! The clients of one room: who gets which of the things that the room says.

use std::sync::Arc;

use greenroom_proto::{
    CloseCode, Head, Joined, PlayerId, Refusal, Sight, Text, Tick, ToClient, Token, frame, wire,
};

use super::{Client, RoomRecord};
use crate::game::{Pace, Said};
use crate::net::link::Standing;
use crate::outbox::{Outbox, OutboxLimits};
use crate::room::AnyRoom;
use crate::room::history::{BodyKind, History};
use crate::room::inbox::Inbox;
use crate::room::views::ViewKey;

/// Everybody who has a seat or has asked for one.
#[derive(Default)]
pub struct Members {
    members: Vec<Member>,
    scratch: Vec<u8>,
    /// Nobody works on the room any more: whoever comes now has to be told here.
    ended: bool,
}

/// What somebody is told whose seat is in a room that is over.
const ENDED: &str = "the match ended before you came in: join another";

struct Member {
    player: PlayerId,
    client: Arc<Client>,
    /// `None` until the game has let the player in.
    outbox: Option<Outbox>,
    join_id: u32,
    knows_schema: bool,
    head: Head,
}

/// What one round of frames came to.
#[derive(Default, Debug, Clone, Copy, PartialEq, Eq)]
pub struct FramesSent {
    /// Frames that hold the whole state.
    pub full: u64,
    /// Frames that hold the change from the frame before.
    pub step: u64,
    /// Frames that hold the change from an older frame.
    pub merged: u64,
    /// Clients that were skipped because their socket takes no more.
    pub skipped: u64,
    /// Bytes in all, without framing.
    pub bytes: u64,
}

impl Members {
    /// A client has asked for a seat.
    pub fn join(
        &mut self,
        player: PlayerId,
        client: &Arc<Client>,
        join_id: u32,
        knows_schema: bool,
    ) {
        if self.ended {
            client.vacate();
            return client.link.refuse(join_id, Refusal::UnknownRoom, ENDED);
        }
        let client = Arc::clone(client);
        let head = Head::default();
        self.members.push(Member { player, client, outbox: None, join_id, knows_schema, head });
    }

    /// The player's next frame is a full one.
    pub fn resync(&mut self, player: PlayerId) {
        if let Some(outbox) = self.find(player).and_then(|member| member.outbox.as_mut()) {
            outbox.forget_base();
        }
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The room is gone: closes everybody's connection.
    pub fn fail(&mut self, code: CloseCode) {
        self.ended = true;
        for member in self.members.drain(..) {
            member.client.vacate();
            member.client.link.close(code);
        }
    }

    /// The match is over before a request was looked at: its player must not wait for the answer.
    pub fn refuse(&mut self, player: PlayerId, id: u32) {
        if let Some(member) = self.find(player) {
            member.client.link.refuse(
                id,
                Refusal::NoSeat,
                "the match ended before this was looked at",
            );
        }
    }

    /// Notes what the coming frames tell each client about its inputs.
    pub fn note_heads(&mut self, inbox: &Inbox) {
        for member in &mut self.members {
            member.head = inbox.head(member.player);
        }
    }

    /// Hands what the room said to those it is for. Events wait for the next frame.
    pub fn hand_out(
        &mut self,
        room: &Arc<RoomRecord>,
        tick: Tick,
        said: &Said,
        limits: OutboxLimits,
    ) {
        match said {
            Said::Joined(player) => self.seat(room, tick, *player, limits),
            Said::JoinRefused(player, why) => {
                if let Some(member) = self.remove(room, *player) {
                    member.client.link.refuse(member.join_id, Refusal::Game, why);
                }
            }
            Said::Left(player) => {
                if let Some(member) = self.remove(room, *player) {
                    member.client.link.control(&ToClient::Left);
                }
            }
            Said::Reply { player, id, body } => {
                if let Some(member) = self.find(*player) {
                    member.reply(*id, body);
                }
            }
            Said::Event { to, body } => {
                let body: Arc<[u8]> = body.as_slice().into();
                for member in self.members.iter_mut().filter(|member| to.includes(member.player)) {
                    member.event(tick, &body);
                }
            }
            Said::Effect { .. } | Said::Over { .. } => {}
        }
    }

    /// Sends everybody the newest frame who can take it and has not got it. The `last` frame of a
    /// match also goes to those who are stuck: nothing comes after it that could make up for it.
    pub fn send_frames(
        &mut self,
        history: &mut History,
        room: &dyn AnyRoom,
        last: bool,
    ) -> FramesSent {
        let mut sent = FramesSent::default();
        let Some((tick, _)) = history.newest() else { return sent };
        for member in &mut self.members {
            let Some(outbox) = &mut member.outbox else { continue };
            let standing = member.client.link.standing();
            if standing == Standing::Closing || (standing == Standing::Stuck && !last) {
                sent.skipped += 1;
                continue;
            }
            let sight = match history.is_restricted() {
                true => room.sight(member.player),
                false => Sight::public(),
            };
            let view = ViewKey::of(member.player, &sight);
            outbox.look(view);
            let Some((body, kind)) = history.body(outbox.base(), view, &sight) else { continue };
            self.scratch.clear();
            let head = member.head.to_bytes(outbox.has_events());
            outbox.hand_over(tick, &mut self.scratch);
            member.client.link.send([&head, &self.scratch, body]);
            sent.bytes += (head.len() + self.scratch.len() + body.len()) as u64;
            match kind {
                BodyKind::Full => sent.full += 1,
                BodyKind::Step => sent.step += 1,
                BodyKind::Merged => sent.merged += 1,
            }
        }
        let outboxes = self.members.iter().filter_map(|member| member.outbox.as_ref());
        history.keep_bases(outboxes.filter_map(|outbox| Some((outbox.view()?, outbox.base()?))));
        sent
    }

    /// The match is over: tells everybody and frees them.
    pub fn end(&mut self, result: &str) {
        self.ended = true;
        let result = Text::cut(result);
        for member in self.members.drain(..) {
            member.client.vacate();
            match member.outbox {
                Some(_) => member.client.link.control(&ToClient::Ended { result: result.clone() }),
                None => member.client.link.refuse(member.join_id, Refusal::UnknownRoom, ENDED),
            }
        }
    }

    fn seat(&mut self, room: &Arc<RoomRecord>, tick: Tick, player: PlayerId, limits: OutboxLimits) {
        let Some(member) = self.find(player) else { return };
        member.outbox = Some(Outbox::new(limits));
        member.client.sit();
        let (tick_hz, send_every) = match room.plan.pace {
            Pace::Fixed { tick_hz, send_every } => (tick_hz, send_every),
            Pace::OnCommand => (0, 1),
        };
        let schema = (!member.knows_schema)
            .then(|| wire::encode(&*room.entry.schema).try_into().ok())
            .flatten();
        member.client.link.control(&ToClient::Joined(Joined {
            id: member.join_id,
            room: room.id,
            game: room.game_name(),
            player,
            tick,
            tick_hz,
            send_every,
            input_lead_ticks_max: room.inbox().lead_ticks_max(),
            token: Token::new(),
            hold_ms: 0,
            inputs: 0,
            events: 0,
            requests: 0,
            schema_hash: room.entry.schema_hash,
            schema,
        }));
    }

    fn find(&mut self, player: PlayerId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.player == player)
    }

    fn remove(&mut self, room: &RoomRecord, player: PlayerId) -> Option<Member> {
        let place = self.members.iter().position(|member| member.player == player)?;
        let member = self.members.remove(place);
        room.inbox().leave(player);
        room.unbook();
        member.client.vacate();
        Some(member)
    }
}

impl Member {
    fn reply(&self, id: u32, body: &[u8]) {
        match body.to_vec().try_into() {
            Ok(body) => self.client.link.control(&ToClient::Reply { id, body }),
            Err(_) => {
                let text = "the game's answer is larger than an answer may be";
                self.client.link.refuse(id, Refusal::Failed, text);
            }
        }
    }

    fn event(&mut self, tick: Tick, body: &Arc<[u8]>) {
        let Some(outbox) = &mut self.outbox else { return };
        if body.len() > frame::EVENT_BYTES_MAX {
            tracing::error!(
                player = self.player.0,
                "an event of {} bytes was not sent",
                body.len()
            );
        } else if outbox.event(tick, body).is_err() {
            self.client.link.close(CloseCode::TooSlow);
        }
    }
}
