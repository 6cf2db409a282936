//! What players say to each other, and how they are called.

use greenroom_proto::{Map, PlayerId, Replicate, Text};
use serde::{Deserialize, Serialize};

use super::Refused;
use super::table::Seat;
use crate::game::ensure;

/// Lines that are kept.
pub const LINES_MAX: usize = 30;
/// Milliseconds between two lines of one player.
pub const BETWEEN_LINES_MS: u64 = 1000;

/// The lines by number, the newest last.
pub type Chat = Map<u32, Line, LINES_MAX>;

/// Something that was said.
#[derive(Replicate, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Line {
    /// Who said it.
    pub author: PlayerId,
    /// What the author was called then.
    pub name: Text<24>,
    /// What was said.
    pub text: Text<200>,
}

/// Adds a line; the oldest goes when there are too many.
pub(super) fn say(
    chat: &mut Chat,
    seat: &mut Seat,
    text: &Text<200>,
    now_ms: u64,
) -> Result<(), Refused> {
    let text = shown(text)?;
    ensure(seat.said_ms.is_none_or(|last| now_ms >= last + BETWEEN_LINES_MS), Refused::TooFast)?;
    seat.said_ms = Some(now_ms);
    chat.push(Line { author: seat.player, name: seat.name.clone(), text });
    Ok(())
}

/// The text as it may be shown to others, without spaces around it.
pub(super) fn shown<const MAX: usize>(text: &Text<MAX>) -> Result<Text<MAX>, Refused> {
    // Besides control characters those that turn what is around them the other way.
    let bad =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    match text.trim() {
        "" => Err(Refused::Empty),
        text if text.contains(bad) => Err(Refused::BadCharacters),
        text => Ok(Text::cut(text)),
    }
}
