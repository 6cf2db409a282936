//! What somebody says in a room: whether they may, what the game makes of it, who hears it.

use greenroom_proto::{PlayerId, Refusal};

use super::Room;
use crate::game::{Game, Said, Speech, To};

impl<G: Game> Room<G> {
    /// A player says something. It is answered like a request: by nothing, or why it was not said.
    pub(super) fn chat(&mut self, player: PlayerId, id: u32, speech: &Speech) {
        if self.ctx.seat(player).is_none() {
            return;
        }
        let answer = match self.speak(player, speech) {
            Ok(()) => Said::Reply { player, id, body: Vec::new() },
            Err((why, text)) => Said::Refused { player, id, why, text },
        };
        self.ctx.said.push(answer);
    }

    fn speak(&mut self, player: PlayerId, speech: &Speech) -> Result<(), (Refusal, String)> {
        self.may_speak(player)?;
        let mut speech = speech.clone();
        let heard = self.game.chat_line(player, &mut speech, &mut self.ctx);
        let to = heard.map_err(|why| (Refusal::Game, why))?;
        self.ctx.heard(Some(player), to, speech);
        Ok(())
    }

    /// Whether the player may say something now. Counts it.
    fn may_speak(&mut self, player: PlayerId) -> Result<(), (Refusal, String)> {
        let now_ms = self.ctx.time_ms;
        let no_chat = || (Refusal::NoChat, "nobody talks in this room".to_owned());
        let chat = self.ctx.talk.chat.ok_or_else(no_chat)?;
        let no_seat = || (Refusal::NoSeat, "the seat was given up".to_owned());
        let account = self.ctx.account(player).ok_or_else(no_seat)?;
        if let Some(mute) = self.ctx.conduct.mutes.of(now_ms, account.id()) {
            return Err((Refusal::Muted, mute.lasting(now_ms).muted()));
        }
        let seat = self.ctx.seat_mut(player).filter(|seat| !seat.going).ok_or_else(no_seat)?;
        // Each line takes its time; so many may be said ahead of it.
        let every_ms = u64::from(chat.every_ms);
        let ahead_ms = every_ms.saturating_mul(u64::from(chat.burst) - 1);
        let wait_ms = seat.spoken_until_ms.saturating_sub(now_ms.saturating_add(ahead_ms));
        if wait_ms > 0 {
            let text =
                format!("too many lines at once: the next one in {} s", wait_ms.div_ceil(1000));
            return Err((Refusal::TooFast, text));
        }
        seat.spoken_until_ms = seat.spoken_until_ms.max(now_ms).saturating_add(every_ms);
        Ok(())
    }

    /// What was said to everybody before a player came, for them.
    pub(super) fn told_later(&self, player: PlayerId) -> Vec<Said> {
        let told =
            |line: &_| Said::Chat { to: To::One(player), line: Box::new(Clone::clone(line)) };
        self.ctx.talk.recent.iter().map(told).collect()
    }
}
