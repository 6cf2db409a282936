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

    /// Gives a token back that need not have been taken.
    pub fn give_back(&mut self) {
        self.level = (self.level + 1000).min(self.burst);
    }

    /// Whether none is taken, as of this time.
    #[must_use]
    pub fn is_full(&self, now_ms: u64) -> bool {
        let gained = now_ms.saturating_sub(self.then_ms).saturating_mul(u64::from(self.per_sec));
        self.level.saturating_add(gained) >= self.burst
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
#[allow(clippy::large_enum_variant)] // there is one at a time, and not for long
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

/// A message that may be acted on, and the channel that it came on.
pub type Heard<'a> = (u8, Admitted<'a>);

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
    pub fn admit<'a>(&mut self, now_ms: u64, message: &'a [u8]) -> Result<Heard<'a>, CloseCode> {
        self.count(now_ms)?;
        let (channel, message) = frame::read_channel(message).ok_or(CloseCode::Malformed)?;
        let (kind, rest) = message.split_first().ok_or(CloseCode::Malformed)?;
        let admitted = match *kind {
            frame::INPUT if !self.greeted => return Err(CloseCode::OutOfOrder),
            frame::INPUT => {
                let (tick, body) = frame::read_input(rest).ok_or(CloseCode::Malformed)?;
                Admitted::Input { tick, body }
            }
            frame::CONTROL => {
                let message = wire::decode(rest).map_err(|_| CloseCode::Malformed)?;
                Admitted::Control(self.admit_control(channel, message)?)
            }
            _ => return Err(CloseCode::Malformed),
        };
        Ok((channel, admitted))
    }

    /// Counts a ping; each costs an answer.
    pub fn ping(&mut self, now_ms: u64) -> Result<(), CloseCode> {
        if self.pings.take(now_ms) { Ok(()) } else { Err(CloseCode::Flooding) }
    }

    /// Counts a message that is not looked into.
    pub fn count(&mut self, now_ms: u64) -> Result<(), CloseCode> {
        if self.messages.take(now_ms) { Ok(()) } else { Err(CloseCode::Flooding) }
    }

    fn admit_control(&mut self, channel: u8, message: ToServer) -> Result<ToServer, CloseCode> {
        match &message {
            ToServer::Hello { protocol, .. } if *protocol != PROTOCOL_VERSION => {
                Err(CloseCode::WrongProtocol)
            }
            ToServer::Hello { .. } if self.greeted || channel > 0 => Err(CloseCode::OutOfOrder),
            ToServer::Hello { .. } => {
                self.greeted = true;
                Ok(message)
            }
            _ if !self.greeted => Err(CloseCode::OutOfOrder),
            // Questions for rooms are those of the whole connection.
            _ if channel > 0 && !is_of_a_seat(&message) => Err(CloseCode::OutOfOrder),
            _ => Ok(message),
        }
    }
}

