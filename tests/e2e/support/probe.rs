//! The tests' own game: does on request whatever a test wants to see, panicking included.

use std::time::Duration;

use greenroom::game::Speech;
use greenroom::prelude::*;
use greenroom::proto::{NewRoom, RoomId, Visibility};
use serde::{Deserialize, Serialize};

/// The built-in games and those of the tests.
pub fn games() -> Games {
    Games::builtin().add::<Probe>().add::<super::who::Who>()
}

greenroom::options! {
    /// What a test chooses.
    pub struct ProbeOptions {
        /// Steps per second; 0: the room steps on commands.
        tick_hz: u16 = 30, 0..=128;
        /// Clients get a frame every so many steps.
        send_every: u16 = 1, 1..=8;
        /// Seats.
        seats: u32 = 8, 0..=1000;
        /// Where the game panics, a `Fault`.
        fault: u8 = 0, 0..=9;
        /// For how long a seat is held without a connection, in milliseconds.
        hold_ms: u32 = 0, 0..=60_000;
        /// Entities that change at each step.
        cells: u16 = 0, 0..=4000;
        /// After how many milliseconds of silence a player's seat ends; 0: never.
        idle_ms: u32 = 0, 0..=60_000;
        /// Clients that may wait for a seat.
        waiting: u32 = 0, 0..=64;
        /// Tells everybody the step's number.
        chatty: bool = false, false..=true;
        /// People may talk.
        chat: bool = false, false..=true;
        /// So many lines at once, then one in so many milliseconds.
        chat_burst: u16 = 5, 1..=1000;
        chat_every_ms: u32 = 1000, 0..=60_000;
        /// Lines for those who come later.
        chat_backlog: u8 = 20, 0..=32;
        /// Those who look on hear it, too.
        chat_public: bool = true, false..=true;
    }
}

/// Where the game panics by its options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    Nowhere,
    Seats,
    New,
    Join,
    Leave,
    Dropped,
    /// Refuses all but the first player; no panic.
    Refuse,
    Resumed,
}

/// An input that decodes and yet kills the room.
pub const POISON: i32 = 666;

#[derive(Message, Clone, Default, Debug, Serialize, Deserialize)]
pub struct Input {
    pub value: i32,
}

#[derive(Message, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Adds to the sum; the answer is the sum.
    Add(i32),
    /// Panics in `request`.
    Panic,
    /// Panics in `state`, that is while a frame is made.
    PanicInState,
    /// Some ticks later each tick panics, until the room was brought back from one.
    PanicInTicks,
    /// A tick some ticks later panics unless its random numbers are others.
    PanicByChance,
    /// Some ticks later each tick panics, whatever is done.
    Doom,
    /// Calls itself until there is no stack left.
    Overflow,
    /// Ends the process.
    Abort,
    /// Wants more memory than there is.
    Exhaust,
    /// Burns so many milliseconds now; more than a minute: for ever.
    Hang { ms: u32 },
    /// Sets a timer; it panics if its id is [`POISON`].
    Timer { after_ms: u64, id: u32 },
    /// Asks the host; the answer is the effect's number.
    Effect(Blob<64>),
    /// Sends everybody so many events now.
    Events { count: u32, bytes: u32 },
    /// Adds so many things that take 244 bytes each.
    Grow(u32),
    /// Ends the match.
    End,
    /// Has the room say so of itself.
    Say(Text<32>, i64),
    /// Locks or unlocks the room.
    Lock(bool),
    /// Bans a player for so many milliseconds.
    Ban(PlayerId, u32),
    /// Lets an account in again.
    Unban(Text<64>),
    /// Kicks a player.
    Kick(PlayerId),
    /// Mutes a player for so many milliseconds; 0: lets them talk again.
    Mute(PlayerId, u32),
    /// Says something as the game itself.
    Announce(Text<64>),
    /// Moves these players, or all that are here; the answer is the effect's number.
    Move(List<PlayerId, 16>, Goal),
}

