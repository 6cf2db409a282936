/** The first words on a connection. */

import { TimedOut } from './error.js';
import { Socket } from './socket.js';

/** `work`, or an error after so long. `late` is called then. */
export function within(platform, what, ms, work, late = () => {}) {
  return new Promise((resolve, reject) => {
    const timer = platform.later(() => {
      const error = new TimedOut(what, ms);
      reject(error);
      late(error);
    }, ms);
    const done = (settle) => (value) => {
      platform.cancel(timer);
      settle(value);
    };
    work.then(done(resolve), done(reject));
  });
}

/**
 * Opens a connection, says `Hello` and waits for `Welcome`. Returns both the socket and the
 * `Welcome`; `made` gets the socket before, so that it can be closed meanwhile.
 */
export async function greet({ platform, url, hello, deadlineMs, report, made }) {
  const socket = new Socket(platform, url, report);
  made(socket);
  const talk = async () => {
    await socket.opened;
    socket.say(hello);
    const [welcome] = await socket.next();
    if (welcome.type === 'Welcome') return welcome;
    socket.close(4001, 'the server said something before its Welcome');
    throw socket.ended;
  };
  const late = ({ message }) => socket.drop(message);
  const welcome = await within(platform, `the greeting of ${url}`, deadlineMs, talk(), late);
  return { socket, welcome };
}
