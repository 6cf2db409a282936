import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ROOM, firstTick, frameOf, greeted, joinedOf, seated, whole } from './support/play.mjs';

/** What `act` makes the client say. Its promise is left alone. */
async function saying(act, options) {
  const { world, client } = await greeted(options);
  act(client).catch(() => {});
  await world.settle();
  const said = world.wire.said();
  client.close();
  return said;
}

test('each way into a room is said as the protocol says', async () => {
  const to = async (act) => (await saying(act))[0].to;
  const place = { game: 'game', options: '{"map":"dust"}' };
  assert.deepEqual(await to((client) => client.create('game', { map: 'dust' })), { type: 'Create', ...place });
  assert.deepEqual(await to((client) => client.join('game', { map: 'dust' })), { type: 'Open', ...place });
  assert.deepEqual(await to((client) => client.joinOrCreate('game')), { type: 'OpenOrCreate', game: 'game', options: '' });
  assert.deepEqual(await to((client) => client.joinById(ROOM)), { type: 'Room', room: ROOM });
  assert.deepEqual(await to((client) => client.joinByCode('AB-12')), { type: 'Code', code: 'AB-12' });
  assert.deepEqual(await to((client) => client.joinReserved('X')), { type: 'Reserved', code: 'X' });
  assert.deepEqual(await to((client) => client.wait(ROOM)), { type: 'Wait', room: ROOM });
  const how = { seats: 4, visibility: 'private', meta: { map: 'dust', level: 3, ranked: true } };
  assert.deepEqual(await to((client) => client.create('game', { map: 'dust' }, how)), {
    type: 'New',
    game: 'game',
    room: {
      options: '{"map":"dust"}',
      seats: 4,
      visibility: 'Private',
      metadata: [
        { key: 'map', value: { type: 'Text', value: 'dust' } },
        { key: 'level', value: { type: 'Int', value: 3n } },
        { key: 'ranked', value: { type: 'Bool', value: true } },
      ],
    },
  });
  const query = {
    game: 'game',
    where: {
      'meta.map': 'dust', free: { from: 1 }, 'meta.mode': { oneOf: ['a', 'b'] }, age: { to: 60 }, 'meta.x': { not: 1 }, 'meta.y': { startsWith: 'q' },
    },
    sort: '-players',
  };
  const match = await to((client) => client.match(query, { orCreate: { options: {}, meta: { map: 'dust' } } }));
  assert.deepEqual(match.query.conditions.map(({ test }) => test.type), ['Is', 'Between', 'OneOf', 'Between', 'Not', 'StartsWith']);
  assert.deepEqual(match.query.conditions[1], { fact: { type: 'Free' }, test: { type: 'Between', from: 1n, to: 2n ** 63n - 1n } });
  assert.deepEqual(match.query.sort, { by: { type: 'Players' }, descending: true });
  assert.equal(match.or_create.metadata.length, 1);
});

test('a profile is that of the connection, or of the join', async () => {
  const options = { profile: { name: 'Ada', data: { hat: 1 } } };
  const [one] = await saying((client) => client.join('game'), options);
  assert.deepEqual(one.profile, { name: 'Ada', data: '{"hat":1}' });
  const [other] = await saying((client) => client.join('game', {}, { profile: { name: 'Bob' } }), options);
  assert.deepEqual(other.profile, { name: 'Bob', data: '' });
});

test('what cannot be asked is an error that says what can', async () => {
  const { client } = await greeted();
  await assert.rejects(client.find({ game: 'game', where: { size: 1 } }), { code: 'BadQuery', message: /a room has no size/ });
  await assert.rejects(client.find({ game: 'game', where: { free: {} } }), { code: 'BadQuery' });
  await assert.rejects(client.create('game', {}, { visibility: 'secret' }), /listed, unlisted or private/);
  await assert.rejects(client.create('game', {}, { meta: { x: 1.5 } }), { code: 'BadQuery' });
  await assert.rejects(client.reserve({ how: 'steal', game: 'game' }, 1), { code: 'BadTarget' });
});

test('a refusal is an error with its code', async () => {
  const { world, client } = await greeted();
  const coming = client.joinById(ROOM);
  await world.settle();
  world.wire.say({ type: 'Refused', id: 1, why: 'RoomFull', text: 'no seat is free' });
  await assert.rejects(coming, { name: 'Refused', code: 'RoomFull', text: 'no seat is free', message: /client\.wait/ });
  assert.equal(client.room, null);
});

