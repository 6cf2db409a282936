//! What a client may say; anything else is refused before the game sees it.

use greenroom::prelude::*;

/// Where a player wants to go, all the time: 127 is full speed.
#[derive(Message, Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Move {
    pub x: i8,
    pub y: i8,
}

/// What a client may ask for.
#[derive(Message, Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    Name(Text<80>),
    Pick { item: u32 },
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
    match (1..=20).contains(&text.chars().count()) && text.chars().all(good) {
        true => Ok(Text::cut(text)),
        false => Err(Refusal::BadName),
    }
}

/// A chat line as it may be shown, or why not.
pub fn chat_text(text: &str) -> Result<Text<200>, Refusal> {
    match text.trim() {
        "" => Err(Refusal::Empty),
        text if text.contains(char::is_control) => Err(Refusal::ControlCharacters),
        text => Ok(Text::cut(text)),
    }
}
