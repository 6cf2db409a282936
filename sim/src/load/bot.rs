//! The life of one bot: connect, join, play, join again, come back after a break.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use greenroom::Rng;
use greenroom_client::proto::{Refusal, Then};
use greenroom_client::{CallError, Client, Join, SeatInfo, Update};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::live::Connection;
use super::play::Play;
use super::scenario::{Part, Role};
use super::tally::Tally;
use super::target::Plan;
use super::timetable::Timetable;

/// A bot in a room that steps on commands acts again when nothing has happened for so long, in
/// case its last move was refused.
const IDLE: Duration = Duration::from_secs(1);
/// Pause between two moves of such a bot. Nothing else would slow it down, and a server takes 150
/// messages a second from one client, unless it is configured to take others.
const THINK: Duration = Duration::from_millis(10);
/// Pauses before a new attempt double from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Seats that were gone when the bot came to them, in a row, before that counts as an error.
const RACES_MAX: u32 = 20;

/// How a connection ended.
pub(super) enum Ended {
    /// The run is over.
    Run,
    /// It could not be had, or broke: try again.
    Again,
    /// Trying again would end the same way.
    Hopeless,
}

pub(super) struct Life {
    pub(super) plan: Arc<Plan>,
    number: u32,
    pub(super) timetable: Timetable,
    pub(super) tally: Arc<Tally>,
    pub(super) connection_up: Connection,
    stop: Stop,
    role: Role,
    /// Counts the times at which all connections break at once.
    cut: watch::Receiver<u32>,
    pub(super) rng: Rng,
    seated_before: bool,
    connected_before: bool,
    resumed_before: bool,
    matches: u64,
}

/// When a bot's life is over.
#[derive(Clone)]
struct Stop {
    all: watch::Receiver<bool>,
    at: Option<Instant>,
}

impl Stop {
    /// Waits for it.
    async fn come(&mut self) {
        let at = self.at;
        let own = async {
            match at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.all.wait_for(|stop| *stop) => {}
            () = own => {}
        }
    }
}

/// What ends and breaks all bots at once.
#[derive(Clone)]
pub(super) struct Signals {
    pub(super) stop: watch::Receiver<bool>,
    pub(super) cut: watch::Receiver<u32>,
}

/// Lives until the run is over or there is no hope.
pub(super) async fn live(
    plan: Arc<Plan>,
    part: Part,
    timetable: Timetable,
    tally: Arc<Tally>,
    signals: Signals,
) {
    let Part { number, role, start, end } = part;
    let (stop, cut) = (Stop { all: signals.stop, at: end }, signals.cut);
    let rng = Rng::new(plan.seed ^ u64::from(number) << 32);
    let (seated_before, connected_before, resumed_before) = (false, false, false);
    let mut life = Life {
        plan,
        number,
        timetable,
        connection_up: Connection::none(&tally),
        tally,
        stop,
        role,
        cut,
        rng,
        seated_before,
        connected_before,
        resumed_before,
        matches: 0,
    };
    let mut stop = life.stop.clone();
    let mut pause = PAUSES.0;
    let mut wait = start;
    loop {
        tokio::select! {
            () = sleep_until(wait) => {}
            () = stop.come() => return,
        }
        let began = Instant::now();
        match life.connection().await {
            Ended::Run | Ended::Hopeless => return,
            Ended::Again => {}
        }
        // A connection that lasted starts the pauses anew.
        pause = if began.elapsed() > PAUSES.1 { PAUSES.0 } else { (2 * pause).min(PAUSES.1) };
        let share = life.rng.below(1000);
        wait = Instant::now() + pause.mul_f64(share as f64 / 1000.0);
    }
}

