// What @colyseus/schema makes of the streams: `node colyseus.mjs FILE…`, a JSON line for each.
//
// As its users write it: a MapSchema of entities by id in the state (their documentation's way for
// what comes and goes; what an entity's change costs does not depend on the collection), each lane
// in the narrowest type that holds it, lists as ArraySchema of strings. `--varint` declares the
// lanes as "number" instead, which is one byte for small values and three for most others.
//
// Encoding is `encode()` and `discardChanges()`, once for all clients. Assigning what changed, and
// nothing else, is measured apart (`assign_us`): the library notes changes there. Times are CPU
// time of the process per frame, the least of five passes over the stream after two that warm up, and
// one before them that compares every decoded frame. Bytes are the patch without the one byte in
// front of it that names the message.

import { Encoder, Reflection, schema, t } from "@colyseus/schema";
import { readFileSync } from "node:fs";
import { readStream, stepsOf } from "./stream.mjs";

const { version } = JSON.parse(
  readFileSync(new URL("./node_modules/@colyseus/schema/package.json", import.meta.url)),
);
const WARM_UP = 2;
const PASSES = 5;

Encoder.BUFFER_SIZE = 1 << 20;

function narrowest({ min, max }) {
  const types = [["int8", 7], ["int16", 15], ["int32", 31]];
  if (min >= 0) return types.find(([, bits]) => max < 2 ** (bits + 1))[0].replace("int", "uint");
  return types.find(([, bits]) => min >= -(2 ** bits) && max < 2 ** bits)[0];
}

function stateOf(stream, varint) {
  const type = (lane) => (varint ? "number" : narrowest(lane));
  const lanes = stream.lanes.map((lane) => [lane.name, t[type(lane)]()]);
  const texts = stream.texts.map((name) => [name, t.string()]);
  const Entity = schema(Object.fromEntries([...lanes, ...texts]), "Entity");
  const lists = stream.lists.map((name) => [name, t.array("string")]);
  const State = schema({ entities: t.map(Entity), ...Object.fromEntries(lists) }, "State");
  // Each field has its own line of code, as in a game; `it[name] = value` would be slower.
  const setter = ([name]) => new Function("it", "value", `it.${name} = value;`);
  return { Entity, State, setLane: lanes.map(setter), setText: texts.map(setter) };
}

/** Plays the stream once through a fresh encoder and a fresh decoder. */
function pass(stream, steps, { Entity, State, setLane, setText }, check) {
  const state = new State();
  const entity = (row) => {
    const it = new Entity();
    row.lanes.forEach((value, n) => setLane[n](it, value));
    row.texts.forEach((value, n) => setText[n](it, value));
    return it;
  };
  stream.frames[0].rows.forEach((row, slot) => row && state.entities.set(`${slot}`, entity(row)));
  stream.lists.forEach((name, n) => state[name].push(...stream.frames[0].lists[n]));
  const encoder = new Encoder(state);
  const whole = encoder.encodeAll().slice();
  encoder.discardChanges();

  const patches = [];
  const spent = { assign: 0, encode: 0, decode: 0 };
  for (const step of steps) {
    let from = cpu();
    for (const slot of step.gone) state.entities.delete(`${slot}`);
    for (const [slot, row] of step.come) state.entities.set(`${slot}`, entity(row));
    for (const [slot, lanes, texts] of step.moved) {
      const it = state.entities.get(`${slot}`);
      for (const [n, value] of lanes) setLane[n](it, value);
      for (const [n, value] of texts) setText[n](it, value);
    }
    step.said.forEach(({ lost, lines }, n) => {
      const list = state[stream.lists[n]];
      for (let i = 0; i < lost; i++) list.shift();
      if (lines.length > 0) list.push(...lines);
    });
    spent.assign += cpu() - from;
    from = cpu();
    const patch = encoder.encode();
    encoder.discardChanges();
    spent.encode += cpu() - from;
    patches.push(patch.slice());
  }

  const decoder = Reflection.decode(Reflection.encode(encoder));
  decoder.decode(whole);
  const from = cpu();
  for (let n = 0; n < patches.length; n++) {
    decoder.decode(patches[n]);
    if (check) compare(stream, n + 1, decoder.state);
  }
  spent.decode = cpu() - from;
  const bytes = patches.reduce((sum, patch) => sum + patch.length, 0);
  return { whole: whole.length, bytes, spent };
}

/** Microseconds of CPU time that this process has used. */
function cpu() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** What asking for the CPU time costs, to be taken off. */
function cpuOfAsking() {
  const from = cpu();
  for (let n = 0; n < 10_000; n++) cpu();
  return (cpu() - from) / 10_000;
}

function compare(stream, frame, state) {
  const { rows, lists } = stream.frames[frame];
  const [lanes, texts] = [stream.lanes.map((lane) => lane.name), stream.texts];
  const fail = (what) => {
    throw new Error(`${stream.name}: frame ${frame}: ${what} differs`);
  };
  rows.forEach((row, slot) => {
    const entity = state.entities.get(`${slot}`);
    if (Boolean(row) !== Boolean(entity)) fail(`whether ${slot} is there`);
    row?.lanes.forEach((value, n) => entity[lanes[n]] === value || fail(`${lanes[n]} of ${slot}`));
    row?.texts.forEach((value, n) => entity[texts[n]] === value || fail(`${texts[n]} of ${slot}`));
  });
  stream.lists.forEach((name, n) => {
    if ([...state[name]].join("\n") !== lists[n].join("\n")) fail(name);
  });
}

function measure(path, varint) {
  const stream = readStream(path);
  const steps = stepsOf(stream);
  const types = stateOf(stream, varint);
  const frames = steps.length;
  const changed = steps.reduce(
    (sum, step) => sum + step.gone.length + step.come.length + step.moved.length,
    0,
  );
  const { whole, bytes } = pass(stream, steps, types, true);
  for (let n = 0; n < WARM_UP; n++) pass(stream, steps, types, false);
  const passes = Array.from({ length: PASSES }, () => pass(stream, steps, types, false).spent);
  const asking = cpuOfAsking();
  const least = (part, off) =>
    Math.max(Math.min(...passes.map((spent) => spent[part])) / frames - off, 0);
  return {
    codec: varint ? "colyseus-varint" : "colyseus",
    version,
    stream: stream.name,
    bytes_per_frame: bytes / frames,
    bytes_per_changed: bytes / changed,
    bits_per_changed: (8 * bytes) / changed,
    assign_us: least("assign", asking),
    encode_us: least("encode", asking),
    decode_us: least("decode", 0),
    whole_state_bytes: whole,
  };
}

const varint = process.argv.includes("--varint");
for (const path of process.argv.slice(2).filter((argument) => !argument.startsWith("--"))) {
  console.log(JSON.stringify(measure(path, varint)));
}
