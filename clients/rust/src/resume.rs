//! Coming back to seats whose connection broke: pause, connect, greet, ask for the seats; until the
//! server gives them, says no, or the time for which it holds them is over.
//!
//! All of it is one future without any of the client's state, which the client polls in the stead of
//! its socket. So there is no half-resumed client: it has a connection with its seats, or it waits.

use std::pin::Pin;
use std::time::Duration;

use greenroom_proto::{Refusal, Then, ToServer};
use tokio::time::{Instant, sleep, timeout_at};

use crate::address::Address;
use crate::closed::Lost;
use crate::connect::Connect;
use crate::error::{ConnectError, Step};
use crate::greet::{Greeted, closed_by, greet};
use crate::open::within;
use crate::pauses::Pauses;
use crate::returning::{Answer, Answers, Terms, Wanted, ask};

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
    /// The seats to be had again.
    pub(crate) wanted: Vec<Wanted>,
    /// The only schema that the program can read; `None`: it takes any.
    pub(crate) schema: Option<u64>,
}

/// A connection on which the server has decided about the seats.
pub(crate) struct Back {
    pub(crate) greeted: Greeted,
    pub(crate) answers: Answers,
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
        let terms = Terms { attempt: self.pauses.attempt(), schema: self.schema };
        let answers = async {
            let answers = ask(&self.wanted, terms, &mut greeted.talk).await;
            answers.map_err(|closed| closed_by(&self.address, closed))
        };
        let answers = within(&self.connect, &self.address, Step::Resume, answers).await?;
        match answers.answers.iter().find_map(|(_, answer)| passes(answer)) {
            Some(why) => Err(Failed::Again { then: Then::BackOff, window: None, why }),
            None => Ok(Back { greeted, answers }),
        }
    }
}

/// The sentence of a refusal that says nothing about the seat: the server is busy, or about to go.
fn passes(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Refused { why: Refusal::Failed | Refusal::Busy | Refusal::Stopping, text } => {
            Some(text.clone())
        }
        _ => None,
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
