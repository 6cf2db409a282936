/** Clients of the games that come with the server. */

import { execFileSync } from 'node:child_process';

import { connect } from '../../src/index.js';

const known = new Map();

/** What `greenroom schema` prints of a game. */
export function schemaOf(game) {
  if (!known.has(game)) {
    known.set(game, JSON.parse(execFileSync(process.env.GREENROOM_BIN, ['schema', '--game', game], { encoding: 'utf8' })));
  }
  return known.get(game);
}

/** A client that is closed when the test is over. */
export async function client(test, port, name, options = {}) {
  const games = async (game) => schemaOf(game);
  const made = await connect(`wss://127.0.0.1:${port}`, { profile: { name }, games, ...options });
  test.after(() => made.close());
  return made;
}
