import assert from 'node:assert/strict';
import { test } from 'node:test';

import { firstTick, frameOf, greeted, joinedOf, seated, whole } from './support/play.mjs';

const PARTY = '0000000000007';

/** A client with a seat in a match, and one in a party in the place with this number. */
async function both(number = 1, more = {}) {
  const { world, client, room } = await seated();
  const place = client.beside(number);
  const party = await enter(world, place, number, more);
  return { world, client, room, place, party };
}

async function enter(world, place, number, more = {}) {
  const coming = place.joinOrCreate('game');
  await world.settle();
  const { id, channel } = world.wire.said().find(({ type }) => type === 'Join');
  assert.equal(channel, number);
  world.wire.say(joinedOf({ id, room: PARTY, player: 9, token: Uint8Array.of(7, 7), ...more }), number);
  world.wire.bytes(whole, number);
  const room = await coming;
  await world.pass(0);
  world.wire.said();
  return room;
}

/** The connection breaks and is greeted again. Returns what the client says then. */
async function greetedAgain(world) {
  world.wire.end();
  await world.pass(1000);
  world.wire.welcome();
  await world.settle();
  return world.wire.said().slice(1);
}

test('each place has a room of its own, and what is said in one is nothing to the other', async () => {
  const { world, client, room, place, party } = await both(3);
  assert.deepEqual([client.room, place.room, client.beside(3)], [room, party, place]);
  assert.deepEqual([room.player, party.player, party.id], [3, 9, PARTY]);
  assert.notEqual(room.token, party.token);
  const told = [];
  room.on('event', (event) => told.push(['match', event]));
  party.on('event', (event) => told.push(['party', event]));
  party.on('chat', ({ text }) => told.push(['party', text]));
  world.wire.bytes(frameOf(1, { events: ['a'] }), 3);
  world.wire.bytes(frameOf(1, { events: ['b'] }));
  assert.deepEqual(told, [['party', 'a'], ['match', 'b']]);
  // Questions have numbers of their own.
  const asked = [room.request('Pass'), party.request('Pass')];
  await world.settle();
  const [one, two] = world.wire.said();
  assert.deepEqual([one.channel, two.channel], [undefined, 3]);
  world.wire.say({ type: 'Reply', id: two.id, body: Uint8Array.of(2) }, 3);
  world.wire.say({ type: 'Reply', id: one.id, body: Uint8Array.of(1) });
  assert.deepEqual(await Promise.all(asked), [1, 2]);
  party.input({ turn: 5, fire: false });
  room.input({ turn: 6, fire: false });
  const inputs = world.wire.said().filter(({ type }) => type === 'Input');
  assert.deepEqual(inputs.map(({ channel, body }) => [channel, body[0]]), [[3, 5], [undefined, 6]]);
  world.wire.say({ type: 'Roster', anew: true, more: false, people: [], gone: [], spectators: 4 }, 3);
  assert.deepEqual([room.spectators, party.spectators], [0, 4]);
});

test('inputs that must wait are kept one for each place', async () => {
  const { world, room, party } = await both();
  world.wire.bufferedAmount = 1 << 17;
  for (const turn of [1, 2]) for (const each of [room, party]) each.input({ turn, fire: false });
  assert.deepEqual(world.wire.said(), []);
  world.wire.bufferedAmount = 0;
  await world.pass(50);
  assert.deepEqual(world.wire.said().map(({ channel, body }) => [channel, body[0]]), [[undefined, 2], [1, 2]]);
  assert.deepEqual([room.stats.inputsReplaced, party.stats.inputsReplaced], [1, 1]);
});

test('a room is left and joined without the other one hearing of it', async () => {
  const { world, client, room, place, party } = await both();
  const left = party.leave();
  assert.deepEqual(world.wire.said(), [{ type: 'Leave', channel: 1 }]);
  world.wire.say({ type: 'Left' }, 1);
  await left;
  assert.deepEqual([place.room, client.room, room.over], [null, room, null]);
  await enter(world, place, 1);
  world.wire.say({ type: 'Ended', result: '1' });
  assert.deepEqual([client.room, place.room.over, client.state], [null, null, 'up']);
});

test('who is sent out of one room stays in the other', async () => {
  const { world, client, room, place, party } = await both();
  const told = [];
  room.on('close', (why) => told.push(why));
  world.wire.say({ type: 'Dismissed', code: 4006 });
  const [why] = told;
  assert.deepEqual([why.name, why.code, why.then, client.room, client.state], ['Closed', 4006, 'stop', null, 'up']);
  assert.equal(why.message, 'the server took the seat away (4006): Kicked');
  assert.throws(() => room.input({ turn: 0, fire: false }), { code: 'NoSeat' });
  world.wire.bytes(frameOf(1), 1);
  assert.deepEqual([place.room, party.tick], [party, firstTick + 1]);
});

