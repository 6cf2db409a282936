//! The first time that a match is played: the bots see frames and act, chance does the rest, and all
//! of it is logged with the hash of every step.
//!
//! A panic of the game is dealt with as the server does: the step is made again without what it was
//! in. So what follows is checked too.

use std::time::Duration;

use greenroom::bot::{Act, AnyBot};
use greenroom::game::Said;
use greenroom::panics::catch;
use greenroom::proto::{PlayerId, Tick};
use greenroom::registry::Entry;
use greenroom::room::history::{History, HistoryLimits};
use greenroom::room::log::Log;
use greenroom::room::recovery::{At, Crash, Decision, Progress, decide};
use greenroom::room::views::ViewKey;
use greenroom::room::{AnyRoom, Command, Step};
use greenroom::{Pace, Rng, To};

use super::Plan;
use super::besides::Besides;

/// A step that is made this often without success ends the match.
const TRIES_MAX: u32 = 8;

/// How much happens that no bot would do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wildness {
    /// Nothing.
    Calm,
    /// Something in one of so many steps.
    OneIn(u32),
}

impl Wildness {
    /// Of the match of this number.
    pub(super) fn of(number: u64) -> Self {
        match number % 4 {
            0 => Wildness::Calm,
            1 => Wildness::OneIn(200),
            2 => Wildness::OneIn(40),
            _ => Wildness::OneIn(6),
        }
    }
}

/// A match that was played.
pub(super) struct Original {
    /// From the first keyframe on, with the hash of every step.
    pub(super) log: Log,
    /// The first panic of the game.
    pub(super) first_panic: Option<Crash>,
    /// What is too large in its last state, if no client would take that.
    pub(super) too_large: Option<String>,
}

impl Original {
    /// Steps made.
    pub(super) fn steps(&self) -> usize {
        self.log.end().0 as usize
    }
}

struct Player {
    id: PlayerId,
    bot: Box<dyn AnyBot>,
}

struct Table<'a> {
    plan: &'a Plan,
    room: Box<dyn AnyRoom>,
    log: Log,
    progress: Progress,
    besides: Besides,
    rng: Rng,
    players: Vec<Player>,
    history: History,
    commands: Vec<Command>,
    said: Vec<Said>,
    events: Vec<(To, Vec<u8>)>,
    time_ms: u64,
    first_panic: Option<Crash>,
    too_large: Option<String>,
}

/// Plays a match from its seed. The error is that it cannot be played at all.
pub(super) fn play(plan: &Plan, seed: u64, wildness: Wildness) -> Result<Original, String> {
    let mut table = Table::new(plan, seed, wildness)?;
    while !table.room.is_over()
        && table.room.tick().0 < plan.ticks_max
        && table.time_ms < plan.time_ms_max
    {
        if !table.step()? || !table.pass_time() {
            break;
        }
    }
    let Table { log, first_panic, too_large, .. } = table;
    Ok(Original { log, first_panic, too_large })
}

fn restore(entry: &Entry, keyframe: &[u8]) -> Result<Box<dyn AnyRoom>, String> {
    catch(|| entry.game.restore(keyframe)).map_err(|panicked| panicked.to_string())?
}

impl<'a> Table<'a> {
    fn new(plan: &'a Plan, seed: u64, wildness: Wildness) -> Result<Self, String> {
        let Plan { entry, plan: options, .. } = plan;
        let room = catch(|| entry.game.create(&options.options, seed))
            .map_err(|panicked| format!("the room cannot be made: {panicked}"))??;
        let one_in = match wildness {
            Wildness::Calm => 0,
            Wildness::OneIn(steps) => steps,
        };
        let mut rng = Rng::new(seed ^ 0x6368_6563_6b21);
        let of_besides = Rng::new(rng.next_u64());
        let besides = Besides::new(of_besides, entry.game.messages(), options.seats, one_in);
        let limits = HistoryLimits { frames_max: 2, bytes_max: usize::MAX };
        let mut table = Table {
            plan,
            log: Log::new(entry.header(options, seed), room.as_ref()),
            room,
            progress: Progress::default(),
            besides,
            rng,
            players: Vec::new(),
            history: History::new(entry.layout.clone(), limits),
            commands: Vec::new(),
            said: Vec::new(),
            events: Vec::new(),
            time_ms: 0,
            first_panic: None,
            too_large: None,
        };
        // A large room is not full at once.
        for _ in 0..options.seats.min(8) {
            table.commands.extend(table.besides.join());
        }
        Ok(table)
    }

