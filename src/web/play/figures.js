// How the connection is: the time to the server over the last minute, and some numbers.

import { el, setText, svg } from "/play/dom.js";
import { NETWORKS, choose, chosen } from "/play/network.js";
import { ceiling, path } from "/play/plot.js";

const [WIDTH, HEIGHT] = [240, 40];
/** Values kept: one a second. */
const KEPT = 60;

const many = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

export class Figures {
  #values = [];
  #now = el("strong", {}, "–");
  #top = el("span");
  #line = svg("path", { class: "line" });
  #picture = svg("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" }, this.#line);
  #numbers = el("p", { class: "figures" });
  #before = { frames: 0, frameBytes: 0 };

  constructor() {
    this.element = el("section", { class: "panel", "aria-label": "Connection" },
      el("figure", {},
        el("figcaption", {}, el("span", {}, "There and back"), this.#now),
        this.#picture,
        el("p", { class: "axis" }, el("span", {}, "a minute ago"), this.#top)),
      el("label", {}, "Network ", el("select", { id: "network", onchange: ({ target }) => choose(Number(target.value)) },
        ...NETWORKS.map((network, place) => el("option", { value: place, selected: network === chosen() }, network.name)))),
      this.#numbers);
  }

  /** Once a second. */
  update(stats, scriptMs) {
    const { rttMs, jitterMs, frames, frameBytes, inputLeadTicks } = stats;
    this.#values.push(rttMs);
    if (this.#values.length > KEPT) this.#values.shift();
    const max = ceiling(Math.max(10, ...this.#values.map((value) => value ?? 0)));
    this.#line.setAttribute("d", path(this.#values, max, KEPT, WIDTH, HEIGHT));
    const now = rttMs == null ? "–" : `${rttMs < 10 ? rttMs.toFixed(1) : rttMs.toFixed(0)} ms`;
    setText(this.#now, now);
    setText(this.#top, `up to ${max} ms`);
    this.#picture.setAttribute("aria-label", `Time to the server and back: ${now}, over a minute`);
    const bytes = frameBytes - this.#before.frameBytes;
    const script = scriptMs == null ? "" : ` · ${scriptMs.toFixed(2)} ms of script a picture`;
    setText(this.#numbers, `${many(frames - this.#before.frames, "frame")} (± ${jitterMs.toFixed(0)} ms), ${(bytes / 1024).toFixed(1)} KiB a second · inputs ${many(inputLeadTicks, "tick")} ahead${script}`);
    if (scriptMs != null) this.#numbers.dataset.scriptMs = scriptMs.toFixed(3);
    this.#before = { frames, frameBytes };
  }
}
