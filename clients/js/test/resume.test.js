import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bytesOf, frames, schemas } from './support/vectors.mjs';
import { firstTick, frameOf, greeted, joinedOf, seated, whole } from './support/play.mjs';

/** The connection breaks and is opened again. Returns the `Resume`. */
async function comesBack(world) {
  world.wire.end();
  await world.pass(1000);
  world.wire.welcome();
  await world.settle();
  const [, resume, ...more] = world.wire.said();
  assert.deepEqual(more, [], 'nothing is said between Resume and its answer');
  return resume;
}

test('a client comes back to its seat and says again what the server may not have heard', async () => {
  const { world, client, room } = await seated();
  const told = [];
  room.on('drop', (why, within) => told.push(['drop', why.code, within]));
  room.on('resume', (how) => told.push(['resume', how.eventsLost]));
  room.on('event', (event) => told.push(event));
  world.wire.bytes(frameOf(1, { events: ['a', 'b'] }));
  room.input({ turn: 1, fire: true });
  const first = room.request({ Buy: { item: 1 } });
  const second = room.request('Pass');
  const lost = assert.rejects(client.reserve({ game: 'game' }, 2), { code: 1006 });
  await world.settle();
  const [, one, two] = world.wire.said();
  const resume = await comesBack(world);
  assert.deepEqual([resume.type, [...resume.token], resume.tick, resume.events], ['Resume', [1, 2, 3], firstTick + 1, 2]);
  // What is done meanwhile is done later.
  room.input({ turn: 2, fire: true });
  room.input({ turn: 3, fire: false });
  const third = room.request('Pass');
  const token = Uint8Array.of(4, 5);
  world.wire.say(joinedOf({ id: 0, tick: firstTick + 9, token, inputs: 1, events: 2, requests: one.id, schema: null }));
  await world.settle();
  const said = world.wire.said();
  assert.deepEqual(said[0], { type: 'Ack', events: 2, replies: one.id - 1 });
  assert.deepEqual(said.slice(1, 3), [one, two]);
  assert.deepEqual(said[3].type, 'Request');
  assert.ok(said[3].id > two.id);
  assert.deepEqual([said[4].type, [...said[4].body]], ['Input', [3, 0]]);
  world.wire.say({ type: 'Reply', id: one.id, body: Uint8Array.of(7) });
  world.wire.say({ type: 'Reply', id: two.id, body: Uint8Array.of(8) });
  world.wire.say({ type: 'Reply', id: said[3].id, body: Uint8Array.of(9) });
  assert.deepEqual(await Promise.all([first, second, third]), [7, 8, 9]);
  await lost;
  world.wire.bytes(whole);
  world.wire.bytes(frameOf(1, { number: 3, events: ['c'] }));
  assert.deepEqual(told, ['a', 'b', ['drop', 1006, 20_000], ['resume', false], 'c']);
  assert.equal(room.stats.resumed, 1);
  // The next time by the new token, and with a higher number.
  const next = await comesBack(world);
  assert.deepEqual([...next.token], [4, 5]);
  assert.ok(next.attempt > resume.attempt);
});

test('an event that comes twice or not at all is a broken promise', async () => {
  const { world, client, room } = await seated();
  world.wire.bytes(frameOf(1, { events: ['a'] }));
  await comesBack(world);
  world.wire.say(joinedOf({ id: 0, events: 0 }));
  await world.pass(1000);
  assert.deepEqual([client.state, client.closed.code, room.over.code], ['closed', 4000, 4000]);
});

test('where too much was missed the client comes back without it, and says so', async () => {
  const { world, room } = await seated();
  const lost = [];
  room.on('resume', ({ eventsLost }) => lost.push(eventsLost));
  const { attempt } = await comesBack(world);
  world.wire.say({ type: 'Refused', id: 0, why: 'TooFarBehind', text: '' });
  await world.settle();
  const [again] = world.wire.said();
  assert.deepEqual([again.type, again.events, again.attempt], ['Resume', null, attempt]);
  world.wire.say(joinedOf({ id: 0, events: 90 }));
  await world.settle();
  assert.deepEqual(lost, [true]);
  world.wire.bytes(whole);
  world.wire.bytes(frameOf(1, { number: 91, events: ['x'] }));
  assert.equal(room.over, null);
});

