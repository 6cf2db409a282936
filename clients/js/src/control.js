/**
 * Control messages: everything but inputs and state frames.
 *
 * A message is an object with its name in `type` and its fields beside it. Numbers of 64 bits are
 * `BigInt`s, bytes are `Uint8Array`s, room ids texts, close codes their numbers, what is not there
 * is `null`.
 */

import { CLOSE_CODES } from './close.js';
import { must } from './error.js';
import { roomId } from './room-id.js';
import {
  blob,
  bool,
  choice,
  decode,
  encode,
  list,
  option,
  struct,
  text,
  u16,
  u32,
  u64,
  u8,
  variants,
} from './wire.js';

/** The WebSocket subprotocol. */
export const SUBPROTOCOL = 'greenroom.v1';
/** The version in `Hello`. */
export const PROTOCOL_VERSION = 4;
/** First byte of a control message. */
export const CONTROL = 0x00;
/** Bytes of one request, reply, event or input of a game. */
export const BODY_MAX = 4096;
/** Bytes of a resume token. */
export const TOKEN_MAX = 64;

const gameName = text(32);
const options = text(1024);
const body = blob(BODY_MAX);
const token = blob(TOKEN_MAX);
const chatText = text(512);
const place = { game: gameName, options };
/** What takes one reserved seat. */
export const seatCode = text(26);

/** The messages of finding rooms, by name, once `learn` was given them: `null` in what follows. */
const learned = {};

/** From now on these types are known: see `finding.js`. */
export const learn = (types) => Object.assign(learned, types);

/** What a person says about themself: a name, and a JSON object as text. */
const profile = struct({ name: text(32), data: text(256) });

/** Where somebody wants a seat. */
export const joinTarget = variants({
  Create: place,
  Open: place,
  OpenOrCreate: place,
  Room: { room: roomId },
  Reserved: { code: seatCode },
  New: null,
  Match: null,
  Code: { code: text(16) },
  Wait: { room: roomId },
}, learned);

const toServer = variants({
  Hello: { protocol: u16, client: text(64), token: option(text(1024)), schemas: list(u64, 8) },
  Join: { id: u32, to: joinTarget, schema: option(u64), profile },
  Leave: {},
  List: { id: u32, game: gameName },
  Request: { id: u32, body },
  Resync: {},
  Resume: { id: u32, token, attempt: u64, tick: option(u32), events: option(u32), schema: option(u64) },
  Ack: { events: u32, replies: u32 },
  Find: null,
  Watch: null,
  Unwatch: null,
  Reserve: null,
  Unreserve: { code: seatCode },
  Spectate: { id: u32, room: roomId, schema: option(u64) },
  Arrived: { room: roomId, player: u32 },
  Chat: { id: u32, scope: u8, text: chatText },
}, learned);

/** Why something was not granted. One that came later is read as `Unknown` and its number. */
export const REFUSALS = [
  'UnknownGame',
  'UnknownRoom',
  'BadOptions',
  'RoomFull',
  'ServerFull',
  'AlreadySeated',
  'NoSeat',
  'Game',
  'Busy',
  'Failed',
  'Stopping',
  'BadToken',
  'SeatGone',
  'TooFarBehind',
  'OtherSchema',
  'NotAllowed',
  'OtherAccount',
  'BadProfile',
  'Locked',
  'BadQuery',
  'BadCode',
  'TooManyRooms',
  'WaitingFull',
  'NoSpectators',
  'AudienceFull',
  'Spectator',
  'NotBeside',
  'Moved',
  'Banned',
  'Muted',
  'TooFast',
  'NoChat',
  'BadText',
];

/** Somebody with a seat, as the others may know them. */
const someone = struct({ player: u32, account: text(64), profile, connected: bool });

/** A seat in a room. */
const joined = {
  id: u32,
  room: roomId,
  game: gameName,
  player: u32,
  tick: u32,
  tick_hz: u16,
  send_every: u16,
  input_lead_ticks_max: u32,
  token,
  hold_ms: u32,
  inputs: u32,
  events: u32,
  requests: u32,
  schema_hash: u64,
  schema: option(blob(64 * 1024)),
};

const toClient = variants({
  Welcome: {
    server: text(64),
    games: list(gameName, 256),
    messages_per_sec: u32,
    ping_interval_ms: u32,
  },
  Joined: joined,
  Refused: { id: u32, why: choice(REFUSALS, true), text: text(256) },
  Reply: { id: u32, body },
  Rooms: null,
  Left: {},
  Ended: { result: text(16 * 1024) },
  Closing: { code: choice([...CLOSE_CODES.keys()]), retry_after_ms: u32 },
  Found: null,
  Watched: null,
  Reserved: null,
  Waiting: { id: u32, place: u32 },
  RoomCode: { room: roomId, code: text(8) },
  Notice: { text: text(1024) },
  Spectating: {
    id: u32,
    room: roomId,
    game: gameName,
    tick: u32,
    tick_hz: u16,
    send_every: u16,
    delay_ms: u32,
    events: u32,
    schema_hash: u64,
    schema: option(blob(64 * 1024)),
  },
  Roster: {
    anew: bool,
    more: bool,
    people: list(someone, 64),
    gone: list(u32, 64),
    spectators: u32,
  },
  Dismissed: { code: choice([...CLOSE_CODES.keys()]) },
  Moved: { from: roomId, joined: struct(joined) },
  Banned: { room: roomId, for_ms: u64, text: text(256) },
}, learned);

/** What a room itself tells among the game's events. */
const roomEvent = variants({
  Chat: { from: option(u32), name: text(32), scope: u8, at: u32, text: chatText },
});

/** A room's own event; `null` if it is of a kind that this client does not know. */
export function decodeRoomEvent(body) {
  try {
    return decode(roomEvent, body);
  } catch {
    return null;
  }
}

const encoded = (type, message) => encode(type, message, message.type, [CONTROL]);

function decoded(type, message) {
  must(message[0] === CONTROL, 'a message');
  return decode(type, message, 1);
}

/** The binary WebSocket message of what a client says. */
export const encodeToServer = (message) => encoded(toServer, message);
/** What a client said. */
export const decodeToServer = (message) => decoded(toServer, message);
/** The binary WebSocket message of what a server says. */
export const encodeToClient = (message) => encoded(toClient, message);
/** What a server said. */
export const decodeToClient = (message) => decoded(toClient, message);
