//! A seat in a room: the copy of its state, the events and the inputs. No socket, no clock.

use std::any::{TypeId, type_name};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use greenroom_proto::{
    CloseCode, EventKind, HashCheck, Joined, Layout, PlayerId, Replicate, RoomEvent, RoomId, Rows,
    Schema, Spectating, Tick, Token, frame, recover, schema_of, wire,
};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Bytes;

use crate::acks::Acks;
use crate::error::OtherState;
use crate::inputs::{Fate, Inputs, Lead, Pace, Sent};
use crate::roster::Roster;
use crate::update::{Event, Update};

/// Events that are kept back while the state is being sent anew. The room sends some 4,096 in a
/// frame at most, and few of those.
const HELD_MAX: usize = 8192;
/// Full states in a row that do not have the hash they came with: by then both ends compute
/// different things, and asking again only costs.
const VAIN_MAX: u32 = 8;

/// Where a seat is and how time passes there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeatInfo {
    /// The room.
    pub room: RoomId,
    /// Its game.
    pub game: String,
    /// Who this client is there.
    pub player: PlayerId,
    /// Ticks per second; 0 in a room that steps on commands.
    pub tick_hz: u16,
    /// A frame comes every so many ticks.
    pub send_every: u16,
    /// What the state consists of.
    pub schema: Arc<Schema>,
    /// Hash of the schema.
    pub schema_hash: u64,
    /// For how long the server holds the seat when the connection breaks; zero: it does not.
    pub hold: Duration,
}

impl SeatInfo {
    /// Whether the room's state is of this type.
    #[must_use]
    pub fn shows<S: Replicate>(&self) -> bool {
        schema_of::<S>().hash() == self.schema_hash
    }
}

/// What the server must not do: the code to close with, and the sentence.
pub(crate) type Wrong = (CloseCode, String);

/// A room that this client looks on at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spectated {
    /// The room.
    pub room: RoomId,
    /// Its game.
    pub game: String,
    /// Ticks per second; 0 in a room that steps on commands.
    pub tick_hz: u16,
    /// A frame comes every so many ticks, or less often.
    pub send_every: u16,
    /// How much later than the players spectators see everything.
    pub delay: Duration,
    /// What the state consists of.
    pub schema: Arc<Schema>,
    /// Hash of the schema.
    pub schema_hash: u64,
}

/// A seat, or a place among those who look on.
pub(crate) struct Seat {
    pub(crate) info: SeatInfo,
    /// There is no seat: by how much what is seen is late.
    pub(crate) delay: Option<Duration>,
    pub(crate) roster: Roster,
    replica: frame::Replica,
    keep_state: bool,
    inputs: Inputs,
    /// The newest input, and whether it is yet to be sent because there is no connection.
    last_input: Option<(Bytes, bool)>,
    newest: (Tick, Instant),
    /// The tick of the last frame, also where no state is kept.
    last_frame: Option<Tick>,
    /// What the seat is asked for with when the connection has broken.
    token: Token,
    pub(crate) acks: Acks,
    /// The caller gives it up, and the server has not said yet that it knows.
    pub(crate) leaving: bool,
    /// With this others come into the private room.
    pub(crate) code: Option<String>,
    events_seen: u32,
    held: Vec<Update>,
    /// Whether the rows are what the server has.
    in_step: bool,
    resync_asked: bool,
    vain: u32,
    /// The state type that was found to fit, so that asking again costs nothing.
    fits: OnceLock<TypeId>,
}

/// What a frame brought.
#[derive(Default)]
pub(crate) struct Took {
    /// The state is now that of this tick; whether it came whole.
    pub(crate) frame: Option<(Tick, bool)>,
    /// It is a change from an older frame than the one before.
    pub(crate) merged: bool,
    pub(crate) events: Vec<Update>,
    /// The copy was found to be wrong just now: ask for the whole state.
    pub(crate) desync: bool,
}

