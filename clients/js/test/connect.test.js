import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from '../src/index.js';
import { CONTROL, PROTOCOL_VERSION } from '../src/protocol.js';
import { frameOf, greeted, joinedOf, seated, shapes, whole } from './support/play.mjs';
import { World } from './support/world.mjs';

test('a client says hello and waits for the welcome', async () => {
  const { world, client, hello } = await greeted({ token: 'secret' });
  assert.deepEqual([world.wire.url, world.wire.protocol], ['wss://host:1/ws', 'greenroom.v1']);
  assert.deepEqual([hello.token, hello.protocol], ['secret', PROTOCOL_VERSION]);
  assert.deepEqual([client.server, client.games, client.state], ['test/1', ['game'], 'up']);
});

test('what goes wrong before the welcome is an error that says what to do next', async () => {
  const fails = async (act) => {
    const world = new World();
    const coming = connect('ws://host', { platform: world });
    await act(world);
    const error = await coming.then(() => assert.fail('connected'), (reason) => reason);
    assert.equal(world.wakes.size, 0);
    return [error.name, error.code, error.then];
  };
  assert.deepEqual(await fails(({ wire }) => { wire.open(); wire.end(4004, 'no'); }), ['Closed', 4004, 'stop']);
  assert.deepEqual(await fails(({ wire }) => wire.end(1006)), ['Closed', 1006, 'back-off']);
  assert.deepEqual(await fails((world) => world.pass(10_000)), ['TimedOut', 'TimedOut', undefined]);
  assert.deepEqual(await fails(({ wire }) => { wire.open(); wire.say({ type: 'Left' }); }), ['Closed', 4001, 'stop']);
  await assert.rejects(connect('http://host'), { code: 'BadUrl' });
  await assert.rejects(connect('ws://host', { tokn: '' }), { code: 'BadOption', message: /has no option tokn/ });
});

test('a connection that breaks is opened again after pauses that double, to a second, later to ten', async () => {
  const { world, client } = await greeted();
  await world.pass(6000);
  world.wire.end();
  const pauses = [];
  const until = world.time + 80_000;
  let last = world.time;
  let count = world.sockets.length;
  while (world.time < until) {
    await world.pass(10);
    if (world.sockets.length === count) continue;
    count = world.sockets.length;
    pauses.push(world.time - last);
    last = world.time;
    world.wire.end();
  }
  assert.deepEqual(pauses.slice(0, 5), [250, 500, 1000, 1000, 1000]);
  assert.equal(pauses.at(-1), 10_000);
  assert.equal(client.state, 'broken');
  world.share = 0;
});

test('the window of a server that stops spreads its clients, the first attempt', async () => {
  const { world } = await greeted();
  world.share = 0.5;
  world.wire.say({ type: 'Closing', code: 4200, retry_after_ms: 8000 });
  world.wire.end(4200);
  await world.pass(3990);
  assert.equal(world.sockets.length, 1);
  await world.pass(10);
  assert.equal(world.sockets.length, 2);
});

test('close codes that say so are the end', async () => {
  for (const code of [4000, 4008, 4009, 1002]) {
    const { world, client } = await greeted();
    const ends = [];
    client.on('close', (closed) => ends.push([closed.code, closed.by, closed.then]));
    world.wire.end(code);
    await world.pass(60_000);
    assert.deepEqual(ends, [[code, 'server', 'stop']]);
    assert.deepEqual([client.state, world.sockets.length, world.wakes.size], ['closed', 1, 0]);
    await assert.rejects(client.list('game'), { code });
  }
});

test('a page that is seen again tries at once, and asks a silent server', async () => {
  const { world, client } = await greeted();
  await world.pass(6000);
  world.wire.end();
  await world.pass(250);
  world.wire.end();
  await world.pass(1);
  await world.wake();
  assert.equal(world.sockets.length, 3);
  world.wire.welcome();
  await world.settle();
  assert.equal(client.state, 'up');
  world.wire.said();
  await world.pass(5000);
  await world.wake();
  assert.equal(world.wire.said()[0].type, 'List');
  // Nothing comes.
  await world.pass(3000);
  assert.equal(client.state, 'broken');
});

test('a server that says nothing is asked, and left if it does not answer', async () => {
  const { world, client } = await greeted();
  await world.pass(15_000);
  const [ping] = world.wire.said();
  world.wire.say({ type: 'Refused', id: ping.id, why: 'UnknownGame', text: '' });
  await world.pass(29_000);
  assert.equal(client.state, 'up');
  await world.pass(2000);
  assert.equal(client.state, 'broken');
  // No code: the server holds what it has for the client.
  assert.deepEqual(world.sockets[0].closed, { code: undefined, reason: undefined });
});

test('what a newer server says is reported, and the client goes on', async () => {
  const { world, client, room } = await seated();
  const errors = [];
  client.on('error', (error) => errors.push(error.message));
  world.wire.bytes(Uint8Array.of(CONTROL, 200, 1, 2, 3));
  assert.match(errors[0], /message 200.*update the client/);
  const asked = room.request('Pass');
  await world.settle();
  const [{ id }] = world.wire.said();
  // A refusal that came later.
  world.wire.bytes(Uint8Array.of(CONTROL, 2, id, 99, 1, 0x78));
  await assert.rejects(asked, { name: 'Refused', code: 'Unknown99', text: 'x' });
  assert.equal(client.state, 'up');
});

test('nonsense ends the connection with 4000', async () => {
  for (const bytes of [Uint8Array.of(), Uint8Array.of(9), Uint8Array.of(CONTROL, 0), Uint8Array.of(2, 0)]) {
    const { world, client } = await seated();
    world.wire.bytes(bytes);
    assert.equal(world.wire.closed.code, 4000);
    assert.equal(client.state, 'closed');
  }
});

test('an error in a function of the game does not stop the rest', async () => {
  const { world, room } = await seated();
  const ticks = [];
  room.on('frame', () => { throw new Error('game'); });
  room.on('frame', (state, tick) => ticks.push(tick));
  world.wire.bytes(frameOf(1));
  assert.equal(ticks.length, 1);
  assert.equal(world.errors[0].message, 'game');
  assert.throws(() => room.on('farme', () => {}), /nothing is called farme here/);
});

test('closing gives the seat up', async () => {
  const { world, client, room } = await seated();
  const closed = [];
  room.on('close', (why) => closed.push(why.code));
  client.close();
  assert.equal(world.wire.closed.code, 1000);
  assert.deepEqual([closed, client.state, client.room], [[1000], 'closed', null]);
  await world.pass(60_000);
  assert.deepEqual([world.timers.size, world.sockets.length], [0, 1]);
});

test('a schema of another version than the server has is reported', async () => {
  const { world, client } = await greeted({ games: [{ ...shapes, hash: 'ff' }] });
  const errors = [];
  client.on('error', (error) => errors.push(error.code));
  const coming = client.join('game');
  await world.settle();
  world.wire.say(joinedOf({ id: world.wire.said()[0].id }));
  world.wire.bytes(whole);
  await coming;
  assert.deepEqual(errors, ['OtherSchema']);
});