/// Whether a message is about the seat on its channel.
fn is_of_a_seat(message: &ToServer) -> bool {
    match message {
        ToServer::Join { .. }
        | ToServer::Leave
        | ToServer::Request { .. }
        | ToServer::Resync
        | ToServer::Resume { .. }
        | ToServer::Ack { .. }
        | ToServer::Arrived { .. }
        | ToServer::Spectate { .. }
        | ToServer::Chat { .. } => true,
        ToServer::Hello { .. }
        | ToServer::List { .. }
        | ToServer::Find { .. }
        | ToServer::Watch { .. }
        | ToServer::Unwatch { .. }
        | ToServer::Reserve { .. }
        | ToServer::Unreserve { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use greenroom_proto::{List, Text};

    use super::*;

    fn session() -> Session {
        Session::new(SessionLimits { messages_per_sec: 10, messages_burst: 20, pings_per_sec: 1 })
    }

    fn control(message: &ToServer) -> Vec<u8> {
        let mut bytes = vec![frame::CONTROL];
        wire::encode_into(message, &mut bytes);
        bytes
    }

    fn hello(protocol: u16) -> ToServer {
        ToServer::Hello {
            protocol,
            client: Text::cut("test"),
            token: None,
            schemas: List::default(),
        }
    }

    #[test]
    fn hello_comes_first_and_once() {
        let mut session = session();
        let leave = control(&ToServer::Leave);
        assert_eq!(session.admit(0, &leave), Err(CloseCode::OutOfOrder));
        assert_eq!(session.admit(0, &[frame::INPUT, 0, 0]), Err(CloseCode::OutOfOrder));
        assert!(!session.is_greeted());
        let greeting = control(&hello(PROTOCOL_VERSION));
        let heard = |message| Ok((0, Admitted::Control(message)));
        assert_eq!(session.admit(0, &greeting), heard(hello(PROTOCOL_VERSION)));
        assert_eq!(session.admit(0, &greeting), Err(CloseCode::OutOfOrder));
        assert_eq!(session.admit(0, &leave), heard(ToServer::Leave));
        let input = session.admit(0, &[frame::INPUT, 3, 1, 9]);
        assert_eq!(input, Ok((0, Admitted::Input { tick: 0x0103, body: &[9] })));
    }

    #[test]
    fn a_channel_is_for_a_seat_and_there_are_so_many() {
        let on = |channel: u8, message: &[u8]| [&[frame::CHANNEL, channel], message].concat();
        let mut session = session();
        assert_eq!(
            session.admit(0, &on(1, &control(&ToServer::Leave))),
            Err(CloseCode::OutOfOrder)
        );
        let greeting = control(&hello(PROTOCOL_VERSION));
        assert_eq!(session.admit(0, &on(1, &greeting)), Err(CloseCode::OutOfOrder));
        assert!(session.admit(0, &greeting).is_ok());
        let leave = on(frame::CHANNELS_MAX, &control(&ToServer::Leave));
        let heard = (frame::CHANNELS_MAX, Admitted::Control(ToServer::Leave));
        assert_eq!(session.admit(0, &leave), Ok(heard));
        let input = on(2, &[frame::INPUT, 3, 1, 9]);
        let heard = (2, Admitted::Input { tick: 0x0103, body: &[9] });
        assert_eq!(session.admit(0, &input), Ok(heard));
        let list = control(&ToServer::List { id: 1, game: Text::cut("arena") });
        assert_eq!(session.admit(0, &on(1, &list)), Err(CloseCode::OutOfOrder));
        let wrong = [on(0, &[frame::INPUT, 3, 1]), on(1, &input), vec![frame::CHANNEL]];
        for wrong in wrong.into_iter().chain([on(frame::CHANNELS_MAX + 1, &[frame::INPUT, 3, 1])]) {
            assert_eq!(session.admit(0, &wrong), Err(CloseCode::Malformed), "{wrong:?}");
        }
    }

    #[test]
    fn another_version_of_the_protocol_is_told_so() {
        let other = control(&hello(PROTOCOL_VERSION + 1));
        assert_eq!(session().admit(0, &other), Err(CloseCode::WrongProtocol));
    }

    #[test]
    fn what_does_not_decode_is_malformed() {
        let greeting = control(&hello(PROTOCOL_VERSION));
        let mut too_long = greeting.clone();
        too_long.push(0);
        for bytes in [&[][..], &[9], &[frame::CONTROL], &[frame::CONTROL, 99], &too_long] {
            assert_eq!(session().admit(0, bytes), Err(CloseCode::Malformed), "{bytes:?}");
        }
        for cut in 2..greeting.len() {
            assert_eq!(session().admit(0, &greeting[..cut]), Err(CloseCode::Malformed));
        }
        let mut session = session();
        assert!(session.admit(0, &greeting).is_ok());
        assert_eq!(session.admit(0, &[frame::INPUT, 0]), Err(CloseCode::Malformed));
    }

    #[test]
    fn a_burst_is_let_in_and_a_flood_is_not() {
        let mut session = session();
        assert!((0..20).all(|_| session.count(0).is_ok()));
        assert_eq!(session.count(0), Err(CloseCode::Flooding));
        assert_eq!(session.count(99), Err(CloseCode::Flooding));
        // A token every 100 ms, and no more than a burst after a long silence.
        assert_eq!(session.count(100), Ok(()));
        assert_eq!(session.count(100), Err(CloseCode::Flooding));
        let after = (0..100).filter(|_| session.count(1 << 40).is_ok()).count();
        assert_eq!(after, 20);
        // A clock that goes back gives nothing.
        assert_eq!(session.count(0), Err(CloseCode::Flooding));
    }

    #[test]
    fn pings_have_a_budget_of_their_own() {
        let mut session = session();
        assert_eq!((0..20).filter(|_| session.ping(0).is_ok()).count(), 8);
        assert_eq!(session.count(0), Ok(()));
    }
}
