//! What happens in rooms besides play: players come, go, lose their connections and return; some say
//! things that decode and make no sense; effects are answered, or not; the backend has a word.

use std::sync::Arc;

use greenroom::Rng;
use greenroom::account::{Account, Person};
use greenroom::game::{Said, Signal};
use greenroom::proto::{PlayerId, Profile, Refusal, RoomId, Text};
use greenroom::registry::MessageShapes;
use greenroom::room::Command;
use greenroom::room::origin::Origin;

use super::garbage;

/// What players call themselves: nothing, the same as another, as long as it may be.
const NAMES: [&str; 4] = ["", "Ada", "Ada", "王王王王王王王王王王"];

/// Who is in a room, as its host knows it, and what else could happen.
pub(super) struct Besides {
    rng: Rng,
    shapes: MessageShapes,
    seats: u32,
    /// Whether something happens: one in so many steps; 0: never.
    one_in: u32,
    /// Who has a seat or asked for one, and whether the connection is up.
    here: Vec<(PlayerId, bool)>,
    last_player: u32,
    requests: u32,
    effects: Vec<u32>,
}

impl Besides {
    pub(super) fn new(rng: Rng, shapes: MessageShapes, seats: u32, one_in: u32) -> Self {
        Besides {
            rng,
            shapes,
            seats,
            one_in,
            here: Vec::new(),
            last_player: 0,
            requests: 0,
            effects: Vec::new(),
        }
    }

    /// A new player asks for a seat, if there is one.
    pub(super) fn join(&mut self) -> Option<Command> {
        if self.here.len() >= self.seats as usize {
            return None;
        }
        self.last_player += 1;
        let player = PlayerId(self.last_player);
        self.here.push((player, true));
        let name = NAMES[self.last_player as usize % NAMES.len()];
        let profile = Profile { name: Text::cut(name), data: Text::new() };
        let account = Account::guest(player.0.into());
        // Some are moved here from another room.
        let origin = Origin::of(RoomId(7), player, (0, 1));
        let from = if self.rng.below(4) == 0 { vec![origin] } else { Vec::new() };
        Some(Command::Join { player, person: Arc::new(Person { account, profile }), from })
    }

    /// A number for a player's request.
    pub(super) fn request_id(&mut self) -> u32 {
        self.requests = self.requests.wrapping_add(1);
        self.requests
    }

    /// Whether the player is there and connected.
    pub(super) fn plays(&self, player: PlayerId) -> bool {
        self.here.contains(&(player, true))
    }

    /// What the room said: who is out again, which effects it waits for.
    pub(super) fn hear(&mut self, said: &[Said]) {
        for said in said {
            match said {
                Said::JoinRefused(player, _)
                | Said::JoinFailed(player)
                | Said::Banned(player, _)
                | Said::Left(player) => {
                    self.here.retain(|(other, _)| other != player);
                }
                Said::Effect { number, .. } | Said::Move { number, .. } => {
                    self.effects.push(*number);
                }
                _ => {}
            }
        }
    }

    /// What happens before the next step.
    pub(super) fn happen(&mut self, commands: &mut Vec<Command>) {
        // An effect is answered some time after it was asked for.
        if !self.effects.is_empty() && self.rng.below(4) == 0 {
            let effect = self.effects.remove(0);
            commands.push(match self.rng.below(4) {
                0 => Command::Signal(Signal::Lost { effect }),
                1 => Command::EffectDone { effect },
                2 if self.rng.below(2) == 0 => {
                    let player = PlayerId(self.rng.below(8));
                    let why = Refusal::RoomFull;
                    Command::Signal(Signal::NotMoved { effect, player, why })
                }
                _ => Command::Signal(Signal::Answer { effect, body: self.bytes() }),
            });
        }
        while self.one_in > 0 && self.rng.below(self.one_in) == 0 {
            commands.extend(self.something());
        }
    }

    /// Something happens that lets a room go on in which nobody does anything.
    pub(super) fn stir(&mut self) -> Option<Command> {
        (0..8).find_map(|_| self.something())
    }

    fn something(&mut self) -> Option<Command> {
        match self.rng.below(16) {
            0 | 1 => self.join(),
            2 => {
                let place = self.anybody()?;
                Some(Command::Leave { player: self.here[place].0 })
            }
            3 | 4 => self.connect(false),
            5 | 6 => self.connect(true),
            7 => {
                Some(Command::Signal(Signal::Word { id: self.rng.next_u64(), body: self.bytes() }))
            }
            8..=11 => {
                let player = self.sender()?;
                let body = garbage::any(&self.shapes.input, &mut self.rng)?;
                Some(Command::Input { player, body })
            }
            _ => {
                let player = self.sender()?;
                let body = garbage::any(&self.shapes.request, &mut self.rng)?;
                Some(Command::Request { player, id: self.request_id(), body })
            }
        }
    }

    fn anybody(&mut self) -> Option<usize> {
        let count = self.here.len() as u32;
        (count > 0).then(|| self.rng.below(count) as usize)
    }

    fn sender(&mut self) -> Option<PlayerId> {
        let place = self.anybody()?;
        let (player, connected) = self.here[place];
        connected.then_some(player)
    }

    fn connect(&mut self, connected: bool) -> Option<Command> {
        let place = self.anybody()?;
        let (player, was) = &mut self.here[place];
        if std::mem::replace(was, connected) == connected {
            return None;
        }
        let player = *player;
        Some(if connected { Command::Resume { player } } else { Command::Drop { player } })
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.rng.below(6)).map(|_| self.rng.next_u32() as u8).collect()
    }
}
