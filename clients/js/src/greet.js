/** The first words on a connection. */

import { TimedOut } from './error.js';

/** `work`, or an error after so long: if it is of a `socket`, that ends. */
export async function within(platform, what, ms, work, socket = null) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = platform.later(() => {
      const error = new TimedOut(what, ms);
      reject(error);
      socket?.drop(error.message);
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    platform.cancel(timer);
  }
}

/** Says `Hello` on a new socket, and returns the `Welcome`. */
export async function greet(socket, hello) {
  await socket.opened;
  socket.say(hello);
  const [welcome] = await socket.next();
  if (welcome.type === 'Welcome') return welcome;
  socket.close(4001, 'the server did not say Welcome');
  throw socket.ended;
}
