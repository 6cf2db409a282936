// The page: asks for what happens, shows it once a second, asks again when the stream ends.

import { ask, download, setToken } from "./api.js";
import { apply, empty } from "./change.js";
import { el, keyed, setText } from "./dom.js";
import { EventParser } from "./events.js";
import * as format from "./format.js";
import { Plot } from "./plot.js";
import { RoomView } from "./room.js";
import { CONNECTIONS, CRASHES, ROOMS, TREE, Table } from "./tables.js";

const [RETRY_MS, RETRY_MAX_MS] = [1000, 15000];
const at = (id) => document.getElementById(id);

const wanted = { game: "", find: "", sort: "busy" };
let stream = null;
let faults = false;
let tables = empty();

const say = (text) => setText(at("said"), text);
const room = new RoomView(at("room"), { say, closed: show });
const shown = {
  rooms: new Table(at("rooms"), ROOMS, {
    open: (key, row) => { room.open(key, row.game, faults); show(); },
    sortBy: (sort) => want({ sort }),
    none: "no room is as wanted",
  }),
  tree: new Table(at("tree"), TREE, { none: "nothing answers yet" }),
  connections: new Table(at("connections"), CONNECTIONS, {
    open: (_, row) => { room.open(row.room, row.game, faults); show(); },
    none: "none is stuck, and none was pinged yet",
  }),
  crashes: new Table(at("crashes"), CRASHES, {
    open: (name) => download(`/console/crashes/${encodeURIComponent(name)}`, name).catch((error) => say(error.message)),
    none: "none is written down",
  }),
};

const plots = [
  [new Plot("Players", format.count), (totals) => totals.players],
  [new Plot("Slowest room's tick, p99", (us) => (us == null ? "–" : `${format.ms(us)} ms`)), (totals) => totals.tick_p99_us],
  [new Plot("Time in steps", (permille) => `${format.percent(permille)} % of a core`), (totals) => totals.busy_permille],
  [new Plot("Frames to players", (bytes) => `${format.bytes(bytes)}/s`), (totals) => totals.bytes_per_s],
];
at("totals").append(...plots.map(([plot]) => plot.element));

function show() {
  for (const [name, table] of Object.entries(shown)) {
    table.show(tables[name], name === "rooms" ? room.room : null);
  }
}

const games = new Map();
function showTotals({ totals, found }) {
  faults = totals.faults;
  plots.forEach(([plot, value]) => plot.push(value(totals)));
  const { arriving, waiting, seated } = totals.connections;
  setText(at("about"), `${totals.version} · ${totals.readiness} · ${format.count(totals.rooms)} rooms · ${format.count(totals.spectators)} looking on`);
  setText(at("connections-count"), `${format.count(seated)} seated, ${format.count(waiting)} waiting, ${format.count(arriving)} arriving`);
  const shownRooms = tables.rooms.order.length;
  setText(at("rooms-count"), shownRooms < found ? `the first ${shownRooms} of ${format.count(found)}` : `${found} of ${format.count(totals.rooms)}`);
  keyed(at("game"), games, ["", ...totals.games], (game) => el("option", { value: game }, game || "all"), () => {});
}

/** Other rooms, or another order: the server chooses them, so it is asked anew. */
function want(change) {
  Object.assign(wanted, change);
  shown.rooms.sorted(wanted.sort);
  stream?.abort();
}

/** Reads one stream to its end. */
async function watch(signal) {
  const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== ""));
  const response = await ask(`/console/live?${query}`, { signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventParser();
  let now = empty();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const { data } of parser.push(value)) {
      const change = JSON.parse(data);
      now = apply(now, change);
      tables = now;
      setText(at("status"), "live");
      show();
      showTotals(change);
      room.push(tables.rooms.rows.get(room.room));
    }
  }
}

/** Waits until the operator has given a token. */
function login(why) {
  setText(at("login-why"), why);
  at("login").hidden = false;
  at("token").focus();
  return new Promise((resolve) => {
    at("login").onsubmit = (event) => {
      event.preventDefault();
      setToken(at("token").value.trim());
      at("token").value = "";
      at("login").hidden = true;
      resolve();
    };
  });
}

async function run() {
  let retry = RETRY_MS;
  let isFirst = true;
  for (;;) {
    stream = new AbortController();
    const { signal } = stream;
    try {
      await watch(signal);
      // It ended as it should: the next one goes on.
      retry = RETRY_MS;
      continue;
    } catch (error) {
      if (signal.aborted) continue;
      if (error.status === 401) {
        setText(at("status"), "locked");
        await login(isFirst ? "" : error.message);
        isFirst = false;
        continue;
      }
      setText(at("status"), `not connected: ${error.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, retry));
    retry = Math.min(retry * 2, RETRY_MAX_MS);
  }
}

at("game").addEventListener("change", (event) => want({ game: event.target.value }));
let typing = null;
at("find").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => want({ find: event.target.value.trim().toLowerCase() }), 250);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && room.room) room.close();
});
shown.rooms.sorted(wanted.sort);
run();
