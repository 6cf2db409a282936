//! How people in a room talk to each other.

use std::time::Duration;

use greenroom_proto::{CHAT_BYTES_MAX, ChatLine, ChatText, PlayerId, Text};
use serde::{Deserialize, Serialize};

use super::{Ctx, Game, Said, To};

/// Lines that are kept for those who come later, at most.
pub const BACKLOG_MAX: u8 = 32;

/// How people in a room talk to each other. A game turns it on with one line in [`Game::chat`]:
/// `Some(Chat::default())`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chat {
    /// Characters of a line, at most.
    pub chars_max: u16,
    /// Bytes of a line in UTF-8, at most: [`CHAT_BYTES_MAX`] or fewer.
    pub bytes_max: u16,
    /// Lines that somebody may say at once after a silence, at least 1.
    pub burst: u16,
    /// In so much of the room's time one more, in milliseconds. A line beyond is refused.
    pub every_ms: u32,
    /// The last lines that were said to everybody, for those who come later: [`BACKLOG_MAX`] at most.
    pub backlog: u8,
    /// Whether those who look on hear what is said to everybody, as late as they see it.
    pub spectators: bool,
}

impl Default for Chat {
    /// 200 characters; 5 lines at once, then one in a second; the last 20 for whoever comes later;
    /// those who look on hear it.
    fn default() -> Self {
        Chat {
            chars_max: 200,
            bytes_max: CHAT_BYTES_MAX as u16,
            burst: 5,
            every_ms: 1000,
            backlog: 20,
            spectators: true,
        }
    }
}

impl Chat {
    /// So many lines at once, then one in this time.
    #[must_use]
    pub const fn rate(self, burst: u16, every: Duration) -> Self {
        let every_ms = every.as_millis();
        let every_ms = if every_ms > u32::MAX as u128 { u32::MAX } else { every_ms as u32 };
        Chat { burst, every_ms, ..self }
    }

    /// So many of the last lines for whoever comes later.
    #[must_use]
    pub const fn backlog(self, backlog: u8) -> Self {
        Chat { backlog, ..self }
    }

    /// Those who look on hear nothing.
    #[must_use]
    pub const fn among_players(self) -> Self {
        Chat { spectators: false, ..self }
    }

    /// The nearest that a room can have.
    #[must_use]
    pub fn in_range(self) -> Self {
        Chat {
            chars_max: self.chars_max.max(1),
            bytes_max: self.bytes_max.clamp(1, CHAT_BYTES_MAX as u16),
            burst: self.burst.max(1),
            backlog: self.backlog.min(BACKLOG_MAX),
            ..self
        }
    }
}

/// What somebody is about to say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Speech {
    /// To whom, in the terms of the game: 0 as it is usual, 1 perhaps to the team.
    pub scope: u8,
    /// What.
    pub text: ChatText,
}

/// The chat of a room, which is in its keyframes.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Talk {
    /// How it began: a new build of the game changes rooms that it begins itself.
    pub(crate) chat: Option<Chat>,
    /// The last lines that were said to everybody, oldest first.
    pub(crate) recent: Vec<ChatLine>,
}

impl<G: Game> Ctx<G> {
    /// Says something in the chat of the room, as the game itself: who has come, what a command came
    /// to. Of more than 512 bytes the first are taken. Nothing happens in a room without a chat.
    pub fn say(&mut self, to: To, text: &str) {
        self.heard(None, to, Speech { scope: 0, text: Text::cut(text) });
    }

    /// Somebody has said something. To nobody's ears if it came to nothing.
    pub(crate) fn heard(&mut self, from: Option<PlayerId>, to: To, speech: Speech) {
        let Some(chat) = self.talk.chat else { return };
        let Speech { scope, text } = speech;
        if text.is_empty() {
            return;
        }
        let to = if to == To::All && !chat.spectators { To::Players } else { to };
        let profile = from.and_then(|player| self.profile(player));
        let name = profile.map(|profile| profile.name.clone()).unwrap_or_default();
        let line = ChatLine { from, name, scope, at: self.tick, text };
        if chat.backlog > 0 && matches!(to, To::All | To::Players) {
            let recent = &mut self.talk.recent;
            recent.push(line.clone());
            let over = recent.len().saturating_sub(usize::from(chat.backlog));
            recent.drain(..over);
        }
        self.said.push(Said::Chat { to, line: Box::new(line) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_room_cannot_have_is_the_nearest_that_it_can() {
        let chat = Chat { bytes_max: 9000, burst: 0, chars_max: 0, ..Chat::default() };
        let chat = chat.backlog(200).rate(0, Duration::MAX).in_range();
        assert_eq!((chat.bytes_max, chat.burst, chat.chars_max, chat.backlog), (512, 1, 1, 32));
        assert_eq!(chat.every_ms, u32::MAX);
    }
}
