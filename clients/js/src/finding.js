/**
 * Finding rooms, watching them, and keeping seats in them: what a program that only plays does not
 * need. Loaded when it is first asked for, see `parts.js`.
 *
 * Here plain objects become messages, and what the server found becomes plain objects.
 */

import {
  Misuse, blob, bool, choice, i64, isPlain, joinTarget, json, jsonOf, list, option, roomId, seatCode, struct, text, toCreate,
  toJoin, toJoinOrCreate, u16, u32, variants,
} from './parts.js';
import { VERSION } from './version.js';

// As messages have it.

const options = text(1024);
const metaText = text(64);
const metaType = variants({ Int: { value: i64 }, Bool: { value: bool }, Text: { value: metaText } });
const metadata = (most) => list(struct({ key: text(32), value: metaType }), most);
const fact = variants({ Players: {}, Free: {}, Age: {}, Key: { key: text(32) } });
const condition = struct({
  fact,
  test: variants({
    Is: { value: metaType },
    Not: { value: metaType },
    Between: { from: i64, to: i64 },
    OneOf: { values: list(metaType, 8) },
    StartsWith: { prefix: metaText },
  }),
});

const query = struct({
  game: text(32),
  conditions: list(condition, 8),
  sort: struct({ by: fact, descending: bool }),
  limit: u16,
  cursor: option(blob(160)),
});
const newRoomType = struct({
  options,
  seats: option(u32),
  visibility: choice(['Listed', 'Unlisted', 'Private']),
  metadata: metadata(8),
});
const roomInfo = struct({ room: roomId, players: u32, players_max: u32, options });
const roomEntry = struct({
  room: roomId,
  players: u32,
  players_max: u32,
  free: u32,
  locked: bool,
  age_secs: u32,
  options,
  metadata: metadata(16),
});
const rooms = list(roomEntry, 50);

/** The messages that only finding needs. */
const types = {
  New: struct({ game: text(32), room: newRoomType }),
  Match: struct({ query, or_create: option(newRoomType) }),
  Find: struct({ id: u32, query }),
  Watch: struct({ id: u32, query }),
  Unwatch: struct({ id: u32 }),
  Reserve: struct({ id: u32, to: joinTarget, seats: u32 }),
  Rooms: struct({ id: u32, rooms: list(roomInfo, 100) }),
  Found: struct({ id: u32, rooms, next: option(blob(160)) }),
  Watched: struct({ id: u32, added: rooms, changed: rooms, removed: list(roomId, 50) }),
  Reserved: struct({ id: u32, room: roomId, codes: list(seatCode, 16), expires_ms: u32 }),
};

// As programs say it.

/** A value of a room's metadata. */
function metaValue(value) {
  switch (typeof value) {
    case 'string': return { type: 'Text', value };
    case 'boolean': return { type: 'Bool', value };
    case 'bigint': return { type: 'Int', value };
    default:
      if (Number.isSafeInteger(value)) return { type: 'Int', value: BigInt(value) };
      throw new Misuse('BadQuery', `${value} cannot be in a room's metadata: `
        + 'give a text, a whole number or a truth value');
  }
}

const metadataOf = (meta = {}) => Object.entries(meta).map(([key, value]) => ({ key, value: metaValue(value) }));

function newRoom({ options, seats = null, visibility = 'listed', meta }) {
  const names = { listed: 'Listed', unlisted: 'Unlisted', private: 'Private' };
  if (!Object.hasOwn(names, visibility)) {
    throw new Misuse('BadQuery', `visibility must be listed, unlisted or private, and is ${visibility}`);
  }
  return { options: json(options), seats, visibility: names[visibility], metadata: metadataOf(meta) };
}

/** A new room of which more is said than its options. */
const toNew = (game, options, { seats, visibility, meta }) => ({
  type: 'New', game, room: newRoom({ options, seats, visibility, meta }),
});

const toMatch = (query, orCreate) => ({
  type: 'Match',
  query: queryOf(query),
  or_create: orCreate == null ? null : newRoom(orCreate),
});

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

function testOf(test) {
  if (test === null || typeof test !== 'object') return { type: 'Is', value: metaValue(test) };
  if ('not' in test) return { type: 'Not', value: metaValue(test.not) };
  if ('oneOf' in test) return { type: 'OneOf', values: test.oneOf.map(metaValue) };
  if ('startsWith' in test) return { type: 'StartsWith', prefix: test.startsWith };
  if ('from' in test || 'to' in test) {
    return { type: 'Between', from: BigInt(test.from ?? LEAST), to: BigInt(test.to ?? MOST) };
  }
  throw new Misuse('BadQuery', 'a condition is a value, { not }, { from, to }, { oneOf } or { startsWith }');
}