test('a room is there once its state is; what happened before is told after', async () => {
  const { world, client } = await greeted();
  let room = null;
  client.joinOrCreate('game').then((joined) => {
    room = joined;
    room.on('event', (event, { tick, number }) => told.push([event, tick - firstTick, number]));
    room.on('add', 'ships', (ship, slot) => ships.set(slot, ship));
  });
  const told = [];
  const ships = new Map();
  await world.settle();
  world.wire.say(joinedOf({ id: 1 }));
  world.wire.say({ type: 'RoomCode', room: ROOM, code: 'ABCD1234' });
  await world.settle();
  assert.equal(room, null);
  world.wire.bytes(whole);
  world.wire.bytes(frameOf(1, { events: ['early'] }));
  await world.pass(0);
  assert.deepEqual([room.id, room.game, room.player, room.code, room.tickHz], [ROOM, 'game', 3, 'ABCD1234', 20]);
  assert.deepEqual(told, [['early', 1, 1]]);
  assert.deepEqual(ships, room.state.ships);
  assert.ok(ships.size > 0);
  const [slot] = ships.keys();
  assert.equal(room.entityId('ships', slot).slot, slot);
  assert.equal(room.entityId('ships', 60_000), null);
  await assert.rejects(client.join('game'), { code: 'AlreadySeated' });
});

test('of a state that turned out wrong a new one is asked for, and events wait for it', async () => {
  const { world, room } = await seated();
  const told = [];
  room.on('event', (event) => told.push(event));
  room.on('frame', (state, tick, isWhole) => told.push(isWhole));
  const wrong = frameOf(1, { events: ['a'] });
  // Bits that say nothing.
  wrong.fill(0xff, wrong.length - 1);
  world.wire.bytes(wrong);
  assert.deepEqual(world.wire.said(), [{ type: 'Resync' }]);
  world.wire.bytes(frameOf(2, { number: 2, events: ['b'] }));
  assert.deepEqual([world.wire.said(), told], [[], []]);
  world.wire.bytes(whole);
  assert.deepEqual(told, [true, 'a', 'b']);
  assert.equal(room.stats.desyncs, 1);
});

test('requests are answered, refused, or late', async () => {
  const { world, room } = await seated();
  const asked = [room.request('Pass'), room.request({ Buy: { item: 2 } }), room.request('Pass', { timeout: 500 })];
  const [ok, no, late] = asked.map((each) => each.then((value) => value, ({ code }) => code));
  await world.settle();
  const said = world.wire.said();
  assert.deepEqual(said.map(({ body }) => [...body]), [[1], [0, 2], [1]]);
  world.wire.say({ type: 'Reply', id: said[0].id, body: Uint8Array.of(5) });
  world.wire.say({ type: 'Refused', id: said[1].id, why: 'Busy', text: '' });
  await world.pass(500);
  assert.deepEqual(await Promise.all([ok, no, late]), [5, 'Busy', 'TimedOut']);
  await assert.rejects(room.request('Sell'), { code: 'BadValue' });
  const many = Array.from({ length: 64 }, () => room.request('Pass').catch(() => {}));
  await assert.rejects(room.request('Pass'), { code: 'Busy' });
  assert.equal(many.length, 64);
});

test('a match that ends says its result; a room that was left nothing', async () => {
  const { world, client, room } = await seated();
  const told = [];
  room.on('end', (result) => told.push(result));
  room.on('close', (why) => told.push(why));
  world.wire.say({ type: 'Ended', result: '{"winner":1}' });
  assert.deepEqual([told, client.room], [[{ winner: 1 }, null], null]);
  const { world: other, client: player, room: second } = await seated();
  const left = second.leave();
  assert.equal(second.leave(), left);
  assert.deepEqual(other.wire.said(), [{ type: 'Leave' }]);
  other.wire.say({ type: 'Left' });
  await left;
  assert.deepEqual([player.room, player.state], [null, 'up']);
});

test('a seat that nobody waits for any more is given back', async () => {
  const { world, client } = await greeted();
  const late = client.join('game', {}, { timeout: 100 });
  late.catch(() => {});
  await world.pass(100);
  await assert.rejects(late, { code: 'TimedOut' });
  const coming = client.join('game');
  await world.settle();
  world.wire.said();
  world.wire.say(joinedOf({ id: 1 }));
  assert.deepEqual(world.wire.said(), [{ type: 'Leave' }]);
  world.wire.say({ type: 'Left' });
  world.wire.say(joinedOf({ id: 2 }));
  world.wire.bytes(whole);
  const room = await coming;
  assert.deepEqual([client.room, room.over], [room, null]);
});

