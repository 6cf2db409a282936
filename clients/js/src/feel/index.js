/**
 * # How it feels to play: what a game draws between the room's frames
 *
 * ```js
 * import { Interpolator, Pace, Predictor } from 'greenroom-client/feel';
 *
 * const fields = { x: 'linear', y: 'linear', heading: 'angle' };
 * const others = new Interpolator({ fields });
 * const mine = new Predictor({ step, idle: NOTHING, fields, jump: 100 });
 * const pace = new Pace({ tickHz: room.tickHz });
 *
 * room.on('frame', (state, tick) => {
 *   others.push((tick * 1000) / room.tickHz, state.ships);
 *   mine.server(shipOf(state, room.player), tick, room.inputAppliedTick);
 *   pace.frame(tick, room.inputSlack, room.inputAppliedTick);
 * });
 *
 * function picture(now) {
 *   for (const tick of pace.due(now)) {
 *     room.input(keys(), tick);
 *     mine.input(keys(), tick);
 *   }
 *   draw(others.at(now), mine.state(now, pace.share, keys()));
 *   requestAnimationFrame(picture);
 * }
 * ```
 *
 * | what | why |
 * |---|---|
 * | `Interpolator` | others move smoothly, a little in the past, however irregularly frames come |
 * | `Predictor` | the player's own answers a key in the next picture, and goes over smoothly to what the room says |
 * | `Pace` | one input for each tick, which arrives in time for it and not much earlier |
 *
 * Times are in milliseconds of `performance.now()`, which is what `requestAnimationFrame` gives, and
 * may be given by a test. Nothing here knows of a socket or starts a timer. The same three are in the
 * Rust client, with the same numbers.
 */

export { wrapAngle } from './fields.js';
export { Interpolator } from './interpolator.js';
export { Pace } from './pace.js';
export { Predictor } from './predictor.js';
