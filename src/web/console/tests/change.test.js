import assert from "node:assert/strict";
import { test } from "node:test";

import { apply, empty } from "../change.js";

test("a change is laid over what is there", () => {
  const first = apply(empty(), { rooms: { order: ["a", "b"], rows: { a: { n: 1 }, b: { n: 2 } } } });
  const second = apply(first, { rooms: { rows: { b: { n: 3 } } } });
  assert.deepEqual(second.rooms.order, ["a", "b"]);
  assert.equal(second.rooms.rows.get("a"), first.rooms.rows.get("a"), "what stayed is the same object");
  assert.deepEqual(second.rooms.rows.get("b"), { n: 3 });
  assert.equal(second.tree, first.tree);
  assert.deepEqual(first.rooms.rows.get("b"), { n: 2 }, "what was shown is not changed");
});

test("rows that are in no order any more are gone, and order follows the server", () => {
  const first = apply(empty(), { rooms: { order: ["a", "b"], rows: { a: 1, b: 2 } } });
  const second = apply(first, { rooms: { order: ["c", "b"], rows: { c: 4 } } });
  assert.deepEqual([...second.rooms.rows], [["c", 4], ["b", 2]]);
});

test("keys that mean something to JavaScript are keys like others", () => {
  const made = JSON.parse('{"crashes":{"order":["__proto__","constructor"],"rows":{"__proto__":1,"constructor":2}}}');
  assert.deepEqual([...apply(empty(), made).crashes.rows], [["__proto__", 1], ["constructor", 2]]);
});

test("a change that does not fit is an error and no hole in a table", () => {
  assert.throws(() => apply(empty(), { rooms: { order: ["toString"], rows: {} } }), /toString/);
});
