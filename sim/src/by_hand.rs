//! One match in the caller's hands: moves are tried, taken back, and tried otherwise.

mod fork;
mod snapshot;
mod told;

use std::time::Duration;

use greenroom::game::Said;
use greenroom::proto::{PlayerId, Tick, TooLarge, layout_of, recover, wire};
use greenroom::room::history::{History, HistoryLimits};
use greenroom::room::recovery::{Decision, Progress};
use greenroom::room::views::ViewKey;
use greenroom::room::{AnyRoom, Command, Room, Step};
use greenroom::{Game, Options, Pace};

pub use snapshot::Snapshot;
pub use told::Told;

use crate::headless::{MatchError, THINK_MS, answer};

/// A match that goes on when the caller says so: for bots that search, and for tests of rules.
///
/// What players do is queued, and [`Match::step`] does it. The room is the one that a server hosts,
/// and the same doings come to the same hashes there.
///
/// ```
/// use greenroom::Options;
/// use greenroom::games::connect4::{Connect4, Connect4Options, Request::Drop};
/// use greenroom_sim::Match;
///
/// let mut game = Match::<Connect4>::new(&Connect4Options::defaults(), 7, 2)?;
/// for column in [0, 6, 1, 6, 2, 6] {
///     game.ask(game.state().turn, &Drop { column });
/// }
/// // Does whoever is to move win at once, and where?
/// let (me, before) = (game.state().turn, game.snapshot());
/// let wins = (0..7).find(|column| {
///     game.restore(&before);
///     game.ask(me, &Drop { column: *column });
///     game.result().is_some_and(|end| end.winner == Some(me))
/// });
/// assert_eq!(wins, Some(3));
/// # Ok::<(), greenroom_sim::headless::MatchError>(())
/// ```
///
/// Whoever holds a match knows everything: what others hide, and what chance will bring. A bot that is
/// to be honest is a [`greenroom::bot::Bot`] that keeps a match of its own, in step with what it is
/// shown (`sim/examples/search` is one), and has its chance come otherwise with [`Match::reseed`].
///
/// # What it costs
///
/// CPU time on one core of an AMD EPYC (Zen 3) that others were using, in a release build
/// (`cargo run --release -p greenroom-sim --example snapshots`):
///
/// | | keyframe | snapshot | restore | clone | step |
/// |---|---|---|---|---|---|
/// | connect4, 8 discs | 158 bytes | 0.44 µs (2.3 million/s) | 0.74 µs | 0.12 µs (8 million/s) | 0.16 µs |
/// | arena, 8 ships that shoot | 1.7 KB | 3.0 µs (340,000/s) | 4.1 µs | 0.63 µs (1.6 million/s) | 1.0 µs |
///
/// A search of a game that can be cloned clones: a clone costs less than the step that is tried in it.
/// Snapshots are for all others, and for what is to be kept or sent as bytes.
#[derive(Clone)]
pub struct Match<G: Game> {
    room: Room<G>,
    pace: Pace,
    time_ms: u64,
    /// Number of the newest request.
    requests: u32,
    /// Of the next step.
    queue: Vec<Command>,
    reseed: Option<u64>,
    /// As JSON.
    result: Option<String>,
}

impl<G: Game> Match<G> {
    /// A match in which players 1, 2 and so on have just taken their seats: after its first step.
    pub fn new(options: &G::Options, seed: u64, players: u32) -> Result<Self, MatchError> {
        let seats = G::seats(options);
        if players > seats {
            let why = format!("{players} players, and there are {seats} seats");
            return Err(MatchError::Room(why));
        }
        let room = Room::new(&options.to_json(), seed)
            .map_err(|error| MatchError::Room(error.to_string()))?;
        let mut this = Match {
            room,
            pace: G::pace(options).in_range(),
            time_ms: 0,
            requests: 0,
            queue: (1..=players).map(|player| Command::join(PlayerId(player))).collect(),
            reseed: None,
            result: None,
        };
        let told = this.make();
        match told.said().iter().find_map(refusal) {
            Some(why) => Err(MatchError::Room(why)),
            None => Ok(this),
        }
    }

    /// Has a player say this in the next step. Only the newest counts.
    pub fn input(&mut self, player: PlayerId, input: &G::Input) {
        self.queue.push(Command::Input { player, body: wire::encode(input) });
    }

