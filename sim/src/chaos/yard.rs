//! The game that is played: small, with a bit of everything that can go wrong around a game. Entities
//! come and go, some are seen by one player, by a team, by nobody; sights change; events are numbered,
//! so that who hears them knows whether one is missing; requests know whether they were done before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use greenroom::game::{Chat, Signal, Speech};
use greenroom::proto::{EntityId, PlayerId, Seen, Sight, Table, Teams, Text};
use greenroom::{Ctx, Game, Pace, To};
use greenroom_proto::{Message, Replicate};
use serde::{Deserialize, Serialize};

/// Ticks per second.
pub(super) const TICK_HZ: u16 = 20;
/// Seats of the room: fewer than there may be clients.
pub(super) const SEATS: usize = 4;
/// Cards at most.
const CARDS_MAX: usize = 12;

greenroom::options! {
    /// What a run chooses.
    pub struct YardOptions {
        /// Mixed into what the first client alone, or nobody, may see: all others must not notice.
        salt: u32 = 0, 0..=1;
    }
}

/// What clients see of it.
#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) round: u32,
    #[sync(linear)]
    pub(super) wind: i32,
    pub(super) pawns: Table<Pawn>,
    pub(super) cards: Table<Card>,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Pawn {
    pub(super) owner: PlayerId,
    #[sync(step = 0.25)]
    pub(super) x: f64,
    #[sync(linear)]
    pub(super) y: i32,
    #[sync(seen = Seen::Player(self.owner))]
    pub(super) aim: u32,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[sync(seen = self.seen)]
pub(super) struct Card {
    pub(super) id: u32,
    #[sync(skip)]
    pub(super) seen: Seen,
    pub(super) face: u32,
}

#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Input {
    pub(super) push: i8,
}

/// What a request wants.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Wish {
    /// Nothing but an answer.
    Count,
    /// The hook panics.
    Boom,
    /// A timer panics some time later.
    Fuse,
    /// See other things from now on.
    Look,
    /// Many events at once.
    Burst,
    /// Something of the outside world.
    Effect,
    /// To be thrown out.
    Kick,
}

#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// The request's own id.
    pub(super) id: u32,
    pub(super) wish: Wish,
}

#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Reply {
    /// Of the request.
    pub(super) id: u32,
    /// It had been done before.
    pub(super) again: bool,
}

#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Event {
    /// To one player, counted for them.
    Word(u32),
    /// To everybody, counted in all.
    Bell(u32),
}

/// The game.
#[derive(Serialize, Deserialize)]
pub(super) struct Yard {
    state: State,
    salt: u32,
    bells: u32,
    card_ids: u32,
    /// Lines that were said.
    lines: u32,
    players: BTreeMap<PlayerId, Own>,
    /// Effects of which nothing has come yet.
    effects: BTreeSet<u32>,
    /// Of one something came twice.
    twice: Option<u32>,
}

/// What the game knows of a player.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Own {
    words: u32,
    /// The newest request that was done.
    done: u32,
    sight: u8,
    /// The first client: what is for them alone is salted.
    salted: bool,
    pawn: Option<EntityId>,
}

impl Yard {
    /// Words to this player, and bells, so far.
    pub(super) fn said_to(&self, player: PlayerId) -> (u32, u32) {
        (self.players.get(&player).map_or(0, |own| own.words), self.bells)
    }

    /// Lines that were said so far.
    pub(super) fn lines(&self) -> u32 {
        self.lines
    }

    /// Effects of which nothing has come yet, and one of which something came twice.
    pub(super) fn effects(&self) -> (&BTreeSet<u32>, Option<u32>) {
        (&self.effects, self.twice)
    }

    /// The state as this player may see it, found the plain way.
    pub(super) fn shown_to(&self, player: PlayerId) -> State {
        let sight = self.sight(player);
        let mut shown = self.state.clone();
        shown.cards.retain(|card| sight.sees(card.seen));
        shown.cards.values_mut().for_each(|card| card.seen = Seen::All);
        for pawn in shown.pawns.values_mut() {
            if !sight.sees(Seen::Player(pawn.owner)) {
                pawn.aim = 0;
            }
        }
        shown
    }

    fn word(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
        if let Some(own) = self.players.get_mut(&player) {
            own.words += 1;
            ctx.send(To::One(player), &Event::Word(own.words));
        }
    }

    /// A number that only those may know who see this.
    fn secret(&self, seen: Seen, ctx: &mut Ctx<Self>) -> u32 {
        let salted = match seen {
            Seen::Nobody => true,
            Seen::Player(player) => self.players.get(&player).is_some_and(|own| own.salted),
            Seen::All | Seen::Teams(_) => false,
        };
        let face = ctx.rng().below(1 << 20);
        if salted { face ^ (self.salt << 19) } else { face }
    }

    fn seen(&self, ctx: &mut Ctx<Self>) -> Seen {
        let players: Vec<_> = ctx.players().collect();
        match ctx.rng().below(6) {
            0 => Seen::All,
            1 => Seen::Nobody,
            2 | 3 if !players.is_empty() => {
                Seen::Player(players[ctx.rng().below(players.len() as u32) as usize])
            }
            _ => Seen::Teams(Teams::of(ctx.rng().below(2) as u8)),
        }
    }

