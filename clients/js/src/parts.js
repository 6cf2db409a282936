/**
 * What `finding.js` needs of the other modules. In the one file all of these are there already, so what is
 * loaded later has them from it.
 */

export { joinTarget, seatCode } from './control.js';
export { Misuse } from './error.js';
export { roomId } from './room-id.js';
export { isPlain, json, jsonOf, toCreate, toJoin, toJoinOrCreate } from './target.js';
export { blob, bool, choice, i64, list, option, struct, text, u16, u32, variants } from './wire.js';
