//! What a client may say next. Plain values in, decisions out; the time is an argument.

use greenroom_proto::{CloseCode, PROTOCOL_VERSION, ToServer, frame, wire};

/// Bounds of what one client may send.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    /// Messages per second in the long run.
    pub messages_per_sec: u32,
    /// Messages at once after a silence.
    pub messages_burst: u32,
    /// Pings per second that are answered.
    pub pings_per_sec: u32,
}

/// A bucket of tokens that fills at a rate.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    per_sec: u32,
    /// Thousandths of a token.
    burst: u64,
    level: u64,
    then_ms: u64,
}

impl TokenBucket {
    /// A full bucket.
    #[must_use]
    pub fn new(per_sec: u32, burst: u32) -> Self {
        let burst = u64::from(burst) * 1000;
        TokenBucket { per_sec, burst, level: burst, then_ms: 0 }
    }

    /// Takes a token, if there is one.
    pub fn take(&mut self, now_ms: u64) -> bool {
        let gained = now_ms.saturating_sub(self.then_ms).saturating_mul(u64::from(self.per_sec));
        self.level = self.level.saturating_add(gained).min(self.burst);
        self.then_ms = now_ms.max(self.then_ms);
        let has = self.level >= 1000;
        if has {
            self.level -= 1000;
        }
        has
    }
}

/// A message that may be acted on.
#[derive(Debug, PartialEq, Eq)]
pub enum Admitted<'a> {
    /// An input for the tick with these low bits. Whether it decodes is for the game to say.
    Input {
        /// Low 16 bits of the tick.
        tick: u16,
        /// The game's bytes.
        body: &'a [u8],
    },
    /// Anything else.
    Control(ToServer),
}

/// One connection's conversation, from the server's side.
#[derive(Debug)]
pub struct Session {
    messages: TokenBucket,
    pings: TokenBucket,
    greeted: bool,
}

impl Session {
    /// A connection that has said nothing.
    #[must_use]
    pub fn new(limits: SessionLimits) -> Self {
        Session {
            messages: TokenBucket::new(limits.messages_per_sec, limits.messages_burst),
            // Some seconds of pings at once: a stalled network delivers them together.
            pings: TokenBucket::new(limits.pings_per_sec, limits.pings_per_sec.saturating_mul(8)),
            greeted: false,
        }
    }

    /// Whether the client has said `Hello`.
    #[must_use]
    pub fn is_greeted(&self) -> bool {
        self.greeted
    }

    /// Judges a binary message that came `now_ms` after the connection began. An error is the
    /// code to close with.
    pub fn admit<'a>(&mut self, now_ms: u64, message: &'a [u8]) -> Result<Admitted<'a>, CloseCode> {
        self.count(now_ms)?;
        let (kind, rest) = message.split_first().ok_or(CloseCode::Malformed)?;
        match *kind {
            frame::INPUT if !self.greeted => Err(CloseCode::OutOfOrder),
            frame::INPUT => {
                let (tick, body) = frame::read_input(rest).ok_or(CloseCode::Malformed)?;
                Ok(Admitted::Input { tick, body })
            }
            frame::CONTROL => {
                let message = wire::decode(rest).map_err(|_| CloseCode::Malformed)?;
                self.admit_control(message).map(Admitted::Control)
            }
            _ => Err(CloseCode::Malformed),
        }
    }

    /// Counts a ping; each costs an answer.
    pub fn ping(&mut self, now_ms: u64) -> Result<(), CloseCode> {
        if self.pings.take(now_ms) { Ok(()) } else { Err(CloseCode::Flooding) }
    }

    /// Counts a message that is not looked into.
    pub fn count(&mut self, now_ms: u64) -> Result<(), CloseCode> {
        if self.messages.take(now_ms) { Ok(()) } else { Err(CloseCode::Flooding) }
    }

    fn admit_control(&mut self, message: ToServer) -> Result<ToServer, CloseCode> {
        match &message {
            ToServer::Hello { protocol, .. } if *protocol != PROTOCOL_VERSION => {
                Err(CloseCode::WrongProtocol)
            }
            ToServer::Hello { .. } if self.greeted => Err(CloseCode::OutOfOrder),
            ToServer::Hello { .. } => {
                self.greeted = true;
                Ok(message)
            }
            _ if !self.greeted => Err(CloseCode::OutOfOrder),
            _ => Ok(message),
        }
    }
}
