/** The way in. */

import { Client } from './client.js';
import { Misuse } from './error.js';
import { PLATFORM } from './platform.js';
import { Session } from './session.js';

/** Times in milliseconds. */
const DEFAULTS = {
  /** A secret that says who this is, where the server wants to know. */
  token: null,
  /** What the person is called, and whatever else there is to say: `{ name, data }`. */
  profile: {},
  /** What `greenroom schema --game …` prints of the games, or a function of a name that has it. */
  games: null,
  /** For how many ticks ahead inputs are sent: `'auto'`, or a number. */
  lead: 'auto',
  /** For what is asked, and for each attempt to connect. */
  timeout: 10_000,
  /** A server that says nothing for so long is asked whether it is there. */
  silence: 15_000,
  /** For how long the client tries to come back when the connection breaks; 0: it does not. */
  reconnect: 600_000,
  platform: PLATFORM,
};

/**
 * Connects to `wss://host:port`. Returns a `Client` once the server has said welcome; what goes
 * wrong before is an error: `Closed` or `TimedOut`.
 */
export async function connect(url, options = {}) {
  const other = Object.keys(options).find((name) => !Object.hasOwn(DEFAULTS, name));
  if (other !== undefined) {
    throw new Misuse('BadOption', `connect() has no option ${other}: it has ${Object.keys(DEFAULTS).join(', ')}`);
  }
  const address = addressOf(url);
  const all = { ...DEFAULTS, ...options };
  all.games ??= (name) => describe(all.platform, address, name);
  const session = new Session(address.href, all);
  await session.connection.open();
  return new Client(session);
}

function addressOf(url) {
  let address;
  try {
    address = new URL(url);
  } catch {
    address = null;
  }
  if (!['wss:', 'ws:'].includes(address?.protocol)) {
    throw new Misuse('BadUrl', `${url} is not an address to connect to: it looks like wss://host:port`);
  }
  if (address.pathname === '/') address.pathname = '/ws';
  return address;
}

/** What the server says of a game's messages. */
async function describe(platform, address, game) {
  const from = new URL(`schema/${encodeURIComponent(game)}`, address);
  from.protocol = address.protocol === 'wss:' ? 'https:' : 'http:';
  const response = await platform.fetch(from.href);
  return response.ok ? response.json() : null;
}
