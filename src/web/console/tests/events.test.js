import assert from "node:assert/strict";
import { test } from "node:test";

import { EventParser } from "../events.js";

const text = 'event: change\ndata: {"a":1}\n\n: nothing new\n\ndata: x\ndata:y: z\n\n';

test("events are the same in whatever pieces they arrive", () => {
  const whole = new EventParser().push(text);
  assert.deepEqual(whole, [{ event: "change", data: '{"a":1}' }, { event: "message", data: "x\ny: z" }]);
  for (let size = 1; size < text.length; size++) {
    const parser = new EventParser();
    const found = [];
    for (let at = 0; at < text.length; at += size) found.push(...parser.push(text.slice(at, at + size)));
    assert.deepEqual(found, whole, `pieces of ${size}`);
  }
});

test("an event without an end is given up", () => {
  const parser = new EventParser();
  assert.throws(() => { for (;;) parser.push("x".repeat(1 << 20)); }, /without an end/);
});
