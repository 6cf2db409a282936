//! Binary WebSocket messages: which kind they are, and the two kinds that are hot.

use crate::bits::BadState;
use crate::control::BODY_MAX;
use crate::delta;
use crate::id::Tick;
use crate::layout::Layout;
use crate::rows::Rows;

/// First byte of a control message; a [`crate::ToServer`] or [`crate::ToClient`] follows.
pub const CONTROL: u8 = 0x00;
/// First byte of an input.
pub const INPUT: u8 = 0x01;
/// First byte of a state frame without events.
pub const STATE: u8 = 0x02;
/// First byte of a state frame with events.
pub const STATE_EVENTS: u8 = 0x03;

/// Bytes of the head that each client's frames have for themselves.
pub const HEAD_BYTES: usize = 4;
/// Bytes before the game's own bytes in an input.
pub const INPUT_HEAD_BYTES: usize = 3;
/// Bytes of one event at most.
pub const EVENT_BYTES_MAX: usize = BODY_MAX;
/// Events in one frame at most.
pub const FRAME_EVENTS_MAX: u32 = 4096;

/// The bytes are not a message of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// It ends early or a number is out of range.
    #[error("malformed frame: {0}")]
    Bad(&'static str),
    /// The state does not decode.
    #[error(transparent)]
    State(#[from] BadState),
    /// A change from a state that the client does not have.
    #[error("the frame changes the state of {base}, and the client holds {held}")]
    OtherBase {
        /// What the frame needs.
        base: Tick,
        /// What the client has.
        held: Tick,
    },
}

/// Appends an input: `INPUT`, the low 16 bits of the tick it is for, then the game's bytes.
pub fn write_input(tick: Tick, body: &[u8], out: &mut Vec<u8>) {
    out.push(INPUT);
    out.extend_from_slice(&(tick.0 as u16).to_le_bytes());
    out.extend_from_slice(body);
}

/// The low 16 bits of the tick, and the game's bytes, of what follows the first byte.
#[must_use]
pub fn read_input(message: &[u8]) -> Option<(u16, &[u8])> {
    let (tick, body) = message.split_first_chunk()?;
    (body.len() <= BODY_MAX).then_some((u16::from_le_bytes(*tick), body))
}

/// What only one client needs to know about a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Head {
    /// The inputs of this client since it joined, counted in the order sent, up to and with the
    /// one that the room applied last: its low 16 bits. An input that a newer one replaced counts
    /// as applied with it.
    pub applied: u16,
    /// How many ticks before its own the newest input arrived; below 0 it was late. A client
    /// leads the room by just enough when this stays a little above 0.
    pub slack: i8,
}

impl Head {
    /// The frame's first [`HEAD_BYTES`] bytes.
    #[must_use]
    pub fn to_bytes(self, events: bool) -> [u8; HEAD_BYTES] {
        let [low, high] = self.applied.to_le_bytes();
        [if events { STATE_EVENTS } else { STATE }, low, high, self.slack as u8]
    }
}

/// Appends a number: seven bits a byte, the lowest first, the top bit set on all but the last.
pub fn write_varint(mut value: u32, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_varint(bytes: &mut &[u8]) -> Result<u32, BadFrame> {
    let mut value = 0u64;
    for shift in (0..35).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(BadFrame::Bad("it ends early"))?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value).map_err(|_| BadFrame::Bad("a number over 32 bits"));
        }
    }
    Err(BadFrame::Bad("a number over 32 bits"))
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], BadFrame> {
    let (taken, rest) = bytes.split_at_checked(count).ok_or(BadFrame::Bad("it ends early"))?;
    *bytes = rest;
    Ok(taken)
}

/// Appends one event: its number, its tick as ticks before the frame's, its length, its bytes.
/// The section of events starts with their count.
pub fn write_event(number: u32, age: u32, body: &[u8], out: &mut Vec<u8>) {
    write_varint(number, out);
    write_varint(age, out);
    write_varint(body.len() as u32, out);
    out.extend_from_slice(body);
}

/// An event as it arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Counts up from 1 for this seat, without a gap.
    pub number: u32,
    /// When it happened.
    pub tick: Tick,
    /// As the game encoded it.
    pub body: Vec<u8>,
}

const FULL: u8 = 1;
const HASHED: u8 = 2;

/// Appends the body of a frame, which all clients with the same base share.
///
/// ```text
/// u8      bit 0: a full state; bit 1: a hash follows the ticks
/// varint  tick
/// varint  ticks since the base (not in a full state)
/// u32     state hash after this frame, little endian (if bit 1)
/// bits    see the module `delta`
/// ```
pub fn write_body(
    base: Option<(Tick, &Rows)>,
    tick: Tick,
    rows: &Rows,
    hashed: bool,
    out: &mut Vec<u8>,
) {
    out.push(if base.is_none() { FULL } else { 0 } | if hashed { HASHED } else { 0 });
    write_varint(tick.0, out);
    if let Some((base, _)) = base {
        write_varint(tick.0.wrapping_sub(base.0), out);
    }
    if hashed {
        out.extend_from_slice(&rows.hash().to_le_bytes());
    }
    match base {
        Some((_, base)) => delta::encode(base, rows, out),
        None => delta::encode(&Rows::default(), rows, out),
    }
}

