/** Finding rooms: what a room says of itself, and questions about that. */

import { roomId } from './room-id.js';
import { blob, bool, choice, i64, list, option, struct, text, u16, u32, variants } from './wire.js';

const gameName = text(32);
const options = text(1024);
const metaText = text(64);

/** `{type: 'Int', value: 7n}`, `{type: 'Bool', value: true}` or `{type: 'Text', value: 'Monza'}`. */
const metaValue = variants({ Int: { value: i64 }, Bool: { value: bool }, Text: { value: metaText } });
const metaEntry = struct({ key: text(32), value: metaValue });

const fact = variants({ Players: {}, Free: {}, Age: {}, Key: { key: text(32) } });
const condition = struct({
  fact,
  test: variants({
    Is: { value: metaValue },
    Not: { value: metaValue },
    Between: { from: i64, to: i64 },
    OneOf: { values: list(metaValue, 8) },
    StartsWith: { prefix: metaText },
  }),
});

/** What takes one reserved seat. */
export const seatCode = text(26);
/** What lets somebody into a private room. */
export const joinCode = text(8);
/** Where a page ended. */
export const cursor = blob(160);

/** A question for the rooms of a game. */
export const query = struct({
  game: gameName,
  conditions: list(condition, 8),
  sort: struct({ by: fact, descending: bool }),
  limit: u16,
  cursor: option(cursor),
});

/** A room to be made. */
export const newRoom = struct({
  options,
  seats: option(u32),
  visibility: choice(['Listed', 'Unlisted', 'Private']),
  metadata: list(metaEntry, 8),
});

/** A room that was found. */
export const roomEntry = struct({
  room: roomId,
  players: u32,
  players_max: u32,
  free: u32,
  locked: bool,
  age_secs: u32,
  options,
  metadata: list(metaEntry, 16),
});