test('a server that is busy is asked again later', async () => {
  const { world, client, room } = await seated();
  const { attempt } = await comesBack(world);
  world.wire.say({ type: 'Refused', id: 0, why: 'Stopping', text: 'wait' });
  await world.pass(1000);
  world.wire.welcome();
  await world.settle();
  const [, resume] = world.wire.said();
  assert.ok(resume.attempt > attempt);
  world.wire.say(joinedOf({ id: 0 }));
  await world.settle();
  assert.deepEqual([client.state, room.over], ['up', null]);
});

test('a seat that is gone is over, and the connection good for another', async () => {
  const { world, client, room } = await seated();
  const ends = [];
  room.on('end', (result) => ends.push(result));
  room.on('close', (why) => ends.push(why));
  const asked = assert.rejects(room.request('Pass'), { code: 'NoSeat' });
  await comesBack(world);
  world.wire.say({ type: 'Ended', result: '{"winner":3}' });
  world.wire.say({ type: 'Refused', id: 0, why: 'SeatGone', text: '' });
  await world.settle();
  assert.deepEqual(ends, [{ winner: 3 }, null]);
  await asked;
  assert.deepEqual([client.state, client.room], ['up', null]);
  assert.throws(() => room.input({ turn: 0, fire: false }), { code: 'NoSeat' });
  const { world: other, client: player, room: second } = await seated();
  await comesBack(other);
  other.wire.say({ type: 'Refused', id: 0, why: 'BadToken', text: '' });
  await other.settle();
  assert.deepEqual([player.state, second.over.code], ['up', 'BadToken']);
});

test('it is tried for as long as the seat is held', async () => {
  const { world, client, room } = await seated({}, { hold_ms: 3000 });
  world.wire.end();
  for (let turn = 0; turn < 50; turn += 1) {
    await world.pass(100);
    if (world.wire.readyState === 0) world.wire.end();
  }
  assert.deepEqual([client.state, room.over.code], ['closed', 1006]);
  assert.match(room.over.message, /did not come back within 3000 ms/);
});

test('a seat that is not held is over when the connection breaks; the client comes back without', async () => {
  const { world, client, room } = await seated({}, { hold_ms: 0, token: new Uint8Array(0) });
  assert.equal(room.token, null);
  world.wire.end();
  assert.equal(room.over.code, 1006);
  await world.pass(1000);
  world.wire.welcome();
  await world.settle();
  assert.deepEqual(world.wire.said().map(({ type }) => type), ['Hello']);
  assert.equal(client.state, 'up');
});

test('leaving while the connection is broken is done when it is back', async () => {
  const { world, client, room } = await seated();
  world.wire.end();
  const left = room.leave();
  await world.pass(1000);
  world.wire.welcome();
  await world.settle();
  world.wire.said();
  world.wire.say(joinedOf({ id: 0 }));
  await world.settle();
  assert.deepEqual(world.wire.said().map(({ type }) => type), ['Ack', 'Leave']);
  world.wire.say({ type: 'Left' });
  await left;
  assert.equal(client.room, null);
});

test('a program that was started anew has its seat again by the token', async () => {
  const first = await seated();
  const { token } = first.room;
  assert.match(token, /^[\w-]+$/);
  const { world, client } = await greeted();
  const coming = client.resume(token);
  await world.settle();
  const [resume] = world.wire.said();
  assert.deepEqual([[...resume.token], resume.events, resume.tick], [[1, 2, 3], null, null]);
  world.wire.say(joinedOf({ id: resume.id, requests: 700, events: 5 }));
  world.wire.bytes(whole);
  const room = await coming;
  assert.deepEqual(world.wire.said()[0], { type: 'Ack', events: 5, replies: 700 });
  const asked = room.request('Pass');
  await world.settle();
  assert.ok(world.wire.said().at(-1).id > 700);
  client.close();
  await assert.rejects(asked, { code: 1000 });
});

