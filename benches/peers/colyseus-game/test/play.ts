// Starts the server and plays with two clients: everything a client can do, and what it cannot.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type Room } from "@colyseus/sdk";
import { server } from "../src/server.ts";
import type { FieldState } from "../src/state.ts";

const PORT = 2577;

async function refusal(request: Promise<unknown>): Promise<string> {
  const error: any = await request.then(
    () => assert.fail("was not refused"),
    (error) => error,
  );
  return error.name === "rejected" ? error.reason : "malformed";
}

async function until(what: string, holds: () => boolean) {
  for (let n = 0; n < 600 && !holds(); n++) await sleep(20);
  assert(holds(), what);
}

/** Walks to the nearest item and returns its id. */
async function walkToAnItem(room: Room<any, FieldState>): Promise<string> {
  const me = room.state.players.get(room.sessionId)!;
  const far = ({ x, y }: { x: number; y: number }) => Math.hypot(x - me.x, y - me.y);
  const [id, item] = [...room.state.items].sort(([, a], [, b]) => far(a) - far(b))[0]!;
  const input = room.input<{ x: number; y: number }>();
  for (let n = 0; n < 600 && far(item) > 1.4; n++) {
    [input.data.x, input.data.y] = [item.x - me.x, item.y - me.y].map((way) =>
      Math.trunc((127 * way) / far(item)),
    ) as [number, number];
    input.send();
    await sleep(50);
  }
  [input.data.x, input.data.y] = [0, 0];
  input.send();
  return id;
}

await server.listen(PORT, "127.0.0.1");
const client = new Client(`ws://127.0.0.1:${PORT}`);

for (const name of ["", "a".repeat(21), "<b>", 7, undefined]) {
  await assert.rejects(client.joinOrCreate("field", { name }), `${name} must not join`);
}
const ada: Room<any, FieldState> = await client.joinOrCreate("field", { name: "Ada" });
const bob: Room<any, FieldState> = await client.joinOrCreate("field", { name: "Bob" });
await until("both are there", () => ada.state?.players?.size === 2);
assert.equal(ada.state.items.size, 64);

// Walking and picking.
const far = [...ada.state.items].sort(([, a], [, b]) => {
  const me = ada.state.players.get(ada.sessionId)!;
  return Math.hypot(b.x - me.x, b.y - me.y) - Math.hypot(a.x - me.x, a.y - me.y);
})[0]![0];
assert.equal(await refusal(ada.request("pick", { item: far })), "too far away");
assert.equal(await refusal(ada.request("pick", { item: "4000000000" })), "no such item");
assert.equal(await refusal(ada.request("pick", { item: "__proto__" })), "malformed");
const id = await walkToAnItem(ada);
const kind = ada.state.items.get(id)!.kind;
await ada.request("pick", { item: id });
const seen = () => bob.state.players.get(ada.sessionId)!.inventory;
await until("Bob sees what Ada has", () => seen().length === 1);
assert.equal(seen()[0]!.kind, kind);
assert(!ada.state.items.has(id));

// Dropping.
assert.equal(await refusal(ada.request("drop", { index: 1 })), "nothing there");
assert.equal(await refusal(ada.request("drop", { index: 16 })), "malformed");
assert.equal(await refusal(ada.request("drop", { index: 0.5 })), "malformed");
await ada.request("drop", { index: 0 });
await until("Ada has nothing", () => seen().length === 0);

// Talking.
await ada.request("say", { text: "  hello  " });
assert.equal(await refusal(ada.request("say", { text: "again" })), "too fast");
assert.equal(await refusal(bob.request("say", { text: " " })), "empty");
assert.equal(await refusal(bob.request("say", { text: "é".repeat(101) })), "too long");
assert.equal(await refusal(bob.request("say", { text: "a\u0007b" })), "control characters");
assert.equal(await refusal(bob.request("say", { text: 5 })), "malformed");
await bob.request("say", { text: "é".repeat(100) });
await until("both lines are there", () => ada.state.chat.length === 2);
assert.deepEqual([ada.state.chat[0]!.from, ada.state.chat[0]!.text], ["Ada", "hello"]);

// Leaving drops what one has.
const again = await walkToAnItem(ada);
await ada.request("pick", { item: again });
const items = bob.state.items.size;
await ada.leave();
await until("Ada is gone", () => bob.state.players.size === 1 && bob.state.items.size >= items);

console.log("played");
await bob.leave();
await server.gracefullyShutdown(true);
