import assert from 'node:assert/strict';
import { test } from 'node:test';

import { client } from './support/games.mjs';
import { next, proxy, serve, until } from './support/server.mjs';

test('a match and a board game on one connection, which is cut', async (t) => {
  const { port } = await serve(t);
  const between = await proxy(t, port);
  const [ada, bob] = [await client(t, between.port, 'Ada'), await client(t, port, 'Bob')];
  const match = await ada.create('arena', { time_limit_secs: 600 });
  const beside = ada.beside(2);
  const game = await beside.create('connect4', { turn_secs: 600 });
  await assert.rejects(ada.beside(1).create('arena', {}), { name: 'Refused', code: 'NotBeside' });
  const started = next(game, 'event');
  const other = await bob.joinById(game.id);
  const [{ Started: { first } }] = await started;
  const flies = async () => {
    const { number } = match.input({ thrust: true, turn: 1, fire: false, view_age_ms: 0 });
    await until('the match has applied an input', () => match.inputApplied >= number);
  };
  let turn = first;
  let moves = 0;
  const drop = async () => {
    const mover = turn === game.player ? game : other;
    assert.ok((await mover.request({ Drop: { column: moves } })).Ok);
    moves += 1;
    await until('both see the disc', () => [game, other].every(({ state }) => state.moves === moves));
    turn = turn === game.player ? other.player : game.player;
  };
  await Promise.all([flies(), drop()]);
  const back = [next(match, 'resume'), next(game, 'resume')];
  between.cut();
  const asked = Promise.all([flies(), drop()]);
  for (const [{ eventsLost }] of await Promise.all(back)) assert.equal(eventsLost, false);
  await asked;
  await Promise.all([flies(), drop()]);
  await match.leave();
  assert.deepEqual([ada.room, beside.room, game.over], [null, game, null]);
  await drop();
  // Another connection takes the seat in the game; this one goes on.
  const token = game.token;
  await ada.create('arena', {});
  const over = next(game, 'close');
  const again = await bob.beside(1).resume(token);
  assert.deepEqual([again.id, again.player], [game.id, game.player]);
  const [why] = await over;
  assert.deepEqual([why.name, why.code, beside.room, ada.state], ['Closed', 4008, null, 'up']);
  await until('the match goes on', () => ada.room.tick > 10);
});
