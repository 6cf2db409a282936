//! The life of one bot: connect, join, play, join again, come back after a break.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use greenroom::Rng;
use greenroom::bot::{Act, AnyBot};
use greenroom::registry::Entry;
use greenroom_client::proto::{Refusal, Then};
use greenroom_client::{CallError, Client, Connect, Join, RequestId, SeatInfo, Update};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::staleness::Held;
use super::tally::Tally;
use super::timetable::Timetable;

/// For the answer to a request.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// What was unanswered for longer when its connection ends counts with its age: leaving it out
/// would make a server look fast that answers nothing.
const UNANSWERED_AFTER: Duration = Duration::from_secs(1);
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

/// What all bots have in common.
pub(super) struct Plan {
    pub(super) connect: Connect,
    /// Each bot's own, if the server wants to know who they are.
    pub(super) tokens: Option<Vec<String>>,
    pub(super) entry: Entry,
    pub(super) bot: String,
    pub(super) options: String,
    pub(super) seed: u64,
}

impl Plan {
    /// How the bot of this number connects.
    pub(super) fn connect(&self, bot: u32) -> Connect {
        let token = self.tokens.as_ref().and_then(|tokens| tokens.get(bot as usize)).cloned();
        Connect { token, ..self.connect.clone() }
    }
}

/// How a connection ended.
enum Ended {
    /// The run is over.
    Run,
    /// It could not be had, or broke: try again.
    Again,
    /// Trying again would end the same way.
    Hopeless,
}

struct Life {
    plan: Arc<Plan>,
    number: u32,
    timetable: Timetable,
    tally: Arc<Tally>,
    stop: watch::Receiver<bool>,
    rng: Rng,
    seated_before: bool,
    connected_before: bool,
    resumed_before: bool,
    matches: u64,
}