/// A client's copy of a room's state, kept in step by frames.
#[derive(Clone, Debug)]
pub struct Replica {
    layout: Layout,
    rows: Rows,
    tick: Option<Tick>,
}

/// What a frame told, besides the state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The tick after which the state is as it is now.
    pub tick: Tick,
    /// This client's own part.
    pub head: Head,
    /// Whether the whole state was sent.
    pub full: bool,
    /// What happened since the frame before, oldest first.
    pub events: Vec<Event>,
    /// Whether the frame carried a hash, and whether the replica agrees.
    pub hash: HashCheck,
}

/// The outcome of comparing state hashes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HashCheck {
    /// The frame carried none.
    Absent,
    /// Both ends hold the same state.
    Agrees,
    /// They do not: ask for a full state.
    Differs,
}

impl Replica {
    /// A replica that waits for its first full state.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Replica { rows: Rows::empty(&layout), layout, tick: None }
    }

    /// The rows as of the last frame.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The layout that the rows have.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The tick of the last frame.
    #[must_use]
    pub fn tick(&self) -> Option<Tick> {
        self.tick
    }

    /// Applies a state frame, its first byte included. After an error the replica waits for a
    /// full state.
    pub fn apply(&mut self, message: &[u8]) -> Result<Frame, BadFrame> {
        let parts = read(message).inspect_err(|_| self.tick = None)?;
        let hash = self.apply_state(&parts)?;
        Ok(Frame {
            tick: parts.tick,
            head: parts.head,
            full: parts.full(),
            events: parts.events,
            hash,
        })
    }

    /// Applies the state of a frame that was read. After an error the replica waits for a full
    /// state; the frame's events hold all the same.
    pub fn apply_state(&mut self, parts: &Parts<'_>) -> Result<HashCheck, BadFrame> {
        let held = self.tick.take();
        match parts.base {
            None => self.rows = Rows::empty(&self.layout),
            Some(base) => {
                let held = held.ok_or(BadFrame::Bad("a change before any full state"))?;
                if base != held {
                    return Err(BadFrame::OtherBase { base, held });
                }
            }
        }
        delta::apply(parts.state, &self.layout, &mut self.rows)?;
        self.tick = Some(parts.tick);
        Ok(match parts.hash {
            None => HashCheck::Absent,
            Some(hash) if hash == self.rows.hash() => HashCheck::Agrees,
            Some(_) => HashCheck::Differs,
        })
    }
}

/// A frame as it arrived: all but its state is decoded, and no earlier frame is needed for that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts<'a> {
    /// The client's own part.
    pub head: Head,
    /// What happened since the frame before, oldest first.
    pub events: Vec<Event>,
    /// The tick after which the state is as this frame makes it.
    pub tick: Tick,
    /// The frame that this one changes. `None`: the whole state follows.
    pub base: Option<Tick>,
    /// Hash of the state after this frame.
    pub hash: Option<u32>,
    /// The state, see [`crate::delta`].
    pub state: &'a [u8],
}

impl Parts<'_> {
    /// Whether the whole state was sent.
    #[must_use]
    pub fn full(&self) -> bool {
        self.base.is_none()
    }
}

/// Takes a state frame apart, its first byte included.
pub fn read(message: &[u8]) -> Result<Parts<'_>, BadFrame> {
    let mut bytes = message;
    let head = take(&mut bytes, HEAD_BYTES)?;
    let events_follow = match head[0] {
        STATE => false,
        STATE_EVENTS => true,
        _ => return Err(BadFrame::Bad("not a state frame")),
    };
    let head = Head { applied: u16::from_le_bytes([head[1], head[2]]), slack: head[3] as i8 };
    let mut events = if events_follow { read_events(&mut bytes)? } else { Vec::new() };
    let flags = take(&mut bytes, 1)?[0];
    if flags & !(FULL | HASHED) != 0 {
        return Err(BadFrame::Bad("an unknown flag"));
    }
    let tick = Tick(read_varint(&mut bytes)?);
    let base = match flags & FULL {
        0 => Some(Tick(tick.0.wrapping_sub(read_varint(&mut bytes)?))),
        _ => None,
    };
    let hash = match flags & HASHED {
        0 => None,
        _ => take(&mut bytes, 4)?.try_into().ok().map(u32::from_le_bytes),
    };
    for event in &mut events {
        event.tick = Tick(tick.0.wrapping_sub(event.tick.0));
    }
    Ok(Parts { head, events, tick, base, hash, state: bytes })
}

/// Events whose `tick` is still their age.
fn read_events(bytes: &mut &[u8]) -> Result<Vec<Event>, BadFrame> {
    let count = read_varint(bytes)?;
    if count > FRAME_EVENTS_MAX {
        return Err(BadFrame::Bad("too many events"));
    }
    let mut events = Vec::new();
    for _ in 0..count {
        let number = read_varint(bytes)?;
        let tick = Tick(read_varint(bytes)?);
        let length = read_varint(bytes)? as usize;
        if length > BODY_MAX {
            return Err(BadFrame::Bad("an event that is too long"));
        }
        events.push(Event { number, tick, body: take(bytes, length)?.to_vec() });
    }
    Ok(events)
}