/// Where players are moved to.
#[derive(Message, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Goal {
    Room(u64),
    /// A new room of this game with these options.
    New(Text<200>),
    /// One that is open, or a new one.
    Open(Text<200>),
    /// The room that each came from.
    Home,
}

#[derive(Message, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Came(PlayerId),
    Went(PlayerId),
    Broke(PlayerId),
    Step(u32),
    Timer(u32),
    Signal { effect: u32, body: Blob<4000> },
    Lost(u32),
    Recovered,
    Back(PlayerId),
    Filler { number: u32, body: Blob<4000> },
    Idle(PlayerId),
    NotMoved { effect: u32, player: PlayerId, why: Text<32> },
    CameFrom(PlayerId, u64),
    Moves(u32),
}

#[derive(Replicate, Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Cell {
    pub x: i32,
    pub y: i32,
}

#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Thing {
    pub parts: [[i32; 30]; 2],
}

#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    pub step: u32,
    pub sum: i32,
    pub inputs: i32,
    pub here: u32,
    pub came: u32,
    pub went: u32,
    pub recovered: u32,
    pub cells: Table<Cell>,
    pub things: Table<Thing>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub sum: i32,
}

#[derive(Serialize, Deserialize)]
pub struct Probe {
    options: ProbeOptions,
    state: State,
    broken: bool,
    /// Ticks panic from this one on, because of this request.
    failing: Option<(Tick, Request)>,
    /// The tick panics if this is its first random number.
    unlucky: Option<u32>,
}

/// Comes back to itself.
#[allow(unconditional_recursion)]
fn overflow(depth: i32) -> i32 {
    let room = std::hint::black_box([depth; 64]);
    overflow(depth + 1) + room[depth as usize % 64]
}

impl Probe {
    fn fail_at(&self, place: Fault) {
        assert!(self.options.fault != place as u8, "as the options ask: {place:?}");
    }

    /// Does what the backend says: adds a number, or one of some words; says the rest back to it.
    fn hear(&mut self, word: &Signal, ctx: &mut Ctx<Self>) {
        match word.word::<serde_json::Value>() {
            Some(Ok(serde_json::Value::Number(number))) => {
                self.state.sum += number.as_i64().unwrap_or_default() as i32;
                ctx.reply(&self.state.sum);
                ctx.reply(&"only the first reply counts");
            }
            Some(Ok(serde_json::Value::String(word))) => match word.as_str() {
                "panic" => panic!("a poisoned word"),
                "silence" => {}
                "end" => ctx.end(&Outcome { sum: self.state.sum }),
                "much" => ctx.reply(&"x".repeat(100_000)),
                word => ctx.reply(&word),
            },
            Some(Ok(word)) => ctx.reply(&word),
            Some(Err(error)) => ctx.reply(&error),
            None => {}
        }
    }

    fn send_on(&mut self, players: &[PlayerId], goal: &Goal, ctx: &mut Ctx<Self>) -> u32 {
        let players = match players {
            [] => ctx.players().collect(),
            players => players.to_vec(),
        };
        let room = |options: &Text<200>| NewRoom {
            options: Text::cut(options),
            seats: None,
            visibility: Visibility::Listed,
            metadata: List::default(),
        };
        let game = Text::cut(Self::NAME);
        let to = match goal {
            Goal::Room(id) => MoveTo::Room(RoomId(*id)),
            Goal::New(options) => MoveTo::New { game, room: room(options) },
            Goal::Open(options) => MoveTo::Open { game, room: room(options) },
            Goal::Home => {
                let home = players.iter().find_map(|player| ctx.came_from(*player));
                MoveTo::Room(home.unwrap_or(RoomId(0)))
            }
        };
        let effect = ctx.move_players(&players, to);
        ctx.send(To::All, &Event::Moves(effect));
        effect
    }

    fn make_step(&mut self, ctx: &mut Ctx<Self>) {
        self.state.step = ctx.tick().0;
        self.state.here = ctx.players().count() as u32;
        for cell in self.state.cells.values_mut() {
            cell.x = ctx.rng().below(1 << 20) as i32;
            cell.y = ctx.rng().below(1 << 20) as i32;
        }
    }
}

