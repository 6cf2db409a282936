//! The field: what every client sees, and what is skipped.

use greenroom::prelude::*;

/// The field's width and height in metres.
pub const FIELD: f32 = 64.0;

/// So many things of one kind.
#[derive(Replicate, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Stack {
    pub kind: u8,
    pub count: u8,
}

/// A stack that lies on the field.
#[derive(Replicate, Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Item {
    #[sync(step = 0.001, range = (0.0, FIELD))]
    pub at: [f32; 2],
    pub stack: Stack,
}

#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Player {
    pub name: Text<80>,
    #[sync(step = 0.001, range = (0.0, FIELD))]
    pub at: [f32; 2],
    pub inventory: List<Stack, 16>,
    /// From when on the player may say something again.
    #[sync(skip)]
    pub speaks: Tick,
}

#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Line {
    pub from: Text<80>,
    pub text: Text<200>,
}

#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Field {
    pub players: Map<PlayerId, Player, 32>,
    pub items: Table<Item>,
    pub chat: Map<u32, Line, 20>,
}