impl Seat {
    pub(crate) fn new(
        joined: Joined,
        known: &[Arc<Schema>],
        keep_state: bool,
        lead: Lead,
        now: Instant,
    ) -> Result<Self, Wrong> {
        let (schema, layout) = read_schema(&joined, known)?;
        Ok(Seat {
            delay: None,
            roster: Roster::default(),
            replica: frame::Replica::new(layout),
            keep_state,
            inputs: Inputs::new(lead, joined.send_every, joined.inputs),
            last_input: None,
            newest: (joined.tick, now),
            last_frame: None,
            token: joined.token,
            acks: Acks::default(),
            leaving: false,
            code: None,
            events_seen: joined.events,
            held: Vec::new(),
            in_step: false,
            resync_asked: false,
            vain: 0,
            fits: OnceLock::new(),
            info: SeatInfo {
                room: joined.room,
                game: joined.game.into_string(),
                player: joined.player,
                tick_hz: joined.tick_hz,
                send_every: joined.send_every,
                schema,
                schema_hash: joined.schema_hash,
                hold: Duration::from_millis(joined.hold_ms.into()),
            },
        })
    }

    /// A place among those who look on: a seat of nobody's, without a token.
    pub(crate) fn spectating(
        spectating: Spectating,
        known: &[Arc<Schema>],
        keep_state: bool,
        now: Instant,
    ) -> Result<Self, Wrong> {
        let delay = Duration::from_millis(spectating.delay_ms.into());
        let joined = Joined {
            id: spectating.id,
            room: spectating.room,
            game: spectating.game,
            player: PlayerId(0),
            tick: spectating.tick,
            tick_hz: spectating.tick_hz,
            send_every: spectating.send_every,
            input_lead_ticks_max: 0,
            token: Token::default(),
            hold_ms: 0,
            inputs: 0,
            events: spectating.events,
            requests: 0,
            schema_hash: spectating.schema_hash,
            schema: spectating.schema,
        };
        let seat = Seat::new(joined, known, keep_state, Lead::default(), now)?;
        Ok(Seat { delay: Some(delay), ..seat })
    }

    /// Where this client looks on, if it has no seat.
    pub(crate) fn spectated(&self) -> Option<Spectated> {
        let info = &self.info;
        Some(Spectated {
            room: info.room,
            game: info.game.clone(),
            tick_hz: info.tick_hz,
            send_every: info.send_every,
            delay: self.delay?,
            schema: Arc::clone(&info.schema),
            schema_hash: info.schema_hash,
        })
    }

    /// The seat is back. The state stays as it is: the next frame says what it is a change of. Where
    /// a new version of the server has given it another schema, there is none until that frame.
    pub(crate) fn resume(
        &mut self,
        joined: Joined,
        known: &[Arc<Schema>],
        events_lost: bool,
        now: Instant,
    ) -> Result<(), Wrong> {
        if (joined.room, joined.player) != (self.info.room, self.info.player) {
            return Err((CloseCode::Malformed, "the server gave another seat back".into()));
        }
        if joined.schema_hash != self.info.schema_hash {
            self.adopt(read_schema(&joined, known)?, joined.schema_hash);
        }
        let info = &mut self.info;
        if events_lost {
            self.events_seen = joined.events;
        } else if joined.events != self.events_seen {
            let (theirs, ours) = (joined.events, self.events_seen);
            let why = format!("events were to go on after {ours}, and go on after {theirs}");
            return Err((CloseCode::Malformed, why));
        }
        (info.tick_hz, info.send_every) = (joined.tick_hz, joined.send_every);
        info.hold = Duration::from_millis(joined.hold_ms.into());
        self.token = joined.token;
        self.newest = (joined.tick, now);
        self.inputs.resume(joined.inputs);
        self.resync_asked = false;
        Ok(())
    }

