// A line over the last minutes.

import { el, setText, svg } from "./dom.js";

const [WIDTH, HEIGHT] = [240, 48];
/** Values kept: five minutes, one a second. */
const KEPT = 300;

/** The largest value of an axis: 1, 2 or 5 times a power of ten, from `value` upwards. */
export function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999999);
}

/** The line's path: the newest value at the right edge, a gap where there is none. */
export function path(values, max, slots = KEPT, width = WIDTH, height = HEIGHT) {
  const step = width / (slots - 1);
  const left = width - (values.length - 1) * step;
  let isOpen = false;
  const parts = values.map((value, place) => {
    if (value == null) {
      isOpen = false;
      return "";
    }
    const x = (left + place * step).toFixed(1);
    const y = (height - 1 - (Math.min(value, max) / max) * (height - 2)).toFixed(1);
    const move = isOpen ? "L" : "M";
    isOpen = true;
    return `${move}${x} ${y}`;
  });
  return parts.join("");
}

export class Plot {
  #values = [];
  #now = el("strong");
  #top = el("span", { class: "top" });
  #line = svg("path", { class: "line" });
  #picture;
  #show;

  /** `show` says a value with its unit. */
  constructor(title, show) {
    this.#show = show;
    this.#picture = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
    }, this.#line);
    this.title = title;
    this.element = el("figure", {},
      el("figcaption", {}, el("span", {}, title), this.#now), this.#picture,
      el("p", { class: "axis" }, el("span", {}, "5 min ago"), this.#top));
  }

  push(value) {
    this.#values.push(value);
    if (this.#values.length > KEPT) this.#values.shift();
    const max = ceiling(Math.max(...this.#values.map((value) => value ?? 0)));
    this.#line.setAttribute("d", path(this.#values, max));
    const now = this.#show(value);
    setText(this.#now, now);
    setText(this.#top, `axis to ${this.#show(max)}`);
    this.#picture.setAttribute("aria-label", `${this.title}: ${now} now, over five minutes`);
  }
}