test('who waits for a seat hears of the place, and may go', async () => {
  const { world, client } = await greeted();
  const places = [];
  const coming = client.wait(ROOM, { onPlace: (place) => places.push(place) });
  await world.settle();
  world.wire.said();
  for (const place of [2, 1]) world.wire.say({ type: 'Waiting', id: 1, place });
  world.wire.say(joinedOf({ id: 1 }));
  world.wire.bytes(whole);
  const room = await coming;
  assert.deepEqual(places, [2, 1]);
  room.leave();
  world.wire.say({ type: 'Left' });
  world.wire.said();
  const controller = new AbortController();
  const other = client.wait(ROOM, { signal: controller.signal });
  other.catch(() => {});
  await world.settle();
  const { id } = world.wire.said().find(({ type }) => type === 'Join');
  world.wire.say({ type: 'Waiting', id, place: 9 });
  controller.abort();
  await assert.rejects(other, { name: 'AbortError' });
  assert.deepEqual(world.wire.said(), [{ type: 'Leave' }]);
  // It had come through just before.
  world.wire.say(joinedOf({ id }));
  world.wire.say({ type: 'Left' });
  await world.settle();
  assert.deepEqual([world.wire.said(), client.room], [[], null]);
});

test('the people of a room', async () => {
  const { world, room } = await seated();
  const told = [];
  room.on('roster', (changes) => told.push(changes.map(({ what, person }) => `${person.name} ${what}`)));
  const person = (player, name, connected = true) => ({ player, account: '', profile: { name, data: '' }, connected });
  const say = (more) => world.wire.say({ type: 'Roster', anew: false, more: false, people: [], gone: [], spectators: 0, ...more });
  say({ anew: true, people: [person(1, 'Ada'), person(2, 'Bob')] });
  say({ anew: true, people: [person(1, 'Ada'), person(2, 'Bob')] });
  say({ people: [person(2, 'Bob', false)], spectators: 4 });
  assert.equal(room.spectators, 4);
  say({ anew: true, more: true, people: [person(2, 'Bob')] });
  assert.equal(room.roster.size, 2, 'not half of it');
  say({ people: [person(3, 'Cyd')] });
  assert.deepEqual(told, [['Ada joined', 'Bob joined'], ['Bob dropped'], ['Ada left', 'Bob resumed', 'Cyd joined']]);
  assert.deepEqual([...room.roster.keys()], [2, 3]);
});

const entry = (room, players) => ({
  room, players, players_max: 8, free: 8 - players, locked: false, age_secs: 1, options: '{"map":"dust"}', metadata: [{ key: 'level', value: { type: 'Int', value: 7n } }],
});

test('rooms are found page by page', async () => {
  const { world, client } = await greeted();
  const coming = client.find({ game: 'game', limit: 1 });
  await world.settle();
  world.wire.say({ type: 'Found', id: 1, rooms: [entry(ROOM, 2)], next: Uint8Array.of(1) });
  const { rooms, next } = await coming;
  assert.deepEqual(rooms, [{ room: ROOM, players: 2, playersMax: 8, free: 6, locked: false, ageSecs: 1, options: { map: 'dust' }, meta: { level: 7 } }]);
  client.find({ game: 'game', limit: 1, cursor: next });
  await world.settle();
  assert.deepEqual(world.wire.said().at(-1).query.cursor, Uint8Array.of(1));
});

test('rooms that are watched are kept up to date, also when the connection comes back', async () => {
  const { world, client } = await greeted();
  const told = [];
  const coming = client.watch({ game: 'game' }, (rooms, { added, changed, removed }) => {
    told.push([rooms.size, added.length, changed.length, removed.length]);
  });
  await world.settle();
  const [one, two, three] = ['1', '2', '3'].map((last) => `000000000000${last}`);
  const say = (id, added, changed, removed) => world.wire.say({ type: 'Watched', id, added, changed, removed });
  say(1, [entry(one, 1), entry(two, 1)], [], []);
  const { rooms, stop } = await coming;
  say(1, [], [entry(one, 2)], [two]);
  assert.equal(rooms.get(one).players, 2);
  world.wire.end();
  await world.pass(1000);
  world.wire.welcome();
  await world.settle();
  const [, { type, id }] = world.wire.said();
  assert.equal(type, 'Watch');
  say(id, [entry(one, 3), entry(three, 1)], [], []);
  assert.deepEqual(told, [[2, 2, 0, 0], [1, 0, 1, 1], [2, 1, 1, 0]]);
  stop();
  assert.deepEqual(world.wire.said(), [{ type: 'Unwatch', id }]);
});

