// Cards: a game of eights at a table. Everything is a button or a text.

import { el, keyed, setText } from "/play/dom.js";

const SUITS = { Clubs: "♣", Diamonds: "♦", Hearts: "♥", Spades: "♠" };
const RANKS = { 1: "A", 11: "J", 12: "Q", 13: "K", 14: "A" };
const RANK_NAMES = { 1: "ace", 11: "jack", 12: "queen", 13: "king", 14: "ace" };
const EIGHT = 8;
const WHY = {
  NotStarted: "Others are still to come.",
  Over: "The match is over.",
  NotYourTurn: "It is somebody else's turn.",
  ChooseFirst: "Name a suit first.",
  NothingToChoose: "There is no suit to name.",
  NotYourCard: "You do not hold this card.",
  DoesNotFit: "It fits neither suit nor rank.",
  DrewAlready: "Only one card is drawn in a turn.",
  NothingToDraw: "There is no card to draw.",
  HandFull: "Your hand holds no more cards.",
  DrawFirst: "Draw a card first.",
  Empty: "There is nothing to show in this text.",
  BadCharacters: "It holds characters that may not be shown.",
  TooFast: "One line a second is enough.",
};

export const cards = {
  title: "Cards",
  about: "Play a card of the same suit or rank; an eight goes always, and names the next suit.",
  players: "2 players, turn by turn",
  help: "Cards with a green edge fit: press one. By keyboard: Tab, then Enter.",
  scoreName: "Points",
  options: { players: 2 },
  verdict({ winner }, nameOf) {
    return winner == null ? "Nobody has won." : `${nameOf(winner)} has won.`;
  },
  mount,
};

const short = ({ suit, rank }) => `${RANKS[rank] ?? rank}${SUITS[suit]}`;
const long = ({ suit, rank }) => `${RANK_NAMES[rank] ?? rank} of ${suit.toLowerCase()}`;
const isRed = ({ suit }) => suit === "Hearts" || suit === "Diamonds";

function fits(card, { pile, called }) {
  const top = pile.at(-1);
  if (top === undefined) return false;
  return card.rank === EIGHT || (called === null ? card.suit === top.suit || card.rank === top.rank : card.suit === called);
}

/** What may not be pressed can be read all the same; who presses it is told why not. */
const allow = (button, may) => button.setAttribute("aria-disabled", !may);

