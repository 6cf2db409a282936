/** The people of a room, as far as the game tells. */

/** `people` is a `Map` by player id of `{ player, account, name, data, connected }`. */
export class Roster {
  constructor() {
    this.people = new Map();
    /** How many look on without a seat. */
    this.spectators = 0;
    /** The people after a change of which more is to come. */
    this.coming = null;
  }

  /**
   * Takes a message. Returns what has changed once all of it is there, as `{ what, person }` with
   * `'joined'`, `'left'`, `'dropped'` or `'resumed'`: nothing twice, whatever is told again.
   */
  take({ anew, more, people, gone, spectators }) {
    const all = this.coming ?? new Map(this.people);
    if (anew) all.clear();
    for (const player of gone) all.delete(player);
    for (const { profile, ...person } of people) all.set(person.player, { ...person, ...profile });
    this.spectators = spectators;
    this.coming = more ? all : null;
    if (more) return [];
    const before = this.people;
    this.people = all;
    return changes(before, all);
  }
}

function changes(before, now) {
  const told = [];
  const tell = (what, person) => told.push({ what, person });
  for (const person of before.values()) if (!now.has(person.player)) tell('left', person);
  for (const person of now.values()) {
    const was = before.get(person.player);
    if (!was) tell('joined', person);
    else if (was.connected !== person.connected) tell(person.connected ? 'resumed' : 'dropped', person);
  }
  return told;
}
