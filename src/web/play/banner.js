// What happens to the connection, in words.

import { setText } from "/play/dom.js";

/** For how long it says that all is well again, in milliseconds. */
const BACK_MS = 4000;

const element = document.getElementById("banner");
let [over, gone, counting] = [0, 0, 0];

function show(text, kind) {
  clearTimeout(over);
  clearInterval(counting);
  element.hidden = false;
  element.dataset.kind = kind;
  setText(element, text);
}

/** Something that cannot be helped. */
export function tell(text) {
  show(text, "gone");
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
  show(`The connection is gone: ${why.message}. Trying to come back.${held}`, "gone");
  counting = setInterval(() => {
    element.dataset.seconds = Math.round((performance.now() - gone) / 1000);
  }, 1000);
}

/** It is back. */
export function resumed({ afterMs, eventsLost }) {
  const lost = eventsLost ? " Some of what happened meanwhile is not known." : "";
  show(`Back after ${(afterMs / 1000).toFixed(1)} s.${lost}`, "back");
  over = setTimeout(clear, BACK_MS);
}
