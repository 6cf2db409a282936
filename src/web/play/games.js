// The games that have a page here.

import { arena } from "/play/arena.js";
import { cards } from "/play/cards.js";
import { connect4 } from "/play/connect4.js";
import { swarm } from "/play/swarm.js";

/**
 * By name. Each has `title`, `about`, `players`, `help`, `scoreName`, `options` for new rooms, and
 * `mount({ root, room, nameOf, say, options })`, which shows a room (or a recording of one, which
 * looks like a room) in `root`. What it returns has `scores()`, `close()`, and where there are
 * such, `scriptMs()`, `nameOf(player)` and `chat` (`null`: nobody speaks here).
 */
export const GAMES = new Map(Object.entries({ arena, connect4, cards, swarm }));
