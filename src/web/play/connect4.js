// Connect four: a board of buttons, one for each column.

import { el, setText } from "/play/dom.js";

const [COLUMNS, ROWS] = [7, 6];
const DISCS = ["empty", "yellow", "red"];
const WHY = {
  NotStarted: "The other player is still to come.",
  Over: "The match is over.",
  NotYourTurn: "It is the other player's turn.",
  NoSuchColumn: "There is no such column.",
  ColumnFull: "This column is full.",
};

/** The cells of a line of four, as `row * COLUMNS + column`; none if there is no such line. */
function fourIn(cells) {
  for (let place = 0; place < ROWS * COLUMNS; place += 1) {
    const [row, column] = [Math.floor(place / COLUMNS), place % COLUMNS];
    for (const [up, aside] of [[0, 1], [1, 0], [1, 1], [1, -1]]) {
      const line = [0, 1, 2, 3].map((step) => [row + up * step, column + aside * step]);
      const disc = cells[row][column];
      if (disc !== 0 && line.every(([y, x]) => cells[y]?.[x] === disc)) return line.map(([y, x]) => y * COLUMNS + x);
    }
  }
  return [];
}

export const connect4 = {
  title: "Connect four",
  about: "Drop discs into seven columns. Four in a line win.",
  players: "2 players, turn by turn",
  help: "Choose a column: press it, go there with ← → and press Enter, or use the keys 1 to 7.",
  scoreName: "Disc",
  options: {},
  verdict({ winner, reason }, nameOf) {
    const how = { four: "has four in a line", left: "wins, as the other has left", time_up: "wins, as the other's time is up" };
    if (winner == null) return reason === "full" ? "Nobody has won: the board is full." : "Nobody has won.";
    return `${nameOf(winner)} ${how[reason] ?? "has won"}.`;
  },
  mount,
};

function mount({ root, room, nameOf, say }) {
  const turn = el("p", { class: "turn", role: "status" });
  const note = el("p", { class: "note", role: "status" });
  const board = el("div", { class: "connect4", role: "group", "aria-label": "Board", onkeydown: aside });
  const columns = Array.from({ length: COLUMNS }, (_, column) => {
    const cells = Array.from({ length: ROWS }, () => el("i"));
    const button = el("button", { type: "button", disabled: room.spectating, onclick: () => drop(column) }, ...cells);
    return { button, cells: cells.reverse() };
  });
  board.append(...columns.map(({ button }) => button));
  root.append(el("div", { class: "board" }, turn, note, board));
  let last = null;

  /** From column to column with the arrows. */
  function aside({ key, target }) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (way === undefined) return;
    columns[columns.findIndex(({ button }) => button === target) + way]?.button.focus();
  }

  async function drop(column) {
    try {
      const reply = await room.request({ Drop: { column } });
      setText(note, reply.Err ? WHY[reply.Err] ?? reply.Err : "");
    } catch (error) {
      setText(note, error.message);
    }
  }

  function show() {
    const { phase, board, players, turn: whose } = room.state;
    const mine = phase === "Playing" && whose === room.player && !room.spectating;
    const words = { Waiting: "Waiting for another player. Send a friend the link.", Over: "The match is over" };
    setText(turn, words[phase] ?? (mine ? `Your turn: you are ${DISCS[players.indexOf(room.player) + 1]}` : `It is ${nameOf(whose)}'s turn`));
    const four = phase === "Over" ? fourIn(board.cells) : [];
    columns.forEach(({ button, cells }, column) => {
      const discs = cells.map((cell, row) => {
        const disc = board.cells[row][column];
        cell.dataset.disc = disc;
        // Who cannot tell the colours apart, sees the letters.
        setText(cell, ["", "Y", "R"][disc]);
        cell.classList.toggle("last", last?.row === row && last?.column === column);
        cell.classList.toggle("four", four.includes(row * COLUMNS + column));
        return disc;
      });
      // Still there for the focus and for who listens; the room says why nothing can be dropped.
      button.setAttribute("aria-disabled", !mine || discs.at(-1) !== 0);
      const from = discs.filter((disc) => disc !== 0).map((disc) => DISCS[disc]).join(", ");
      button.setAttribute("aria-label", `Column ${column + 1}: ${from === "" ? "empty" : `${from} from the bottom`}`);
    });
  }

  const stop = new AbortController();
  addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
    const column = columns[Number(key) - 1];
    if (ctrlKey || metaKey || altKey || target.closest?.("input") || column === undefined) return;
    column.button.click();
  }, { signal: stop.signal });
  const offs = [
    room.on("frame", show),
    room.on("event", ({ Started, Dropped }) => {
      if (Started) say(`${nameOf(Started.first)} begins`);
      if (Dropped === undefined) return;
      last = Dropped;
      setText(note, "");
      show();
      say(`${Dropped.player === room.player ? "You drop" : `${nameOf(Dropped.player)} drops`} into column ${Dropped.column + 1}`);
    }),
  ];
  show();
  return {
    chat: null,
    scores: () => room.state.players.filter((player) => player !== 0)
      .map((player, place) => ({ player, score: DISCS[place + 1] })),
    close() {
      stop.abort();
      offs.forEach((off) => off());
    },
  };
}
