/** Inputs and state frames, all but the state. */

import { BODY_MAX, decodeRoomEvent } from './control.js';
import { must } from './error.js';
import { Reader } from './wire.js';

/** First byte of an input. */
export const INPUT = 0x01;
/** First byte of a state frame without events. */
export const STATE = 0x02;
/** First byte of a state frame with events. */
export const STATE_EVENTS = 0x03;
/** First byte of a message on another channel than the first: its number follows, then the message. */
export const CHANNEL = 0x04;
/** Channels beside the first. */
export const CHANNELS_MAX = 3;
/** Events in one frame at most. */
export const FRAME_EVENTS_MAX = 4096;

/** Added to the length of an event that is the room's own. */
const OF_ROOM = 0x2000;

/** Bits of the first byte of a body. */
const WHOLE = 1;
const HASH = 2;
const OLDER = 4;

/** The binary WebSocket message of an input for a tick. */
export function encodeInput(tick, body) {
  if (body.length > BODY_MAX) throw new RangeError(`more than ${BODY_MAX} bytes`);
  return Uint8Array.from([INPUT, tick, tick >>> 8, ...body]);
}

/** A message as it is on a channel. */
export function onChannel(channel, message) {
  return channel === 0 ? message : Uint8Array.from([CHANNEL, channel, ...message]);
}

/** The channel of a message, and what it is there. */
export function readChannel(message) {
  if (message[0] !== CHANNEL) return [0, message];
  const channel = message[1];
  must(channel >= 1 && channel <= CHANNELS_MAX);
  return [channel, message.subarray(2)];
}

/** The low 16 bits of an input's tick, and its bytes. */
export function decodeInput(message) {
  must(message[0] === INPUT && message.length >= 3);
  return { tick: message[1] | (message[2] << 8), body: message.slice(3) };
}

/** The tick nearest to `tick` that has these low 16 bits. */
export function nearTick(tick, low) {
  const ahead = ((low - tick) << 16) >> 16;
  return (tick + ahead) >>> 0;
}

/** A number of seven bits a byte, the lowest first; at most 32 bits. */
export function septets(from) {
  let number = 0;
  for (let place = 1; ; place *= 128) {
    const byte = from.byte();
    number += (byte & 127) * place;
    must(number < 2 ** 32 && (place < 2 ** 28 || byte < 128));
    if (byte < 128) return number;
  }
}

/**
 * Takes a state frame apart, its first byte included. `newest` is the tick of the frame before, of
 * which a frame that is not whole needs to be near.
 */
export function readFrame(message, newest) {
  const from = new Reader(message);
  const kind = from.byte();
  must(kind === STATE || kind === STATE_EVENTS);
  const inputsApplied = from.number(2);
  const slack = (from.byte() << 24) >> 24;
  const events = kind === STATE_EVENTS ? readEvents(from) : [];
  const flags = from.byte();
  must(flags <= 7 && (flags & (WHOLE | OLDER)) !== (WHOLE | OLDER));
  const whole = (flags & WHOLE) !== 0;
  const tick = whole ? from.number(4) : nearTick(newest, from.number(2));
  /** Ticks since the base, 0 if the base is the frame before. */
  const age = flags & OLDER ? septets(from) : 0;
  const hash = flags & HASH ? from.number(4) : null;
  for (const event of events) event.tick = (tick - event.tick) >>> 0;
  return {
    inputsApplied,
    slack,
    events,
    whole,
    tick,
    base: flags & OLDER ? (tick - age) >>> 0 : null,
    hash,
    state: message.subarray(from.at),
  };
}

/** Events whose `tick` is still their age. */
function readEvents(from) {
  const count = septets(from);
  must(count <= FRAME_EVENTS_MAX);
  const events = [];
  while (events.length < count) {
    const number = septets(from);
    const tick = septets(from);
    const marked = septets(from);
    // Exact: a number here has 32 bits.
    const ofRoom = (marked & OF_ROOM) !== 0;
    const length = marked - (ofRoom ? OF_ROOM : 0);
    must(length <= BODY_MAX);
    const body = from.take(length);
    const event = ofRoom ? { number, tick, room: decodeRoomEvent(body) } : { number, tick, body };
    events.push(Object.defineProperty(event, 'bytes', { value: length }));
  }
  return events;
}
