// Prints measurements side by side: `node table.mjs FILE…`, each with JSON lines of `stream` and
// figures, and `codec` unless it is Greenroom's.

import { readFileSync } from "node:fs";

const COLUMNS = [
  ["bytes/frame", "bytes_per_frame"],
  ["bits/changed", "bits_per_changed"],
  ["assign µs", "assign_us"],
  ["encode µs", "encode_us"],
  ["decode µs", "decode_us"],
];

const figures = process.argv
  .slice(2)
  .flatMap((path) => readFileSync(path, "utf8").split("\n"))
  .filter((line) => line.startsWith("{"))
  .map((line) => JSON.parse(line))
  .map((it) => ({ codec: "greenroom", ...it }));

const streams = [...new Set(figures.map(({ stream }) => stream))];
const rows = [["stream", "codec", ...COLUMNS.map(([title]) => title)]];
for (const stream of streams) {
  for (const it of figures.filter((it) => it.stream === stream)) {
    rows.push([stream, it.codec, ...COLUMNS.map(([, name]) => it[name]?.toFixed(1) ?? "")]);
  }
}
const widths = rows[0].map((_, n) => Math.max(...rows.map((row) => row[n].length)));
rows.splice(1, 0, widths.map((width, n) => "-".repeat(width - 1) + (n < 2 ? "-" : ":")));
for (const row of rows) {
  const cells = row.map((cell, n) => (n < 2 ? cell.padEnd(widths[n]) : cell.padStart(widths[n])));
  console.log(`| ${cells.join(" | ")} |`);
}
console.log(
  "\nassign: a codec that notes changes as values are assigned does part of its encoding there;",
);
console.log("the others find them while they encode.");
