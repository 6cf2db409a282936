// A canvas that fills its place and is drawn once for each picture of the screen.

import { el } from "/play/dom.js";

/** Pictures over which the time of a picture is averaged. */
const MEASURED = 120;
/** Dots of the screen for one of the page, at most: more costs time and nobody sees it. */
const DENSITY_MAX = 2;

/**
 * Calls `draw(context, width, height)` for each picture, in units of the page. Returns the canvas,
 * `work` for what is done between pictures, `scriptMs()` and `close()`.
 */
export function canvas(root, label, draw) {
  const element = el("canvas", { role: "img", "aria-label": label });
  root.append(element);
  const context = element.getContext("2d");
  const times = new Float64Array(MEASURED);
  let [drawn, between, asked] = [0, 0, 0];
  const size = () => {
    const density = Math.min(devicePixelRatio || 1, DENSITY_MAX);
    const { width, height } = element.getBoundingClientRect();
    element.width = Math.max(1, Math.round(width * density));
    element.height = Math.max(1, Math.round(height * density));
  };
  const watcher = new ResizeObserver(size);
  watcher.observe(element);
  size();
  const frame = () => {
    asked = requestAnimationFrame(frame);
    const begun = performance.now();
    const density = Math.min(devicePixelRatio || 1, DENSITY_MAX);
    context.setTransform(density, 0, 0, density, 0, 0);
    draw(context, element.width / density, element.height / density, begun);
    times[drawn % MEASURED] = performance.now() - begun + between;
    drawn += 1;
    between = 0;
  };
  asked = requestAnimationFrame(frame);
  return {
    element,
    /** Does something between two pictures, which counts as the time of the next. */
    work(what) {
      const begun = performance.now();
      what();
      between += performance.now() - begun;
    },
    /** Milliseconds of script for a picture, the mean of the last ones. */
    scriptMs() {
      const all = Math.min(drawn, MEASURED);
      return all === 0 ? 0 : times.subarray(0, all).reduce((sum, time) => sum + time, 0) / all;
    },
    close() {
      cancelAnimationFrame(asked);
      watcher.disconnect();
      element.remove();
    },
  };
}

/** Tells somebody who waits alone how others come. */
export function alone(context, width) {
  context.textAlign = "center";
  context.font = "14px system-ui, sans-serif";
  context.fillStyle = "#95a59d";
  context.fillText("Nobody else is here yet. Send a friend the link.", width / 2, 46);
}

/** The colour of a player, the same on every screen; 137.5° apart, neighbours are easy to tell. */
export function colour(player, light = 62) {
  return `hsl(${(player * 137.5) % 360} 75% ${light}%)`;
}
