//! What the seats of a room are sent: what it says, who is here, its frames.

use std::sync::Arc;
use std::time::Instant;

use greenroom_proto::{
    ChatLine, EventKind, NoticeText, PlayerId, Refusal, RoomEvent, Sight, Tick, ToClient, wire,
};
use metrics::counter;

use super::{Member, Members};
use crate::answers::Answer;
use crate::directory::RoomRecord;
use crate::directory::words::Heard;
use crate::game::{People, Said, To};
use crate::net::link::Standing;
use crate::outbox::OutboxLimits;
use crate::room::conduct::Conduct;
use crate::room::history::{BodyKind, History};
use crate::room::inbox::Inbox;
use crate::room::listing::Listing;
use crate::room::views::ViewKey;

/// What one round of frames came to.
#[derive(Default, Debug, Clone, Copy, PartialEq, Eq)]
pub struct FramesSent {
    /// Frames that hold the whole state.
    pub full: Sent,
    /// Frames that hold the change from the frame before.
    pub step: Sent,
    /// Frames that hold the change from an older frame.
    pub merged: Sent,
    /// Clients that were skipped because their socket takes no more.
    pub skipped: u64,
}

/// Frames of one kind.
#[derive(Default, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// How many.
    pub frames: u64,
    /// Their bytes, without framing.
    pub bytes: u64,
}

/// What each player sees, by player, ascending. A player who is not among them sees what is for
/// everybody.
pub type Sights = Vec<(PlayerId, Sight)>;

impl Members {
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
            Said::Joined(player, person) => self.seat(room, tick, (*player, person), limits),
            Said::JoinRefused(player, why) => self.turn_away(room, *player, Refusal::Game, why),
            Said::JoinFailed(player) => {
                let text = "the game failed when it was to let you in";
                self.turn_away(room, *player, Refusal::Failed, text);
            }
            Said::Resumed(player) => self.seat_again(room, tick, *player),
            Said::ResumeRefused(player) => {
                let text = "the seat was given up before you came back";
                self.turn_away(room, *player, Refusal::SeatGone, text);
            }
            Said::Left(player) => {
                if let Some(mut member) = self.remove(room, *player) {
                    member.part("the seat was given up before you came back");
                }
            }
            Said::Banned(player, lasting) => {
                if let Some(mut member) = self.remove(room, *player) {
                    member.send_away(&room.banned(lasting), &lasting.banned());
                }
            }
            Said::Reply { player, id, body } => {
                if let Some(member) = self.find(*player) {
                    member.answer(*id, Answer::Reply(body.clone()));
                }
            }
            Said::RequestFailed { player, id } => {
                if let Some(member) = self.find(*player) {
                    member.answer(*id, Answer::Failed);
                }
            }
            Said::Refused { player, id, why, text } => {
                if let Some(member) = self.find(*player) {
                    member.answer(*id, Answer::Refused(*why, text.clone()));
                }
            }
            Said::Event { to, body } => {
                self.event(room, EventKind::Game, tick, to, body.as_slice().into());
            }
            Said::Chat { to, line } => {
                let body = wire::encode(&RoomEvent::Chat(ChatLine::clone(line)));
                self.event(room, EventKind::Room, tick, to, body.into());
            }
            Said::Heard { id, reply } => room.words().heard(*id, Heard::Reply(reply.clone())),
            Said::WordFailed { id } => room.words().heard(*id, Heard::Failed),
            Said::Listing(listing) => room.show(Listing::clone(listing)),
            Said::Conduct { time_ms, conduct } => {
                room.set_conduct(*time_ms, Conduct::clone(conduct));
            }
            Said::Effect { .. } | Said::Move { .. } | Said::Over { .. } | Said::Kick(_) => {}
        }
    }

    fn event(&mut self, room: &RoomRecord, kind: EventKind, tick: Tick, to: &To, body: Arc<[u8]>) {
        for member in self.members.iter_mut().filter(|member| to.includes(member.player)) {
            if member.event(kind, tick, &body).is_err() {
                let game = room.entry.game.name();
                counter!("greenroom_outbox_overflows_total", "game" => game).increment(1);
            }
        }
    }

    /// Tells everybody who else is here, as far as the game lets them know. Whose socket takes no
    /// more is told all of it later.
    pub fn tell_people(&mut self, people: People, spectators: usize) {
        if people == People::Hidden {
            return;
        }
        let (spectators, now) = (spectators as u32, Instant::now());
        if !(self.stirred || self.told.counts(spectators, now)) {
            return;
        }
        self.stirred = false;
        let here = self.members.iter().filter_map(|member| member.someone(people));
        let changes = self.told.note(here, spectators, now);
        let changes: Vec<_> = changes.into_iter().map(ToClient::Roster).collect();
        for member in &mut self.members {
            let knows = member.knows_people;
            let Some((client, _)) = member.playing() else { continue };
            let knows = if client.line.standing() != Standing::Free {
                knows && changes.is_empty()
            } else if knows {
                changes.iter().for_each(|change| client.line.control(change));
                true
            } else {
                let all = self.told.all().into_iter().map(ToClient::Roster);
                all.for_each(|message| client.line.control(&message));
                true
            };
            member.knows_people = knows;
            self.stirred |= !knows;
        }
    }

    /// Sends everybody the newest frame who can take it and has not got it. The `last` frame of a
    /// match also goes to those who are stuck: nothing comes after it that could make up for it.
    pub fn send_frames(
        &mut self,
        history: &mut History,
        sights: &Sights,
        last: bool,
    ) -> FramesSent {
        let mut sent = FramesSent::default();
        let Some((tick, _)) = history.newest() else { return sent };
        let restricted = history.is_restricted();
        let public = Sight::public();
        for member in &mut self.members {
            let (player, head) = (member.player, member.head);
            let Some((client, outbox)) = member.playing() else { continue };
            let standing = client.line.standing();
            if standing == Standing::Closing || (standing == Standing::Stuck && !last) {
                sent.skipped += 1;
                continue;
            }
            let sight = match sights.binary_search_by_key(&player, |(of, _)| *of) {
                Ok(place) if restricted => &sights[place].1,
                _ => &public,
            };
            let view = ViewKey::of(player, sight);
            outbox.look(view);
            let Some((body, kind)) = history.body(outbox.base(), view, sight) else { continue };
            self.scratch.clear();
            let head = head.to_bytes(outbox.has_events());
            outbox.hand_over(tick, &mut self.scratch);
            client.line.send([&head, &self.scratch, body]);
            let of_kind = match kind {
                BodyKind::Full => &mut sent.full,
                BodyKind::Step => &mut sent.step,
                BodyKind::Merged => &mut sent.merged,
            };
            of_kind.frames += 1;
            of_kind.bytes += (head.len() + self.scratch.len() + body.len()) as u64;
        }
        let outboxes = self.members.iter().filter_map(|member| member.outbox.as_ref());
        history.keep_bases(outboxes.filter_map(|outbox| Some((outbox.view()?, outbox.base()?))));
        sent
    }

    /// Says something to these players, or to all who are here. Returns how many were told.
    pub fn notice(&mut self, to: Option<&[PlayerId]>, text: &NoticeText) -> usize {
        let wanted = |member: &&mut Member| to.is_none_or(|to| to.contains(&member.player));
        let mut told = 0;
        for member in self.members.iter_mut().filter(wanted) {
            if let Some((client, _)) = member.playing() {
                client.line.control(&ToClient::Notice { text: text.clone() });
                told += 1;
            }
        }
        told
    }
}