impl Life {
    /// One connection, from its beginning to its end.
    async fn connection(&mut self) -> Ended {
        let mut stop = self.stop.clone();
        let connected = tokio::select! {
            connected = Client::connect(self.plan.connect(self.number)) => connected,
            () = stop.come() => return Ended::Run,
        };
        let mut client = match connected {
            Ok(client) => client,
            Err(error) => {
                let hopeless = error.then() == Then::Stop;
                self.tally.failed(error.to_string());
                return if hopeless { Ended::Hopeless } else { Ended::Again };
            }
        };
        if std::mem::replace(&mut self.connected_before, true) {
            self.tally.reconnected();
        }
        self.connection_up.set_up(true);
        let ended = tokio::select! {
            ended = self.on(&mut client) => ended,
            () = stop.come() => Ended::Run,
        };
        self.connection_up.set_up(false);
        self.tally.connection(client.stats());
        if client.closed().is_none() {
            client.close().await;
        }
        ended
    }

    /// What this bot does with a connection.
    async fn on(&mut self, client: &mut Client) -> Ended {
        match self.role {
            Role::Player | Role::Slow => self.matches(client).await,
            Role::Idle => self.idle(client).await,
            Role::Spectator => self.look_on(client).await,
        }
    }

    /// One match after the other.
    async fn matches(&mut self, client: &mut Client) -> Ended {
        let mut races = 0;
        loop {
            let plan = Arc::clone(&self.plan);
            let game = plan.entry.game.name();
            let error = match client.join(Join::OpenOrCreate { game, options: &plan.options }).await
            {
                Ok(seat) => {
                    races = 0;
                    self.arrived();
                    let tally = Arc::clone(&self.tally);
                    let (_seated, _plays) = (tally.live.seated.one(), tally.plays(seat.room));
                    let stays = match self.role {
                        Role::Slow => self.read_slowly(client).await,
                        _ => self.one_match(client, &seat).await,
                    };
                    if !stays {
                        return Ended::Again;
                    }
                    continue;
                }
                Err(error) => error,
            };
            match &error {
                // The match ended, or others came first, between the choice and the seat.
                CallError::Refused { why: Refusal::UnknownRoom | Refusal::RoomFull, .. }
                    if races < RACES_MAX =>
                {
                    races += 1;
                    sleep(PAUSES.0.mul_f64(self.rng.below(1000) as f64 / 1000.0)).await;
                    continue;
                }
                CallError::Closed(closed) => {
                    self.tally.disconnected(closed.to_string());
                    return Ended::Again;
                }
                _ => self.tally.failed(error.to_string()),
            }
            return match error {
                CallError::Refused { why: Refusal::UnknownGame | Refusal::BadOptions, .. }
                | CallError::TooLong { .. } => Ended::Hopeless,
                _ => Ended::Again,
            };
        }
    }

    /// The bot has what it came for.
    pub(super) fn arrived(&mut self) {
        if !std::mem::replace(&mut self.seated_before, true) {
            self.tally.joined();
        }
    }

    /// The bot has its seat again, so long after the break.
    pub(super) fn came_back(&mut self, after: Duration) {
        let before = std::mem::replace(&mut self.resumed_before, true);
        self.tally.resumed(!before, after);
        self.connection_up.set_up(true);
    }

    /// Plays from the seat to its end; whether the connection is still there then.
    async fn one_match(&mut self, client: &mut Client, seat: &SeatInfo) -> bool {
        self.matches += 1;
        let seed = self.plan.seed ^ u64::from(self.number) << 32 ^ self.matches << 16;
        let (plan, tally) = (Arc::clone(&self.plan), Arc::clone(&self.tally));
        let Some(bot) = plan.entry.bot(&plan.bot, seed) else { return false };
        let sees = plan.sees(self.number);
        self.timetable.resume(Instant::now());
        let mut play = Play {
            number: self.number,
            sees,
            frames: client.stats().frames,
            tally: &tally,
            bot,
            acts: &plan.acts,
            client,
            seat,
            held: sees.then(|| tally.watch.seat(seat)).flatten(),
            arrived: None,
            inputs: VecDeque::new(),
            requests: BTreeMap::new(),
        };
        match sees || self.timetable.follows_frames() {
            true => self.play(&mut play).await,
            false => self.play_unseeing(&mut play).await,
        }
    }

