//! Binary WebSocket messages: which kind they are, and the two kinds that are hot.

use serde::{Deserialize, Serialize};

use crate::codec::Mirror;
use crate::codec::bits::BadState;
use crate::control::BODY_MAX;
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
/// First byte of a message on another channel than the first: the channel's number follows, 1 to
/// [`CHANNELS_MAX`], then a message of any other kind.
pub const CHANNEL: u8 = 0x04;

/// Channels of a connection besides the first. On each the client has a seat, or looks on: a party, a
/// chat and a match make three.
pub const CHANNELS_MAX: u8 = 3;

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

/// The channel that a message is for, and the message without it; `None`: there is no such channel.
#[must_use]
pub fn read_channel(message: &[u8]) -> Option<(u8, &[u8])> {
    match message {
        [CHANNEL, channel @ 1..=CHANNELS_MAX, message @ ..] => Some((*channel, message)),
        [CHANNEL, ..] => None,
        message => Some((0, message)),
    }
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

pub(crate) fn read_varint(bytes: &mut &[u8]) -> Result<u32, BadFrame> {
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

/// Whose an event is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum EventKind {
    /// The game's, as it encoded it.
    #[default]
    Game,
    /// The room's own: a [`crate::RoomEvent`].
    Room,
}

/// Added to the length of an event that is the room's own.
const OF_ROOM: u32 = 1 << 13;

/// Appends one event of the game: its number, its tick as ticks before the frame's, its length, its
/// bytes. The section of events starts with their count.
pub fn write_event(number: u32, age: u32, body: &[u8], out: &mut Vec<u8>) {
    write_event_of(EventKind::Game, number, age, body, out);
}

/// The same with an event of either kind.
pub fn write_event_of(kind: EventKind, number: u32, age: u32, body: &[u8], out: &mut Vec<u8>) {
    let mark = if kind == EventKind::Room { OF_ROOM } else { 0 };
    write_varint(number, out);
    write_varint(age, out);
    write_varint(body.len() as u32 | mark, out);
    out.extend_from_slice(body);
}

/// An event as it arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Counts up from 1 for this seat, without a gap.
    pub number: u32,
    /// When it happened.
    pub tick: Tick,
    /// Whose it is.
    pub kind: EventKind,
    /// As the game encoded it, or the room.
    pub body: Vec<u8>,
}

/// How a frame's state is to be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// It is the whole state.
    Nothing,
    /// The frame applied before, whose step it is.
    Step,
    /// The frame applied before, which is older.
    Older(Tick),
}

const FULL: u8 = 1;
const HASHED: u8 = 2;
const OLDER: u8 = 4;

/// Appends what comes before the state in a body:
///
/// ```text
/// u8      bit 0: a whole state · bit 1: a hash follows · bit 2: the change from an older frame
/// u32     tick (whole state), or
/// u16     its low 16 bits, little endian
/// varint  ticks since the base (bit 2)
/// u32     state hash after this frame, little endian (bit 1)
/// ```
pub fn write_body_head(base: Base, tick: Tick, hash: Option<u32>, out: &mut Vec<u8>) {
    let kind = match base {
        Base::Nothing => FULL,
        Base::Step => 0,
        Base::Older(_) => OLDER,
    };
    out.push(kind | if hash.is_some() { HASHED } else { 0 });
    match base {
        Base::Nothing => out.extend_from_slice(&tick.0.to_le_bytes()),
        _ => out.extend_from_slice(&(tick.0 as u16).to_le_bytes()),
    }
    if let Base::Older(base) = base {
        write_varint(tick.0.wrapping_sub(base.0), out);
    }
    if let Some(hash) = hash {
        out.extend_from_slice(&hash.to_le_bytes());
    }
}

