/**
 * What of an entity moves: `{ x: 'linear', y: 'linear', heading: 'angle' }`. Angles are in radians and
 * go the short way round. All else of an entity is as one of two states has it, never in between.
 */

const TURN = 2 * Math.PI;

/** The same angle, from −π to π. */
export const wrapAngle = (angle) => angle - TURN * Math.floor((angle + Math.PI) / TURN);

/** What is to be added to `from` to get to `to`. */
const way = (kind, from, to) => (kind === 'angle' ? wrapAngle(to - from) : to - from);

export class Fields {
  constructor(fields) {
    this.names = Object.keys(fields);
    this.kinds = Object.values(fields);
    const wrong = this.kinds.find((kind) => kind !== 'linear' && kind !== 'angle');
    if (wrong !== undefined) throw new TypeError(`a field is 'linear' or 'angle', and not ${wrong}`);
  }

  /** What `to` has more than `from`, field by field. */
  difference(from, to) {
    return this.names.map((name, place) => way(this.kinds[place], from[name], to[name]));
  }

  /** A copy of `entity` that has a share of that much more. */
  moved(entity, difference, share) {
    const copy = { ...entity };
    this.names.forEach((name, place) => {
      const value = entity[name] + difference[place] * share;
      copy[name] = this.kinds[place] === 'angle' ? wrapAngle(value) : value;
    });
    return copy;
  }

  /** How far that is, of the linear fields taken together. */
  length(difference) {
    return Math.sqrt(difference.reduce((sum, value, place) => (
      this.kinds[place] === 'linear' ? sum + value * value : sum
    ), 0));
  }
}
