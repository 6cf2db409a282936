// The page: connects, lets choose a game and a room, and shows the room.

import { connect } from "/greenroom.js";
import * as banner from "/play/banner.js";
import { el, setText } from "/play/dom.js";
import { GAMES } from "/play/games.js";
import { Lobby } from "/play/lobby.js";
import { NETWORKS, choose, install } from "/play/network.js";
import { Stage } from "/play/stage.js";

const at = (id) => document.getElementById(id);
/** The seat of this tab, for when it is loaded anew; a secret, so for this tab alone. */
const SEAT = "greenroom-seat";
const NAME = "greenroom-name";

let [client, lobby, stage] = [null, null, null];

install();
NETWORKS.forEach(({ name }, place) => at("network").append(el("option", { value: place }, name)));
at("network").onchange = ({ target }) => choose(Number(target.value));
at("name").value = localStorage.getItem(NAME) ?? `Guest ${100 + Math.floor(Math.random() * 900)}`;
at("who").onsubmit = (event) => event.preventDefault();
at("token").onchange = () => open();
at("by-code").onsubmit = (event) => {
  event.preventDefault();
  enter((how) => client.joinByCode(at("code").value.trim(), how));
};
addEventListener("pagehide", keepSeat);
addEventListener("offline", () => banner.tell("This device has no network. The page goes on by itself when it is back."));
addEventListener("online", () => client?.state === "up" && banner.clear());

function keepSeat() {
  const token = client?.room?.spectating === false ? client.room.token : null;
  if (token) sessionStorage.setItem(SEAT, token);
  else sessionStorage.removeItem(SEAT);
}

function profile() {
  const name = at("name").value.trim();
  localStorage.setItem(NAME, name);
  return { name };
}

/** Connects, and comes back to the seat that this tab had. */
async function open() {
  lobby?.close();
  client?.close();
  client = null;
  setText(at("about"), "connecting");
  const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;
  try {
    client = await connect(address, { profile: profile(), token: at("token").value || null });
  } catch (error) {
    failed(error);
    return;
  }
  banner.clear();
  const mine = client;
  client.on("close", (why) => mine === client && failed(why));
  client.on("drop", (why, withinMs) => stage === null && banner.dropped(why, withinMs));
  client.on("resume", (afterMs) => stage === null && banner.resumed({ afterMs }));
  client.on("notice", (text) => banner.tell(text));
  client.on("ban", ({ text }) => banner.tell(`You were sent out. ${text}`));
  client.on("move", (room) => show(room));
  setText(at("about"), client.server);
  lobby = new Lobby(client, { play, look, make });
  const seat = sessionStorage.getItem(SEAT);
  sessionStorage.removeItem(SEAT);
  if (seat !== null) await enter(() => client.resume(seat));
}

/** The connection is over, or never was. */
function failed(error) {
  const again = error.then === "stop" ? "" : " Load this page again to try once more.";
  setText(at("about"), "not connected");
  banner.tell(`${sentence(error.message)}${again}`);
}

function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!]$/.test(first) ? first : `${first}.`;
}

const play = (room) => enter((how) => client.joinById(room, how));
const look = (room) => enter(() => client.spectate(room));
function make(name, how = {}) {
  const { options } = GAMES.get(name);
  return enter((who) => (how.visibility
    ? client.create(name, options, { ...who, ...how })
    : client.joinOrCreate(name, options, who)));
}

/** Goes into a room by one of the ways in. */
async function enter(way) {
  if (client === null || stage !== null) return;
  try {
    show(await way({ profile: profile() }));
  } catch (error) {
    banner.tell(sentence(error.message));
  }
}

function show(room) {
  const game = GAMES.get(room.game);
  stage?.close();
  banner.clear();
  at("start").hidden = true;
  document.title = `${game.title} – Greenroom`;
  stage = new Stage(at("stage"), room, game, (end) => leave(game, end));
}

function leave(game, end) {
  if (stage === null) return;
  stage.close();
  stage = null;
  at("start").hidden = false;
  document.title = "Greenroom";
  if (end === null) banner.clear();
  else if (end.result) banner.tell(`The match is over. ${game.verdict(end.result, end.nameOf)}`);
  else if (end.why) banner.tell(sentence(end.why.message));
  at("games").querySelector("button")?.focus();
}

open();
