//! What every client sees.

use greenroom::prelude::*;

/// The field's width and height in metres.
pub const FIELD: f32 = 64.0;
/// Metres between two places that clients can tell apart.
pub const STEP: f32 = FIELD / 65535.0;

/// So many things of one kind.
#[derive(Replicate, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Stack {
    pub kind: u8,
    pub count: u8,
}

/// A stack that lies on the field.
#[derive(Replicate, Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Item {
    pub id: u32,
    #[sync(step = STEP, range = (0.0, FIELD))]
    pub at: [f32; 2],
    pub stack: Stack,
}

#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Player {
    pub player: PlayerId,
    pub name: Text<80>,
    #[sync(step = STEP, range = (0.0, FIELD))]
    pub at: [f32; 2],
    pub inventory: List<Stack, 16>,
    #[sync(skip)]
    pub last_line: Option<Tick>,
}

#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Line {
    pub number: u32,
    pub from: Text<80>,
    pub text: Text<200>,
}

#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    pub players: Table<Player>,
    pub items: Table<Item>,
    pub chat: Table<Line>,
}
