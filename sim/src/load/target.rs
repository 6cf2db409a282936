//! Where bots play, and what all of them have in common.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use greenroom::registry::Entry;
use greenroom::{Games, Pace};
use greenroom_client::{Client, Connect, Lead, Trust};

use super::acts::Acts;
use super::process;

/// Where to play, and what: the same for `load` and `capacity`.
#[derive(clap::Args, Debug)]
pub(crate) struct Target {
    /// The server: wss://host:port or ws://host:port.
    #[arg(long, default_value = "wss://127.0.0.1:8443")]
    pub(crate) url: String,
    /// PEM file of the CA that signed the server's certificate; a development server keeps its
    /// own in certs/ca.pem. Without, the CAs that this system trusts.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Accept any certificate. Whoever sits in between can then read and change everything.
    #[arg(long, conflicts_with = "ca")]
    danger_accept_any_certificate: bool,
    /// File with a token for each bot, one a line, for a server that wants to know who they are
    /// (greenroom token --account bot-1 prints one). An account may have one connection unless the
    /// server is set otherwise, so each bot needs an account.
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// The game to play.
    #[arg(long)]
    pub(crate) game: String,
    /// Which of the game's bots; the first if not named.
    #[arg(long)]
    bot: Option<String>,
    /// Options of the rooms, as a JSON object.
    #[arg(long, default_value = "", value_name = "JSON", hide_default_value = true)]
    config: String,
    /// Times a second that each bot acts, on a timetable. Without, on every frame. Rooms that
    /// step on commands are always played frame by frame.
    #[arg(long, value_name = "HZ", value_parser = rate, allow_negative_numbers = true)]
    pub(crate) input_hz: Option<f64>,
    /// Seed of the bots.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// The share of bots that keep a copy of the state and compare its hash: 1, 0.05 or 5%; one at
    /// least. What is measured is measured by these. The others count frames by their heads, acknowledge
    /// what a player would, and repeat what these do. With --input-hz they look at their connection five
    /// times a second. That saves this program half of its CPU time and more, and no desync is noticed
    /// there.
    #[arg(long, default_value = "100%", value_name = "SHARE", value_parser = share)]
    pub(crate) decode: f64,
    /// The server's process, for its CPU and memory; found by its port where it is on this machine and
    /// this user's.
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
}

impl Target {
    /// What so many bots have in common; everything that can be wrong is found here.
    pub(super) fn plan(&self, games: &Games, bots: u32) -> Result<Plan, String> {
        let entry = games.get(&self.game).map_err(|error| error.to_string())?;
        let names = entry.bot_names();
        let name = self.bot.as_deref().or(names.first().copied()).unwrap_or_default();
        if !names.contains(&name) {
            return Err(match names.as_slice() {
                [] => format!("the game `{}` has no bots: add one with Games::bot", self.game),
                names => format!("there is no bot `{name}`: choose from {}", names.join(", ")),
            });
        }
        // The server would say the same, but to each bot.
        let room = entry.game.plan(&self.config).map_err(|error| format!("--config: {error}"))?;
        if self.decode < 1.0 && room.pace == Pace::OnCommand {
            return Err(format!(
                "--decode: a room of {} steps on commands, and who does not see it cannot move: leave \
                 it out",
                self.game
            ));
        }
        let wanted = u64::from(bots) + OTHER_FILES;
        let files = rlimit::increase_nofile_limit(wanted).unwrap_or(u64::MAX);
        if files < wanted {
            return Err(format!(
                "{bots} bots need {wanted} open files and this process may have {files}: raise the \
                 hard limit (ulimit -Hn) or use fewer bots"
            ));
        }
        if let Some(pid) = self.server_pid.filter(|pid| process::cpu(*pid).is_none()) {
            return Err(format!("--server-pid {pid}: this system tells of no such process"));
        }
        let connect = Connect {
            trust: self.trust()?,
            client: concat!("greenroom-sim/", env!("CARGO_PKG_VERSION")).into(),
            schemas: vec![Arc::clone(&entry.schema)],
            // For the next step: what is measured is the server, not a reserve against jitter.
            lead: Lead::Fixed(0),
            // Players have a machine each and share no session tickets.
            tls_resumption: false,
            ..Connect::to(&self.url)
        };
        Ok(Plan {
            tokens: self.tokens.as_deref().map(|file| tokens(file, bots)).transpose()?,
            connect,
            entry: entry.clone(),
            bot: name.to_owned(),
            options: self.config.clone(),
            seed: self.seed,
            decode: self.decode,
            acts: Acts::new(self.decode >= 1.0),
        })
    }