    fn change_cards(&mut self, ctx: &mut Ctx<Self>) {
        let ids: Vec<EntityId> = self.state.cards.iter().map(|(id, _)| id).collect();
        let any = (!ids.is_empty()).then(|| ids[ctx.rng().below(ids.len() as u32) as usize]);
        match (ctx.rng().below(4), any) {
            (0 | 1, _) if ids.len() < CARDS_MAX => {
                let seen = self.seen(ctx);
                self.card_ids += 1;
                let card = Card { id: self.card_ids, seen, face: self.secret(seen, ctx) };
                self.state.cards.insert(card);
            }
            (2, Some(id)) => {
                self.state.cards.remove(id);
            }
            (3, Some(id)) => {
                let seen = self.seen(ctx);
                let face = self.secret(seen, ctx);
                let Some(card) = self.state.cards.get_mut(id) else { return };
                if matches!(card.seen, Seen::Player(_) | Seen::Nobody) {
                    // What comes into sight says how it moved since the frame before: not a secret.
                    self.state.cards.remove(id);
                    self.card_ids += 1;
                    self.state.cards.insert(Card { id: self.card_ids, seen, face });
                } else {
                    (card.seen, card.face) = (seen, face);
                }
            }
            _ => {}
        }
    }
}

impl Game for Yard {
    const NAME: &'static str = "yard";
    const SEATS: u32 = SEATS as u32;
    type Options = YardOptions;
    type State = State;
    type Input = Input;
    type Request = Request;
    type Reply = Reply;
    type Event = Event;
    type Result = ();

    fn pace(_: &YardOptions) -> Pace {
        Pace::Fixed { tick_hz: TICK_HZ, send_every: 1 }
    }

    fn chat(_: &YardOptions) -> Option<Chat> {
        Some(Chat::default().rate(4, Duration::from_millis(300)).backlog(4))
    }

    fn new(options: &YardOptions, _: &mut Ctx<Self>) -> Self {
        Yard {
            state: State::default(),
            salt: options.salt,
            bells: 0,
            card_ids: 0,
            lines: 0,
            players: BTreeMap::new(),
            effects: BTreeSet::new(),
            twice: None,
        }
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn sight(&self, player: PlayerId) -> Sight {
        match self.players.get(&player).map_or(0, |own| own.sight % 4) {
            0 => Sight::of(player),
            1 => Sight::of_team((player.0 % 2) as u8),
            2 => Sight::public(),
            _ => Sight::of(player).with_teams(Teams::of((player.0 % 2) as u8)),
        }
    }

    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        match ctx.rng().below(24) {
            0 => return Err("not today".to_owned()),
            1 => panic!("a hook that panics: join"),
            _ => {}
        }
        let pawn = Pawn { owner: player, ..Pawn::default() };
        let pawn = Some(self.state.pawns.insert(pawn));
        let salted = ctx.account(player).is_some_and(|account| account.id().as_str() == "client0");
        let own = Own { pawn, salted, ..Own::default() };
        self.players.insert(player, own);
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, _: &mut Ctx<Self>) {
        if let Some(pawn) = self.players.remove(&player).and_then(|own| own.pawn) {
            self.state.pawns.remove(pawn);
        }
    }

    fn request(&mut self, player: PlayerId, request: Request, ctx: &mut Ctx<Self>) -> Reply {
        let own = self.players.entry(player).or_default();
        let again = request.id <= own.done;
        own.done = own.done.max(request.id);
        match request.wish {
            Wish::Count => {}
            Wish::Boom => panic!("a hook that panics: request"),
            Wish::Fuse => {
                let after = 100 + u64::from(ctx.rng().below(400));
                ctx.timer(Duration::from_millis(after), player.0);
            }
            Wish::Look => own.sight += 1,
            Wish::Burst => (0..6).for_each(|_| self.word(player, ctx)),
            Wish::Effect => {
                self.effects.insert(ctx.effect(&request.id));
            }
            Wish::Kick => ctx.kick(player),
        }
        Reply { id: request.id, again }
    }

    /// Each line gets a number, so that who hears them knows whether one is missing.
    fn chat_line(
        &mut self,
        _: PlayerId,
        speech: &mut Speech,
        ctx: &mut Ctx<Self>,
    ) -> Result<To, String> {
        match ctx.rng().below(8) {
            0 => Err("not that".to_owned()),
            1 => panic!("a hook that panics: chat_line"),
            _ => {
                self.lines += 1;
                speech.text = Text::cut(&self.lines.to_string());
                Ok(To::All)
            }
        }
    }

    fn signal(&mut self, signal: &Signal, _: &mut Ctx<Self>) {
        if let Signal::Answer { effect, .. } | Signal::Lost { effect } = signal
            && !self.effects.remove(effect)
        {
            self.twice = Some(*effect);
        }
    }

    fn timer(&mut self, id: u32, ctx: &mut Ctx<Self>) {
        self.word(PlayerId(id), ctx);
        assert!(!id.is_multiple_of(2), "a hook that panics: timer");
    }

    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        self.state.round += 1;
        self.state.wind += 1;
        if ctx.rng().below(20) == 0 {
            self.state.wind = 0;
        }
        let players: Vec<PlayerId> = ctx.players().collect();
        for player in &players {
            let seen = Seen::Player(*player);
            let aims = ctx.rng().below(3) == 0;
            let aim = self.secret(seen, ctx);
            let push = ctx.input(*player).push;
            let pawn = self.players.get(player).and_then(|own| own.pawn);
            if let Some(pawn) = pawn.and_then(|pawn| self.state.pawns.get_mut(pawn)) {
                pawn.x += f64::from(push) * 0.25;
                pawn.y += 2;
                if aims {
                    pawn.aim = aim;
                }
            }
            if ctx.rng().below(3) == 0 {
                self.word(*player, ctx);
            }
        }
        if ctx.rng().below(3) == 0 {
            self.change_cards(ctx);
        }
        if ctx.rng().below(4) == 0 {
            self.bells += 1;
            ctx.send(To::All, &Event::Bell(self.bells));
        }
    }
}
