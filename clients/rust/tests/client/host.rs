//! A small server of one seat that keeps every promise about coming back, over connections that
//! break after so many bytes: the model that the client is tried against.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use greenroom_client::proto::frame::Head;
use greenroom_client::proto::{CloseCode, Joined, Refusal, Text, Tick, ToClient, ToServer, Token};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::mock::{Frame, Mock, Peer, Said, held, upgrade, world};

/// Time between two ticks; each sends a frame.
const TICK: Duration = Duration::from_millis(50);

/// After how many bytes a connection breaks, from the client and to it. `None`: never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cuts {
    pub from_client: Option<usize>,
    pub to_client: Option<usize>,
}

/// The room with its seat, and what the server is to answer for.
#[derive(Default)]
pub struct Room {
    pub tick: u32,
    /// Its connections by number; the newest that asked for the seat has it.
    holder: usize,
    tokens: Vec<Token>,
    given: u8,
    /// Body of each event, and when it happened.
    pub events: Vec<(u32, u8)>,
    acked: u32,
    /// Requests that were done, in order.
    pub done: Vec<(u32, u8)>,
    replies: BTreeMap<u32, u8>,
    inputs: u32,
    pub last_input: Option<Vec<u8>>,
    /// Whether the client has left.
    pub left: bool,
    /// The connection that is to break now.
    doomed: Option<usize>,
    /// What the client must not do.
    pub wrong: Vec<String>,
}

pub struct Host {
    room: Arc<Mutex<Room>>,
    accepting: JoinHandle<()>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Host {
    /// Serves the clients of a mock. The cuts of each connection are asked for by its number.
    pub fn new(mock: Mock, cuts: impl Fn(usize) -> Cuts + Send + 'static) -> Self {
        let room = Arc::new(Mutex::new(Room::default()));
        let served = Arc::clone(&room);
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            for number in 0.. {
                let stream = Cut { inner: mock.accept_tcp().await, cuts: cuts(number) };
                connections.spawn(serve(stream, number, Arc::clone(&served)));
            }
        });
        Host { room, accepting }
    }

    pub fn room(&self) -> MutexGuard<'_, Room> {
        lock(&self.room)
    }

    /// The connection that has the seat breaks with its next frame.
    pub fn break_off(&self) {
        let mut room = self.room();
        room.doomed = Some(room.holder);
    }

    /// Something happens.
    pub fn event(&self, body: u8) {
        let mut room = self.room();
        let tick = room.tick;
        room.events.push((tick, body));
    }
}

fn lock(room: &Mutex<Room>) -> MutexGuard<'_, Room> {
    room.lock().expect("no panic")
}

/// One connection, until it ends.
async fn serve(stream: Cut, number: usize, room: Arc<Mutex<Room>>) {
    let Some(mut peer) = upgrade(Box::new(stream)).await else { return };
    let Said::Control(hello @ ToServer::Hello { .. }) = peer.heard().await else { return };
    peer.hello = Some(hello);
    peer.say(&crate::mock::welcome("host/1", Default::default())).await;
    let mut seat = None::<Seat>;
    let mut ticks = interval(TICK);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                if number != lock(&room).holder && seat.is_some() {
                    return peer.close(CloseCode::Replaced).await;
                }
                lock(&room).tick += 1;
                if lock(&room).doomed == Some(number) {
                    return;
                }
                if let Some(seat) = &mut seat {
                    seat.frame(&mut peer, &room).await;
                }
            }
            said = peer.heard() => match said {
                Said::Control(message) => hear(message, &mut seat, number, &mut peer, &room).await,
                // From a connection that has lost the seat it counts for nothing.
                Said::Input { .. } if number != lock(&room).holder => {}
                Said::Input { body, .. } => {
                    let mut room = lock(&room);
                    room.confirmed();
                    room.inputs += 1;
                    room.last_input = Some(body);
                }
                Said::Ping => {}
                Said::Closed(_) | Said::Gone => return,
            },
        }
    }
}

