/** Where a client wants a seat, as a message says it. */

import { Malformed } from './error.js';

/** A JSON text for the server; an empty one says nothing. */
export const json = (value) => (value == null || Object.keys(value).length === 0 ? '' : JSON.stringify(value));

/** Whether no more is to be said of a new room than its options. */
export const isPlain = ({ seats, visibility, meta } = {}) => [seats, visibility, meta].every((each) => each === undefined);

const to = (type) => (game, options) => ({ type, game, options: json(options) });

export const toCreate = to('Create');
export const toJoin = to('Open');
export const toJoinOrCreate = to('OpenOrCreate');

/** The value of a JSON text of the server's; an empty one is `null`. */
export function jsonOf(text) {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    throw new Malformed('a text is not JSON');
  }
}