    /// Makes a step; `false` if nothing helps against its panics, or no client would take its state.
    fn step(&mut self) -> Result<bool, String> {
        self.besides.happen(&mut self.commands);
        let tick = self.room.tick().next();
        let before = self.room.keyframe();
        self.log.step(tick, self.time_ms, &self.commands);
        let mut decisions: Vec<Decision> = Vec::new();
        for _ in 0..TRIES_MAX {
            match self.attempt(&decisions) {
                Ok(()) => {
                    self.log.hash(self.room.hash());
                    self.hear();
                    return Ok(self.too_large.is_none());
                }
                Err(crash) => {
                    let decision = decide(&decisions, &crash, self.log.header.seed);
                    self.first_panic.get_or_insert(crash);
                    self.room = restore(&self.plan.entry, &before)?;
                    self.said.clear();
                    match decision {
                        Some(Decision::End) | None => break,
                        Some(decision) => decisions.push(decision),
                    }
                    self.log.decide(decisions[decisions.len() - 1]);
                }
            }
        }
        self.log.decide(Decision::End);
        Ok(false)
    }

    /// Makes the step and looks at what there is to see; a panic is what the crash says.
    fn attempt(&mut self, decisions: &[Decision]) -> Result<(), Crash> {
        let step = Step { time_ms: self.time_ms, commands: &self.commands, decisions };
        let (room, progress) = (&mut self.room, &self.progress);
        let (said, history) = (&mut self.said, &mut self.history);
        let Entry { layout, schema, .. } = &self.plan.entry;
        let shown = catch(|| {
            room.make(step, progress, said);
            progress.note(At::Show);
            let shown = history.push(room.tick(), |rows| {
                room.publish(layout, rows);
            });
            progress.note(At::Rest);
            shown
        });
        let shown = shown.map_err(|panicked| {
            let (tick, at) = progress.at();
            let (text, place) = (panicked.text().to_owned(), panicked.place().to_owned());
            Crash { tick, at, text, place }
        })?;
        self.too_large = shown.err().map(|error| error.in_words(schema));
        Ok(())
    }

    /// What the room said, and what the bots do about it.
    fn hear(&mut self) {
        self.commands.clear();
        self.besides.hear(&self.said);
        for said in std::mem::take(&mut self.said) {
            match said {
                Said::Joined(player, _) => self.seat(player),
                Said::Kick(player) => self.commands.push(Command::Leave { player }),
                Said::Left(player) | Said::Banned(player, _) => {
                    self.players.retain(|other| other.id != player)
                }
                Said::Event { to, body } => self.events.push((to, body)),
                Said::Reply { player, body, .. } => {
                    let bot = self.players.iter_mut().find(|other| other.id == player);
                    if let Some(Player { bot, .. }) = bot {
                        bot.reply(&body);
                    }
                }
                _ => {}
            }
        }
        let tick = self.room.tick();
        let due = match self.plan.plan.pace {
            Pace::Fixed { send_every, .. } => tick.0.is_multiple_of(u32::from(send_every)),
            Pace::OnCommand => true,
        };
        if due {
            self.act(tick);
        }
    }

    /// Gives a player one of the game's bots.
    fn seat(&mut self, player: PlayerId) {
        let entry = &self.plan.entry;
        let names = entry.bot_names();
        let seed = self.rng.next_u64();
        let place = self.rng.below(names.len() as u32) as usize;
        if let Some(bot) = names.get(place).and_then(|name| entry.bot(name, seed)) {
            self.players.push(Player { id: player, bot });
        }
    }

    fn act(&mut self, tick: Tick) {
        let mut views = Vec::new();
        for Player { id, bot } in &mut self.players {
            // A game whose sight panics is found when the steps are made again.
            let Ok(sight) = catch(|| self.room.sight(*id)) else { continue };
            let view = ViewKey::of(*id, &sight);
            views.push((view, tick));
            let Some(rows) = self.history.seen(view, &sight) else { continue };
            let events = self.events.iter().filter(|(to, _)| to.includes(*id));
            events.for_each(|(_, body)| bot.event(body));
            let acts = bot.act(*id, tick, &rows, Duration::ZERO);
            if !self.besides.plays(*id) {
                continue;
            }
            for act in acts {
                self.commands.push(match act {
                    Act::Input(body) => Command::Input { player: *id, body },
                    Act::Request(body) => {
                        Command::Request { player: *id, id: self.besides.request_id(), body }
                    }
                });
            }
        }
        self.history.keep_bases(views.into_iter());
        self.events.clear();
    }

    /// Moves the time on to the next step; `false` if nothing will ever happen again.
    fn pass_time(&mut self) -> bool {
        match self.plan.plan.pace {
            Pace::Fixed { tick_hz, .. } => {
                self.time_ms = u64::from(self.room.tick().0) * 1000 / u64::from(tick_hz.max(1));
            }
            Pace::OnCommand if !self.commands.is_empty() => self.time_ms += 1,
            Pace::OnCommand => match self.room.next_timer_ms() {
                Some(due_ms) => self.time_ms = due_ms.max(self.time_ms),
                None => {
                    let stirred = self.besides.stir();
                    self.commands.extend(stirred);
                    return !self.commands.is_empty();
                }
            },
        }
        true
    }
}
