// Keyboard, touch and gamepad as one thing: a direction, and a trigger.

import { el } from "/play/dom.js";

const KEYS = {
  ArrowLeft: [-1, 0], KeyA: [-1, 0],
  ArrowRight: [1, 0], KeyD: [1, 0],
  ArrowUp: [0, -1], KeyW: [0, -1],
  ArrowDown: [0, 1], KeyS: [0, 1],
};
const TRIGGERS = ["Space", "ShiftLeft", "ShiftRight"];
/** How far a stick has to be moved: sticks that nobody touches are never quite in the middle. */
const DEAD_ZONE = 0.25;

const clamp = (value) => Math.max(-1, Math.min(1, value));

/** Whether keys pressed there are text, or press what has the focus. */
function isTaken({ target, code }) {
  if (target.closest?.("input, select, textarea")) return true;
  return code === "Space" && target.closest?.("button, summary, a") !== null;
}

/** Reads controls until `close()`. `read()` says `{ x, y, trigger }`, x and y from -1 to 1. */
export function controls(root, triggerName) {
  const pressed = new Set();
  const stop = new AbortController();
  const listen = (place, name, hear) => place.addEventListener(name, hear, { signal: stop.signal });
  listen(window, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event)) return;
    if (event.code in KEYS || TRIGGERS.includes(event.code)) {
      pressed.add(event.code);
      event.preventDefault();
    }
  });
  listen(window, "keyup", ({ code }) => pressed.delete(code));
  // Keys that are let go of in another window are never heard of.
  listen(window, "blur", () => pressed.clear());
  const stick = touchStick(root, listen);
  const trigger = touchTrigger(root, triggerName, listen);
  return {
    read() {
      const pad = gamepad();
      const say = { x: stick.x + pad.x, y: stick.y + pad.y, trigger: trigger.held || pad.trigger };
      for (const code of pressed) {
        say.x += KEYS[code]?.[0] ?? 0;
        say.y += KEYS[code]?.[1] ?? 0;
        say.trigger ||= TRIGGERS.includes(code);
      }
      return { x: clamp(say.x), y: clamp(say.y), trigger: say.trigger };
    },
    close() {
      stop.abort();
      stick.element.remove();
      trigger.element.remove();
    },
  };
}

function touchStick(root, listen) {
  const knob = el("i");
  const element = el("div", { class: "stick", "aria-hidden": "true" }, knob);
  root.append(element);
  const self = { element, x: 0, y: 0 };
  const put = (x, y) => {
    [self.x, self.y] = Math.hypot(x, y) < DEAD_ZONE ? [0, 0] : [x, y];
    knob.style.transform = `translate(${x * 2.5}rem, ${y * 2.5}rem)`;
  };
  const follow = (event) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const [x, y] = [(event.clientX - left) / width * 2 - 1, (event.clientY - top) / height * 2 - 1];
    const length = Math.max(1, Math.hypot(x, y));
    put(x / length, y / length);
  };
  listen(element, "pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    follow(event);
  });
  listen(element, "pointermove", (event) => element.hasPointerCapture(event.pointerId) && follow(event));
  for (const name of ["pointerup", "pointercancel"]) listen(element, name, () => put(0, 0));
  return self;
}

function touchTrigger(root, name, listen) {
  const element = el("button", { class: "trigger", type: "button", tabindex: "-1" }, name);
  root.append(element);
  const self = { element, held: false };
  listen(element, "pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    self.held = true;
    event.preventDefault();
  });
  for (const over of ["pointerup", "pointercancel"]) listen(element, over, () => { self.held = false; });
  return self;
}

function gamepad() {
  const pad = [...navigator.getGamepads?.() ?? []].find((found) => found?.connected);
  if (!pad) return { x: 0, y: 0, trigger: false };
  const axis = (place) => (Math.abs(pad.axes[place] ?? 0) < DEAD_ZONE ? 0 : pad.axes[place]);
  const down = (place) => Number(pad.buttons[place]?.pressed ?? false);
  return {
    // Buttons 12 to 15 are the cross.
    x: axis(0) + down(15) - down(14),
    y: axis(1) + down(13) - down(12),
    trigger: down(0) > 0 || down(7) > 0,
  };
}
