// What people in a room say to each other.

import { el } from "/play/dom.js";

/** Lines on the page. */
const LINES_MAX = 50;

/** The panel. `send(text)` says something; an error of it is shown. */
export class Chat {
  #lines = el("ol", { "aria-live": "polite", "aria-label": "Chat" });
  #text = el("input", { maxlength: 200, "aria-label": "Say something", placeholder: "Say something", autocomplete: "off" });

  constructor(send) {
    const form = send && el("form", { onsubmit: async (event) => {
      event.preventDefault();
      const text = this.#text.value.trim();
      if (text === "") return;
      try {
        await send(text);
        this.#text.value = "";
      } catch (error) {
        this.add(null, error.message);
      }
    } }, this.#text, el("button", {}, "Send"));
    this.element = el("section", { class: "panel chat", "aria-label": "Chat" }, this.#lines, form);
  }

  /** A line; without `who` the game or the page says it. */
  add(who, text) {
    const follows = this.#lines.scrollHeight - this.#lines.scrollTop - this.#lines.clientHeight < 30;
    this.#lines.append(el("li", {}, who && el("span", { class: "who" }, who), text));
    while (this.#lines.childElementCount > LINES_MAX) this.#lines.firstChild.remove();
    if (follows) this.#lines.scrollTop = this.#lines.scrollHeight;
  }
}
