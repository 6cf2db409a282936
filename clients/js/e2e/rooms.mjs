import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from '../src/index.js';
import { client } from './support/games.mjs';
import { next, serve, until } from './support/server.mjs';

test('connect4 is played by requests', async (t) => {
  const { port } = await serve(t);
  const [ada, bob] = [await client(t, port, 'Ada'), await client(t, port, 'Bob')];
  const first = await ada.create('connect4', { turn_secs: 60 });
  await assert.rejects(first.request({ Drop: { column: 300 } }), /Drop\.column must be a whole number from 0 to 255/);
  assert.deepEqual(await first.request({ Drop: { column: 3 } }), { Err: 'NotStarted' });
  const started = next(first, 'event');
  const second = await bob.joinById(first.id);
  const [event] = await started;
  const rooms = event.Started.first === first.player ? [first, second] : [second, first];
  const dropped = next(rooms[1], 'event', ({ Dropped }) => Dropped !== undefined);
  assert.deepEqual(await rooms[0].request({ Drop: { column: 3 } }), { Ok: { row: 0, column: 3 } });
  assert.deepEqual(await rooms[0].request({ Drop: { column: 3 } }), { Err: 'NotYourTurn' });
  assert.deepEqual((await dropped)[0], { Dropped: { player: rooms[0].player, row: 0, column: 3 } });
  await until('both see the disc', () => rooms.every(({ state }) => state.moves === 1));
  assert.deepEqual(first.state, second.state);
  assert.equal(first.state.board.cells[0][3], 1);
  const ends = rooms.map((room) => next(room, 'end'));
  // Four in column 3 for whoever began.
  for (let turn = 0; turn < 3; turn += 1) {
    assert.ok((await rooms[1].request({ Drop: { column: 0 } })).Ok);
    assert.ok((await rooms[0].request({ Drop: { column: 3 } })).Ok);
  }
  for (const [result] of await Promise.all(ends)) {
    assert.deepEqual([result.winner, result.reason], [rooms[0].player, 'four']);
  }
  assert.deepEqual([ada.room, bob.room, ada.state], [null, null, 'up']);
});

test('rooms are found, watched, reserved, matched and private', async (t) => {
  const { port } = await serve(t);
  const [ada, bob] = [await client(t, port, 'Ada'), await client(t, port, 'Bob')];
  const { rooms, stop } = await bob.watch({ game: 'arena', where: { 'meta.map': 'dust' } });
  const room = await ada.create('arena', {}, { meta: { map: 'dust', level: 3 }, seats: 4 });
  await until('the room is watched', () => rooms.get(room.id)?.players === 1);
  assert.deepEqual(rooms.get(room.id).meta, { map: 'dust', level: 3 });
  const found = await bob.find({ game: 'arena', where: { 'meta.level': { from: 2, to: 4 }, free: { from: 1 } }, sort: '-players' });
  assert.deepEqual([found.rooms.map(({ room: id }) => id), found.next], [[room.id], null]);
  assert.equal((await bob.list('arena'))[0].room, room.id);
  const { codes } = await bob.reserve({ room: room.id }, 2);
  assert.equal(codes.length, 2);
  const second = await bob.joinReserved(codes[0]);
  bob.unreserve(codes[1]);
  await second.leave();
  const matched = await bob.match({ game: 'arena', where: { 'meta.map': 'dust' } });
  assert.equal(matched.id, room.id);
  await matched.leave();
  await until('the seats are free again', () => rooms.get(room.id).players === 1);
  await room.leave();
  stop();
  const hidden = await ada.create('arena', {}, { visibility: 'private' });
  await until('the code is told', () => hidden.code !== null);
  const friend = await bob.joinByCode(hidden.code.toLowerCase());
  assert.equal(friend.id, hidden.id);
  await assert.rejects((await client(t, port, 'Eve')).joinByCode('AAAAAAAA'), { name: 'Refused', code: 'BadCode' });
});

test('a program that is started anew has its seat again', async (t) => {
  const { port } = await serve(t);
  const ada = await client(t, port, 'Ada');
  const room = await ada.create('arena', {});
  const { token, player, id } = room;
  const closed = next(ada, 'close');
  const anew = await client(t, port, 'Ada');
  const again = await anew.resume(token);
  assert.deepEqual([again.player, again.id], [player, id]);
  assert.equal((await closed)[0].code, 4008);
  assert.equal(ada.state, 'closed');
});

test('a server that is not there is an error that can be shown', async (t) => {
  const { port, kill } = await serve(t);
  await kill('SIGTERM');
  await assert.rejects(connect(`wss://127.0.0.1:${port}`), { name: 'Closed', code: 1006, then: 'back-off' });
});

test('cards: lists, maps, what only its owner sees, and messages with structs in enums', async (t) => {
  const { port } = await serve(t);
  const [ada, bob] = [await client(t, port, 'Ada'), await client(t, port, 'Bob')];
  const one = await ada.create('cards', { players: 2, deals: 1, turn_secs: 60 });
  const two = await bob.joinById(one.id);
  const isCard = ({ suit, rank }) => ['Clubs', 'Diamonds', 'Hearts', 'Spades'].includes(suit) && Number.isInteger(rank);
  await until('cards are dealt', () => [one, two].every(({ state }) => state.turn.Playing !== undefined && state.pile.length > 0));
  for (const { state, player } of [one, two]) {
    assert.ok(state.pile.every(isCard));
    assert.ok(state.points instanceof Map && state.chat instanceof Map);
    assert.equal(state.players.size, 2);
    for (const seat of state.players.values()) {
      const mine = seat.player === player;
      assert.equal(seat.hand.length, mine ? seat.cards : 0, 'hands of others are empty');
      assert.ok(seat.hand.every(isCard));
    }
  }
  assert.equal(await one.request({ SetName: { name: 'Ada' } }), 'Ok');
  assert.equal(await one.request({ Say: { text: 'grüß dich' } }), 'Ok');
  await until('Bob reads it', () => [...two.state.chat.values()].some(({ text, name }) => text === 'grüß dich' && name === 'Ada'));
  const now = one.state.turn.Playing.player === one.player ? one : two;
  const hand = () => [...now.state.players.values()].find(({ player }) => player === now.player).hand;
  const before = hand().length;
  const reply = await now.request({ Play: { card: hand()[0] } });
  assert.ok(reply === 'Ok' || reply.Err === 'DoesNotFit', JSON.stringify(reply));
  if (reply === 'Ok') await until('the card is gone', () => hand().length === before - 1);
  else assert.equal(await now.request('Draw'), 'Ok');
  await assert.rejects(now.request({ Play: { card: { suit: 'Stars', rank: 1 } } }), /Play\.card\.suit must be "Clubs" or/);
});