async fn hear(
    message: ToServer,
    seat: &mut Option<Seat>,
    number: usize,
    peer: &mut Peer,
    room: &Mutex<Room>,
) {
    if !matches!(message, ToServer::Join { .. } | ToServer::Resume { .. }) {
        if number != lock(room).holder {
            return;
        }
        lock(room).confirmed();
    }
    match message {
        ToServer::Join { id, .. } => {
            let joined = lock(room).give(number, id, 0);
            peer.say(&ToClient::Joined(joined)).await;
            *seat = Some(Seat { base: None, events: 0 });
        }
        ToServer::Resume { id, token, tick, events, .. } => {
            if lock(room).left || !lock(room).tokens.contains(&token) {
                let text = Text::cut("no such seat");
                let why = if lock(room).left { Refusal::SeatGone } else { Refusal::BadToken };
                return peer.say(&ToClient::Refused { id, why, text }).await;
            }
            let joined = {
                let mut room = lock(room);
                let newest = room.events.len() as u32;
                let events = events.unwrap_or(newest);
                if !(room.acked..=newest).contains(&events) {
                    let wrong = format!("event {events} of {}..{newest}", room.acked);
                    room.wrong.push(wrong);
                }
                // It holds this one and the next, and none of those between.
                room.tokens.retain(|known| *known == token);
                room.give(number, id, events)
            };
            let events = joined.events;
            peer.say(&ToClient::Joined(joined)).await;
            *seat = Some(Seat { base: tick.map(|tick| tick.0), events });
        }
        ToServer::Request { id, body } => {
            let reply = lock(room).request(id, body.first().copied().unwrap_or_default());
            if let Some(body) = reply {
                peer.reply(id, &format!("{id}:{body}")).await;
            }
        }
        ToServer::Ack { events, replies } => lock(room).ack(events, replies),
        ToServer::Leave => {
            lock(room).left = true;
            *seat = None;
            peer.say(&ToClient::Left).await;
        }
        ToServer::Resync => lock(room).wrong.push("the state differs".into()),
        ToServer::Hello { .. }
        | ToServer::List { .. }
        | ToServer::Find { .. }
        | ToServer::Watch { .. }
        | ToServer::Unwatch { .. }
        | ToServer::Reserve { .. }
        | ToServer::Unreserve { .. }
        | ToServer::Spectate { .. }
        | ToServer::Arrived { .. }
        | ToServer::Chat { .. } => {}
    }
}

impl Room {
    fn give(&mut self, number: usize, id: u32, events: u32) -> Joined {
        self.holder = number;
        self.given += 1;
        let joined = held(id, self.given);
        self.tokens.push(joined.token.clone());
        let requests = self.done.last().map_or(0, |(id, _)| *id);
        let (tick, inputs) = (Tick(self.tick), self.inputs);
        Joined { tick, inputs, events, requests, ..joined }
    }

    /// The newest token has arrived; those before are void.
    fn confirmed(&mut self) {
        let newest = self.tokens.len().saturating_sub(1);
        self.tokens.drain(..newest);
    }

    /// Does it, unless it was done, and says what to answer.
    fn request(&mut self, id: u32, body: u8) -> Option<u8> {
        if let Some(body) = self.replies.get(&id) {
            return Some(*body);
        }
        if self.done.last().is_some_and(|(newest, _)| id <= *newest) {
            self.wrong.push(format!("request {id} again, of which the answer had arrived"));
            return None;
        }
        self.done.push((id, body));
        self.replies.insert(id, body);
        Some(body)
    }

    fn ack(&mut self, events: u32, replies: u32) {
        if !(self.acked..=self.events.len() as u32).contains(&events) {
            self.wrong.push(format!("event {events} acknowledged after {}", self.acked));
        }
        self.acked = events;
        self.replies.retain(|id, _| *id > replies);
    }
}

/// What the client of a connection has been sent.
struct Seat {
    base: Option<u32>,
    events: u32,
}

impl Seat {
    async fn frame(&mut self, peer: &mut Peer, room: &Mutex<Room>) {
        let frame = {
            let room = lock(room);
            let new = room.events.iter().enumerate().skip(self.events as usize);
            let events =
                new.map(|(place, (tick, body))| (place as u32 + 1, room.tick - tick, *body));
            let events: Vec<_> = events.collect();
            self.events += events.len() as u32;
            Frame {
                // Now and then the room has forgotten the state that the client has.
                from: self
                    .base
                    .filter(|_| !room.tick.is_multiple_of(7))
                    .map(|tick| (tick, world(tick))),
                tick: room.tick,
                world: world(room.tick),
                head: Head { applied: room.inputs as u16, slack: 0 },
                events,
            }
        };
        self.base = Some(frame.tick);
        peer.send(frame.bytes()).await;
    }
}

/// A stream that breaks.
struct Cut {
    inner: TcpStream,
    cuts: Cuts,
}

/// How many bytes still pass, of so many.
fn pass(left: &Option<usize>, wanted: usize) -> std::io::Result<usize> {
    match left {
        Some(0) => Err(std::io::ErrorKind::ConnectionReset.into()),
        left => Ok(left.unwrap_or(usize::MAX).min(wanted)),
    }
}

impl AsyncRead for Cut {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let wanted = pass(&self.cuts.from_client, buffer.remaining())?;
        let mut part = vec![0; wanted.min(4096)];
        let mut part = ReadBuf::new(&mut part);
        let done = Pin::new(&mut self.inner).poll_read(cx, &mut part);
        buffer.put_slice(part.filled());
        if let Some(left) = &mut self.cuts.from_client {
            *left -= part.filled().len();
        }
        done
    }
}

impl AsyncWrite for Cut {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let wanted = pass(&self.cuts.to_client, bytes.len())?;
        let done = Pin::new(&mut self.inner).poll_write(cx, &bytes[..wanted]);
        if let (Some(left), Poll::Ready(Ok(written))) = (&mut self.cuts.to_client, &done) {
            *left -= written;
        }
        done
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
