//! One task per connection: reads frames, lets the session judge them, and tells its [`Ears`] what
//! may be acted on. It also keeps the deadlines and sends the goodbye.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use greenroom_proto::{CloseCode, ToServer};
use tokio::io::AsyncReadExt;
use tokio::time::{Sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::link::Link;
use super::stream::LinkStream;
use crate::config::{Config, Deadlines, Edge};
use crate::session::{Admitted, Session, SessionLimits};

/// How long a client may take to answer our close frame.
const GOODBYE: Duration = Duration::from_secs(1);
/// Bytes of a client that are thrown away while it learns that it is closed: what was on its way.
const GOODBYE_BYTES_MAX: usize = 4 << 20;
/// Bytes on the wire for each byte of a message, at most: a client may send every byte as a
/// fragment of its own, with a header of six bytes.
const FRAGMENT_COST: usize = 8;

/// Who is told what a client says. An error is the code to close with.
pub trait Ears: Send {
    /// An input on this channel, for the tick with these low 16 bits.
    fn input(&mut self, channel: u8, tick: u16, body: &[u8]) -> Result<(), CloseCode>;
    /// Anything else on this channel.
    fn control(&mut self, channel: u8, message: ToServer) -> Result<(), CloseCode>;
    /// The socket was stuck and takes frames again.
    fn drained(&mut self);
}

/// The reading side of a connection.
pub struct Reader {
    ws: WebSocketStream<LinkStream>,
    link: Arc<Link>,
    session: Session,
    deadlines: Deadlines,
    began: Instant,
    heard: Instant,
    /// When the last ping went out, if its pong has not come.
    pinged: Option<Instant>,
    ping_due: Instant,
    /// The client has closed with code 1000: it is done, and will not come back.
    done: bool,
}

impl Reader {
    /// Reads from `link`; `early` was read along with the HTTP head.
    pub async fn new(link: Arc<Link>, early: Vec<u8>, config: &Config) -> Self {
        let silent_max = FRAGMENT_COST * config.edge.message_bytes_max;
        let stream = LinkStream::new(Arc::clone(&link), silent_max);
        let role = tokio_tungstenite::tungstenite::protocol::Role::Server;
        let ws = match early.is_empty() {
            true => WebSocketStream::from_raw_socket(stream, role, Some(sizes(&config.edge))).await,
            false => {
                let sizes = Some(sizes(&config.edge));
                WebSocketStream::from_partially_read(stream, early, role, sizes).await
            }
        };
        let now = Instant::now();
        Reader {
            ws,
            link,
            session: Session::new(SessionLimits {
                messages_per_sec: config.edge.messages_per_sec,
                messages_burst: config.edge.messages_burst,
                pings_per_sec: config.edge.pings_per_sec,
            }),
            deadlines: config.deadlines.clone(),
            began: now,
            heard: now,
            pinged: None,
            ping_due: now + config.deadlines.ping_interval,
            done: false,
        }
    }

    /// Reads until the connection ends; returns why. `Normal` only if the client said so: a
    /// connection that just ends, or with another code, broke.
    pub async fn run(mut self, mut ears: impl Ears) -> CloseCode {
        let link = Arc::clone(&self.link);
        let mut alarm = std::pin::pin!(sleep_until(self.next_alarm().into()));
        loop {
            let outcome = tokio::select! {
                message = self.ws.next() => match message {
                    Some(Ok(message)) => {
                        self.ws.get_mut().heard();
                        self.hear(message, &mut ears)
                    }
                    Some(Err(error)) => match fault(&error).or_else(|| link.close_asked()) {
                        Some(code) => Err(code),
                        None => return self.gone(CloseCode::Failed),
                    },
                    None if self.done => return self.gone(CloseCode::Normal),
                    None => return self.gone(CloseCode::Failed),
                },
                () = link.woken() => {
                    // Perhaps it got stuck: then the write deadline runs.
                    alarm.as_mut().reset(self.next_alarm().into());
                    Ok(())
                }
                _ = link.drain(), if link.is_stuck() => {
                    ears.drained();
                    Ok(())
                }
                () = alarm.as_mut() => self.check_deadlines(&mut alarm),
            };
            if let Err(code) = outcome {
                link.close(code);
            }
            if let Some(code) = link.close_asked() {
                self.say_goodbye(code).await;
                return self.gone(code);
            }
        }
    }

    fn hear(&mut self, message: Message, ears: &mut impl Ears) -> Result<(), CloseCode> {
        self.heard = Instant::now();
        let at_ms = (self.heard - self.began).as_millis() as u64;
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Text(_) => return Err(CloseCode::NotText),
            Message::Ping(_) => return self.session.ping(at_ms),
            // An unasked pong is allowed, and counts like any message.
            Message::Pong(_) => {
                if let Some(pinged) = self.pinged.take() {
                    self.link.ponged(self.heard - pinged);
                }
                return self.session.count(at_ms);
            }
            // tungstenite has answered; the stream ends by itself.
            Message::Close(frame) => {
                self.done = frame.is_some_and(|frame| u16::from(frame.code) == 1000);
                return Ok(());
            }
            Message::Frame(_) => return Ok(()),
        };
        match self.session.admit(at_ms, &bytes)? {
            (channel, Admitted::Input { tick, body }) => ears.input(channel, tick, body),
            (channel, Admitted::Control(message)) => ears.control(channel, message),
        }
    }

    /// When the ping went out after which the client has said nothing at all.
    fn silent_since(&self) -> Option<Instant> {
        self.pinged.filter(|pinged| self.heard <= *pinged)
    }

    /// When the next deadline could pass.
    fn next_alarm(&self) -> Instant {
        let listening = match self.silent_since() {
            Some(pinged) => pinged + self.deadlines.ping_timeout,
            None => self.ping_due,
        };
        let hello = match self.session.is_greeted() {
            true => listening,
            false => self.began + self.deadlines.hello_timeout,
        };
        let soonest = listening.min(hello);
        match self.link.stuck_since() {
            Some(since) => soonest.min(since + self.deadlines.write_timeout),
            None => soonest,
        }
    }

    fn check_deadlines(&mut self, alarm: &mut std::pin::Pin<&mut Sleep>) -> Result<(), CloseCode> {
        let now = Instant::now();
        if !self.session.is_greeted() && now >= self.began + self.deadlines.hello_timeout {
            return Err(CloseCode::NoHello);
        }
        let stuck_since = self.link.stuck_since();
        if stuck_since.is_some_and(|since| now >= since + self.deadlines.write_timeout) {
            return Err(CloseCode::TooSlow);
        }
        match self.silent_since() {
            Some(pinged) if now >= pinged + self.deadlines.ping_timeout => {
                return Err(CloseCode::NoPong);
            }
            // Those who talk are pinged, too: so it is known how far away they are.
            None if now >= self.ping_due => {
                self.pinged = Some(now);
                self.ping_due = now + self.deadlines.ping_interval;
                self.link.ping();
            }
            _ => {}
        }
        alarm.as_mut().reset(self.next_alarm().into());
        Ok(())
    }

    /// Sends the close frame and gives the client a moment to read and answer it. Whatever it has
    /// sent meanwhile is read and thrown away: a socket that is closed with unread bytes is reset,
    /// and on some systems a reset takes along what the client has not read yet.
    async fn say_goodbye(&mut self, code: CloseCode) {
        self.link.goodbye(code);
        let _ = timeout(GOODBYE, async {
            self.hear_answer().await;
            self.link.finish();
            self.discard().await;
        })
        .await;
    }

    /// Until the client has answered our close frame, or what it sends makes no sense.
    async fn hear_answer(&mut self) {
        let link = Arc::clone(&self.link);
        self.ws.get_mut().bound(GOODBYE_BYTES_MAX);
        let mut readable = true;
        while readable || link.is_stuck() {
            // Without it a client that never pauses would keep the deadline from being seen.
            tokio::task::consume_budget().await;
            tokio::select! {
                message = self.ws.next(), if readable => match message {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => readable = false,
                },
                intact = link.drain(), if link.is_stuck() => if !intact { return },
            }
        }
    }

    /// Until the client hangs up.
    async fn discard(&mut self) {
        let mut stream = LinkStream::new(Arc::clone(&self.link), GOODBYE_BYTES_MAX);
        let mut sink = [0; 1024];
        while !matches!(stream.read(&mut sink).await, Ok(0) | Err(_)) {
            tokio::task::consume_budget().await;
        }
    }

    fn gone(&self, code: CloseCode) -> CloseCode {
        self.link.hang_up();
        code
    }
}

/// All sizes are set: the defaults are made for a few large connections, not many small ones.
fn sizes(edge: &Edge) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(edge.read_buffer_bytes)
        .write_buffer_size(0)
        .max_write_buffer_size(4096)
        .max_message_size(Some(edge.message_bytes_max))
        .max_frame_size(Some(edge.message_bytes_max))
}

/// The code for what tungstenite would not read; `None` if the connection is gone anyway.
fn fault(error: &Error) -> Option<CloseCode> {
    match error {
        Error::Capacity(_) => Some(CloseCode::TooLarge),
        Error::Utf8(_) => Some(CloseCode::BadUtf8),
        Error::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => None,
        Error::Protocol(_) | Error::AttackAttempt => Some(CloseCode::BadFrame),
        Error::WriteBufferFull(_) => Some(CloseCode::TooSlow),
        _ => None,
    }
}
