// A link with which friends come into a room.

import { el, setText } from "/play/dom.js";

/** For how long it says that the link was copied, in milliseconds. */
const SAID_MS = 3000;

/** The address of a room: of a private one with its code, which is not in the list. */
export function addressOf({ id, code }) {
  return `${location.origin}/#${code === null ? `room=${id}` : `code=${code}`}`;
}

/** The room that an address is of, as `{ way, word }`; `null` if it is of none. */
export function roomIn(hash) {
  const [, way, word] = /^#(room|code)=([\w-]{1,64})$/.exec(hash) ?? [];
  return way === undefined ? null : { way, word };
}

/** A field with the link, and a button that copies it. */
export function invitation(room) {
  const link = el("input", { readonly: true, id: "link", value: addressOf(room), onfocus: () => link.select() });
  const button = el("button", { type: "button", onclick: async () => {
    link.select();
    // The clipboard is there on secure pages alone; elsewhere the text is marked, to copy it by hand.
    const isCopied = await navigator.clipboard?.writeText(link.value).then(() => true, () => false);
    setText(button, isCopied ? "Copied" : "Copy it now");
    setTimeout(() => setText(button, "Copy"), SAID_MS);
  } }, "Copy");
  return el("div", { class: "invite" }, el("label", { for: "link" }, "Link for friends"), el("div", { class: "row" }, link, button));
}
