// Tables: what stands in which column, and a table that keeps its rows.

import { el, keyed, setText } from "./dom.js";
import * as format from "./format.js";

// A column: head, text of a row, whether it is a number, by what the server sorts it.
const column = (head, text, { number = true, sort = null, mark = null } = {}) =>
  ({ head, text, number, sort, mark });

export const ROOMS = [
  column("room", (row) => row.room, { number: false, sort: "room" }),
  column("game", (row) => row.game, { number: false, sort: "game" }),
  column("players / seats", (row) => `${row.players} / ${row.seats}`, { sort: "players" }),
  column("away", (row) => format.count(row.players - row.connected)),
  column("looking on", (row) => format.count(row.spectators), { sort: "spectators" }),
  column("age", (row) => format.age(row.age_s), { sort: "age" }),
  column("restarts", (row) => format.count(row.restarts), {
    sort: "restarts",
    mark: (row) => row.restarts > 0,
  }),
  column("rate, Hz", (row) => (row.tick_hz == null ? "on moves" : String(row.tick_hz))),
  column("tick median, ms", (row) => format.ms(row.tick_median_us), { sort: "tick_median" }),
  column("tick p99, ms", (row) => format.ms(row.tick_p99_us), {
    sort: "tick_p99",
    mark: (row) => row.tick_hz != null && row.tick_p99_us > 1e6 / row.tick_hz,
  }),
  column("late p99, ms", (row) => format.ms(row.late_p99_us), { sort: "late" }),
  column("of a core, %", (row) => format.percent(row.busy_permille), { sort: "busy" }),
  column("per player and s", (row) => format.bytes(row.bytes_per_player_s), { sort: "bytes" }),
];

export const TREE = [
  column("actor", (row) => (/^\d+$/.test(row.name) ? `connection ${row.name}` : row.name), { number: false }),
  column("state", (row) => state(row), { number: false, mark: (row) => row.state !== "running" || row.busy_ms > 1000 }),
  column("children", (row) => (row.children == null ? "" : format.count(row.children))),
  column("in mailbox", (row) => format.count(row.mailbox), { mark: (row) => row.mailbox >= 1024 }),
  column("messages / s", (row) => format.count(row.messages_per_s)),
  column("restarts", (row) => format.count(row.restarts), { mark: (row) => row.restarts > 0 }),
];

export const CONNECTIONS = [
  column("room", (row) => row.room, { number: false }),
  column("player", (row) => String(row.player)),
  column("latency, ms", (row) => (row.latency_ms == null ? "–" : String(row.latency_ms))),
  column("stuck for, ms", (row) => format.count(row.stuck_ms), { mark: (row) => row.stuck_ms > 1000 }),
  column("waiting", (row) => format.bytes(row.backlog_bytes)),
];

export const CRASHES = [
  column("when", (row) => format.moment(row.at_s), { number: false }),
  column("game and room", (row) => whose(row.name), { number: false }),
  column("size", (row) => format.bytes(row.bytes)),
];

/** Game and room in the name of a crash file: `0017…-arena-0abc.crash.log`. */
export function whose(name) {
  return name.replace(/^\d+-/, "").replace(/\.crash\.log$/, "");
}

/** What an actor does, and for how long if that is long. */
export function state(row) {
  return row.busy_ms > 1000 ? `${row.busy_with} for ${format.age(row.busy_ms / 1000)}` : row.state;
}

export class Table {
  #body = el("tbody");
  #rows = new Map();
  #heads = new Map();

  /**
   * `open(key, row)`: the first cell is a button that does this. `sortBy(name)`: heads that the
   * server sorts by are buttons too. `none`: the sentence of an empty table.
   */
  constructor(table, columns, { open = null, sortBy = null, none }) {
    this.columns = columns;
    this.open = open;
    this.none = el("caption", {}, none);
    const heads = columns.map((column) => {
      const isButton = sortBy && column.sort;
      const head = el("th", { scope: "col", class: column.number ? "number" : null },
        isButton ? el("button", { type: "button", onclick: () => sortBy(column.sort) }, column.head) : column.head);
      if (column.sort) this.#heads.set(column.sort, head);
      return head;
    });
    table.append(this.none, el("thead", {}, el("tr", {}, ...heads)), this.#body);
  }

  /** Marks the column by which the rows are sorted. */
  sorted(name) {
    for (const [sort, head] of this.#heads) {
      if (sort !== name) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", name === "room" || name === "game" ? "ascending" : "descending");
    }
  }

  /** Shows these rows. */
  show({ order, rows }, selected = null) {
    this.none.hidden = order.length > 0;
    keyed(this.#body, this.#rows, order, (key) => this.#make(key), (tr, key) => {
      const row = rows.get(key);
      tr.classList.toggle("selected", key === selected);
      if (tr.shown === row) return;
      tr.shown = row;
      if (row.depth != null) tr.dataset.depth = row.depth;
      this.columns.forEach((column, place) => {
        const cell = tr.cells[place];
        setText(cell.firstElementChild ?? cell, column.text(row));
        cell.classList.toggle("mark", Boolean(column.mark?.(row)));
      });
    });
  }

  #make(key) {
    const cells = this.columns.map((column, place) => {
      const isButton = place === 0 && this.open;
      const cell = el(place === 0 ? "th" : "td", { class: column.number ? "number" : null, scope: place === 0 ? "row" : null });
      if (isButton) {
        const open = () => this.open(key, this.#rows.get(key)?.shown);
        cell.append(el("button", { type: "button", class: "link", onclick: open }));
      }
      return cell;
    });
    return el("tr", {}, ...cells);
  }
}
