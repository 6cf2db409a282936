//! The rules.

use std::time::Duration;

use greenroom::prelude::*;

use crate::messages::{Move, Refusal, Request, chat_text, name};
use crate::state::{FIELD, Item, Line, Player, Stack, State};

const TICKS_PER_SECOND: u16 = 20;
/// Metres a second.
const SPEED: f32 = 4.0;
/// How far a player can reach, in metres.
const REACH: f32 = 1.5;
const KINDS: u32 = 8;
const COUNT_MAX: u8 = 99;
const ITEMS_MAX: usize = 64;
const LINES_MAX: usize = 20;
const TICKS_BETWEEN_LINES: u32 = 20;
/// The timers.
const SCATTER: u32 = 0;
const END: u32 = 1;

greenroom::options! {
    /// What the creator of a field chooses.
    pub struct FieldOptions {
        /// Seconds until the match ends; 0: it goes on for good.
        secs: u32 = 0, 0..=86400;
    }
}

#[derive(Default, Serialize, Deserialize)]
pub struct Field {
    state: State,
    next_item: u32,
    next_line: u32,
}

impl Game for Field {
    const NAME: &'static str = "field";
    type Options = FieldOptions;
    type State = State;
    type Input = Move;
    type Request = Request;
    type Reply = Result<(), Refusal>;
    type Event = Never;
    type Result = ();

    fn pace(_: &FieldOptions) -> Pace {
        Pace::Fixed { tick_hz: TICKS_PER_SECOND, send_every: 1 }
    }

    fn seats(_: &FieldOptions) -> u32 {
        32
    }

    fn new(options: &FieldOptions, ctx: &mut Ctx<Self>) -> Self {
        let mut field = Field::default();
        (0..ITEMS_MAX).for_each(|_| field.scatter(ctx));
        ctx.timer(Duration::from_secs(2), SCATTER);
        if options.secs > 0 {
            ctx.timer(Duration::from_secs(options.secs.into()), END);
        }
        field
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        let name = Text::cut(&format!("Player {}", player.0));
        let at = somewhere(ctx.rng());
        self.state.players.insert(Player { player, name, at, ..Player::default() });
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, _: &mut Ctx<Self>) {
        let Some(left) = self.player(player) else { return };
        let (at, inventory) = (left.at, std::mem::take(&mut left.inventory));
        inventory.into_iter().for_each(|stack| self.place(stack, at));
        self.state.players.retain(|other| other.player != player);
    }

    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        for player in self.state.players.values_mut() {
            let way = ctx.input(player.player);
            let way = [way.x, way.y].map(f32::from);
            // A diagonal is not faster.
            let scale = SPEED * ctx.dt() / math::hypot(way[0], way[1]).max(127.0);
            player.at = [0, 1].map(|part| (player.at[part] + way[part] * scale).clamp(0.0, FIELD));
        }
    }

    fn timer(&mut self, id: u32, ctx: &mut Ctx<Self>) {
        if id == END {
            return ctx.end(&());
        }
        if self.state.items.len() < ITEMS_MAX {
            self.scatter(ctx);
        }
        ctx.timer(Duration::from_secs(2), SCATTER);
    }

    fn request(
        &mut self,
        player: PlayerId,
        request: Request,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Refusal> {
        let State { players, items, chat } = &mut self.state;
        let player = players.values_mut().find(|other| other.player == player);
        let player = player.ok_or(Refusal::NothingThere)?;
        match request {
            Request::Name(text) => player.name = name(&text)?,
            Request::Pick { item } => {
                let found = items.iter().find(|(_, other)| other.id == item);
                let (id, item) = found.ok_or(Refusal::NoSuchItem)?;
                if math::distance(item.at, player.at) > REACH {
                    return Err(Refusal::TooFarAway);
                }
                take(&mut player.inventory, item.stack)?;
                items.remove(id);
            }
            Request::Drop { index } => {
                let stack = player.inventory.remove(index.into()).ok_or(Refusal::NothingThere)?;
                let at = player.at;
                self.place(stack, at);
            }
            Request::Say(text) => {
                let text = chat_text(&text)?;
                let now = ctx.tick();
                if player.last_line.is_some_and(|last| now.0 < last.0 + TICKS_BETWEEN_LINES) {
                    return Err(Refusal::TooFast);
                }
                player.last_line = Some(now);
                self.next_line += 1;
                let (number, from) = (self.next_line, player.name.clone());
                chat.retain(|line| line.number as usize + LINES_MAX > number as usize);
                chat.insert(Line { number, from, text });
            }
        }
        Ok(())
    }
}

impl Field {
    fn player(&mut self, player: PlayerId) -> Option<&mut Player> {
        self.state.players.values_mut().find(|other| other.player == player)
    }

    fn scatter(&mut self, ctx: &mut Ctx<Self>) {
        let kind = ctx.rng().below(KINDS) as u8;
        let count = 1 + ctx.rng().below(5) as u8;
        let at = somewhere(ctx.rng());
        self.place(Stack { kind, count }, at);
    }

    fn place(&mut self, stack: Stack, at: [f32; 2]) {
        self.next_item += 1;
        self.state.items.insert(Item { id: self.next_item, at, stack });
    }
}

/// Puts an item into the inventory, onto a stack of its kind if one has room for all of it.
fn take(inventory: &mut List<Stack, 16>, item: Stack) -> Result<(), Refusal> {
    let fits = |stack: &&mut Stack| {
        stack.kind == item.kind && stack.count.saturating_add(item.count) <= COUNT_MAX
    };
    match inventory.iter_mut().find(fits) {
        Some(stack) => stack.count += item.count,
        None => inventory.push(item).map_err(|_| Refusal::InventoryFull)?,
    }
    Ok(())
}

fn somewhere(rng: &mut Rng) -> [f32; 2] {
    [rng.between(0.0, FIELD), rng.between(0.0, FIELD)]
}
