//! What comes of what a room wants from outside, where there is nothing.

use greenroom::Signal;
use greenroom::game::Said;
use greenroom::proto::Refusal;
use greenroom::room::Command;

/// Appends what the room is told next because it said this.
pub(crate) fn answer(said: &Said, commands: &mut Vec<Command>) {
    match said {
        Said::Kick(player) => commands.push(Command::Leave { player: *player }),
        // Nobody does effects here: a match depends on nothing outside.
        Said::Effect { number, .. } => {
            commands.push(Command::Signal(Signal::Lost { effect: *number }));
        }
        // There is no other room here.
        Said::Move { number, players, .. } => {
            let (effect, why) = (*number, Refusal::UnknownRoom);
            let stays = |player| Command::Signal(Signal::NotMoved { effect, player, why });
            commands.extend(players.iter().copied().map(stays));
            commands.push(Command::EffectDone { effect });
        }
        _ => {}
    }
}