function mount({ root, room, nameOf, say }) {
  const turn = el("p", { class: "turn", role: "status" });
  const note = el("p", { class: "note", role: "status" });
  const seats = el("ul", { class: "seats", "aria-label": "At the table" });
  const top = el("span", { class: "playing-card", role: "img" });
  const deck = el("button", { type: "button", onclick: () => ask("Draw") }, "Draw");
  const pass = el("button", { type: "button", onclick: () => ask("Pass") }, "Pass");
  const suits = el("div", { class: "cards", role: "group", "aria-label": "Name a suit" },
    ...Object.entries(SUITS).map(([suit, sign]) => el("button", { type: "button", class: isRed({ suit }) ? "red" : "", "aria-label": suit, onclick: () => ask({ Choose: { suit } }) }, sign)));
  const hand = el("div", { class: "cards", role: "group", tabindex: "-1", "aria-label": "Your cards" });
  root.append(el("div", { class: "table" }, seats, turn, note,
    el("div", { class: "cards" }, el("span", { class: "playing-card back", "aria-hidden": "true" }, ""), top), suits, hand,
    room.spectating ? null : el("div", { class: "row cards-ask" }, deck, " ", pass)));
  const known = new Map();
  const seated = new Map();

  async function ask(what) {
    const reply = await answer(what).catch((error) => error.message);
    setText(note, reply ?? "");
  }

  async function answer(what) {
    const reply = await room.request(what);
    return reply.Err ? WHY[reply.Err] ?? reply.Err : null;
  }

  function show() {
    const { state, player } = room;
    const { Playing, Choosing, Over } = state.turn;
    const whose = (Playing ?? Choosing)?.player;
    const mine = whose === player && !room.spectating;
    setText(turn, words(state, mine));
    const card = state.pile.at(-1);
    top.hidden = card === undefined;
    if (card) {
      setText(top, state.called ? `${short(card)} → ${SUITS[state.called]}` : short(card));
      top.classList.toggle("red", isRed(card));
      top.setAttribute("aria-label", `On the pile: ${long(card)}${state.called ? `, ${state.called.toLowerCase()} was named` : ""}`);
    }
    suits.hidden = !(mine && Choosing);
    allow(deck, mine && Playing && !Playing.drew);
    allow(pass, mine && Playing && Playing.drew);
    setText(deck, `Draw (${state.deck} left)`);
    const own = [...state.players.values()].find((seat) => seat.player === player);
    const keys = (own?.hand ?? []).map((held) => `${held.suit} ${held.rank}`);
    const held = new Map((own?.hand ?? []).map((one) => [`${one.suit} ${one.rank}`, one]));
    const hadFocus = hand.contains(document.activeElement);
    keyed(hand, known, keys, (key) => {
      const one = held.get(key);
      return el("button", { type: "button", class: isRed(one) ? "red" : "", "aria-label": long(one), onclick: () => ask({ Play: { card: one } }) }, short(one));
    }, (button, key) => allow(button, mine && Playing && fits(held.get(key), state)));
    // The card that had it was played.
    if (hadFocus && !hand.contains(document.activeElement)) (hand.firstElementChild ?? hand).focus();
    const people = new Map([...state.players.values()].map((seat) => [seat.player, seat]));
    keyed(seats, seated, [...people.keys()], () => el("li"), (seat, id) => {
      setText(seat, `${nameOf(id)}: ${people.get(id).cards} cards`);
      if (id === whose) seat.setAttribute("aria-current", "true");
      else seat.removeAttribute("aria-current");
    });
    root.toggleAttribute("data-waiting", state.turn === "Waiting");
  }

  function words(state, mine) {
    if (state.turn === "Waiting") return "Waiting for others. Send a friend the link.";
    const { Playing, Choosing, Over } = state.turn;
    if (Over) return "The match is over";
    const deal = `Deal ${state.deal} of ${state.deals}. `;
    if (Choosing) return deal + (mine ? "Name the next suit" : `${nameOf(Choosing.player)} names a suit`);
    return deal + (mine ? "Your turn" : `It is ${nameOf(Playing.player)}'s turn`);
  }

  function happened(event) {
    const { Dealt, Played, Chose, Drew, Passed, Won } = event;
    setText(note, "");
    const who = (player) => (player === room.player ? "You" : nameOf(player));
    if (Dealt) say(`A new deal; ${nameOf(Dealt.first)} begins`);
    if (Played) say(`${who(Played.player)}: ${long(Played.card)}`);
    if (Chose) say(`${who(Chose.player)}: ${Chose.suit.toLowerCase()} is next`);
    if (Drew) say(`${who(Drew.player)}: a card from the deck`);
    if (Passed) say(`${who(Passed.player)}: pass`);
    if (Won) say(Won.player == null ? "Nobody wins the deal" : `${who(Won.player)}: ${Won.points} points`);
  }

  const offs = [room.on("frame", show), room.on("event", happened)];
  show();
  if (!room.spectating) introduce(room, answer);
  return {
    chat: chatOf(room, answer),
    nameOf: (player) => [...room.state.players.values()].find((seat) => seat.player === player)?.name,
    scores: () => [...room.state.points].map(([player, score]) => ({ player, score }))
      .sort((one, other) => other.score - one.score),
    close: () => offs.forEach((off) => off()),
  };
}

/** Tells the table the name under which the room knows this player. */
function introduce(room, answer) {
  const name = room.roster.get(room.player)?.name.slice(0, 24);
  if (name) answer({ SetName: { name } }).catch(() => {});
}

/** The game keeps its chat in its state. */
function chatOf(room, answer) {
  let shown = -1;
  return {
    async send(text) {
      const refused = await answer({ Say: { text } });
      if (refused !== null) throw new Error(refused);
    },
    listen(add) {
      const tell = () => {
        for (const [number, { name, author, text }] of room.state.chat) {
          if (number <= shown) continue;
          shown = number;
          add(name || `player ${author}`, text);
        }
      };
      tell();
      room.on("frame", tell);
    },
  };
}