    /// Is woken by everything that comes.
    async fn play(&mut self, play: &mut Play<'_>) -> bool {
        let on_command = play.seat.tick_hz == 0;
        let follows_frames = self.timetable.follows_frames();
        // Kept from frame to frame: to wait anew for each would cost as much as to read one.
        let timer = sleep_until(self.timetable.next());
        let mut cuts = self.cuts();
        let (cut, mut is_cut) = (cuts.changed(), false);
        tokio::pin!(timer, cut);
        // When a bot that steps on commands acts next, and when it last did.
        let (mut turn, mut acted) = (Instant::now() + IDLE, None::<Instant>);
        loop {
            let next = if on_command { turn } else { self.timetable.next() };
            if timer.deadline() != next {
                timer.as_mut().reset(next);
            }
            tokio::select! {
                update = play.client.next() => match update {
                    Update::Frame { tick, .. } => {
                        let now = Instant::now();
                        play.frame(tick, now);
                        if on_command {
                            turn = acted.map_or(now, |acted| now.max(acted + THINK));
                        } else if follows_frames {
                            play.act(now);
                        }
                    }
                    update => if let Some(stays) = self.hear(play, update) {
                        return stays;
                    }
                },
                Ok(()) = &mut cut, if !is_cut => {
                    // There is one in a run at most.
                    is_cut = true;
                    if let Some(stays) = self.read_all(play).await {
                        return stays;
                    }
                    play.client.break_connection();
                }
                () = &mut timer, if on_command || !follows_frames => {
                    let now = Instant::now();
                    if on_command {
                        play.act(now);
                        (turn, acted) = (now + IDLE, Some(now));
                        continue;
                    }
                    self.act(play, now);
                }
            }
        }
    }

    /// Acts as often as that is due by now.
    pub(super) fn act(&mut self, play: &mut Play<'_>, now: Instant) {
        while let Some(due) = self.timetable.due(now) {
            if play.sees {
                play.tally.late(play.number, now - due);
            }
            play.act(due);
        }
    }

    /// Hears of the break of all connections that is to come, if one is.
    pub(super) fn cuts(&self) -> watch::Receiver<u32> {
        let mut cuts = self.cut.clone();
        cuts.mark_unchanged();
        cuts
    }

    /// Reads all that has come before the connection breaks: otherwise it would break with what was not
    /// read yet, and coming back would be another thing for the server.
    pub(super) async fn read_all(&mut self, play: &mut Play<'_>) -> Option<bool> {
        // The runtime knows what has come once it has looked: a thread of bots does so now and then.
        tokio::task::yield_now().await;
        self.read(play)
    }

    /// Reads what has come, see [`Life::hear`].
    pub(super) fn read(&mut self, play: &mut Play<'_>) -> Option<bool> {
        while let Some(update) = play.client.try_next() {
            if let Some(stays) = self.hear(play, update) {
                return Some(stays);
            }
        }
        play.acknowledge(Instant::now());
        None
    }

    /// What has happened. If the match is over by it: whether the connection is still
    /// there.
    pub(super) fn hear(&mut self, play: &mut Play<'_>, update: Update) -> Option<bool> {
        match update {
            Update::Frame { tick, .. } if play.sees => play.frame(tick, Instant::now()),
            Update::Event(event) if play.sees => play.bot.event(&event.body),
            Update::Reply { id, reply } => play.replied(id, reply),
            Update::Ended { .. } => {
                play.tally.finished(play.seat.room);
                return Some(true);
            }
            // A bot of this game plays no other.
            Update::Left | Update::Dismissed(_) | Update::Moved { .. } => return Some(true),
            Update::Broken { why, .. } => {
                self.connection_up.set_up(false);
                play.tally.disconnected(why.to_string());
            }
            Update::Resumed { after, .. } => self.came_back(after),
            Update::Closed(closed) => {
                match closed.lost.is_some() {
                    // The break was counted when it happened.
                    true => play.tally.failed(closed.to_string()),
                    false => play.tally.disconnected(closed.to_string()),
                }
                return Some(false);
            }
            // For people, or for who sees.
            Update::Frame { .. }
            | Update::Event(_)
            | Update::Rooms { .. }
            | Update::People(_)
            | Update::Notice { .. }
            | Update::Banned { .. }
            | Update::Chat(_) => {}
        }
        None
    }
}
