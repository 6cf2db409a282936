/** The schemas that a client knows. */

import { must } from './error.js';
import { decodeSchema, schemaHash } from './schema.js';

/** Schemas that a `Hello` may name. */
const SCHEMAS_MAX = 8;

/** By hash: what a `Hello` names, so that it is not sent again, and what a `Joined` is of. */
export class Schemas {
  constructor() {
    this.known = new Map();
  }

  /** The hashes for `Hello`: those used last. */
  hashes() {
    return [...this.known.keys()].slice(-SCHEMAS_MAX);
  }

  /**
   * The schema of a `Joined`, which brings it or says the hash of a known one; the same object for the
   * same hash. An error if it is neither sent nor known, or not what its hash says.
   */
  of({ schema_hash: hash, schema: bytes }) {
    must(bytes ? schemaHash(bytes) === hash : this.known.has(hash), 'a schema');
    const schema = this.known.get(hash) ?? decodeSchema(bytes);
    this.known.delete(hash);
    this.known.set(hash, schema);
    return schema;
  }
}