test('a watch that was not answered when the connection broke is asked for once', async () => {
  const { world, client } = await greeted();
  const coming = client.watch({ game: 'game' });
  await world.settle();
  world.wire.end();
  await world.pass(1000);
  world.wire.welcome();
  await world.settle();
  const watches = world.wire.said().filter(({ type }) => type === 'Watch');
  assert.equal(watches.length, 1);
  world.wire.say({ type: 'Watched', id: watches[0].id, added: [entry(ROOM, 1)], changed: [], removed: [] });
  assert.equal((await coming).rooms.size, 1);
});

test('seats are kept for friends', async () => {
  const { world, client } = await greeted();
  const coming = client.reserve({ game: 'game', options: { map: 'dust' } }, 2);
  await world.settle();
  const [said] = world.wire.said();
  assert.deepEqual([said.type, said.to.type, said.seats], ['Reserve', 'OpenOrCreate', 2]);
  world.wire.say({ type: 'Reserved', id: said.id, room: ROOM, codes: ['A', 'B'], expires_ms: 30_000 });
  assert.deepEqual(await coming, { room: ROOM, codes: ['A', 'B'], expiresMs: 30_000 });
  client.unreserve('B');
  assert.deepEqual(world.wire.said(), [{ type: 'Unreserve', code: 'B' }]);
});

test('who looks on has no say, and looks on anew when the connection comes back', async () => {
  const { world, client } = await greeted();
  const coming = client.spectate(ROOM);
  await world.settle();
  const { id: _, player, token, hold_ms, inputs, requests, input_lead_ticks_max, type, ...place } = joinedOf();
  const spectating = (id, more) => ({ type: 'Spectating', id, delay_ms: 3000, ...place, ...more });
  world.wire.say(spectating(1, { events: 41 }));
  world.wire.bytes(whole);
  const room = await coming;
  await world.pass(0);
  assert.deepEqual([room.spectating, room.delayMs, room.token], [true, 3000, null]);
  assert.throws(() => room.input({ turn: 0, fire: false }), { code: 'Spectator' });
  await assert.rejects(room.request('Pass'), { code: 'Spectator' });
  const told = [];
  room.on('event', (event) => told.push(event));
  room.on('resume', ({ eventsLost }) => told.push(eventsLost));
  world.wire.bytes(frameOf(1, { number: 42, events: ['a'] }));
  world.wire.end();
  await world.pass(1000);
  world.wire.welcome();
  await world.settle();
  const again = world.wire.said().find((said) => said.type === 'Spectate');
  world.wire.say(spectating(again.id, { events: 60, schema: null }));
  world.wire.bytes(whole);
  world.wire.bytes(frameOf(1, { number: 61, events: ['b'] }));
  assert.deepEqual(told, ['a', true, 'b']);
  room.leave();
  assert.equal(world.wire.said().at(-1).type, 'Leave');
  world.wire.say({ type: 'Left' });
  assert.equal(client.room, null);
});

test('what the operator says', async () => {
  const { world, client } = await seated();
  const told = [];
  client.on('notice', (text) => told.push(text));
  world.wire.say({ type: 'Notice', text: 'soon' });
  assert.deepEqual(told, ['soon']);
});

test('a player whom the game moves goes on in the other room', async () => {
  const { world, client, room } = await seated();
  const told = [];
  room.on('close', ({ code }) => told.push(code));
  client.on('move', (next, before) => {
    told.push([next.id, before === room]);
    next.on('event', (event) => told.push(event));
  });
  const asked = assert.rejects(room.request('Pass'), { code: 'Moved' });
  await world.settle();
  const [{ id }] = world.wire.said();
  const other = '0000000000002';
  world.wire.say({ type: 'Moved', from: ROOM, joined: joinedOf({ id: 0, room: other, player: 9, requests: id }) });
  assert.deepEqual(world.wire.said()[0], { type: 'Arrived', room: other, player: 9 });
  await asked;
  assert.throws(() => room.input({ turn: 0, fire: false }), { code: 'NoSeat' });
  world.wire.bytes(whole);
  world.wire.bytes(frameOf(1, { events: ['there'] }));
  await world.pass(0);
  assert.deepEqual(told, ['Moved', [other, true], 'there']);
  assert.deepEqual([client.room.id, client.room.player], [other, 9]);
  client.room.input({ turn: 1, fire: false });
  assert.equal(world.wire.said().at(-1).type, 'Input');
});