const FACTS = { players: 'Players', free: 'Free', age: 'Age' };

/** `players`, `free`, `age`, or an entry in a room's metadata as `meta.key`. */
function factOf(name) {
  if (Object.hasOwn(FACTS, name)) return { type: FACTS[name] };
  if (name.startsWith('meta.')) return { type: 'Key', key: name.slice(5) };
  throw new Misuse('BadQuery', `a room has no ${name}: ask for players, free, age or meta.something`);
}

/**
 * `{ game, where: { 'meta.map': 'dust', free: { from: 1 } }, sort: '-players', limit, cursor }`; a
 * sort that starts with `-` has the highest first. Without one the oldest room is the first.
 */
function queryOf({ game, where = {}, sort = '-age', limit = 0, cursor = null }) {
  const conditions = Object.entries(where).map(([name, test]) => ({ fact: factOf(name), test: testOf(test) }));
  const descending = sort.startsWith('-');
  return { game, conditions, sort: { by: factOf(descending ? sort.slice(1) : sort), descending }, limit, cursor };
}

function plainNumber(value) {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A room as it was found. */
function foundOf({ players_max: playersMax, age_secs: ageSecs, options, metadata, ...room }) {
  const meta = Object.fromEntries((metadata ?? []).map(({ key, value }) => [key, plainNumber(value.value)]));
  return { ...room, playersMax, ageSecs, options: jsonOf(options) ?? {}, meta };
}

/** Rooms that are watched. */
class Watch {
  /** `hear` gets the rooms and what has changed. */
  constructor(channel, query, hear) {
    Object.assign(this, { channel, query, hear });
    /** By id; the same `Map` for as long as it is watched. */
    this.rooms = new Map();
    /** Whether the next changes name all rooms there are. */
    this.anew = false;
    /** Whether rooms were named yet. */
    this.answered = false;
  }

  take({ added, changed, removed }) {
    this.answered = true;
    const news = { added: added.map(foundOf), changed: changed.map(foundOf), removed };
    if (this.anew) {
      this.anew = false;
      const here = new Set(added.map(({ room }) => room));
      news.removed = [...this.rooms.keys()].filter((id) => !here.has(id));
      news.changed = news.added.filter(({ room }) => this.rooms.has(room));
      news.added = news.added.filter(({ room }) => !this.rooms.has(room));
    }
    for (const id of news.removed) this.rooms.delete(id);
    for (const room of [...news.added, ...news.changed]) this.rooms.set(room.room, room);
    this.channel.emitter.call(this.hear, this.rooms, news);
  }

  /** On a new connection, where it is known by another number. */
  again(before) {
    // One without an answer so far is a question that goes out again by itself.
    if (!this.answered) return;
    this.anew = true;
    const { session } = this.channel;
    session.watches.delete(before);
    this.ask().catch((error) => session.report(error));
  }

  ask() {
    const { id, answer } = this.channel.calls.ask({ type: 'Watch', query: this.query });
    this.channel.session.watches.set(id, this);
    return answer;
  }
}

// What a client does.

async function listRooms(channel, game) {
  const { rooms } = await channel.call({ type: 'List', game });
  return rooms.map(foundOf);
}

async function find(channel, query) {
  const { rooms, next } = await channel.call({ type: 'Find', query: queryOf(query) });
  return { rooms: rooms.map(foundOf), next };
}

async function watch(channel, query, hear) {
  const watch = new Watch(channel, queryOf(query), hear);
  try {
    await watch.ask();
  } catch (error) {
    forget(watch);
    throw error;
  }
  return { rooms: watch.rooms, stop: () => forget(watch).forEach((id) => channel.say({ type: 'Unwatch', id })) };
}

/** Takes a watch out of the list of those that go on. Returns the numbers by which the server knows it. */
function forget(watch) {
  const { watches } = watch.channel.session;
  const ids = [...watches].filter(([, other]) => other === watch).map(([id]) => id);
  ids.forEach((id) => watches.delete(id));
  return ids;
}

async function reserve(channel, where, seats) {
  const makers = { create: isPlain(where) ? toCreate : toNew, join: toJoin, joinOrCreate: toJoinOrCreate };
  const { room, how = 'joinOrCreate', game, options } = where;
  if (room === undefined && !Object.hasOwn(makers, how)) {
    throw new Misuse('BadTarget', `seats are kept by how: ${Object.keys(makers).join(', ')}; or by room`);
  }
  const to = room === undefined ? makers[how](game, options, where) : { type: 'Room', room };
  const { room: found, codes, expires_ms: expiresMs } = await channel.call({ type: 'Reserve', to, seats });
  return { room: found, codes, expiresMs };
}

export const finding = { VERSION, types, list: listRooms, find, watch, reserve, toNew, toMatch };