    /// The state is of another form from now on.
    fn adopt(&mut self, (schema, layout): (Arc<Schema>, Layout), schema_hash: u64) {
        (self.info.schema, self.info.schema_hash) = (schema, schema_hash);
        self.replica = frame::Replica::new(layout);
        self.in_step = false;
        self.last_frame = None;
        self.vain = 0;
        self.fits = OnceLock::new();
    }

    /// With this the seat can be had again, if it can be.
    pub(crate) fn token(&self) -> Option<&Token> {
        Some(&self.token).filter(|token| !token.is_empty() && !self.info.hold.is_zero())
    }

    /// The tick of the state, if the server may send a change from it. A client without a state says
    /// what one with a state would, so that coming back costs the server the same.
    pub(crate) fn tick(&self) -> Option<Tick> {
        match self.keep_state {
            true => self.rows().map(|(tick, _)| tick),
            false => self.last_frame,
        }
    }

    /// Number of the newest event that has come.
    pub(crate) fn events_seen(&self) -> u32 {
        self.events_seen
    }

    /// Takes a state frame.
    pub(crate) fn frame(&mut self, message: &[u8], now: Instant) -> Result<Took, Wrong> {
        let parts = frame::read(message, self.newest.0)
            .map_err(|error| (CloseCode::Malformed, format!("the server sent a {error}")))?;
        self.newest = (parts.tick, now);
        self.last_frame = Some(parts.tick);
        self.inputs.acknowledge(parts.head);
        let full = parts.full();
        let merged = matches!(parts.base, frame::Base::Older(_));
        let mut took = Took { merged, ..Took::default() };
        if self.keep_state {
            took.desync = self.apply(&parts)?;
        } else {
            self.in_step = true;
        }
        for event in parts.events {
            self.number(event.number)?;
            self.acks.arrived(event.body.len(), now);
            self.held.extend(match event.kind {
                EventKind::Game => {
                    let (number, tick) = (event.number, event.tick);
                    Some(Update::Event(Event { number, tick, body: event.body }))
                }
                // One that does not decode is of a newer server.
                EventKind::Room => {
                    wire::decode(&event.body).ok().map(|RoomEvent::Chat(line)| Update::Chat(line))
                }
            });
        }
        if self.in_step {
            took.frame = Some((parts.tick, full));
            took.events = std::mem::take(&mut self.held);
        } else if self.held.len() > HELD_MAX {
            let why = "too many events came while the state had to be sent anew".into();
            return Err((CloseCode::TooSlow, why));
        }
        Ok(took)
    }

    /// Whether the copy was found to be wrong just now.
    fn apply(&mut self, parts: &frame::Parts<'_>) -> Result<bool, Wrong> {
        if !parts.full() && !self.in_step {
            // On its way since before the server heard of the desync, or the server forgot the
            // first full state.
            return Ok(!std::mem::replace(&mut self.resync_asked, true));
        }
        match self.replica.apply_state(parts) {
            Ok(HashCheck::Absent | HashCheck::Agrees) => {
                self.in_step = true;
                self.resync_asked = false;
                self.vain = 0;
                return Ok(false);
            }
            Ok(HashCheck::Differs) if parts.full() => self.vain += 1,
            Err(error) if parts.full() => {
                return Err((
                    CloseCode::Malformed,
                    format!("a full state does not apply: {error}"),
                ));
            }
            Ok(HashCheck::Differs) | Err(_) => {}
        }
        if self.vain >= VAIN_MAX {
            let why = format!("{VAIN_MAX} full states in a row did not have their hash");
            return Err((CloseCode::Malformed, why));
        }
        self.in_step = false;
        self.resync_asked = true;
        Ok(true)
    }

    /// Events have no gaps: a missing one is a broken promise, not bad luck.
    fn number(&mut self, number: u32) -> Result<(), Wrong> {
        let expected = self.events_seen.wrapping_add(1);
        if number != expected {
            let why = format!("event {number} came where event {expected} was due");
            return Err((CloseCode::Malformed, why));
        }
        self.events_seen = number;
        Ok(())
    }

