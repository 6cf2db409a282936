//! The last part of a step: what it came to is handed out, and the end of a match is told.

use std::sync::Arc;

use greenroom_proto::{ChatLine, EventKind, PlayerId, RoomEvent, Tick, wire};

use super::{Runner, Turned};
use crate::actors::room::effects::Outcome;
use crate::actors::room::moves::Move;
use crate::actors::room::{Common, RoomArgs};
use crate::directory::Mover;
use crate::directory::audience::Ending;
use crate::directory::finished::Finished;
use crate::effects::EffectCall;
use crate::game::{Said, Signal, To};
use crate::room::inbox::requests;

impl Runner {
    /// Our part of a step: hands out what it came to.
    pub(super) fn tell(&mut self, skipped: bool) -> Turned {
        let Some(room) = &self.room else { return Turned::Done };
        let (tick, is_over) = (room.tick(), room.is_over());
        let record = Arc::clone(&self.args.record);
        let Some(mut work) = record.work(self.worker) else { return Turned::Done };
        let unanswered = if is_over { self.unanswered() } else { Vec::new() };
        if skipped {
            record.inbox().answers_are_lost(&self.commands);
        }
        self.commands.clear();
        self.commands.shrink_to(64);
        let (result, moves) = self.hand_out(tick, work.epoch());
        self.send_frames(is_over);
        // Behind the frame: what the room has said so far comes to those who are moved before they go.
        for of_game in moves {
            of_game.start(&record, &self.args.common.lobby, self.effects.runtime());
        }
        if let Some(course) = &mut work.course {
            course.told();
        }
        drop(work);
        match result {
            Some(result) => {
                self.end(tick, &result, &unanswered);
                Turned::Done
            }
            None => {
                self.keep();
                Turned::On
            }
        }
    }

    /// Hands out what the room said. Returns the result if the match is over, and whom it wants moved.
    fn hand_out(&mut self, tick: Tick, epoch: u32) -> (Option<String>, Vec<Move>) {
        let RoomArgs { record, common: Common { config, .. } } = &self.args;
        let limits = config.outbox.limits();
        let (mut result, mut kicked, mut moves) = (None, Vec::new(), Vec::new());
        let mut members = record.members();
        for said in self.said.drain(..) {
            match said {
                Said::Over { result: text } => result = Some(text),
                Said::Kick(player) => kicked.push(player),
                Said::Move { number, players, to } => {
                    moves.push(Move { mover: Mover::Game(number), players, to: *to });
                }
                Said::Effect { number, body } => {
                    let record = Arc::clone(record);
                    let game = record.entry.game.name();
                    let call = EffectCall { room: record.id, game, epoch, number, body };
                    self.effects.run(call, move |outcome| {
                        let mut inbox = record.inbox();
                        match outcome {
                            Outcome::Answer(body) => {
                                inbox.signal(Signal::Answer { effect: number, body });
                            }
                            Outcome::Done => inbox.effect_done(number),
                            Outcome::Lost => inbox.signal(Signal::Lost { effect: number }),
                        }
                        drop(inbox);
                        record.wake();
                    });
                }
                said => {
                    self.meters.said(&said);
                    match &said {
                        Said::Event { to: To::All, body } => {
                            record.audience().tell(EventKind::Game, tick, body);
                        }
                        Said::Chat { to: To::All, line } => {
                            let body = wire::encode(&RoomEvent::Chat(ChatLine::clone(line)));
                            record.audience().tell(EventKind::Room, tick, &body);
                        }
                        _ => {}
                    }
                    members.hand_out(record, tick, &said, limits);
                }
            }
        }
        members.note_heads(&record.inbox());
        // Their seats end in the next step.
        kicked.into_iter().for_each(|player| record.give_up(player));
        let arrived = members.take_arrived();
        drop(members);
        // Not under the members' lock: each takes that of another room, too.
        arrived.into_iter().for_each(|player| record.complete_arrival(player, tick));
        (result, moves)
    }

    pub(super) fn send_frames(&mut self, last: bool) {
        let record = &self.args.record;
        let mut members = record.members();
        members.tell_people(record.plan.people, record.audience().count());
        let sent = members.send_frames(&mut self.history, &self.sights, last);
        drop(members);
        self.meters.frames(sent);
        self.sent_bytes = sent.full.bytes + sent.step.bytes + sent.merged.bytes;
        record.operator().show(self.history.newest());
        if let (Some(sight), Some((tick, rows))) = (self.public, self.history.newest()) {
            record.audience().put(tick, rows, sight);
        }
    }

    /// The requests of a step that ended the match before it came to them.
    fn unanswered(&self) -> Vec<(PlayerId, u32)> {
        // They are answered in their order.
        let is_answer = |said: &&Said| {
            matches!(said, Said::Reply { .. } | Said::RequestFailed { .. } | Said::Refused { .. })
        };
        let answered = self.said.iter().filter(is_answer).count();
        requests(&self.commands).skip(answered).collect()
    }

    pub(super) fn end(&mut self, tick: Tick, result: &str, unanswered: &[(PlayerId, u32)]) {
        let record = &self.args.record;
        record.shut();
        // Before anybody is told.
        let finished = Finished::with_result(record.entry.game.name(), tick, result);
        self.args.common.directory.finished().keep(record.id, finished);
        let mut members = record.members();
        let waiting = record.inbox().end();
        for (player, id) in unanswered.iter().chain(&waiting) {
            members.refuse(*player, *id);
        }
        record.audience().end(Ending::Over(result.to_owned()));
        // Whoever finds the seats gone finds the result.
        let last = members.end(result);
        self.args.common.directory.over().keep(record.id, &last, result, record.seat_hold());
        drop(members);
        record.words().close();
        self.meters.finished();
        self.write_result(tick, result);
        self.keep_replay();
    }
}
