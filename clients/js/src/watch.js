/** Rooms that are watched. */

import { foundOf } from './target.js';

export class Watch {
  /** `tell` gets the rooms and what has changed. */
  constructor(query, tell) {
    this.query = query;
    this.tell = tell;
    /** By id; the same `Map` for as long as it is watched. */
    this.rooms = new Map();
    /** Whether the next changes name all rooms there are. */
    this.anew = false;
    /** Whether rooms were named yet. */
    this.answered = false;
  }

  take({ added, changed, removed }) {
    this.answered = true;
    const news = { added: added.map(foundOf), changed: changed.map(foundOf), removed };
    if (this.anew) {
      this.anew = false;
      const here = new Set(added.map(({ room }) => room));
      news.removed = [...this.rooms.keys()].filter((id) => !here.has(id));
      news.changed = news.added.filter(({ room }) => this.rooms.has(room));
      news.added = news.added.filter(({ room }) => !this.rooms.has(room));
    }
    for (const id of news.removed) this.rooms.delete(id);
    for (const room of [...news.added, ...news.changed]) this.rooms.set(room.room, room);
    this.tell(this.rooms, news);
  }
}
