// Games to choose from, and the rooms that there are, while they come and go.

import { el, keyed, setText } from "/play/dom.js";
import { GAMES } from "/play/games.js";
import { pictureOf } from "/play/pictures.js";

/** Rooms of one game in the list. */
const ROOMS_MAX = 20;

const at = (id) => document.getElementById(id);

/** Fills the start page; `ways` are `play(room)`, `look(room)` and `make(game, how)`. */
export class Lobby {
  #client;
  #ways;
  #stops = [];
  #rooms = new Map();
  #rows = new Map();
  #body = el("tbody");
  #isOver = false;

  constructor(client, ways) {
    this.#client = client;
    this.#ways = ways;
    const games = client.games.filter((name) => GAMES.has(name));
    at("games").replaceChildren(...games.map((name) => this.#card(name)));
    if (games.length < client.games.length) {
      const others = client.games.filter((name) => !GAMES.has(name)).join(", ");
      at("games").append(el("p", { class: "soft" }, `Without a page here: ${others}`));
    }
    const heads = ["Game", "Players", "Room"].map((text) => el("th", { scope: "col" }, text));
    at("rooms").replaceChildren(el("thead", {}, el("tr", {}, ...heads, el("td"))), this.#body);
    this.#show();
    games.forEach((game) => this.#watch(game));
  }

  #card(name) {
    const { title, about, players } = GAMES.get(name);
    return el("section", { class: "card", "aria-label": title },
      pictureOf(name),
      el("h2", {}, title),
      el("p", {}, about),
      el("p", { class: "soft many" }, players),
      el("div", { class: "row" },
        el("button", { type: "button", class: "go", id: `play-${name}`, onclick: () => this.#ways.make(name) }, "Play"),
        el("button", { type: "button", onclick: () => this.#ways.make(name, { visibility: "private" }) }, "Private room")));
  }

  async #watch(game) {
    try {
      const { stop } = await this.#client.watch({ game, sort: "-players", limit: ROOMS_MAX }, (rooms) => {
        this.#rooms.set(game, rooms);
        this.#show();
      });
      if (this.#isOver) stop();
      else this.#stops.push(stop);
    } catch (error) {
      if (!this.#isOver) setText(at("no-rooms"), `The rooms of ${game} are not known: ${error.message}`);
    }
  }

  #show() {
    const rooms = new Map();
    for (const [game, found] of this.#rooms) for (const [id, room] of found) rooms.set(id, { game, ...room });
    at("no-rooms").hidden = rooms.size > 0;
    at("rooms").hidden = rooms.size === 0;
    keyed(this.#body, this.#rows, [...rooms.keys()], (id) => this.#row(id, rooms.get(id)), (row, id) => {
      const { players, playersMax, free, locked } = rooms.get(id);
      setText(row.children[1], `${players} of ${playersMax}`);
      row.querySelector(".join").disabled = free === 0 || locked;
    });
  }

  #row(id, { game }) {
    const { title } = GAMES.get(game);
    const button = (className, text, act) => el("button", { type: "button", class: className, "aria-label": `${text}: ${title}, room ${id}`, onclick: act }, text);
    return el("tr", {},
      el("th", { scope: "row" }, title), el("td"), el("td", {}, el("code", {}, id)),
      el("td", { class: "number" }, button("join", "Join", () => this.#ways.play(id)), " ", button("look", "Look on", () => this.#ways.look(id))));
  }

  close() {
    this.#isOver = true;
    this.#stops.forEach((stop) => stop());
  }
}
