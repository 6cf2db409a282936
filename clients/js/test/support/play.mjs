/** A client in a room of a stand-in for a server, whose frames are those of the golden vectors. */

import assert from 'node:assert/strict';

import { bytesOf, frames, schemas } from './vectors.mjs';
import { World } from './world.mjs';

/** The modules, or the one file that is made of them. */
const { connect } = await import(process.env.GREENROOM_JS ?? '../../src/index.js');

// What is loaded later is there from here on: a test looks at what is said, not at how long that takes.
{
  const world = new World();
  const coming = connect('wss://host', { platform: world });
  world.wire.welcome();
  await (await coming).reserve({ how: 'nothing' }).catch(() => {});
}

const vector = frames.find(({ name }) => name === 'owned');
const hash = BigInt(schemas.find(({ bytes }) => bytes === vector.schema).hash);

const tables = schemas.find(({ bytes }) => bytes === vector.schema).value.tables.length;

/** A frame with the whole state. */
export const whole = bytesOf(vector.streams[0].frames[0].message);
export const firstTick = vector.streams[0].frames[0].tick;
export const ROOM = '0000000000001';

export const shapes = {
  game: 'game',
  hash: hash.toString(16),
  messages: {
    input: { Struct: ['Input', [{ name: 'turn', shape: 'I8' }, { name: 'fire', shape: 'Bool' }]] },
    request: { Enum: ['Request', [{ name: 'Buy', data: { Struct: ['', [{ name: 'item', shape: 'U8' }]] } }, { name: 'Pass', data: 'Unit' }]] },
    reply: 'U32',
    event: { Text: 100 },
  },
};

export function joinedOf(more) {
  return {
    type: 'Joined', id: 1, room: ROOM, game: 'game', player: 3, tick: firstTick - 1, tick_hz: 20, send_every: 1,
    input_lead_ticks_max: 20, token: Uint8Array.of(1, 2, 3), hold_ms: 20_000, inputs: 0, events: 0, requests: 0,
    schema_hash: hash, schema: bytesOf(vector.schema), ...more,
  };
}

/**
 * A state frame so many ticks after the first, in which nothing changes but what goes on by itself.
 * Events are texts, the first of them with this number.
 */
export function frameOf(after, { applied = 0, slack = 0, number = 1, events = [] } = {}) {
  const bytes = [events.length > 0 ? 3 : 2, applied & 0xff, applied >> 8, slack & 0xff];
  if (events.length > 0) bytes.push(events.length);
  events.forEach((text, place) => {
    bytes.push(number + place, 0, text.length + 1, text.length, ...new TextEncoder().encode(text));
  });
  const tick = firstTick + after;
  // A bit for each table says that nothing has changed in it.
  return Uint8Array.of(...bytes, 0, tick & 0xff, (tick >> 8) & 0xff, ...Array(Math.ceil(tables / 8)).fill(0));
}

export async function greeted(options = {}) {
  const world = new World();
  const coming = connect('wss://host:1', { platform: world, games: [shapes], ...options });
  world.wire.welcome();
  const client = await coming;
  const [hello] = world.wire.said();
  assert.equal(hello.type, 'Hello');
  return { world, client, hello };
}

/** A client with a seat, after its first frame. */
export async function seated(options = {}, more = {}) {
  const { world, client } = await greeted(options);
  const coming = client.joinOrCreate('game', { map: 'dust' });
  await world.settle();
  const [join] = world.wire.said();
  world.wire.say(joinedOf({ id: join.id, ...more }));
  world.wire.bytes(whole);
  const room = await coming;
  await world.pass(0);
  const [ping] = world.wire.said();
  world.wire.say({ type: 'Refused', id: ping.id, why: 'UnknownGame', text: '' });
  await world.settle();
  return { world, client, room, join };
}