impl Game for Probe {
    const NAME: &'static str = "probe";
    type Options = ProbeOptions;
    type State = State;
    type Input = Input;
    type Request = Request;
    type Reply = i32;
    type Event = Event;
    type Result = Outcome;

    fn pace(options: &ProbeOptions) -> Pace {
        match options.tick_hz {
            0 => Pace::OnCommand,
            tick_hz => Pace::Fixed { tick_hz, send_every: options.send_every },
        }
    }

    fn seats(options: &ProbeOptions) -> u32 {
        assert!(options.fault != Fault::Seats as u8, "as the options ask");
        options.seats
    }

    fn idle_after(options: &ProbeOptions) -> Option<Duration> {
        (options.idle_ms > 0).then(|| Duration::from_millis(options.idle_ms.into()))
    }

    fn chat(options: &ProbeOptions) -> Option<Chat> {
        let every = Duration::from_millis(options.chat_every_ms.into());
        let chat = Chat::default().rate(options.chat_burst, every).backlog(options.chat_backlog);
        let chat = if options.chat_public { chat } else { chat.among_players() };
        options.chat.then_some(chat)
    }

    /// Teams are those with odd and with even numbers. Knows some commands, and one bad word.
    fn chat_line(
        &mut self,
        from: PlayerId,
        speech: &mut Speech,
        ctx: &mut Ctx<Self>,
    ) -> Result<To, String> {
        self.make_step(ctx);
        match speech.text.as_str() {
            "/panic" => panic!("a poisoned line"),
            "/hide" => speech.text.clear(),
            "/roll" => speech.text.set("rolls a 4").map_err(|why| why.to_string())?,
            text if text.contains("darn") => return Err("mind your words".to_owned()),
            _ => {}
        }
        match speech.scope {
            0 => Ok(To::All),
            1 => Ok(To::Group(ctx.players().filter(|one| one.0 % 2 == from.0 % 2).collect())),
            other => Err(format!("there is no scope {other}")),
        }
    }

    fn waiting(options: &ProbeOptions) -> u32 {
        options.waiting
    }

    fn seat_hold(options: &ProbeOptions) -> Duration {
        Duration::from_millis(options.hold_ms.into())
    }

    fn new(options: &ProbeOptions, _: &mut Ctx<Self>) -> Self {
        let mut state = State::default();
        for _ in 0..options.cells {
            state.cells.insert(Cell::default());
        }
        let options = options.clone();
        let probe = Probe { options, state, broken: false, failing: None, unlucky: None };
        probe.fail_at(Fault::New);
        probe
    }