    /// Has a player ask this in the next step.
    pub fn request(&mut self, player: PlayerId, request: &G::Request) {
        self.requests = self.requests.wrapping_add(1);
        let body = wire::encode(request);
        self.queue.push(Command::Request { player, id: self.requests, body });
    }

    /// Has something else happen in the next step: a player comes, goes or drops, the backend speaks.
    pub fn command(&mut self, command: Command) {
        self.queue.push(command);
    }

    /// Makes a step with what was queued. At a fixed rate it is a tick. In a room that steps on commands
    /// a millisecond passes if anything was queued; else the time until the next timer is due. Once
    /// the match is over nothing happens any more.
    ///
    /// Nobody is outside: effects are lost, nobody is moved to another room.
    ///
    /// # Panics
    /// When the game does. The match is good for nothing then, until it is restored.
    pub fn step(&mut self) -> Told<G> {
        if self.pace == Pace::OnCommand {
            self.time_ms = match (self.queue.is_empty(), self.room.next_timer_ms()) {
                (true, Some(due_ms)) => self.time_ms.max(due_ms),
                (true, None) => self.time_ms,
                (false, _) => self.time_ms + THINK_MS,
            };
        }
        self.make()
    }

    /// Has a player ask this, makes a step, and returns the answer; `None` for somebody without a seat,
    /// or when the match is over.
    pub fn ask(&mut self, player: PlayerId, request: &G::Request) -> Option<G::Reply> {
        self.request(player, request);
        let id = self.requests;
        self.step().reply(id)
    }

    fn make(&mut self) -> Told<G> {
        let commands = std::mem::take(&mut self.queue);
        let mut said = Vec::new();
        if !self.is_over() {
            let decisions = self.reseed.take().map(Decision::Reseed);
            let step = Step {
                time_ms: self.time_ms,
                commands: &commands,
                decisions: decisions.as_slice(),
            };
            self.room.make(step, &Progress::default(), &mut said);
        }
        for said in &said {
            answer(said, &mut self.queue);
            if let Said::Over { result } = said {
                self.result = Some(result.clone());
            }
        }
        Told::new(said)
    }

    /// Has chance come otherwise from the next step on: else it brings the same after each
    /// [`Match::restore`], and a search would see what no player knows.
    pub fn reseed(&mut self, seed: u64) {
        self.reseed = Some(seed);
    }

    /// The whole state, whoever sees it.
    #[must_use]
    pub fn state(&self) -> &G::State {
        self.room.game().state()
    }

    /// The game itself, with what is in no state.
    #[must_use]
    pub fn game(&self) -> &G {
        self.room.game()
    }

    /// The state as a client of this player has it that has just come: quantised, and without what the
    /// player may not see. The error is that no client would take it.
    pub fn view(&self, player: PlayerId) -> Result<G::State, TooLarge> {
        let layout = layout_of::<G::State>();
        let limits = HistoryLimits { frames_max: 1, bytes_max: usize::MAX };
        let mut frames =
            History::new(layout.clone(), limits).with_states_at_most(G::STATE_BYTES_MAX);
        frames.push(self.room.tick(), |rows| {
            self.room.publish(&layout, rows);
        })?;
        let sight = self.room.sight(player);
        let rows = frames.seen(ViewKey::of(player, &sight), &sight);
        Ok(rows.and_then(|rows| recover(&rows, &layout)).expect("a frame of this very layout"))
    }

    /// Everybody with a seat, in the order of joining.
    #[must_use]
    pub fn players(&self) -> Vec<PlayerId> {
        self.room.seated()
    }

    /// The step made last.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.room.tick()
    }

    /// How long it has lasted.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_millis(self.room.time_ms())
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.room.is_over()
    }

    /// How it ended, once it has.
    #[must_use]
    pub fn result(&self) -> Option<G::Result> {
        serde_json::from_str(self.result.as_deref()?).ok()
    }

    /// A number that is equal only for matches in which the same was done and said: that of logs and
    /// replays.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.room.hash()
    }
}

/// Why somebody could not be let in.
fn refusal(said: &Said) -> Option<String> {
    match said {
        Said::JoinRefused(player, why) => Some(format!("the game refuses {player}: {why}")),
        _ => None,
    }
}
