/** A client's copy of a room's state, kept in step by frames. */

import { Bits } from './bits.js';
import { must } from './error.js';
import { readFrame, septets } from './frame.js';
import { layoutOf } from './layout.js';
import { Records } from './record.js';
import { Rows } from './rows.js';
import { readSection } from './section.js';
import { Reader, textOf } from './wire.js';

export class Replica {
  /** A replica that waits for its first whole state. An error if the schema is not sound. */
  constructor(schema) {
    this.schema = schema;
    this.layout = layoutOf(schema);
    this.rows = new Rows(this.layout);
    /** The tick of the last frame, or `null` if the state is not as that frame made it. */
    this.tick = null;
    /** The tick of the last frame, whether its state could be applied or not. */
    this.newest = 0;
    this.records = new Records(new Bits());
  }

  /**
   * The replica to go on with after a `Joined` that gave the seat back: this one, or where a new
   * version of the server has given the state another schema, a new one, which waits for the whole
   * state. `schema` is what `Schemas.of` says of that `Joined`.
   */
  resumed(joined, schema) {
    const replica = schema === this.schema ? this : new Replica(schema);
    replica.newest = joined.tick;
    return replica;
  }

  /**
   * Applies a state frame, its first byte included. After an error the replica waits for a whole
   * state; send `Resync` to get it.
   */
  apply(message) {
    let parts;
    try {
      parts = readFrame(message, this.newest);
    } catch (error) {
      this.tick = null;
      throw error;
    }
    return { ...parts, hash: this.applyState(parts) };
  }

  /**
   * Applies the state of a frame that was read. Says what came of its hash: `'none'` was sent, the
   * `'same'` as here, or it `'differs'`.
   */
  applyState({ tick, whole, base, hash, state }) {
    const had = this.tick;
    this.tick = null;
    this.newest = tick;
    if (whole) this.rows = Rows.initial(this.layout);
    else must(had !== null && (base ?? had) === had);
    this.read(state, !whole && base === null);
    this.tick = tick;
    if (hash === null) return 'none';
    return hash === this.rows.hash() ? 'same' : 'differs';
  }

  read(state, step) {
    const { records, rows } = this;
    records.texts.length = 0;
    records.bits.load(state);
    for (const table of rows.tables) readSection(rows, table, records, step);
    const from = new Reader(state, records.bits.align());
    for (let place = 0; place < records.texts.length; place += 2) {
      const table = records.texts[place];
      const index = records.texts[place + 1];
      const { max, utf8 } = table.layout.texts[index % table.layout.texts.length];
      const length = septets(from);
      must(length <= max);
      const bytes = from.take(length);
      if (utf8) textOf(bytes);
      rows.setText(table, index, bytes);
    }
    must(from.at === state.length);
  }
}
