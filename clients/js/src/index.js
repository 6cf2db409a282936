/**
 * # The JavaScript client of Greenroom
 *
 * ```js
 * const client = await connect('wss://host:8443', { profile: { name: 'Ada' } });
 * const room = await client.joinOrCreate('arena', { time_limit_secs: 300 });
 * room.on('add', 'ships', (ship, slot) => draw(ship));
 * room.input({ thrust: true, turn: 1, fire: false, view_age_ms: 0 });
 * ```
 *
 * ## Parts, in the order in which data flows
 *
 * | module | what it is |
 * |---|---|
 * | `connect`, `platform` | the way in; what is needed of browser or Node, which tests replace |
 * | `socket` | one WebSocket, from its opening to its end |
 * | `greet`, `connection`, `pauses` | a connection that comes back: states, back-off, silence, waking up |
 * | `client`, `place` | what a game says about the server, and about rooms: one in each place |
 * | `session`, `channel`, `calls` | what goes on on a connection, on each of its channels; questions by number, and their answers |
 * | `seat`, `inputs`, `acks` | a seat without a socket and a clock: frames in, inputs out, what is acknowledged |
 * | `room`, `emitter` | what a game sees: state, events, inputs, requests |
 * | `live`, `form` | the state as plain values, kept up to date row by row; how, by the schema |
 * | `shape` | a game's messages from and to values |
 * | `target`, `roster`, `clock` | ways into rooms, people, time |
 * | `load`, `parts`, `finding` | rooms that are found and watched, seats that are kept: loaded when first asked for |
 * | `error`, `closed`, `close` | what can go wrong, and how connections end |
 * | `feel/` | what a game draws between frames: others, its own, and at which pace; by itself |
 * | `protocol` and the rest | messages, schemas and frames as the protocol has them |
 *
 * ## Rules
 *
 * - A room's `state` is what the server says, brought up to date frame by frame and never guessed.
 *   `add`, `change` and `remove` are told when all of a frame is there, then `frame`, then its events.
 * - What a game asks for and cannot have is an error at once, and its sentence says what to do.
 *   What a connection does to it is not: inputs and requests wait for the connection to be back,
 *   requests within their deadline, of inputs the newest.
 * - An error in a game's function is reported, and keeps nothing else from happening.
 * - What a newer server says and this client does not know is a client's `error` event: it goes on.
 *
 * ## What is bounded, and what happens there
 *
 * | what | bound | then |
 * |---|---|---|
 * | messages to the server | its limit a second, half of it for inputs | the newest input waits |
 * | bytes that the network does not take | 16 KiB, then 1 MiB | the newest input waits; questions are `Busy` |
 * | questions under way in each place, each kept until it is answered | 64 | `Busy` |
 * | events and replies of which the server is not told that they came | 64, 8 KiB or a second | it is told |
 * | events that come while the state is being sent anew | 8,192 | the connection ends |
 * | whole states in a row that turn out wrong | 8 | the connection ends |
 * | rows of a state | 16 MiB | the connection ends |
 * | messages of one room while the seat in another is asked for again | those of `timeout` | the next attempt |
 * | time to come back | as long as the seat is held, and `reconnect` | `close` |
 * | silence of the server | `silence`, then a question and as much again | the connection is broken |
 *
 * The protocol itself, for tools that need more of it: `greenroom-client/protocol`.
 */

export { connect } from './connect.js';
export { Closed, GreenroomError, Malformed, Misuse, Refused, TimedOut } from './error.js';
