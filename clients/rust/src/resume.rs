//! Coming back to a seat whose connection broke: pause, connect, greet, ask for the seat; until the
//! server gives it, says no, or the time for which it holds it is over.
//!
//! All of it is one future without any of the client's state, which the client polls in the stead of
//! its socket. So there is no half-resumed client: it has a connection with its seat, or it waits.

use std::pin::Pin;
use std::time::Duration;

use greenroom_proto::{CloseCode, Joined, Refusal, RoomId, Then, Tick, ToClient, ToServer, Token};
use tokio::time::{Instant, sleep, timeout_at};

use crate::address::Address;
use crate::closed::Lost;
use crate::connect::Connect;
use crate::error::{ConnectError, Step};
use crate::greet::{Greeted, closed_by, greet};
use crate::open::within;
use crate::pauses::Pauses;

/// Whether a client comes back to its seat by itself when the connection breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resume {
    /// It does not: a break is the end.
    Off,
    /// It tries for as long as the server holds the seat, and for this long at most.
    Within(Duration),
}

impl Default for Resume {
    /// Within ten minutes. How long it is then is up to the server, which usually holds a seat for
    /// less than one.
    fn default() -> Self {
        Resume::Within(Duration::from_secs(600))
    }
}

/// What is known when a connection breaks.
pub(crate) struct Plan {
    pub(crate) connect: Connect,
    pub(crate) address: Address,
    pub(crate) hello: ToServer,
    pub(crate) pauses: Pauses,
    /// How long it is tried.
    pub(crate) within: Duration,
    pub(crate) until: Instant,
    /// What the server said at the end.
    pub(crate) then: Then,
    pub(crate) window: Option<Duration>,
    /// What the seat is asked for with.
    pub(crate) token: Token,
    pub(crate) tick: Option<Tick>,
    pub(crate) events: u32,
    /// The only schema that the program can read; `None`: it takes any.
    pub(crate) schema: Option<u64>,
}

/// A connection on which the server has decided about the seat.
pub(crate) struct Back {
    pub(crate) greeted: Greeted,
    pub(crate) answer: Answer,
}

/// What it said.
pub(crate) enum Answer {
    /// The seat is back.
    Joined {
        joined: Box<Joined>,
        /// Some events came meanwhile that the server did not keep.
        events_lost: bool,
    },
    /// The player was moved meanwhile, and has this seat in its stead.
    Moved { from: RoomId, joined: Box<Joined> },
    /// It is not, and will not be.
    Refused { why: Refusal, text: String },
    /// The match ended meanwhile, so.
    Ended { result: String },
}

/// What comes of it, with the pauses for the next time.
pub(crate) type Coming = Pin<Box<dyn Future<Output = (Result<Back, Lost>, Pauses)> + Send + Sync>>;

/// What became of an attempt that did not end it.
enum Failed {
    /// The next may fare better.
    Again { then: Then, window: Option<Duration>, why: String },
    /// It would not.
    Never(Lost),
}

/// Of `Resume`. Nothing else is asked meanwhile.
const ID: u32 = 0;
/// With less time left no attempt is begun: it would only be one more for a busy server.
const TOO_SHORT: Duration = Duration::from_millis(20);

/// Tries until it has come to an end.
pub(crate) async fn come_back(mut plan: Plan) -> (Result<Back, Lost>, Pauses) {
    let mut last = "the server did not answer in time".to_owned();
    loop {
        let now = Instant::now();
        let left = plan.until.saturating_duration_since(now);
        if left < TOO_SHORT {
            break;
        }
        let pause = plan.pauses.next(now, plan.then, plan.window, left);
        if !pause.is_zero() {
            sleep(pause).await;
        }
        match timeout_at(plan.until, plan.attempt()).await {
            Ok(Ok(back)) => return (Ok(back), plan.pauses),
            Ok(Err(Failed::Never(lost))) => return (Err(lost), plan.pauses),
            Ok(Err(Failed::Again { then, window, why })) => {
                (plan.then, plan.window, last) = (then, window, why);
            }
            Err(_) => break,
        }
    }
    (Err(Lost::TimeOver { within: plan.within, last }), plan.pauses)
}

impl Plan {
    async fn attempt(&mut self) -> Result<Back, Failed> {
        let mut greeted = greet(&mut self.connect, &self.address, &self.hello).await?;
        let attempt = self.pauses.attempt();
        let answer = self.ask(attempt, &mut greeted);
        let answer = within(&self.connect, &self.address, Step::Resume, answer).await?;
        match answer {
            Answer::Refused { why: Refusal::Failed | Refusal::Busy | Refusal::Stopping, text } => {
                Err(Failed::Again { then: Then::BackOff, window: None, why: text })
            }
            answer => Ok(Back { greeted, answer }),
        }
    }

    async fn ask(&self, attempt: u64, greeted: &mut Greeted) -> Result<Answer, ConnectError> {
        let talk = &mut greeted.talk;
        let mut events = Some(self.events);
        let mut ended = None;
        loop {
            talk.say(&ToServer::Resume {
                id: ID,
                token: self.token.clone(),
                attempt,
                tick: self.tick,
                events,
                schema: self.schema,
            });
            let mut answer = talk.answer().await;
            if let Ok(ToClient::Ended { result }) = answer {
                ended = Some(result.into_string());
                answer = talk.answer().await;
            }
            match answer.map_err(|closed| closed_by(&self.address, closed))? {
                ToClient::Joined(joined) if joined.id == ID => {
                    let events_lost = events.is_none();
                    return Ok(Answer::Joined { joined: Box::new(joined), events_lost });
                }
                ToClient::Moved { from, joined } if joined.id == ID => {
                    return Ok(Answer::Moved { from, joined: Box::new(joined) });
                }
                ToClient::Refused { id: ID, why: Refusal::TooFarBehind, .. }
                    if events.is_some() =>
                {
                    events = None;
                }
                ToClient::Refused { id: ID, why: Refusal::SeatGone, .. } if ended.is_some() => {
                    return Ok(Answer::Ended { result: ended.unwrap_or_default() });
                }
                ToClient::Refused { id: ID, why, text } => {
                    return Ok(Answer::Refused { why, text: text.into_string() });
                }
                _ => {
                    let why = "the server said something else before it answered Resume";
                    let closed = talk.give_up((CloseCode::OutOfOrder, why.into()));
                    return Err(closed_by(&self.address, closed));
                }
            }
        }
    }
}

impl From<ConnectError> for Failed {
    fn from(error: ConnectError) -> Self {
        let why = error.to_string();
        let then = error.then();
        if then == Then::Stop {
            return Failed::Never(Lost::Hopeless(why));
        }
        let window = match error {
            ConnectError::Closed { closed, .. } => closed.window(),
            _ => None,
        };
        Failed::Again { then, window, why }
    }
}
