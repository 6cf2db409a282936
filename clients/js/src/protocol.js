/** The protocol `greenroom.v1`, without a network: messages, schemas, frames, rows, values. */

import { learn } from './control.js';
import { finding } from './finding.js';

export { CLOSE_CODES, afterClose } from './close.js';
export {
  BODY_MAX,
  CONTROL,
  PROTOCOL_VERSION,
  REFUSALS,
  SUBPROTOCOL,
  TOKEN_MAX,
  decodeToClient,
  decodeToServer,
  encodeToClient,
  encodeToServer,
} from './control.js';
export { Malformed } from './error.js';
export {
  CHANNEL,
  CHANNELS_MAX,
  INPUT,
  STATE,
  STATE_EVENTS,
  decodeInput,
  encodeInput,
  nearTick,
  onChannel,
  readChannel,
  readFrame,
} from './frame.js';
export { layoutOf } from './layout.js';
export { Replica } from './replica.js';
export { roomNumber, roomText } from './room-id.js';
export { ROWS_BYTES_MAX, Rows } from './rows.js';
export { decodeSchema, encodeSchema, schemaHash } from './schema.js';
export { Schemas } from './schemas.js';
export { rowReader, scalar, stateReader } from './value.js';

learn(finding.types);
