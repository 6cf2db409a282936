// What the page asks of its server. The token is kept for this tab only, and sent in a header.

const KEY = "greenroom-token";

export function setToken(token) {
  sessionStorage.setItem(KEY, token);
}

/** A request that was not done: `status`, and a sentence as `message`. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Asks; an answer other than 2xx is thrown as `Refused`. */
export async function ask(path, options = {}) {
  const headers = new Headers(options.headers);
  const token = sessionStorage.getItem(KEY);
  if (token) headers.set("authorization", `Bearer ${token}`);
  const response = await fetch(path, { ...options, headers, cache: "no-store" });
  if (response.ok) return response;
  const { message } = await response.json().catch(() => ({}));
  throw new Refused(response.status, message ?? `the server answered ${response.status}`);
}

/** Has something changed. */
export async function change(path, body) {
  const headers = { "content-type": "application/json" };
  const response = await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  return response.json();
}

/** Has the browser keep a file. A link could not send the token. */
export async function download(path, name) {
  const response = await ask(path);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
