// What happens to the connection, in words.

import { el, setText } from "/play/dom.js";

/** For how long it says that all is well again, in milliseconds. */
const BACK_MS = 4000;
/** For how long nothing is said of what takes a moment, in milliseconds. */
const BUSY_MS = 400;

const element = document.getElementById("banner");
let [over, gone, counting] = [0, 0, 0];

function show(text, kind) {
  clearTimeout(over);
  clearInterval(counting);
  element.hidden = false;
  element.dataset.kind = kind;
  delete element.dataset.seconds;
  setText(element, text);
}

/** Something takes a moment. It is said only if it does. */
export function busy(text) {
  clear();
  over = setTimeout(() => show(text, "busy"), BUSY_MS);
}

/** Something that cannot be helped, except by what a button does: `act` is `{ name, run }`. */
export function tell(text, act = null) {
  show(text, "gone");
  if (act !== null) element.append(" ", el("button", { type: "button", onclick: act.run }, act.name));
}

export function clear() {
  clearTimeout(over);
  clearInterval(counting);
  element.hidden = true;
}

/** The connection is gone, and the client tries to come back. */
export function dropped(why, withinMs) {
  gone = performance.now();
  const held = withinMs > 0 ? ` Your seat is kept for ${Math.round(withinMs / 1000)} s.` : "";
  const said = why.by === "server" ? `: ${why.reason}` : "";
  show(`The connection is gone${said}. Trying to come back.${held}`, "gone");
  counting = setInterval(() => {
    element.dataset.seconds = `${Math.round((performance.now() - gone) / 1000)} s`;
  }, 1000);
}

/** What an error says to a player: what the server has said, where it has, and the code to ask about. */
export function sentence(error) {
  const text = error.reason || error.text || error.message;
  const code = error.reason ? ` (${error.code})` : "";
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}${code}${/[?!]$/.test(text + code) ? "" : "."}`;
}

/** It is back. */
export function resumed({ afterMs, eventsLost }) {
  const lost = eventsLost ? " Some of what happened meanwhile is not known." : "";
  show(`Back after ${(afterMs / 1000).toFixed(1)} s.${lost}`, "back");
  over = setTimeout(clear, BACK_MS);
}
