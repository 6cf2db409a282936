// A room on the page: its game, who plays, what they say, and how the connection is.

import * as banner from "/play/banner.js";
import { Chat } from "/play/chat.js";
import { el, keyed, setText } from "/play/dom.js";
import { ending } from "/play/ending.js";
import { Figures } from "/play/figures.js";
import { invitation } from "/play/invite.js";

/** Between two looks at the scores, in milliseconds. */
const SCORES_MS = 500;

const spoken = document.getElementById("said");

/**
 * Shows a room in `root` until `close()`. `ways.leave(why, given)` is called when somebody wants to go, or
 * has to for the reason `why`, and `ways.again()` when they want another match. `given` is a promise:
 * that the seat is given up. `ways.name` is what they call themselves.
 */
export class Stage {
  #room;
  #root;
  #game;
  #ways;
  #play;
  #result = null;
  #view;
  #chat = null;
  #figures = new Figures();
  #rows = new Map();
  #names = new Map();
  #scores = el("tbody");
  #timers = [];
  #offs = [];

  constructor(root, room, game, ways) {
    this.#room = room;
    this.#root = root;
    this.#game = game;
    this.#ways = ways;
    const play = el("div", { class: "play", tabindex: "-1" });
    const side = el("aside");
    root.replaceChildren(play, side);
    root.hidden = false;
    const [nameOf, say] = [this.#nameOf, this.#say];
    this.#view = game.mount({ root: play, room, nameOf, say, options: this.#optionsPanel(side) });
    this.#play = play;
    side.prepend(this.#about());
    side.append(this.#scorePanel());
    if (this.#view.chat !== null) this.#openChat(side);
    side.append(this.#figures.element);
    this.#listen();
    play.focus({ preventScroll: true });
  }

  /** The name of the game. */
  get game() { return this.#room.game; }
  /** Whether the match is over, and this shows how it went. */
  get isOver() { return this.#room.over !== null; }

  /** At once, whatever the network does; `ways.leave` hears when the server knows. */
  #leave = () => this.#ways.leave(null, this.#room.leave());

  #about() {
    const { spectating, delayMs, code, id } = this.#room;
    const late = delayMs > 0 ? `, ${delayMs / 1000} s after the players` : "";
    const what = spectating ? `You look on${late}.` : this.#game.help;
    return el("section", { class: "panel", "aria-label": "Room" },
      el("div", { class: "row" }, el("h2", {}, this.#game.title),
        el("button", { type: "button", id: "leave", onclick: this.#leave }, "Leave")),
      el("p", { class: "soft" }, what),
      el("p", { class: "soft" }, code ? "Private room " : "Room ", el("code", { id: "room-id" }, id),
        code && el("span", {}, ", code ", el("strong", { id: "room-code" }, code))),
      invitation(this.#room));
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

  /** Who has left is known by the name that they had; in a game that tells no names one knows one's own. */
  #nameOf = (player) => {
    const own = player === this.#room.player ? this.#ways.name : null;
    const name = this.#room.roster.get(player)?.name || this.#view?.nameOf?.(player) || own;
    if (name) this.#names.set(player, name);
    return name || this.#names.get(player) || `player ${player}`;
  };

  /** Said to those who cannot see it, and written down where there is a chat. */
  #say = (text, isWritten = true) => {
    setText(spoken, text);
    if (isWritten) this.#chat?.add(null, text);
  };

  #listen() {
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
      this.#room.on("end", (result) => { this.#result = result ?? {}; }),
      this.#room.on("close", (why) => (this.#result ? this.#end() : this.#ways.leave(why))),
    );
  }

  /** The match is over. The last picture stays, and what it has come to. */
  #end() {
    banner.clear();
    this.#timers.forEach(clearInterval);
    this.#showScores();
    const hasWon = !this.#room.spectating && this.#result.winner === this.#room.player;
    const words = this.#game.verdict(this.#result, this.#nameOf);
    const panel = ending(hasWon, words, { again: this.#ways.again, leave: this.#leave });
    this.#play.prepend(panel);
    this.#play.classList.add("over");
    // Not to a button: keys that are still held down from the match would press it.
    panel.focus({ preventScroll: true });
    panel.scrollIntoView({ block: "nearest" });
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
