//! The end of a run: everybody comes back, and all that was said must have been heard.

use greenroom::room::AnyRoom;

use super::super::broken::{Broken, holds};
use super::super::host::Host;
use super::super::pipe::Delay;
use super::super::player::Player;
use super::{Ran, World};

/// After this long everybody is back, or something is wrong.
const SETTLE_MS: u64 = 30_000;

impl World {
    /// Nothing happens any more, and everybody who has a seat comes back to it.
    pub(super) fn settle(&mut self) -> Result<(), Broken> {
        let end = self.now + SETTLE_MS;
        self.setting.delay = Delay { least_ms: 5, jitter_ms: 5 };
        self.host_mut()?.journal.borrow_mut().fails(false);
        for place in 0..self.players.len() {
            if self.players[place].token.is_some() {
                self.connect(place, true);
            }
        }
        for wire in self.wires.values_mut() {
            wire.up.calm(self.setting.delay);
            wire.down.calm(self.setting.delay);
        }
        loop {
            self.pass(500)?;
            self.check()?;
            let quiet = self.players.iter().all(Player::is_quiet);
            let pending = self.host.as_ref().is_some_and(Host::has_effects_under_way);
            if quiet && !pending && self.thieves.is_empty() {
                break;
            }
            let thieves: Vec<_> = self.thieves.keys().copied().collect();
            self.thieves.retain(|conn, _| self.wires.contains_key(conn));
            for conn in thieves {
                if let Some(wire) = self.wires.get_mut(&conn) {
                    wire.gone_at = Some(self.now);
                }
            }
            holds(self.now < end, "everybody is back in the end", || {
                let noisy = self.players.iter().filter(|player| !player.is_quiet());
                let noisy: Vec<_> = noisy.map(|player| player.number).collect();
                format!("clients {noisy:?} are not, after {SETTLE_MS} ms")
            })?;
            for place in 0..self.players.len() {
                let player = &self.players[place];
                if player.token.is_some() && !player.is_seated() && !player.is_asking() {
                    self.connect(place, true);
                }
            }
        }
        self.align()
    }

    /// Right after a frame has arrived everywhere, all have it.
    fn align(&mut self) -> Result<(), Broken> {
        self.pass(self.next_tick - self.now + 20)?;
        let Some(host) = self.host.as_ref().filter(|host| !host.is_over) else { return Ok(()) };
        for player in self.players.iter().filter(|player| player.is_seated()) {
            let Some((id, _)) = player.token else { continue };
            let (words, bells) = host.room.game().said_to(id);
            player.check_all([words, bells, host.room.game().lines()], host.room.tick())?;
        }
        let (effects, going) = (host.room.game().effects().0, host.room.going());
        holds(effects.is_empty(), "an effect comes to something once", || {
            format!("nothing came of {effects:?}")
        })?;
        holds(going.is_empty(), "who is to go goes", || format!("{going:?} are still here"))
    }

    /// The whole log once more, and the next process.
    pub(super) fn end(mut self) -> Result<(Ran, Vec<u64>), Broken> {
        let Some(host) = self.host.take() else { return Ok((Ran::default(), Vec::new())) };
        let end = host.course.log().end();
        let host = host.next_process(self.now)?;
        holds(host.is_over || host.room.tick() == end, "a log gives the same match again", || {
            format!("{} and not {end}", host.room.tick())
        })?;
        let digests: Vec<u64> = self.players.iter().map(|player| player.digest).collect();
        let digest = digests.iter().fold(0u64, |all, one| all.rotate_left(9) ^ one);
        let frames = self.players.iter().map(|player| player.frames).sum();
        let witness = host.witness;
        let (steps, panics, deaths) = (witness.steps, witness.panics, witness.deaths);
        Ok((Ran { steps, panics, deaths, frames, digest }, digests))
    }
}