    fn state(&self) -> &State {
        assert!(!self.broken, "as a request asked");
        &self.state
    }

    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        if let Some(unlucky) = self.unlucky.take() {
            assert!(ctx.rng().next_u32() != unlucky, "as a request asked, by chance");
        }
        self.make_step(ctx);
        if let Some((_, request)) = self.failing.take_if(|(from, _)| *from <= ctx.tick()) {
            assert!(request == Request::PanicByChance, "as a request asked");
            self.unlucky = Some(ctx.rng().clone().next_u32());
        }
        let inputs: Vec<i32> = ctx.players().map(|player| ctx.input(player).value).collect();
        assert!(!inputs.contains(&POISON), "a poisoned input");
        self.state.inputs = inputs.iter().sum();
        if self.options.chatty {
            ctx.send(To::All, &Event::Step(ctx.tick().0));
        }
    }

    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        if self.options.fault == Fault::Refuse as u8 && self.state.came > 0 {
            return Err("this room takes one player".to_owned());
        }
        self.state.came += 1;
        self.make_step(ctx);
        // The first is let in, so that there is somebody whom the panic concerns.
        if player.0 > 1 {
            self.fail_at(Fault::Join);
        }
        ctx.send(To::All, &Event::Came(player));
        if let Some(room) = ctx.came_from(player) {
            ctx.send(To::All, &Event::CameFrom(player, room.0));
        }
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
        self.state.went += 1;
        self.make_step(ctx);
        self.fail_at(Fault::Leave);
        ctx.send(To::All, &Event::Went(player));
    }

    fn dropped(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
        self.fail_at(Fault::Dropped);
        ctx.send(To::All, &Event::Broke(player));
    }

    fn resumed(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
        self.fail_at(Fault::Resumed);
        ctx.send(To::All, &Event::Back(player));
    }

    fn recovered(&mut self, ctx: &mut Ctx<Self>) {
        self.failing.take_if(|(_, request)| *request != Request::Doom);
        self.state.recovered += 1;
        ctx.send(To::All, &Event::Recovered);
    }

    fn request(&mut self, _: PlayerId, request: Request, ctx: &mut Ctx<Self>) -> i32 {
        self.make_step(ctx);
        match request {
            Request::Add(more) => self.state.sum = self.state.sum.wrapping_add(more),
            Request::Panic => panic!("as a request asked"),
            Request::PanicInState => self.broken = true,
            // Not in this step: if that failed, the request would be left out with it.
            Request::PanicInTicks | Request::PanicByChance | Request::Doom => {
                self.failing = Some((Tick(ctx.tick().0 + 3), request));
            }
            Request::Overflow => return overflow(1),
            Request::Abort => std::process::abort(),
            Request::Exhaust => drop(std::hint::black_box(Vec::<u8>::with_capacity(1 << 60))),
            Request::Hang { ms } => {
                let began = std::time::Instant::now();
                while ms > 60_000 || began.elapsed().as_millis() < ms.into() {
                    std::hint::spin_loop();
                }
            }
            Request::Timer { after_ms, id } => ctx.timer(Duration::from_millis(after_ms), id),
            Request::Effect(body) => return ctx.effect(&body) as i32,
            Request::Events { count, bytes } => {
                for number in 0..count {
                    let body = Blob::cut(&vec![7; bytes as usize]);
                    ctx.send(To::All, &Event::Filler { number, body });
                }
            }
            Request::Grow(count) => {
                self.state.things.extend((0..count).map(|_| Thing::default()));
            }
            Request::Say(key, value) => ctx.set_metadata(&key, value),
            Request::Lock(true) => ctx.lock(),
            Request::Lock(false) => ctx.unlock(),
            Request::Ban(player, ms) => ctx.ban(player, Duration::from_millis(ms.into())),
            Request::Unban(account) => ctx.unban(&account),
            Request::Kick(player) => ctx.kick(player),
            Request::Mute(player, 0) => ctx.unmute(player),
            Request::Mute(player, ms) => ctx.mute(player, Duration::from_millis(ms.into())),
            Request::Announce(text) => ctx.say(To::All, &text),
            Request::Move(players, goal) => return self.send_on(&players, &goal, ctx) as i32,
            Request::End => ctx.end(&Outcome { sum: self.state.sum }),
        }
        self.state.sum
    }

    fn idle(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
        self.make_step(ctx);
        ctx.send(To::One(player), &Event::Idle(player));
        ctx.kick(player);
    }

    fn timer(&mut self, id: u32, ctx: &mut Ctx<Self>) {
        assert!(id != POISON as u32, "a poisoned timer");
        self.make_step(ctx);
        ctx.send(To::All, &Event::Timer(id));
    }

    fn signal(&mut self, signal: &Signal, ctx: &mut Ctx<Self>) {
        self.make_step(ctx);
        match signal {
            Signal::Answer { effect, body } => {
                assert!(body != b"poison", "a poisoned signal");
                let body = Blob::cut(body);
                ctx.send(To::All, &Event::Signal { effect: *effect, body });
            }
            Signal::Lost { effect } => ctx.send(To::All, &Event::Lost(*effect)),
            Signal::Word { .. } => self.hear(signal, ctx),
            Signal::NotMoved { effect, player, why } => {
                let why = Text::cut(&format!("{why:?}"));
                ctx.send(To::All, &Event::NotMoved { effect: *effect, player: *player, why });
            }
        }
    }
}
