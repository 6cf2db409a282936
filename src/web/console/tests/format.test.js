import assert from "node:assert/strict";
import { test } from "node:test";

import * as format from "../format.js";

const plain = (text) => text.replace(/[\u00a0\u202f]/g, " ");

test("times have the digits that matter", () => {
  assert.deepEqual([12, 1234, 12345, 123456, null].map(format.ms), ["0.01", "1.23", "12.3", "123", "–"]);
});

test("bytes have their unit", () => {
  const shown = [0, 1023, 1024, 10240, 5 << 20, null].map((value) => plain(format.bytes(value)));
  assert.deepEqual(shown, ["0 B", "1023 B", "1.0 KiB", "10 KiB", "5.0 MiB", "–"]);
});

test("ages have two units at most", () => {
  const shown = [0, 59.9, 60, 61, 3600, 3661, 90061].map((value) => plain(format.age(value)));
  assert.deepEqual(shown, ["0 s", "59 s", "1 min", "1 min 1 s", "1 h", "1 h 1 min", "1 d 1 h"]);
});

test("counts are grouped, shares are per cent", () => {
  assert.deepEqual([0, 999, 1000, 1234567, null].map((value) => plain(format.count(value))), ["0", "999", "1 000", "1 234 567", "–"]);
  assert.deepEqual([0, 5, 1000, null].map(format.percent), ["0.0", "0.5", "100.0", "–"]);
});

test("a moment has its day when that is another", () => {
  const now = new Date(2026, 4, 3, 12, 0, 0);
  assert.equal(format.moment(now / 1000 - 60, now), "11:59:00");
  assert.equal(format.moment(now / 1000 - 86400, now), "2026-05-02 12:00:00");
});