/// A client's copy of a room's state, kept in step by frames.
#[derive(Clone, Debug)]
pub struct Replica {
    mirror: Mirror,
    newest: Tick,
    /// Whether the state is as the last frame made it.
    whole: bool,
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
    /// A replica that waits for its first whole state.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Replica { mirror: Mirror::new(layout), newest: Tick::default(), whole: false }
    }

    /// The rows as of the last frame.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        self.mirror.rows()
    }

    /// The layout that the rows have.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        self.mirror.layout()
    }

    /// The tick of the last frame, if the state is as it made it.
    #[must_use]
    pub fn tick(&self) -> Option<Tick> {
        self.whole.then_some(self.newest)
    }

    /// The tick of the last frame, whether its state could be applied or not: what
    /// [`fn@read`] needs for the next.
    #[must_use]
    pub fn newest(&self) -> Tick {
        self.newest
    }

    /// Applies a state frame, its first byte included. After an error the replica waits for a
    /// whole state.
    pub fn apply(&mut self, message: &[u8]) -> Result<Frame, BadFrame> {
        let parts = read(message, self.newest).inspect_err(|_| self.whole = false)?;
        let hash = self.apply_state(&parts)?;
        let full = parts.full();
        Ok(Frame { tick: parts.tick, head: parts.head, full, events: parts.events, hash })
    }

    /// Applies the state of a frame that was read. After an error the replica waits for a whole
    /// state; the frame's events hold all the same.
    pub fn apply_state(&mut self, parts: &Parts<'_>) -> Result<HashCheck, BadFrame> {
        let held = self.tick();
        self.newest = parts.tick;
        self.whole = false;
        match (parts.base, held) {
            (Base::Nothing, _) => self.mirror.restart()?,
            (_, None) => return Err(BadFrame::Bad("a change before any whole state")),
            (Base::Older(base), Some(held)) if base != held => {
                return Err(BadFrame::OtherBase { base, held });
            }
            _ => {}
        }
        self.mirror.take(parts.state, parts.base == Base::Step)?;
        self.whole = true;
        Ok(match parts.hash {
            None => HashCheck::Absent,
            Some(hash) if hash == self.rows().hash() => HashCheck::Agrees,
            Some(_) => HashCheck::Differs,
        })
    }
}

/// A frame as it arrived: all but its state is decoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts<'a> {
    /// The client's own part.
    pub head: Head,
    /// What happened since the frame before, oldest first.
    pub events: Vec<Event>,
    /// The tick after which the state is as this frame makes it.
    pub tick: Tick,
    /// What the state is a change of.
    pub base: Base,
    /// Hash of the state after this frame.
    pub hash: Option<u32>,
    /// The state, see [`crate::codec`].
    pub state: &'a [u8],
}

impl Parts<'_> {
    /// Whether the whole state was sent.
    #[must_use]
    pub fn full(&self) -> bool {
        self.base == Base::Nothing
    }
}

/// Takes a state frame apart, its first byte included. `newest` is the tick of the frame before:
/// a frame names its tick by the low 16 bits, unless it holds the whole state.
pub fn read(message: &[u8], newest: Tick) -> Result<Parts<'_>, BadFrame> {
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
    if flags & !(FULL | HASHED | OLDER) != 0 || flags & (FULL | OLDER) == FULL | OLDER {
        return Err(BadFrame::Bad("an unknown flag"));
    }
    let tick = match (flags & FULL, bytes) {
        (0, [low, high, ..]) => newest.near(u16::from_le_bytes([*low, *high])),
        (FULL, [a, b, c, d, ..]) => Tick(u32::from_le_bytes([*a, *b, *c, *d])),
        _ => return Err(BadFrame::Bad("it ends early")),
    };
    bytes = &bytes[if flags & FULL == 0 { 2 } else { 4 }..];
    let base = match flags & (FULL | OLDER) {
        FULL => Base::Nothing,
        OLDER => Base::Older(Tick(tick.0.wrapping_sub(read_varint(&mut bytes)?))),
        _ => Base::Step,
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
        let length = read_varint(bytes)?;
        let kind = if length & OF_ROOM == 0 { EventKind::Game } else { EventKind::Room };
        let length = (length & !OF_ROOM) as usize;
        if length > BODY_MAX {
            return Err(BadFrame::Bad("an event that is too long"));
        }
        events.push(Event { number, tick, kind, body: take(bytes, length)?.to_vec() });
    }
    Ok(events)
}