test('the server is told what has arrived: after a second, or many, or much', async () => {
  const { world, room } = await seated();
  const acks = () => world.wire.said().filter(({ type }) => type === 'Ack');
  world.wire.bytes(frameOf(1, { events: ['a'] }));
  await world.pass(999);
  assert.deepEqual(acks(), []);
  await world.pass(1);
  assert.deepEqual(acks().map(({ events }) => events), [1]);
  await world.pass(3000);
  assert.deepEqual(acks(), [], 'nothing has come since');
  world.wire.bytes(frameOf(2, { number: 2, events: Array(63).fill('x') }));
  assert.deepEqual(acks(), []);
  const asked = room.request('Pass');
  await world.settle();
  const [{ id }] = world.wire.said();
  world.wire.say({ type: 'Reply', id, body: Uint8Array.of(1) });
  assert.deepEqual(acks(), [{ type: 'Ack', events: 64, replies: id }]);
  await asked;
});

test('a version of the server that has taken the match over may have another state and other messages', async () => {
  const versions = [];
  const games = async () => {
    versions.push('asked');
    return { hash: '0', messages: { input: 'U8', request: 'Unit', reply: 'Unit', event: 'Bool' } };
  };
  const { world, room } = await seated({ games });
  const { ships } = room.state;
  const told = [];
  room.on('remove', 'ships', (ship, slot) => told.push(slot));
  await comesBack(world);
  const { schema, streams } = frames.find(({ name }) => name === 'kinds');
  const { hash, bytes } = schemas.find((each) => each.bytes === schema);
  world.wire.say(joinedOf({ id: 0, tick: streams[0].frames[0].tick - 1, schema_hash: BigInt(hash), schema: bytesOf(bytes) }));
  await world.settle();
  assert.deepEqual([told, versions], [[...ships.keys()], ['asked', 'asked']]);
  assert.equal(room.state.ships, ships, 'until the new one is there');
  const things = [];
  room.on('add', 'things', (thing, slot) => things.push(slot));
  world.wire.bytes(bytesOf(streams[0].frames[0].message));
  assert.deepEqual(things, [...room.state.things.keys()]);
  assert.ok(things.length > 0 && room.state.ships === undefined);
});

test('who was moved while the connection was broken comes back to the other room', async () => {
  const { world, client, room } = await seated();
  const moved = [];
  client.on('move', (next, before) => moved.push(next.id, before.id));
  const asked = assert.rejects(room.request('Pass'), { code: 'Moved' });
  await world.settle();
  await comesBack(world);
  const other = '0000000000002';
  world.wire.say({ type: 'Moved', from: room.id, joined: joinedOf({ id: 0, room: other, requests: 40, events: 0 }) });
  await asked;
  assert.deepEqual(world.wire.said().map(({ type }) => type).slice(0, 2), ['Arrived', 'Ack']);
  world.wire.bytes(whole);
  await world.settle();
  assert.deepEqual([moved, client.state, room.over.code], [[other, room.id], 'up', 'Moved']);
});

test('a leave that crosses a move gives up the new seat', async () => {
  const { world, client, room } = await seated();
  world.wire.end();
  const left = room.leave();
  await world.pass(1000);
  world.wire.welcome();
  await world.settle();
  world.wire.said();
  world.wire.say({ type: 'Moved', from: room.id, joined: joinedOf({ id: 0, room: '0000000000002' }) });
  await left;
  await world.settle();
  assert.deepEqual(world.wire.said().map(({ type }) => type).filter((type) => type !== 'List'), ['Arrived', 'Ack', 'Leave']);
  world.wire.say({ type: 'Left' });
  assert.deepEqual([client.room, client.state], [null, 'up']);
});
