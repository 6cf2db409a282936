/** Where a client wants a seat, and questions for rooms: from plain objects to messages and back. */

import { Malformed, Misuse } from './error.js';

const json = (value) => (value == null || Object.keys(value).length === 0 ? '' : JSON.stringify(value));

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

/** A new room; with more to say about it than its options if there is more. */
export function toCreate(game, options, { seats, visibility, meta } = {}) {
  if (seats === undefined && visibility === undefined && meta === undefined) {
    return { type: 'Create', game, options: json(options) };
  }
  return { type: 'New', game, room: newRoom({ options, seats, visibility, meta }) };
}

export const toJoin = (game, options) => ({ type: 'Open', game, options: json(options) });
export const toJoinOrCreate = (game, options) => ({ type: 'OpenOrCreate', game, options: json(options) });
export const toMatch = (query, orCreate) => ({
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
export function queryOf({ game, where = {}, sort = '-age', limit = 0, cursor = null }) {
  const conditions = Object.entries(where).map(([name, test]) => ({ fact: factOf(name), test: testOf(test) }));
  const descending = sort.startsWith('-');
  return { game, conditions, sort: { by: factOf(descending ? sort.slice(1) : sort), descending }, limit, cursor };
}

function plainNumber(value) {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** The value of a JSON text of the server's; an empty one is `null`. */
export function jsonOf(text) {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    throw new Malformed('the server sent a text that is not JSON');
  }
}

/** A room as it was found. */
export function foundOf({ players_max: playersMax, age_secs: ageSecs, options, metadata, ...room }) {
  const meta = Object.fromEntries((metadata ?? []).map(({ key, value }) => [key, plainNumber(value.value)]));
  return { ...room, playersMax, ageSecs, options: jsonOf(options) ?? {}, meta };
}
