//! Asking for the seats on a new connection: for all of them at once. What comes for those that are
//! back while others are still asked for is kept, in order.

use greenroom_proto::{CloseCode, Joined, Refusal, RoomId, Tick, ToClient, ToServer, Token, frame};
use tokio_tungstenite::tungstenite::Bytes;

use crate::closed::Closed;
use crate::greet::{Talk, read_control};
use crate::seat::Wrong;

/// What comes for seats that are back, while others are still asked for: some seconds of four rooms.
const KEPT_MAX: usize = 4096;
/// Its bytes: four of the largest messages.
const KEPT_BYTES_MAX: usize = 4 << 20;
/// Of `Resume`. Nothing else is asked meanwhile.
const ID: u32 = 0;

/// A seat to be had again.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) channel: u8,
    /// What it is asked for with.
    pub(crate) token: Token,
    pub(crate) tick: Option<Tick>,
    pub(crate) events: u32,
}

/// What the server said about one.
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

/// The answers, by channel, and what came after them.
pub(crate) struct Answers {
    pub(crate) answers: Vec<(u8, Answer)>,
    pub(crate) kept: Vec<Bytes>,
}

/// How seats are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) attempt: u64,
    /// The only schema that the program can read; `None`: it takes any.
    pub(crate) schema: Option<u64>,
}

/// A seat that the server has not decided about.
struct Open<'a> {
    wanted: &'a Wanted,
    /// `None` once the server has said that it does not keep as many.
    events: Option<u32>,
    ended: Option<String>,
}

/// Asks for all of them, and waits for every answer.
pub(crate) async fn ask(
    wanted: &[Wanted],
    terms: Terms,
    talk: &mut Talk,
) -> Result<Answers, Closed> {
    let begin = |wanted| Open { wanted, events: Some(wanted.events), ended: None };
    let mut open: Vec<Open<'_>> = wanted.iter().map(begin).collect();
    open.iter().for_each(|open| open.ask(terms, talk));
    let (mut answers, mut kept, mut kept_bytes) = (Vec::new(), Vec::new(), 0);
    while !open.is_empty() {
        let message = talk.message().await?;
        let (channel, rest) = frame::read_channel(&message).unwrap_or((0, &message));
        let Some(place) = open.iter().position(|open| open.wanted.channel == channel) else {
            kept_bytes += message.len();
            if kept.len() >= KEPT_MAX || kept_bytes > KEPT_BYTES_MAX {
                let why = "more came than is kept before the server had answered every Resume";
                return Err(talk.give_up((CloseCode::TooSlow, why.into())));
            }
            kept.push(message);
            continue;
        };
        match open[place].hear(rest) {
            Ok(Heard::Answer(answer)) => {
                open.swap_remove(place);
                answers.push((channel, answer));
            }
            Ok(Heard::AskAgain) => open[place].ask(terms, talk),
            Ok(Heard::More) => {}
            Err(wrong) => return Err(talk.give_up(wrong)),
        }
    }
    Ok(Answers { answers, kept })
}

enum Heard {
    Answer(Answer),
    /// Without what the server does not keep.
    AskAgain,
    More,
}

impl Open<'_> {
    fn ask(&self, terms: Terms, talk: &mut Talk) {
        let Wanted { channel, token, tick, .. } = self.wanted;
        let (token, tick, events) = (token.clone(), *tick, self.events);
        let Terms { attempt, schema } = terms;
        talk.say(*channel, &ToServer::Resume { id: ID, token, attempt, tick, events, schema });
    }

    fn hear(&mut self, message: &[u8]) -> Result<Heard, Wrong> {
        Ok(match read_control(message)? {
            ToClient::Ended { result } if self.ended.is_none() => {
                self.ended = Some(result.into_string());
                Heard::More
            }
            ToClient::Joined(joined) if joined.id == ID => {
                let (joined, events_lost) = (Box::new(joined), self.events.is_none());
                Heard::Answer(Answer::Joined { joined, events_lost })
            }
            ToClient::Moved { from, joined } if joined.id == ID => {
                Heard::Answer(Answer::Moved { from, joined: Box::new(joined) })
            }
            ToClient::Refused { id: ID, why: Refusal::TooFarBehind, .. }
                if self.events.is_some() =>
            {
                self.events = None;
                Heard::AskAgain
            }
            ToClient::Refused { id: ID, why, text } => Heard::Answer(match self.ended.take() {
                Some(result) if why == Refusal::SeatGone => Answer::Ended { result },
                _ => Answer::Refused { why, text: text.into_string() },
            }),
            _ => {
                let why = "the server said something else before it answered Resume";
                return Err((CloseCode::OutOfOrder, why.into()));
            }
        })
    }
}