test('on a new connection each seat comes back by itself', async () => {
  const { world, client, room, party } = await both(2);
  world.wire.bytes(frameOf(1, { events: ['a'] }), 2);
  const told = [];
  for (const [name, each] of [['match', room], ['party', party]]) {
    each.on('drop', (why, within) => told.push([name, within]));
    each.on('resume', () => told.push([name, 'resume']));
    each.on('event', (event) => told.push([name, event]));
  }
  const asked = party.request('Pass');
  asked.catch(() => {});
  await world.settle();
  world.wire.said();
  const [one, two] = await greetedAgain(world);
  assert.deepEqual([one, two].map(({ type, channel, token, events }) => [type, channel, [...token], events]), [
    ['Resume', undefined, [1, 2, 3], 0],
    ['Resume', 2, [7, 7], 1],
  ]);
  // What comes in one room before the other is back waits until it is.
  world.wire.say(joinedOf({ id: 0, events: 0, requests: 0 }));
  world.wire.bytes(frameOf(2, { events: ['b'] }));
  await world.settle();
  assert.deepEqual([client.state, world.wire.said().map(({ type }) => type)], ['broken', ['Ack']]);
  world.wire.say(joinedOf({ id: 0, room: PARTY, player: 9, tick: firstTick + 1, events: 1, requests: 0, token: Uint8Array.of(8) }), 2);
  await world.settle();
  const said = world.wire.said();
  assert.deepEqual(said.slice(0, 2).map(({ type, channel }) => [type, channel]), [['Ack', 2], ['Request', 2]]);
  world.wire.bytes(frameOf(3, { number: 2, events: ['c'] }), 2);
  assert.deepEqual(told, [
    ['match', 20_000], ['party', 20_000], ['match', 'resume'], ['party', 'resume'], ['match', 'b'], ['party', 'c'],
  ]);
  assert.deepEqual([client.state, room.tick, party.tick], ['up', firstTick + 2, firstTick + 3]);
  world.wire.say({ type: 'Reply', id: said[1].id, body: Uint8Array.of(3) }, 2);
  assert.equal(await asked, 3);
});

test('one seat is gone when the connection is back, and the other is there', async () => {
  const { world, client, room, place, party } = await both();
  await greetedAgain(world);
  world.wire.say({ type: 'Refused', id: 0, why: 'SeatGone', text: '' });
  world.wire.say(joinedOf({ id: 0, room: PARTY, player: 9 }), 1);
  await world.settle();
  assert.deepEqual([client.state, client.room, room.over.code], ['up', null, 'SeatGone']);
  assert.deepEqual([place.room, party.over], [party, null]);
});

test('a seat that is not held is over, and the client comes back for the one that is', async () => {
  const { world, client, room, place, party } = await both(1, { hold_ms: 0, token: new Uint8Array(0) });
  const said = await greetedAgain(world);
  assert.deepEqual(said.map(({ type, channel }) => [type, channel]), [['Resume', undefined]]);
  world.wire.say(joinedOf({ id: 0 }));
  await world.settle();
  assert.deepEqual([client.state, client.room, place.room, party.over.code], ['up', room, null, 1006]);
});

test('a player is moved in one place, and hears of it there', async () => {
  const { world, client, room, place, party } = await both();
  const moves = [];
  client.on('move', () => moves.push('match'));
  place.on('move', (next, before) => moves.push([next.id, before]));
  world.wire.say({ type: 'Moved', from: PARTY, joined: joinedOf({ id: 0, room: '0000000000008', player: 2 }) }, 1);
  world.wire.bytes(whole, 1);
  await world.pass(0);
  assert.deepEqual(moves, [['0000000000008', party]]);
  assert.deepEqual([client.room, place.room.player, party.over.code], [room, 2, 'Moved']);
  const [arrived] = world.wire.said();
  assert.deepEqual([arrived.type, arrived.channel], ['Arrived', 1]);
});

test('a place that is none, or taken, or for a game that is not played beside another', async () => {
  const { world, client, place } = await both();
  for (const number of [0, 4, -1, 1.5, '1', undefined]) {
    assert.throws(() => client.beside(number), { code: 'BadPlace', message: /there is 1 to 3, and the client itself/ });
  }
  await assert.rejects(place.join('game'), { code: 'AlreadySeated', message: /leave it first, or go beside it/ });
  assert.throws(() => place.on('drop', () => {}), /there is move, notice, ban/);
  const refused = client.beside(2).join('game');
  await world.settle();
  const { id } = world.wire.said().at(-1);
  world.wire.say({ type: 'Refused', id, why: 'NotBeside', text: 'leave the other' }, 2);
  await assert.rejects(refused, { code: 'NotBeside' });
});

test('what is no channel ends the connection', async () => {
  for (const message of [[4, 0, 0, 5], [4, 4, 0, 5], [4], [4, 1], [4, 1, 4, 1, 0, 5]]) {
    const { world, client } = await greeted();
    world.wire.bytes(Uint8Array.from(message));
    assert.deepEqual([client.state, client.closed.code], ['closed', 4000], `${message}`);
  }
});

test('when the connection is over so are all places', async () => {
  const { world, client, room, place, party } = await both();
  const asked = assert.rejects(party.request('Pass'), { code: 1000 });
  client.close();
  await asked;
  assert.deepEqual([room.over.code, party.over.code, place.room, world.wire.closed.code], [1000, 1000, null, 1000]);
  await assert.rejects(place.join('game'), { code: 1000 });
});
