//! What a client may say; anything else is refused before the game sees it.

use greenroom::prelude::*;

/// What a client may ask for.
#[derive(Message, Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    Name(Text<80>),
    Pick { item: EntityId },
    Drop { index: u8 },
    Say(Text<200>),
}

/// Why a request was turned down.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Refusal {
    BadName,
    NoSuchItem,
    TooFarAway,
    InventoryFull,
    NothingThere,
    Empty,
    ControlCharacters,
    TooFast,
}

/// A name of 1 to 20 letters, digits, spaces, - or _.
pub fn name(text: &str) -> Result<Text<80>, Refusal> {
    let text = text.trim();
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | ' ' | '-');
    let length = text.chars().count();
    ensure((1..=20).contains(&length) && text.chars().all(good), Refusal::BadName)?;
    Ok(Text::cut(text))
}

/// A chat line as it may be shown, or why not.
pub fn chat_text(text: &str) -> Result<Text<200>, Refusal> {
    let text = text.trim();
    ensure(!text.is_empty(), Refusal::Empty)?;
    ensure(!text.contains(char::is_control), Refusal::ControlCharacters)?;
    Ok(Text::cut(text))
}
