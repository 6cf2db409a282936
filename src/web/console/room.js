// One room: what can be done with it, who is in it, its state as a tree.

import { ask, change } from "./api.js";
import { el, keyed, setText } from "./dom.js";
import * as format from "./format.js";
import { Plot } from "./plot.js";

const EVERY_MS = 1000;
/** Values under one name that are shown. */
const SHOWN_MAX = 200;

const ms = (us) => (us == null ? "–" : `${format.ms(us)} ms`);
/** Title, how a value is said, and which one it is. */
const PLOTS = [
  ["Tick, median", ms, (row) => row.tick_median_us],
  ["Tick, p99", ms, (row) => row.tick_p99_us],
  ["Bytes per player", (bytes) => `${format.bytes(bytes)}/s`, (row) => row.bytes_per_player_s],
];

export class RoomView {
  #section;
  #room = null;
  #timer = null;
  #state = new Branch();
  #members = new Map();
  #parts;
  #plots = [];

  /** `say(text)`: a sentence for the operator; `closed()`: the view was closed. */
  constructor(section, { say, closed }) {
    this.#section = section;
    this.say = say;
    this.closed = closed;
  }

  /** The room that is shown. */
  get room() {
    return this.#room;
  }

  /** Shows a room. `faults`: it may be made to panic. */
  open(room, game, faults) {
    this.close(true);
    this.#room = room;
    this.#state = new Branch();
    this.#members = new Map();
    const button = (text, act, attributes = {}) => el("button", { type: "button", onclick: act, ...attributes }, text);
    const parts = { hint: el("p", { class: "hint" }), members: el("tbody"), none: el("p", { class: "hint" }) };
    this.#parts = parts;
    this.#plots = PLOTS.map(([title, show, value]) => [new Plot(title, show), value]);
    this.#section.replaceChildren(
      el("div", { class: "head" },
        el("h2", { id: "room-title" }, `${game} ${room}`), parts.hint,
        faults ? button("Make it panic", () => this.#panic(), { class: "acts" }) : null,
        button("End the match", () => this.#end(), { class: "acts danger" }),
        button("Close", () => this.close())),
      el("div", { class: "plots" }, ...this.#plots.map(([plot]) => plot.element)),
      el("div", { class: "beside" },
        el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Members" }, el("table", {},
          el("thead", {}, el("tr", {}, ...["player", "name", "keeps up", "latency, ms", "waiting", ""].map((head) =>
            el("th", { scope: "col" }, head)))), parts.members)),
        el("div", { class: "state", tabindex: "0", role: "region", "aria-label": "State" }, parts.none, this.#state.element)));
    this.#section.hidden = false;
    this.#section.focus();
    this.#look();
  }

  /** Once a second: the room's row in the list, if it is there. */
  push(row) {
    if (this.#room !== null) this.#plots.forEach(([plot, value]) => plot.push(row ? value(row) : null));
  }

  close(again = false) {
    clearTimeout(this.#timer);
    this.#room = null;
    this.#section.hidden = true;
    if (!again) this.closed();
  }

  async #look() {
    const room = this.#room;
    try {
      const seen = await (await ask(`/console/rooms/${room}`)).json();
      if (this.#room === room) this.#show(seen);
    } catch (error) {
      if (this.#room !== room) return;
      setText(this.#parts.hint, error.message);
      if (error.status === 404 || error.status === 409) return this.#isOver();
    }
    if (this.#room === room) this.#timer = setTimeout(() => this.#look(), EVERY_MS);
  }

  /** What was seen last stays; nothing can be done with it any more. */
  #isOver() {
    this.#section.querySelectorAll("button.acts").forEach((button) => button.remove());
  }

  #show(seen) {
    const { hint, members, none } = this.#parts;
    const tick = seen.published ? `state after tick ${format.count(seen.published.tick)}, hidden values included` : "";
    const more = seen.members_in_all - seen.members.length;
    setText(hint, [`${seen.members_in_all} members${more ? ` (${more} not shown)` : ""}`, `${seen.restarts} restarts`, tick]
      .filter(Boolean).join(" · "));
    setText(none, seen.no_state ?? "");
    const byPlayer = new Map(seen.members.map((member) => [member.player, member]));
    keyed(members, this.#members, [...byPlayer.keys()], (player) => this.#member(player), (tr, player) => {
      const member = byPlayer.get(player);
      const latency = member.latency_ms == null ? "–" : String(member.latency_ms);
      [String(player), member.name || "–", member.pace, latency, format.bytes(member.backlog_bytes)]
        .forEach((text, place) => setText(tr.cells[place], text));
      tr.cells[1].title = member.account;
      tr.cells[2].classList.toggle("mark", member.pace === "behind");
    });
    if (seen.published) this.#state.show(seen.published.state);
  }

  #member(player) {
    const kick = () => this.#do(`Take player ${player}'s seat away?`, `/v1/rooms/${this.#room}/kick`, { player });
    const cells = Array.from({ length: 5 }, () => el("td"));
    return el("tr", {}, ...cells, el("td", {}, el("button", { type: "button", class: "acts", "aria-label": `Kick player ${player}`, onclick: kick }, "Kick")));
  }

  #end() {
    return this.#do("End this match for all of its players?", `/v1/rooms/${this.#room}/end`, { result: { ended_by: "operator" } });
  }

  #panic() {
    return this.#do(null, `/console/rooms/${this.#room}/panic`, {});
  }

  async #do(question, path, body) {
    if (question && !confirm(question)) return;
    try {
      await change(path, body);
      this.say("");
    } catch (error) {
      this.say(error.message);
    }
  }
}

/** A value that has parts, as a list that is filled only where it is open. */
class Branch {
  element = el("ul");
  #known = new Map();

  show(value) {
    const entries = new Map(partsOf(value));
    keyed(this.element, this.#known, [...entries.keys()], (name) => leafOrBranch(name), (li, name) => li.show(entries.get(name)));
  }
}

/** The parts of a value by name: so many, and how many more there are. */
export function partsOf(value, max = SHOWN_MAX) {
  const all = Object.entries(value ?? {});
  // Entities by their slots, as numbers: their names are `slot.generation`.
  if (/^\d/.test(all[0]?.[0])) all.sort(([one], [other]) => parseFloat(one) - parseFloat(other));
  const parts = all.slice(0, max);
  if (all.length > max) parts.push(["…", `${all.length - max} more`]);
  return parts;
}

/** A value in a few words. */
export function brief(value) {
  const many = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;
  if (Array.isArray(value)) return many(value.length, "value");
  if (value !== null && typeof value === "object") return many(Object.keys(value).length, "field");
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  return typeof value === "string" ? value : JSON.stringify(value);
}

const hasParts = (value) => value !== null && typeof value === "object";

function leafOrBranch(name) {
  const li = el("li");
  let [branch, details, text, latest] = [null, null, null, null];
  const fill = () => details.open && branch.show(latest);
  li.show = (value) => {
    latest = value;
    if (hasParts(value) !== (branch !== null) || !text) {
      text = el("span", { class: "value" });
      branch = hasParts(value) ? new Branch() : null;
      details = branch && el("details", { ontoggle: fill }, el("summary", {}, el("span", { class: "name" }, name), text), branch.element);
      li.replaceChildren(...(details ? [details] : [el("span", { class: "name" }, name), text]));
    }
    setText(text, brief(value));
    if (branch) fill();
  };
  return li;
}
