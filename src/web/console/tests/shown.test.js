import assert from "node:assert/strict";
import { test } from "node:test";

import { ceiling, path } from "../plot.js";
import { brief, partsOf } from "../room.js";
import { ROOMS, state, whose } from "../tables.js";

test("an axis ends at a round number that holds the values", () => {
  assert.deepEqual([0, 0.3, 1, 1.1, 5, 30, 99, 100].map(ceiling), [1, 0.5, 1, 2, 5, 50, 100, 100]);
});

test("a line ends at the right edge and has gaps where nothing was measured", () => {
  assert.equal(path([0, 10], 10, 11, 100, 52), "M90.0 51.0L100.0 1.0");
  assert.equal(path([5, null, 5], 10, 3, 100, 52), "M0.0 26.0M100.0 26.0");
  assert.equal(path([], 1), "");
});

test("a large value is shown in part, and says how much is left out", () => {
  const parts = partsOf(Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`k${n}`, n])), 3);
  assert.deepEqual(parts, [["k0", 0], ["k1", 1], ["k2", 2], ["…", "2 more"]]);
  assert.deepEqual(partsOf(null), []);
});

test("values in a few words; a text stays what it is", () => {
  const shown = [[1, 2], { a: 1 }, 0.1 + 0.2, 3, null, "<b>x</b>"].map(brief);
  assert.deepEqual(shown, ["2 values", "1 field", "0.3", "3", "null", "<b>x</b>"]);
});

test("rows of tables in words", () => {
  const room = { room: "0a", game: "arena", players: 3, connected: 2, seats: 8, spectators: 0, age_s: 61, restarts: 1,
    tick_hz: 20, tick_median_us: 120, tick_p99_us: 60000, late_p99_us: 1100, busy_permille: 24, bytes_per_player_s: 2048 };
  const texts = ROOMS.map((column) => column.text(room).replace(/\u00a0/g, " "));
  assert.deepEqual(texts, ["0a", "arena", "3 / 8", "1", "0", "1 min 1 s", "1", "20", "0.12", "60.0", "1.10", "2.4", "2.0 KiB"]);
  const marked = ROOMS.filter((column) => column.mark?.(room)).map((column) => column.head);
  assert.deepEqual(marked, ["restarts", "tick p99, ms"], "restarted; longer than a tick may take");
  assert.equal(state({ state: "running", busy_with: "seat", busy_ms: 2500 }).replace(/\u00a0/g, " "), "seat for 2 s");
  assert.equal(whose("0001780000000000-arena-0abc.crash.log"), "arena-0abc");
});
