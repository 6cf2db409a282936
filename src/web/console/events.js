// Server-sent events out of pieces of text, as they arrive. (EventSource cannot send a token.)

/** Bytes of an event that has not ended, at most: more is no event of ours. */
const PENDING_MAX = 4 * 1024 * 1024;

export class EventParser {
  #pending = "";

  /** Takes the next piece; returns the events that are whole now, as `{ event, data }`. */
  push(piece) {
    const blocks = (this.#pending + piece).split("\n\n");
    this.#pending = blocks.pop();
    if (this.#pending.length > PENDING_MAX) throw new Error("an event without an end");
    return blocks.map(parse).filter((event) => event.data !== "");
  }
}

function parse(block) {
  const event = { event: "message", data: [] };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    // Comments say only that the stream is alive.
    if (colon < 1) continue;
    const [field, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
    if (field === "event") event.event = value;
    if (field === "data") event.data.push(value);
  }
  return { ...event, data: event.data.join("\n") };
}