    /// Counts an input and stamps its message. `waits` is whether the socket has not taken the one
    /// before; `None`: there is no socket, and this one is kept. `wanted` is the tick it is for, if the
    /// caller says.
    pub(crate) fn send(
        &mut self,
        mut message: Vec<u8>,
        waits: Option<bool>,
        wanted: Option<Tick>,
        now: Instant,
    ) -> (Sent, Bytes) {
        let kept = waits.is_none();
        let waited = self.last_input.as_ref().is_some_and(|(_, kept)| *kept);
        let fate = Fate { replaced: waits.unwrap_or(waited), kept };
        let (tick, at) = self.newest;
        let since = now.saturating_duration_since(at);
        let sent = self.inputs.send(fate, wanted, tick, since, self.pace());
        stamp(&mut message, sent.tick);
        let bytes = Bytes::from(message);
        self.last_input = Some((bytes.clone(), kept));
        (sent, bytes)
    }

    /// The newest input, counted and stamped to go out on a new connection.
    pub(crate) fn send_again(&mut self, now: Instant) -> Option<Bytes> {
        let (bytes, kept) = self.last_input.take()?;
        let (tick, at) = self.newest;
        let tick = self.inputs.again(kept, tick, now.saturating_duration_since(at), self.pace());
        let mut message = bytes.to_vec();
        stamp(&mut message, tick);
        let bytes = Bytes::from(message);
        self.last_input = Some((bytes.clone(), false));
        Some(bytes)
    }

    fn pace(&self) -> Pace {
        Pace { tick_hz: self.info.tick_hz, send_every: self.info.send_every }
    }

    pub(crate) fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The rows, if they are what the server has.
    pub(crate) fn rows(&self) -> Option<(Tick, &Rows)> {
        let tick = self.replica.tick().filter(|_| self.in_step)?;
        Some((tick, self.replica.rows()))
    }

    pub(crate) fn state<S: Replicate + 'static>(&self) -> Result<Option<S>, OtherState> {
        let asked = TypeId::of::<S>();
        if self.fits.get() != Some(&asked) {
            let ours = schema_of::<S>().hash();
            if ours != self.info.schema_hash {
                return Err(OtherState {
                    game: self.info.game.clone(),
                    name: type_name::<S>(),
                    theirs: self.info.schema_hash,
                    ours,
                });
            }
            // A second type with the same schema is only slower.
            let _ = self.fits.set(asked);
        }
        Ok(self.rows().and_then(|(_, rows)| recover(rows, self.replica.layout())))
    }
}

/// The schema of a room, sent or known.
fn read_schema(joined: &Joined, known: &[Arc<Schema>]) -> Result<(Arc<Schema>, Layout), Wrong> {
    let schema = match &joined.schema {
        Some(bytes) => Arc::new(wire::decode::<Schema>(bytes).map_err(|error| {
            (CloseCode::Malformed, format!("the room's schema does not decode: {error}"))
        })?),
        None => known.iter().find(|known| known.hash() == joined.schema_hash).cloned().ok_or((
            CloseCode::Malformed,
            "the room's schema was not sent and is not known".into(),
        ))?,
    };
    if schema.hash() != joined.schema_hash {
        return Err((CloseCode::Malformed, "the room's schema has another hash".into()));
    }
    let layout = Layout::new(&schema)
        .map_err(|error| (CloseCode::Malformed, format!("the room sent a {error}")))?;
    Ok((schema, layout))
}

/// Writes the tick into the message of an input, which may say its channel first.
fn stamp(message: &mut [u8], tick: Tick) {
    let channel = frame::read_channel(message).map_or(0, |(_, input)| message.len() - input.len());
    message[channel + 1..channel + frame::INPUT_HEAD_BYTES]
        .copy_from_slice(&(tick.0 as u16).to_le_bytes());
}
