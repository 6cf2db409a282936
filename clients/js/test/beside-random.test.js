/** Places in any order of joins, leaves, ends, moves and breaks, by a seed, against what a server knows. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { frameOf, greeted, joinedOf, whole } from './support/play.mjs';

const SEEDS = 20;
const STEPS = 40;

/** Numbers from 0 to below `below`, the same for the same seed (mulberry32). */
function chance(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

class Play {
  async begin(seed) {
    this.pick = chance(seed);
    Object.assign(this, await greeted());
    this.client.on('error', (error) => this.world.errors.push(error));
    this.places = [this.client, this.client.beside(1), this.client.beside(2), this.client.beside(3)];
    for (const place of this.places) place.on('move', (room) => this.hear(room));
    /** By channel, what the server knows of the seat. */
    this.seats = [null, null, null, null];
    this.numbered = 0;
    /** By room: its events, and how often it was over. */
    this.heard = new Map();
  }

  hear(room) {
    const heard = { events: [], closed: 0 };
    this.heard.set(room, heard);
    room.on('event', (event) => heard.events.push(event));
    room.on('close', () => { heard.closed += 1; });
  }

  seat() {
    this.numbered += 1;
    const room = this.numbered.toString().padStart(13, '0');
    return { room, player: this.numbered, token: Uint8Array.of(this.numbered & 0xff, this.numbered >> 8), ticks: 0, events: [], requests: 0 };
  }

  say(message, channel) {
    this.world.wire.say(message, channel);
  }

  joined(seat, id) {
    const { room, player, token, ticks, events, requests } = seat;
    const { tick } = joinedOf();
    return joinedOf({ id, room, player, token, requests, tick: tick + (ticks > 0 ? ticks + 1 : 0), events: events.length });
  }

  /** Answers what was asked, in order. */
  async answer() {
    for (let said = this.said(); said.length > 0; said = this.said()) {
      for (const { type, id, channel = 0 } of said) {
        const seat = this.seats[channel];
        if (type === 'List') this.say({ type: 'Refused', id, why: 'UnknownGame', text: '' });
        if (type === 'Request' && seat !== null) {
          assert.ok(id > seat.requests, 'each is asked once');
          seat.requests = id;
          this.say({ type: 'Reply', id, body: Uint8Array.of(id % 200) }, channel);
        }
        if (type === 'Leave') {
          this.seats[channel] = null;
          this.say({ type: 'Left' }, channel);
        }
      }
      await this.world.settle();
    }
  }

  said() {
    return this.world.wire.said();
  }

  async join(channel) {
    const coming = this.places[channel].join('game');
    await this.world.settle();
    const { id } = this.said().find(({ type }) => type === 'Join');
    const seat = this.seat();
    this.say(this.joined(seat, id), channel);
    this.world.wire.bytes(whole, channel);
    this.seats[channel] = seat;
    const room = await coming;
    this.hear(room);
    await this.world.pass(0);
  }

  event(channel) {
    const seat = this.seats[channel];
    seat.ticks += 1;
    seat.events.push(`${seat.events.length}`);
    this.world.wire.bytes(frameOf(seat.ticks, { number: seat.events.length, events: seat.events.slice(-1) }), channel);
  }

  async move(channel, id = 0) {
    const from = this.seats[channel];
    const seat = this.seat();
    this.seats[channel] = seat;
    this.say({ type: 'Moved', from: from.room, joined: this.joined(seat, id) }, channel);
  }

  leave(channel) {
    this.left.push(channel);
    this.places[channel].room.leave();
  }

  ask(channel) {
    this.places[channel].room.request('Pass').catch((error) => {
      assert.ok(['NoSeat', 'Moved', 'SeatGone'].includes(error.code), `${error}`);
    });
  }

  /** The connection breaks. Meanwhile things are done and seats are lost, and answers come in any order. */
  async cut() {
    const { pick, world } = this;
    world.wire.end();
    for (const [channel, seat] of this.seats.entries()) {
      if (seat !== null && pick(3) === 0) this.ask(channel);
      if (seat !== null && pick(6) === 0) this.leave(channel);
    }
    await world.pass(1000);
    world.wire.welcome();
    await world.settle();
    const asked = this.said().filter(({ type }) => type === 'Resume').map(({ channel = 0 }) => channel);
    assert.deepEqual(asked, [0, 1, 2, 3].filter((channel) => this.seats[channel] !== null));
    const back = [];
    const moved = [];
    while (asked.length > 0) {
      const [channel] = asked.splice(pick(asked.length), 1);
      const what = pick(5);
      if (what === 0) {
        this.seats[channel] = null;
        this.say({ type: 'Refused', id: 0, why: 'SeatGone', text: '' }, channel);
      } else if (what === 1) {
        await this.move(channel);
        moved.push(channel);
      } else {
        this.say(this.joined(this.seats[channel], 0), channel);
        back.push(channel);
      }
      for (const each of back) if (pick(2) === 0) this.event(each);
      await world.settle();
    }
    for (const channel of moved) this.world.wire.bytes(whole, channel);
    await world.settle();
  }

  async step() {
    const { pick } = this;
    /** Where a seat was to be given up in this step. */
    this.left = [];
    const channel = pick(4);
    const seat = this.seats[channel];
    if (seat === null) {
      await this.join(channel);
      return;
    }
    switch (pick(8)) {
      case 0:
        this.leave(channel);
        break;
      case 1:
        this.seats[channel] = null;
        this.say(pick(2) === 0 ? { type: 'Ended', result: '1' } : { type: 'Dismissed', code: 4006 }, channel);
        break;
      case 2:
        await this.move(channel);
        this.world.wire.bytes(whole, channel);
        break;
      case 3:
        await this.cut();
        break;
      case 4:
        this.ask(channel);
        break;
      default:
        this.event(channel);
    }
  }

  check() {
    for (const channel of this.left) assert.equal(this.seats[channel], null, 'who leaves is gone');
    assert.deepEqual([this.client.state, this.world.errors], ['up', []]);
    for (const [channel, seat] of this.seats.entries()) {
      const { room } = this.places[channel];
      assert.deepEqual(room && [room.id, room.player], seat && [seat.room, seat.player], `channel ${channel}`);
      if (seat !== null) assert.deepEqual(this.heard.get(room).events, seat.events);
    }
    const here = new Set(this.places.map(({ room }) => room));
    for (const [room, { closed }] of this.heard) assert.equal(closed, here.has(room) ? 0 : 1);
  }
}

test('whatever happens in one place, the others have what is theirs', async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const play = new Play();
    await play.begin(seed);
    try {
      for (let step = 0; step < STEPS; step += 1) {
        await play.step();
        await play.world.pass(20);
        await play.answer();
        play.check();
      }
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
    play.client.close();
  }
});
