/**
 * A browser for the tests: Debian's chromium without a window, driven over its DevTools protocol
 * through two pipes, so that nothing listens and Node needs no WebSocket.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How long anything may take, in milliseconds. */
export const DEADLINE_MS = 20_000;

/** The program, or `null` where it is not installed. */
export function program() {
  const wanted = process.env.GREENROOM_CHROMIUM ?? 'chromium';
  try {
    return execFileSync('sh', ['-c', 'command -v "$0"', wanted], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

/** Waits until something holds: asks every 20 ms, and fails after `DEADLINE_MS`. */
export async function until(what, holds) {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await holds();
    if (found) return found;
    if (Date.now() > end) throw new Error(`it never happened that ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

/** A browser that is closed when the test is over. Certificates of tests are not known to it. */
export async function browser(test) {
  const profile = mkdtempSync(join(tmpdir(), 'greenroom-browser-'));
  const child = spawn(program(), [
    '--headless=new', '--remote-debugging-pipe', `--user-data-dir=${profile}`,
    '--ignore-certificate-errors', '--host-resolver-rules=MAP elsewhere.example 127.0.0.1', '--no-first-run', '--no-default-browser-check',
    '--disable-background-networking', '--disable-component-update', '--disable-default-apps',
    '--disable-sync', '--disable-extensions', '--disable-gpu', '--mute-audio',
    // Tabs behind another one go on as if they were seen.
    '--disable-renderer-backgrounding', '--disable-background-timer-throttling',
    '--disable-backgrounding-occluded-windows',
    // Containers have neither user namespaces nor much shared memory.
    '--no-sandbox', '--disable-dev-shm-usage', '--window-size=1280,800', 'about:blank',
  ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  const self = new Browser(child);
  test.after(async () => {
    const late = setTimeout(() => child.kill('SIGKILL'), 3000);
    await self.ask('Browser.close').catch(() => {});
    await ended;
    clearTimeout(late);
    // Its children end a moment later, and may still write.
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });
  return self;
}

class Browser {
  #to;
  #number = 0;
  #waiting = new Map();
  #tabs = new Map();

  constructor(child) {
    this.#to = child.stdio[3];
    this.#to.on('error', () => {});
    let pieces = [];
    child.stdio[4].on('data', (piece) => {
      // Messages end with a zero byte.
      for (let from = 0; ;) {
        const end = piece.indexOf(0, from);
        if (end < 0) {
          pieces.push(piece.subarray(from));
          return;
        }
        pieces.push(piece.subarray(from, end));
        this.#took(JSON.parse(Buffer.concat(pieces).toString()));
        pieces = [];
        from = end + 1;
      }
    });
    child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser has ended'));
    });
  }

  #took({ id, method, params, result, error, sessionId }) {
    if (id === undefined) {
      this.#tabs.get(sessionId)?.happened(method, params);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(new Error(`${waiting.method}: ${error.message}`));
  }

  /** Asks the browser, or with a session one of its tabs. */
  ask(method, params = {}, sessionId = undefined) {
    this.#number += 1;
    const id = this.#number;
    this.#to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${method} was not answered`));
      }, DEADLINE_MS);
      const over = (how) => (word) => {
        clearTimeout(late);
        how(word);
      };
      this.#waiting.set(id, { method, resolve: over(resolve), reject: over(reject) });
    });
  }

  /** A tab with storage of its own, which shows an address. */
  async tab(url, { width = 1280, height = 800, mobile = false } = {}) {
    const { browserContextId } = await this.ask('Target.createBrowserContext');
    const { targetId } = await this.ask('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await this.ask('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(this, sessionId);
    this.#tabs.set(sessionId, tab);
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await tab.ask(`${domain}.enable`);
    await tab.ask('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: mobile ? 2 : 1, mobile });
    await tab.ask('Emulation.setTouchEmulationEnabled', { enabled: mobile });
    // Else only one tab has the focus, and others get no keys.
    await tab.ask('Emulation.setFocusEmulationEnabled', { enabled: true });
    await tab.go(url);
    return tab;
  }
}

class Tab {
  #browser;
  #session;
  #loads = 0;
  /** What the browser complains of: errors on the console, and exceptions that nobody caught. */
  errors = [];
  /** What was loaded, by address. */
  loaded = [];

  constructor(browser, session) {
    this.#browser = browser;
    this.#session = session;
  }

  ask(method, params) {
    return this.#browser.ask(method, params, this.#session);
  }

  happened(method, params) {
    if (method === 'Page.loadEventFired') this.#loads += 1;
    // Whoever asks whether something is to be done hears that it is.
    if (method === 'Page.javascriptDialogOpening') this.ask('Page.handleJavaScriptDialog', { accept: true }).catch(() => {});
    if (method === 'Network.requestWillBeSent') this.loaded.push(params.request.url);
    if (method === 'Network.webSocketCreated') this.loaded.push(params.url);
    if (method === 'Runtime.exceptionThrown') {
      const { text, exception } = params.exceptionDetails;
      this.errors.push(`${text} ${exception?.description ?? ''}`);
    }
    if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params.type)) {
      this.errors.push(params.args.map(({ value, description }) => value ?? description).join(' '));
    }
    if (method === 'Log.entryAdded' && ['error', 'warning'].includes(params.entry.level)) {
      this.errors.push(`${params.entry.text} ${params.entry.url ?? ''}`);
    }
  }

  /** Goes to an address, and waits until the page has loaded. */
  async go(url) {
    const before = this.#loads;
    const { errorText } = await this.ask('Page.navigate', { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    await until(`${url} loads`, () => this.#loads > before);
  }

  async reload() {
    const before = this.#loads;
    await this.ask('Page.reload');
    await until('the page loads anew', () => this.#loads > before);
  }

  /** What a function of the page returns, called there with these. */
  async run(work, ...words) {
    const expression = `(${work})(...${JSON.stringify(words)})`;
    const { result, exceptionDetails } = await this.ask('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** The text of the first element that a selector finds and that is shown; else `null`. */
  text(selector) {
    return this.run((wanted) => {
      const found = document.querySelector(wanted);
      return found && found.checkVisibility() ? found.textContent : null;
    }, selector);
  }

  /** Waits until an element is shown with a text in it, and returns all of its text. */
  sees(selector, part = '') {
    return until(`${selector} says ${JSON.stringify(part)}`, async () => {
      const text = await this.text(selector);
      return text !== null && text.includes(part) ? text || ' ' : null;
    });
  }

  /** Clicks where an element is, as a mouse does. */
  async click(selector) {
    const spot = await until(`there is ${selector} to click`, () => this.run((wanted) => {
      const found = document.querySelector(wanted);
      if (!found?.checkVisibility() || found.disabled) return null;
      found.scrollIntoView({ block: 'center' });
      const { left, top, width, height } = found.getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    }, selector));
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.ask('Input.dispatchMouseEvent', { type, ...spot, button: 'left', clickCount: 1 });
    }
  }

  /** Writes into a field that has the focus or gets it. */
  async write(selector, text) {
    await this.run((wanted) => {
      const found = document.querySelector(wanted);
      found.focus();
      found.select();
    }, selector);
    await this.ask('Input.insertText', { text });
  }

  /** Presses or lets go of a key, by its code. */
  async key(type, code, key = code) {
    const text = type === 'keyDown' && key.length === 1 ? key : key === 'Enter' && type === 'keyDown' ? '\r' : undefined;
    const windowsVirtualKeyCode = { ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, Tab: 9, Enter: 13, Space: 32 }[code] ?? key.toUpperCase().charCodeAt(0);
    await this.ask('Input.dispatchKeyEvent', { type, code, key, text, windowsVirtualKeyCode });
  }

  async press(code, key = code) {
    await this.key('keyDown', code, key);
    await this.key('keyUp', code, key);
  }

  /** A picture of what is seen, as bytes. */
  async picture(format = 'webp', quality = 80) {
    const { data } = await this.ask('Page.captureScreenshot', { format, quality });
    return Buffer.from(data, 'base64');
  }
}