/// Lives until the run is over or there is no hope.
pub(super) async fn live(
    plan: Arc<Plan>,
    number: u32,
    start: Instant,
    timetable: Timetable,
    tally: Arc<Tally>,
    stop: watch::Receiver<bool>,
) {
    let rng = Rng::new(plan.seed ^ u64::from(number) << 32);
    let (seated_before, connected_before, resumed_before) = (false, false, false);
    let mut life = Life {
        plan,
        number,
        timetable,
        tally,
        stop,
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
            _ = stop.wait_for(|stop| *stop) => return,
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
            _ = stop.wait_for(|stop| *stop) => return Ended::Run,
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
        let ended = tokio::select! {
            ended = self.matches(&mut client) => ended,
            _ = stop.wait_for(|stop| *stop) => Ended::Run,
        };
        self.tally.connection(client.stats());
        if client.closed().is_none() {
            client.close().await;
        }
        ended
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
                    if !std::mem::replace(&mut self.seated_before, true) {
                        self.tally.joined();
                    }
                    if !self.one_match(client, &seat).await {
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

    /// Plays from the seat to its end; whether the connection is still there then.
    async fn one_match(&mut self, client: &mut Client, seat: &SeatInfo) -> bool {
        self.matches += 1;
        let seed = self.plan.seed ^ u64::from(self.number) << 32 ^ self.matches << 16;
        let Some(bot) = self.plan.entry.bot(&self.plan.bot, seed) else { return false };
        self.timetable.resume(Instant::now());
        let on_command = seat.tick_hz == 0;
        let mut play = Play {
            number: self.number,
            tally: &self.tally,
            bot,
            client,
            seat,
            held: self.tally.watch.seat(seat),
            inputs: VecDeque::new(),
            requests: BTreeMap::new(),
        };
        let follows_frames = self.timetable.follows_frames();
        // When a bot that steps on commands acts next, and when it last did.
        let (mut turn, mut acted) = (Instant::now() + IDLE, None::<Instant>);
        loop {
            let next = if on_command { turn } else { self.timetable.next() };
            tokio::select! {
                update = play.client.next() => match update {
                    Update::Frame { tick, .. } => {
                        let now = Instant::now();
                        play.acknowledge(now);
                        if let Some(held) = &mut play.held {
                            held.frame(tick, now);
                        }
                        if on_command {
                            turn = acted.map_or(now, |acted| now.max(acted + THINK));
                        } else if follows_frames {
                            play.act(now);
                        }
                    }
                    Update::Event(event) => play.bot.event(&event.body),
                    Update::Reply { id, reply } => play.replied(id, reply),
                    Update::Rooms { .. } => {}
                    Update::Ended { .. } => {
                        play.tally.finished(seat.room);
                        return true;
                    }
                    Update::People(_) => {}
                    // A bot of this game plays no other.
                    Update::Left | Update::Dismissed(_) | Update::Moved { .. } => return true,
                    Update::Broken { why, .. } => play.tally.disconnected(why.to_string()),
                    Update::Resumed { .. } => {
                        let before = std::mem::replace(&mut self.resumed_before, true);
                        play.tally.resumed(!before);
                    }
                    // For people.
                    Update::Notice { .. } | Update::Banned { .. } | Update::Chat(_) => {}
                    Update::Closed(closed) if closed.lost.is_some() => {
                        // The break was counted when it happened.
                        play.tally.failed(closed.to_string());
                        return false;
                    }
                    Update::Closed(closed) => {
                        play.tally.disconnected(closed.to_string());
                        return false;
                    }
                },
                () = sleep_until(next), if on_command || !follows_frames => {
                    let now = Instant::now();
                    if on_command {
                        play.act(now);
                        (turn, acted) = (now + IDLE, Some(now));
                        continue;
                    }
                    while let Some(due) = self.timetable.due(now) {
                        play.tally.late(play.number, now - due);
                        play.act(due);
                    }
                }
            }
        }
    }
}

/// One match with what is under way in it.
struct Play<'a> {
    number: u32,
    tally: &'a Tally,
    bot: Box<dyn AnyBot>,
    client: &'a mut Client,
    seat: &'a SeatInfo,
    /// `None` in a room that steps on commands.
    held: Option<Held<'a>>,
    /// Ordinal and due time of the inputs that no frame has acknowledged.
    inputs: VecDeque<(u32, Instant)>,
    requests: BTreeMap<RequestId, Instant>,
}

impl Play<'_> {
    /// Lets the bot act; `due` is when that should have happened.
    ///
    /// In a room that steps on commands the bot's last move may not be in its state yet, and it
    /// would make it again: there it acts once the answer is in, which comes before the frame.
    fn act(&mut self, due: Instant) {
        if self.seat.tick_hz == 0 && !self.requests.is_empty() {
            return;
        }
        let Some((tick, rows)) = self.client.rows() else { return };
        for act in self.bot.act(self.seat.player, tick, rows) {
            let sent = match act {
                Act::Input(body) => self
                    .client
                    .input_bytes(&body)
                    .map(|sent| self.inputs.push_back((sent.ordinal, due))),
                Act::Request(body) => self.client.start_bytes(body, REQUEST_DEADLINE).map(|id| {
                    self.tally.requested();
                    self.requests.insert(id, due);
                }),
            };
            match sent {
                // A closed connection is told by the next update, once.
                Ok(()) | Err(CallError::Closed(_)) => {}
                Err(error) => self.tally.failed(error.to_string()),
            }
        }
    }

    fn acknowledge(&mut self, now: Instant) {
        let applied = self.client.applied();
        let done = self.inputs.partition_point(|(ordinal, _)| *ordinal <= applied);
        if done > 0 {
            let times =
                self.inputs.drain(..done).map(|(_, due)| now.saturating_duration_since(due));
            self.tally.acknowledged(self.number, times);
        }
    }

    fn replied(&mut self, id: RequestId, reply: Result<greenroom_client::Reply, CallError>) {
        let due = self.requests.remove(&id);
        match reply {
            Ok(reply) => {
                if let Some(due) = due {
                    self.tally.answered(self.number, due.elapsed());
                }
                self.bot.reply(&reply.0);
            }
            Err(CallError::Closed(_)) => {}
            Err(error) => self.tally.failed(error.to_string()),
        }
    }
}

impl Drop for Play<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let old = |due: &Instant| now.saturating_duration_since(*due) > UNANSWERED_AFTER;
        let inputs = self.inputs.iter().map(|(_, due)| *due).filter(old);
        let requests = self.requests.values().copied().filter(old);
        let count = inputs.clone().count() + requests.clone().count();
        if count > 0 {
            self.tally.unanswered(count);
            self.tally.acknowledged(self.number, inputs.map(|due| now - due));
            requests.for_each(|due| self.tally.answered(self.number, now - due));
        }
    }
}