    fn trust(&self) -> Result<Trust, String> {
        let trust = match (&self.ca, self.danger_accept_any_certificate) {
            (Some(file), _) => Trust::CaFile(file.clone()),
            (None, true) => Trust::DangerAcceptAnyCertificate,
            (None, false) => Trust::System,
        };
        // Only wss needs certificates, and reading them must not fail for others.
        match self.url.starts_with("wss:") {
            true => trust.prepare().map_err(|error| error.to_string()),
            false => Ok(trust),
        }
    }

    /// One client first: what is wrong for all is said once, and at once. Returns who answers.
    pub(super) async fn greet(&self, plan: &Plan) -> Result<String, String> {
        let probe = Client::connect(plan.connect(0)).await.map_err(|error| error.to_string())?;
        let server = probe.server().to_owned();
        probe.close().await;
        Ok(server)
    }

    /// The server's process, if it can be seen.
    pub(super) fn server(&self) -> Option<u32> {
        self.server_pid.or_else(|| process::listening(loopback(&self.url)?))
    }
}

/// The address of a URL that leads to this machine.
fn loopback(url: &str) -> Option<SocketAddr> {
    let authority = url.split_once("://")?.1.split(['/', '?']).next()?;
    authority.replace("localhost", "127.0.0.1").parse().ok()
}

/// What all bots have in common.
pub(super) struct Plan {
    pub(super) connect: Connect,
    /// Each bot's own, if the server wants to know who they are.
    pub(super) tokens: Option<Vec<String>>,
    pub(super) entry: Entry,
    pub(super) bot: String,
    pub(super) options: String,
    pub(super) seed: u64,
    /// The share of bots that see the state.
    pub(super) decode: f64,
    pub(super) acts: Acts,
}

impl Plan {
    /// How the bot of this number connects.
    pub(super) fn connect(&self, bot: u32) -> Connect {
        let token = self.tokens.as_ref().and_then(|tokens| tokens.get(bot as usize)).cloned();
        Connect { token, keep_state: self.sees(bot), ..self.connect.clone() }
    }

    /// How many of so many bots have a copy of the state.
    pub(super) fn seeing(&self, bots: u32) -> u32 {
        (0..bots).filter(|bot| self.sees(*bot)).count() as u32
    }

    /// Whether the bot of this number has a copy of the state.
    pub(super) fn sees(&self, bot: u32) -> bool {
        is_among(bot, self.decode)
    }
}

/// Whether a bot is one of this share of all: evenly spread, the first one always.
pub(super) fn is_among(bot: u32, share: f64) -> bool {
    // A share like two thirds is never exact, and must not round up to one bot more.
    let before = |bot: u32| (f64::from(bot) * share - 1e-6).ceil();
    before(bot + 1) > before(bot)
}

/// A share of all: above 0, at most 1.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let (number, of) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let share = number.trim().parse::<f64>().map_err(|_| "write it as 0.05 or 5%".to_owned())? / of;
    if share > 0.0 && share <= 1.0 { Ok(share) } else { Err("choose above 0% to 100%".into()) }
}

fn rate(text: &str) -> Result<f64, String> {
    let value = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if (0.01..=1000.0).contains(&value) { Ok(value) } else { Err("choose 0.01 to 1000".into()) }
}

/// A token for each of so many bots.
fn tokens(file: &Path, bots: u32) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("--tokens {}: {error}: name a file", file.display()))?;
    let tokens: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
    match tokens.len() < bots as usize {
        true => {
            Err(format!("--tokens has {} tokens for {bots} bots: each needs one", tokens.len()))
        }
        false => Ok(tokens),
    }
}

/// Descriptors that this program needs besides those of the bots.
const OTHER_FILES: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_spread_evenly_and_is_never_nobody() {
        let among = |bots, share| (0..bots).filter(|bot| is_among(*bot, share)).collect::<Vec<_>>();
        assert_eq!(among(40, 0.05), [0, 20]);
        assert_eq!(among(3, 0.001), [0]);
        assert_eq!(among(4, 1.0), [0, 1, 2, 3]);
        assert_eq!(among(1000, 0.3).len(), 300);
    }
}
