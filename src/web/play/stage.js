// A room on the page: its game, who plays, what they say, and how the connection is.

import * as banner from "/play/banner.js";
import { Chat } from "/play/chat.js";
import { el, keyed, setText } from "/play/dom.js";
import { Figures } from "/play/figures.js";

/** Between two looks at the scores, in milliseconds. */
const SCORES_MS = 500;

const spoken = document.getElementById("said");

/** Shows a room in `root` until it is over; `leave(result)` is called when this is to end. */
export class Stage {
  #room;
  #root;
  #game;
  #view;
  #chat = null;
  #figures = new Figures();
  #rows = new Map();
  #scores = el("tbody");
  #timers = [];
  #offs = [];

  constructor(root, room, game, leave) {
    this.#room = room;
    this.#root = root;
    this.#game = game;
    const play = el("div", { class: "play", tabindex: "-1" });
    const side = el("aside");
    root.replaceChildren(play, side);
    root.hidden = false;
    const [nameOf, say] = [this.#nameOf, this.#say];
    this.#view = game.mount({ root: play, room, nameOf, say, options: this.#optionsPanel(side) });
    side.prepend(this.#about(leave));
    side.append(this.#scorePanel());
    if (this.#view.chat !== null) this.#openChat(side);
    side.append(this.#figures.element);
    this.#listen(leave);
    play.focus({ preventScroll: true });
  }

  #about(leave) {
    const { spectating, code, id } = this.#room;
    const what = spectating ? "You look on" : this.#game.help;
    return el("section", { class: "panel", "aria-label": "Room" },
      el("div", { class: "row" }, el("h2", {}, this.#game.title),
        el("button", { type: "button", id: "leave", onclick: () => this.#room.leave().finally(() => leave(null)) }, "Leave")),
      el("p", { class: "soft" }, what),
      code && el("p", {}, "Private: friends join with ", el("strong", {}, code)),
      el("p", { class: "soft" }, "Room ", el("code", { id: "room-id" }, id)));
  }

  #optionsPanel(side) {
    return (label, change) => {
      const box = el("input", { type: "checkbox", onchange: () => change(box.checked) });
      side.append(el("label", { class: "panel" }, box, ` ${label}`));
      return box;
    };
  }

  #scorePanel() {
    return el("section", { class: "panel", "aria-label": "Scores" },
      el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Player"), el("th", { scope: "col", class: "number" }, this.#game.scoreName))), this.#scores));
  }

  #openChat(side) {
    const own = this.#view.chat;
    const send = this.#room.spectating ? null : own?.send ?? ((text) => this.#room.chat(text));
    this.#chat = new Chat(send);
    side.append(this.#chat.element);
    own?.listen((who, text) => this.#chat.add(who, text));
    this.#offs.push(this.#room.on("chat", ({ from, name, text }) => this.#chat.add(from === null ? null : name || this.#nameOf(from), text)));
  }

  #nameOf = (player) => this.#room.roster.get(player)?.name || this.#view?.nameOf?.(player) || `player ${player}`;

  /** Said to those who cannot see it, and written down where there is a chat. */
  #say = (text, isWritten = true) => {
    setText(spoken, text);
    if (isWritten) this.#chat?.add(null, text);
  };

  #listen(leave) {
    const { stats } = this.#room;
    this.#figures.update(stats, null);
    this.#timers.push(
      setInterval(() => this.#figures.update(this.#room.stats, this.#view.scriptMs?.() ?? null), 1000),
      setInterval(() => this.#showScores(), SCORES_MS),
    );
    this.#showScores();
    this.#offs.push(
      this.#room.on("drop", (why, withinMs) => banner.dropped(why, withinMs)),
      this.#room.on("resume", (how) => banner.resumed(how)),
      this.#room.on("end", (result) => { this.result = result; }),
      this.#room.on("close", (why) => leave({ why, result: this.result, nameOf: this.#nameOf })),
    );
  }

  #showScores() {
    const scores = this.#view.scores();
    const byPlayer = new Map(scores.map((score) => [score.player, score]));
    keyed(this.#scores, this.#rows, [...byPlayer.keys()],
      () => el("tr", {}, el("th", { scope: "row" }), el("td", { class: "number" })),
      (row, player) => {
        const person = this.#room.roster.get(player);
        row.classList.toggle("mine", player === this.#room.player);
        row.classList.toggle("away", person !== undefined && !person.connected);
        setText(row.firstChild, this.#nameOf(player));
        setText(row.lastChild, String(byPlayer.get(player).score));
      });
  }

  close() {
    this.#timers.forEach(clearInterval);
    this.#offs.forEach((off) => off());
    this.#view.close();
    this.#root.replaceChildren();
    this.#root.hidden = true;
  }
}
