//! What each command does to a room, and what is left of it when its hook has panicked.

use std::sync::Arc;

use greenroom_proto::{PlayerId, wire};

use super::conduct::Lasting;
use super::listing::Setup;
use super::origin::Origin;
use super::{Command, Room};
use crate::account::{AccountId, Person};
use crate::game::{Game, Said, SeatState, Signal, WordReply};

impl<G: Game> Room<G> {
    pub(super) fn apply(&mut self, command: &Command) {
        match command {
            Command::Join { player, person, from } => self.join(*player, person, from),
            Command::Leave { player } => {
                if let Some(gone) = self.unseat(*player) {
                    self.game.leave(*player, &mut self.ctx);
                    self.ctx.said.push(gone);
                }
            }
            Command::Drop { player } => {
                if self.connect(*player, false) {
                    self.game.dropped(*player, &mut self.ctx);
                }
            }
            // They hear that the seat is gone once it is.
            Command::Resume { player } if self.is_going(*player) => {}
            Command::Resume { player } => {
                let place = self.ctx.said.len();
                if self.connect(*player, true) {
                    self.game.resumed(*player, &mut self.ctx);
                }
                self.ctx.said.insert(place, self.resumed(*player));
            }
            Command::Input { player, body } => {
                // The edge refused what does not decode; a log may hold anything.
                if let (Some(seat), Ok(input)) = (self.ctx.seat_mut(*player), wire::decode(body)) {
                    seat.input = input;
                }
            }
            Command::Request { player, id, body } => {
                if let (Some(_), Ok(request)) = (self.ctx.seat(*player), wire::decode(body)) {
                    let reply = self.game.request(*player, request, &mut self.ctx);
                    let body = wire::encode(&reply);
                    self.ctx.said.push(Said::Reply { player: *player, id: *id, body });
                }
            }
            Command::Signal(signal) => {
                if let Signal::Answer { effect, .. } | Signal::Lost { effect } = signal {
                    self.close_effect(*effect);
                }
                self.signal(signal);
            }
            Command::EffectDone { effect } => self.close_effect(*effect),
            Command::Fault(fault) => fault.apply(),
            Command::Open(setup) => self.open(setup),
            Command::Idle { player } => {
                if self.ctx.seat(*player).is_some() {
                    self.game.idle(*player, &mut self.ctx);
                }
            }
            Command::Rule(ruling) => self.ctx.rule(ruling),
            Command::Chat { player, id, speech } => self.chat(*player, *id, speech),
        }
    }

    /// A command whose hook panicked: what must be is done without it.
    pub(super) fn apply_without_hook(&mut self, command: &Command) {
        match command {
            Command::Join { player, .. } => {
                if self.ctx.seat(*player).is_none() {
                    self.ctx.said.push(Said::JoinFailed(*player));
                }
            }
            Command::Leave { player } => {
                let gone = self.unseat(*player);
                self.ctx.said.extend(gone);
            }
            Command::Drop { player } => {
                self.connect(*player, false);
            }
            Command::Resume { player } if self.is_going(*player) => {}
            Command::Resume { player } => {
                self.connect(*player, true);
                self.ctx.said.push(self.resumed(*player));
            }
            Command::Input { .. } | Command::Idle { .. } => {}
            Command::Request { player, id, .. } | Command::Chat { player, id, .. } => {
                if self.ctx.seat(*player).is_some() {
                    self.ctx.said.push(Said::RequestFailed { player: *player, id: *id });
                }
            }
            Command::Signal(Signal::Answer { effect, .. } | Signal::Lost { effect })
            | Command::EffectDone { effect } => self.close_effect(*effect),
            Command::Signal(Signal::Word { id, .. }) => {
                self.ctx.said.push(Said::WordFailed { id: *id });
            }
            Command::Signal(Signal::NotMoved { .. }) | Command::Fault(_) => {}
            Command::Open(setup) => self.open(setup),
            Command::Rule(ruling) => self.ctx.rule(ruling),
        }
    }

    fn signal(&mut self, signal: &Signal) {
        let Signal::Word { id, .. } = signal else {
            return self.game.signal(signal, &mut self.ctx);
        };
        self.ctx.reply = WordReply::Waits;
        self.game.signal(signal, &mut self.ctx);
        let reply = match std::mem::take(&mut self.ctx.reply) {
            WordReply::Given(text) => Some(text),
            WordReply::Waits | WordReply::Nobody => None,
        };
        self.ctx.said.push(Said::Heard { id: *id, reply });
    }

    fn join(&mut self, player: PlayerId, person: &Arc<Person>, from: &[Origin]) {
        if self.ctx.seat(player).is_some() {
            return;
        }
        if let Some(lasting) = self.banned(person.account.id()) {
            return self.ctx.said.push(Said::Banned(player, lasting));
        }
        let (place, told_later) = (self.ctx.said.len(), self.told_later(player));
        match self.seat(player, person, from) {
            // Before what the hook said: a client learns of its seat first.
            Ok(person) => {
                let joined = std::iter::once(Said::Joined(player, person)).chain(told_later);
                drop(self.ctx.said.splice(place..place, joined));
            }
            Err(why) => {
                self.unseat(player);
                self.ctx.said.push(Said::JoinRefused(player, why));
            }
        }
    }

    /// Returns the person as the game has admitted them.
    fn seat(
        &mut self,
        player: PlayerId,
        person: &Arc<Person>,
        from: &[Origin],
    ) -> Result<Arc<Person>, String> {
        let mut profile = person.profile.clone();
        self.game.admit(&person.account, &mut profile, &self.ctx)?;
        let person = match profile == person.profile {
            true => Arc::clone(person),
            false => Arc::new(Person { account: person.account.clone(), profile }),
        };
        let input = G::Input::default();
        let seat = SeatState {
            player,
            connected: true,
            going: false,
            spoken_until_ms: 0,
            person: Arc::clone(&person),
            came_from: from.last().map(|origin| origin.room),
            input,
        };
        self.ctx.seats.push(seat);
        self.game.join(player, &mut self.ctx)?;
        Ok(person)
    }

    fn open(&mut self, setup: &Setup) {
        self.ctx.listing.open(setup);
        self.ctx.listing_changed = true;
    }

    /// Frees the player's seat. Returns what is to be said of that; `None` if there is none.
    fn unseat(&mut self, player: PlayerId) -> Option<Said> {
        let account = self.ctx.account(player)?.id();
        let gone = match self.banned(account) {
            Some(lasting) => Said::Banned(player, lasting),
            None => Said::Left(player),
        };
        self.ctx.seats.retain(|seat| seat.player != player);
        Some(gone)
    }

    /// Whether the account is kept out.
    fn banned(&self, account: &AccountId) -> Option<Lasting> {
        let now_ms = self.ctx.time_ms;
        self.ctx.conduct.bans.of(now_ms, account).map(|ban| ban.lasting(now_ms))
    }

    fn is_going(&self, player: PlayerId) -> bool {
        self.ctx.seat(player).is_some_and(|seat| seat.going)
    }

    fn resumed(&self, player: PlayerId) -> Said {
        match self.ctx.seat(player) {
            Some(_) => Said::Resumed(player),
            None => Said::ResumeRefused(player),
        }
    }

    fn close_effect(&mut self, effect: u32) {
        self.ctx.effects_open.retain(|open| *open != effect);
    }

    /// Notes whether the player is there; `false` if that is nothing new.
    fn connect(&mut self, player: PlayerId, connected: bool) -> bool {
        self.ctx
            .seat_mut(player)
            .is_some_and(|seat| std::mem::replace(&mut seat.connected, connected) != connected)
    }
}
