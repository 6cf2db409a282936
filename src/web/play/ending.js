// What there is to see when a match is over: who has won, and what one can do next.

import { el } from "/play/dom.js";

/** The panel. The match's last picture stays below it; `again` plays another, `leave` goes back. */
export function ending(hasWon, words, { again, leave }) {
  return el("section", { class: "ending", tabindex: "-1", role: "alert", "aria-label": "The match is over" },
    el("h2", {}, hasWon ? "You win!" : "The match is over"),
    el("p", {}, words),
    el("div", { class: "row" },
      el("button", { type: "button", class: "go", id: "again", onclick: again }, "Play again"),
      el("button", { type: "button", onclick: leave }, "All games")));
}
