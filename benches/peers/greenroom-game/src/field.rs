//! The rules.

use greenroom::prelude::*;

use crate::messages::{Refusal, Request, chat_text, name};
use crate::state::{FIELD, Field, Item, Line, Player, Stack};

/// Metres a second.
const SPEED: f32 = 4.0;
/// How far a player can reach, in metres.
const REACH: f32 = 1.5;
const KINDS: u32 = 8;
const COUNT_MAX: u8 = 99;
const ITEMS_MAX: usize = 64;
const SECS_BETWEEN_ITEMS: f32 = 2.0;
const SECS_BETWEEN_LINES: f32 = 1.0;

impl Game for Field {
    const NAME: &'static str = "field";
    const TICK_HZ: u16 = 20;
    const SEATS: u32 = 32;
    type Options = NoOptions;
    type State = Self;
    type Input = [i8; 2]; // where a player wants to go: 127 is full speed
    type Request = Request;
    type Reply = Result<(), Refusal>;
    type Event = Never;
    type Result = ();

    fn new(_: &NoOptions, ctx: &mut Ctx<Self>) -> Self {
        let mut field = Field::default();
        (0..ITEMS_MAX).for_each(|_| field.scatter(ctx));
        field
    }

    fn state(&self) -> &Self {
        self
    }

    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        let name = Text::cut(&format!("Player {}", player.0));
        let at = somewhere(ctx.rng());
        self.players.insert(player, Player { name, at, ..Player::default() })?;
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, _: &mut Ctx<Self>) {
        let Some(Player { at, inventory, .. }) = self.players.remove(&player) else { return };
        self.items.extend(inventory.into_iter().map(|stack| Item { at, stack }));
    }

    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        for (id, player) in self.players.iter_mut() {
            let way = ctx.input(*id).map(f32::from);
            // A diagonal is not faster.
            let scale = SPEED * ctx.dt() / math::hypot(way[0], way[1]).max(127.0);
            player.at = [0, 1].map(|part| (player.at[part] + way[part] * scale).clamp(0.0, FIELD));
        }
        if ctx.every(SECS_BETWEEN_ITEMS) && self.items.len() < ITEMS_MAX {
            self.scatter(ctx);
        }
    }

    fn request(&mut self, id: PlayerId, request: Request, ctx: &mut Ctx<Self>) -> Self::Reply {
        let player = self.players.get_mut(&id).ok_or(Refusal::NothingThere)?;
        match request {
            Request::Name(text) => player.name = name(&text)?,
            Request::Pick { item: id } => {
                let item = self.items.get(id).ok_or(Refusal::NoSuchItem)?;
                ensure(math::distance(item.at, player.at) <= REACH, Refusal::TooFarAway)?;
                take(&mut player.inventory, item.stack)?;
                self.items.remove(id);
            }
            Request::Drop { index } => {
                let stack = player.inventory.remove(index.into()).ok_or(Refusal::NothingThere)?;
                self.items.insert(Item { at: player.at, stack });
            }
            Request::Say(text) => {
                let text = chat_text(&text)?;
                ensure(ctx.tick() >= player.speaks, Refusal::TooFast)?;
                player.speaks = ctx.tick() + ctx.ticks(SECS_BETWEEN_LINES);
                self.chat.push(Line { from: player.name.clone(), text });
            }
        }
        Ok(())
    }
}

impl Field {
    fn scatter(&mut self, ctx: &mut Ctx<Self>) {
        let rng = ctx.rng();
        let stack = Stack { kind: rng.below(KINDS) as u8, count: 1 + rng.below(5) as u8 };
        self.items.insert(Item { at: somewhere(rng), stack });
    }
}

/// Puts an item into the inventory, onto a stack of its kind if one has room for all of it.
fn take(inventory: &mut List<Stack, 16>, item: Stack) -> Result<(), Refusal> {
    let fits = |it: &&mut Stack| it.kind == item.kind && it.count + item.count <= COUNT_MAX;
    match inventory.iter_mut().find(fits) {
        Some(stack) => stack.count += item.count,
        None => inventory.push(item).map_err(|_| Refusal::InventoryFull)?,
    }
    Ok(())
}

fn somewhere(rng: &mut Rng) -> [f32; 2] {
    [rng.between(0.0, FIELD), rng.between(0.0, FIELD)]
}
