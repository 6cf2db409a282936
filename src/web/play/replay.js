// The viewer: shows a recording as its game shows a room in which one only looks on.

import { stateReader } from "/protocol.js";
import * as banner from "/play/banner.js";
import { el, setText } from "/play/dom.js";
import { GAMES } from "/play/games.js";
import { Recording, Reel } from "/play/recording.js";

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
const STEP_MS = 1000;

const at = (id) => document.getElementById(id);
let film = null;

for (const speed of SPEEDS) at("speed").append(el("option", { value: speed, ...(speed === 1 && { selected: true }) }, `${speed}×`));

/** A recording that runs, which the game takes for a room. */
class Film {
  #recording;
  #reel = new Reel();
  #read;
  #entities;
  #hear = new Set();
  #view = null;
  #ms;
  #before = 0;
  #isSeeking = false;
  #asked = 0;
  running = false;
  spectating = true;
  /** It goes on, stops and jumps as somebody wants: games draw it as it is. */
  recorded = true;
  over = null;
  roster = new Map();

  constructor(recording) {
    this.#recording = recording;
    this.#ms = recording.beginMs;
    this.#read = stateReader(recording.schema);
    this.#entities = recording.schema.tables.filter(({ rows }) => rows.type === "Entities").map(({ name }) => name);
    this.player = recording.viewer ?? 0;
    this.tickHz = recording.tickHz;
  }

  get tick() { return this.#reel.replica.newest; }

  /** The tick that belongs to the time that is shown, with a fraction. */
  arrivingTick() {
    return this.tickHz === 0 ? this.tick : Math.max(this.tick, (this.#ms * this.tickHz) / 1000);
  }

  on(name, hear) {
    if (name !== "frame") return () => {};
    this.#hear.add(hear);
    return () => this.#hear.delete(hear);
  }

  async start(root) {
    await this.seek(this.#recording.beginMs);
    const nameOf = (player) => this.#view?.nameOf?.(player) || `player ${player}`;
    this.nameOf = nameOf;
    this.#view = GAMES.get(this.#recording.game).mount({ root, room: this, nameOf, say: (text) => setText(at("said"), text), options: () => null });
    this.#asked = requestAnimationFrame(this.#frame);
  }

  /** Goes to a time; what was asked for meanwhile comes after it. */
  async seek(ms) {
    const { beginMs, endMs } = this.#recording;
    this.#ms = Math.max(beginMs, Math.min(endMs, ms));
    if (this.#isSeeking) return;
    this.#isSeeking = true;
    try {
      let shown;
      do {
        shown = this.#ms;
        if (await this.#recording.seek(this.#reel, shown)) this.#took();
      } while (this.#ms !== shown && !this.running);
    } finally {
      this.#isSeeking = false;
    }
  }

  #took() {
    const state = this.#read(this.#reel.replica.rows);
    for (const name of this.#entities) {
      state[name] = new Map(state[name].map(({ slot, value }) => [slot, value]));
    }
    this.state = state;
    this.#hear.forEach((hear) => hear(state, this.tick));
  }

  #frame = (now) => {
    this.#asked = requestAnimationFrame(this.#frame);
    const since = Math.min(100, now - this.#before);
    this.#before = now;
    if (this.running && !this.#isSeeking) {
      this.seek(this.#ms + since * Number(at("speed").value)).catch(failed);
      if (this.#ms >= this.#recording.endMs) run(false);
    }
    this.#show();
  };

  #show() {
    const { beginMs, endMs } = this.#recording;
    const [time, all] = [this.#ms - beginMs, endMs - beginMs];
    if (document.activeElement !== at("time") || this.running) at("time").value = Math.round(time);
    const words = `${clock(time)} of ${clock(all)}`;
    setText(at("clock"), words);
    at("time").setAttribute("aria-valuetext", words);
    const scores = this.#view.scores().map(({ player, score }) => `${this.nameOf(player)}: ${score}`);
    setText(at("scores"), scores.join(" · "));
    // The time is where it goes to; this is of where it still is.
    const busy = String(this.#isSeeking);
    if (at("scores").getAttribute("aria-busy") !== busy) at("scores").setAttribute("aria-busy", busy);
  }

  by(ms) {
    return this.seek(this.#ms + ms);
  }

  to(ms) {
    return this.seek(this.#recording.beginMs + ms);
  }

  get isAtEnd() { return this.#ms >= this.#recording.endMs; }

  close() {
    cancelAnimationFrame(this.#asked);
    this.#view?.close();
  }
}

function clock(ms) {
  const tenths = Math.floor(Math.round(ms) / 100);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
}

function run(on) {
  if (on && film.isAtEnd) film.to(0).catch(failed);
  film.running = on;
  setText(at("run"), on ? "Pause" : "Play");
}

function failed(error) {
  if (film) run(false);
  banner.tell(`${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`);
}

async function open(file) {
  film?.close();
  film = null;
  at("play").replaceChildren();
  banner.clear();
  const controls = ["run", "back", "on", "time"].map(at);
  controls.forEach((control) => { control.disabled = true; });
  try {
    const recording = await Recording.open(file);
    if (!GAMES.has(recording.game)) throw new Error(`there is no page here that shows ${recording.game}`);
    const next = new Film(recording);
    await next.start(at("play"));
    film = next;
    at("time").max = Math.round(recording.endMs - recording.beginMs);
    const who = recording.viewer === null ? "all there was to see" : `what player ${recording.viewer} saw`;
    setText(at("about"), `${GAMES.get(recording.game).title}: ${who}`);
    controls.forEach((control) => { control.disabled = false; });
    run(true);
  } catch (error) {
    failed(error);
  }
}

at("file").onchange = ({ target }) => target.files[0] && open(target.files[0]);
at("run").onclick = () => run(!film.running);
at("back").onclick = () => film.by(-STEP_MS).catch(failed);
at("on").onclick = () => film.by(STEP_MS).catch(failed);
at("time").oninput = ({ target }) => film.to(Number(target.value)).catch(failed);
addEventListener("dragover", (event) => {
  event.preventDefault();
  at("viewer").classList.add("over");
});
addEventListener("dragleave", () => at("viewer").classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  at("viewer").classList.remove("over");
  const [file] = event.dataTransfer.files;
  if (file) open(file);
});
