// The page: connects, lets choose a game and a room, and shows the room.

import { connect } from "/greenroom.js";
import * as banner from "/play/banner.js";
import { setText } from "/play/dom.js";
import { GAMES } from "/play/games.js";
import { roomIn } from "/play/invite.js";
import { Lobby } from "/play/lobby.js";
import { install } from "/play/network.js";
import { Stage } from "/play/stage.js";

const at = (id) => document.getElementById(id);
/** The seat of this tab, for when it is loaded anew; a secret, so for this tab alone. */
const SEAT = "greenroom-seat";
const NAME = "greenroom-name";

let [client, lobby, stage] = [null, null, null];
let isEntering = false;
/** Until the seat that was left last is given up. */
let leaving = Promise.resolve();

install();
at("name").value = localStorage.getItem(NAME) ?? `Guest ${100 + Math.floor(Math.random() * 900)}`;
at("who").onsubmit = (event) => event.preventDefault();
at("token").onchange = () => open();
at("by-code").onsubmit = (event) => {
  event.preventDefault();
  enter((how) => client.joinByCode(at("code").value.trim(), how));
};
addEventListener("pagehide", keepSeat);
addEventListener("hashchange", invited);
addEventListener("offline", () => banner.tell("This device has no network. The page goes on by itself when it is back."));
addEventListener("online", () => client?.state === "up" && banner.clear());

function keepSeat() {
  const token = stage !== null && client?.room?.spectating === false ? client.room.token : null;
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
  leaving = Promise.resolve();
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
  const between = () => stage === null || stage.isOver;
  client.on("drop", (why, withinMs) => between() && banner.dropped(why, withinMs));
  client.on("resume", (afterMs) => between() && banner.resumed({ afterMs }));
  client.on("notice", (text) => banner.tell(text));
  client.on("ban", ({ text }) => banner.tell(`You were sent out. ${text}`));
  client.on("move", (room) => show(room));
  setText(at("about"), client.server);
  lobby = new Lobby(client, { play, look, make });
  const seat = sessionStorage.getItem(SEAT);
  sessionStorage.removeItem(SEAT);
  if (seat !== null) await enter(() => client.resume(seat));
  await invited();
}

/** Somebody was sent the address of a room. */
async function invited() {
  const wanted = roomIn(location.hash);
  if (wanted === null || client === null || stage !== null) return;
  history.replaceState(null, "", location.pathname);
  await enter((how) => (wanted.way === "code" ? client.joinByCode(wanted.word, how) : client.joinById(wanted.word, how)));
}

/** The connection is over, or never was. */
function failed(error) {
  client = null;
  setText(at("about"), "not connected");
  banner.tell(banner.sentence(error), { name: "Connect again", run: open });
}

const play = (room) => enter((how) => client.joinById(room, how));
const look = (room) => enter(() => client.spectate(room), "Coming in. Some games show themselves only some seconds after it was so.");
function make(name, how = {}) {
  const { options } = GAMES.get(name);
  return enter((who) => (how.visibility
    ? client.create(name, options, { ...who, ...how })
    : client.joinOrCreate(name, options, who)));
}

/** Goes into a room by one of the ways in. */
async function enter(way, words = "Coming in.") {
  if (isEntering || (stage !== null && !stage.isOver)) return;
  isEntering = true;
  banner.busy(words);
  try {
    // The server has closed the connection, which is no reason not to ask once more.
    if (client === null) await open();
    if (client === null) return;
    await leaving;
    show(await way({ profile: profile() }));
  } catch (error) {
    banner.tell(banner.sentence(error));
  } finally {
    isEntering = false;
  }
}

function show(room) {
  const game = GAMES.get(room.game);
  if (game === undefined) {
    room.leave();
    throw new Error(`there is no page here that shows ${room.game}`);
  }
  stage?.close();
  banner.clear();
  at("start").hidden = true;
  document.title = `${game.title} – Greenroom`;
  const again = () => make(room.game, room.code === null ? {} : { visibility: "private" });
  stage = new Stage(at("stage"), room, game, { leave, again, name: profile().name });
}

/** Back to the games; `why` is an error if the room is over for this client alone. */
function leave(why = null, given = Promise.resolve()) {
  if (stage === null) return;
  // If the connection ends before that, the seat is given up when its time is over.
  leaving = given.catch(() => {});
  const { game } = stage;
  stage.close();
  stage = null;
  at("start").hidden = false;
  document.title = "Greenroom";
  if (why !== null) banner.tell(banner.sentence(why));
  else if (client?.state === "up") banner.clear();
  else banner.tell("The connection is gone. Your seat is given up when it is back, or when its time is over.");
  at(`play-${game}`)?.focus();
}

open();
