//! Who thinks for a player: a bot of the game, or a process.

use std::time::Duration;

use greenroom::bot::{Act, AnyBot};
use greenroom::proto::{PlayerId, Rows, Tick};

use super::process::ProcessBot;
use super::series::{Series, mix};

/// Who thinks for a player.
pub(super) enum Mind {
    Bot(Box<dyn AnyBot>),
    Process(Box<ProcessBot>),
    /// A process that could not be started.
    Failed(String),
    /// It is out.
    Gone,
}

impl Mind {
    pub(super) fn new(series: &Series, name: &str, place: (PlayerId, usize), seed: u64) -> Self {
        let Series { entry, plan, .. } = series;
        let seed = mix(seed ^ mix(u64::from(place.0.0)));
        if let Some(command) = series.commands.iter().find(|command| command.name() == name) {
            let started = ProcessBot::start(command, entry, plan, place, seed);
            return started.map_or_else(Mind::Failed, |bot| Mind::Process(Box::new(bot)));
        }
        Mind::Bot(entry.bot(name, seed).expect("a series names only bots that there are"))
    }

    /// The error is the end of a sentence about a bot that is out.
    pub(super) fn act(
        &mut self,
        me: PlayerId,
        (tick, rows): (Tick, &Rows),
        age: Duration,
    ) -> Result<Vec<Act>, String> {
        match self {
            Mind::Bot(bot) => Ok(bot.act(me, tick, rows, age)),
            Mind::Process(bot) => bot.act(tick, rows, age),
            Mind::Failed(why) => Err(std::mem::take(why)),
            Mind::Gone => Ok(Vec::new()),
        }
    }

    pub(super) fn reply(&mut self, body: &[u8]) {
        match self {
            Mind::Bot(bot) => bot.reply(body),
            Mind::Process(bot) => bot.reply(body),
            Mind::Failed(_) | Mind::Gone => {}
        }
    }

    pub(super) fn event(&mut self, body: &[u8]) {
        match self {
            Mind::Bot(bot) => bot.event(body),
            Mind::Process(bot) => bot.event(body),
            Mind::Failed(_) | Mind::Gone => {}
        }
    }

    /// The match has this result.
    pub(super) fn over(self, result: &str) {
        if let Mind::Process(bot) = self {
            bot.over(result);
        }
    }
}
