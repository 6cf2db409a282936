import { type Client, ErrorCode, Room, type RoomException, ServerError, validate } from "colyseus";
import { chatText, Drop, JoinOptions, Pick, Say, type Refusal } from "./messages.ts";
import { FIELD, FieldState, Item, Line, Move, Player, Stack } from "./state.ts";

const TICKS_PER_SECOND = 20;
/** Metres a second. */
const SPEED = 4;
/** How far a player can reach, in metres. */
const REACH = 1.5;
const KINDS = 8;
const STACKS_MAX = 16;
const COUNT_MAX = 99;
const ITEMS_MAX = 64;
const LINES_MAX = 20;
const MS_BETWEEN_LINES = 1000;

export class FieldRoom extends Room<{ state: FieldState; input: Move }> {
  maxClients = 32;
  patchRate = 1000 / TICKS_PER_SECOND;
  // An input each tick, and requests besides.
  maxMessagesPerSecond = 3 * TICKS_PER_SECOND;
  state = new FieldState();
  // Only the newest counts.
  inputs = this.defineInput(Move, { bufferMaxSize: 0 });

  private nextItem = 1;
  private lastLineAt = new Map<string, number>();

  messages = {
    pick: validate(Pick, (client: Client, { item: id }, ctx) => {
      const player = this.state.players.get(client.sessionId);
      const item = this.state.items.get(id);
      if (!player || !item) return ctx.reject<Refusal>("no such item");
      if ((item.x - player.x) ** 2 + (item.y - player.y) ** 2 > REACH ** 2) {
        return ctx.reject<Refusal>("too far away");
      }
      if (!take(player, item)) return ctx.reject<Refusal>("inventory full");
      this.state.items.delete(id);
    }),

    drop: validate(Drop, (client: Client, { index }, ctx) => {
      const player = this.state.players.get(client.sessionId);
      const stack = player?.inventory[index];
      if (!player || !stack) return ctx.reject<Refusal>("nothing there");
      player.inventory.splice(index, 1);
      this.place(stack, player.x, player.y);
    }),

    say: validate(Say, (client: Client, { text }, ctx) => {
      const player = this.state.players.get(client.sessionId);
      const said = chatText(text);
      if ("refused" in said) return ctx.reject<Refusal>(said.refused);
      const now = performance.now();
      const last = this.lastLineAt.get(client.sessionId) ?? -Infinity;
      if (!player || now - last < MS_BETWEEN_LINES) return ctx.reject<Refusal>("too fast");
      this.lastLineAt.set(client.sessionId, now);
      while (this.state.chat.length >= LINES_MAX) this.state.chat.shift();
      this.state.chat.push(new Line().assign({ from: player.name, text: said.text }));
    }),
  };

  onCreate() {
    for (let n = 0; n < ITEMS_MAX; n++) this.scatter();
    this.setFixedTimestep(({ dt }) => this.step(dt), TICKS_PER_SECOND);
    this.clock.setInterval(() => this.state.items.size < ITEMS_MAX && this.scatter(), 2000);
  }

  onJoin(client: Client, options: unknown) {
    const { success, data, error } = JoinOptions.safeParse(options);
    if (!success) {
      throw new ServerError(ErrorCode.APPLICATION_ERROR, `name: ${error.issues[0]?.message}`);
    }
    const at = { x: Math.random() * FIELD, y: Math.random() * FIELD };
    this.state.players.set(client.sessionId, new Player().assign({ name: data.name, ...at }));
  }

  onLeave(client: Client) {
    const player = this.state.players.get(client.sessionId);
    if (!player) return;
    for (const stack of player.inventory) this.place(stack, player.x, player.y);
    this.state.players.delete(client.sessionId);
    this.lastLineAt.delete(client.sessionId);
  }

  onUncaughtException(error: RoomException, method: string) {
    console.error(`room ${this.roomId}: ${method} failed`, error);
  }

  private step(dt: number) {
    for (const [sessionId, player] of this.state.players) {
      const move = this.inputs.get(sessionId).latest;
      if (!move || (move.x === 0 && move.y === 0)) continue;
      // A diagonal is not faster.
      const scale = (SPEED * dt) / Math.max(127, Math.hypot(move.x, move.y));
      player.x = within(player.x + move.x * scale);
      player.y = within(player.y + move.y * scale);
    }
  }

  private scatter() {
    const stack = new Stack().assign({
      kind: Math.floor(Math.random() * KINDS),
      count: 1 + Math.floor(Math.random() * 5),
    });
    this.place(stack, Math.random() * FIELD, Math.random() * FIELD);
  }

  private place({ kind, count }: Stack, x: number, y: number) {
    this.state.items.set(`${this.nextItem++}`, new Item().assign({ kind, count, x, y }));
  }
}

/** Puts an item into the inventory, onto a stack of its kind if one has room for all of it. */
function take({ inventory }: Player, { kind, count }: Item): boolean {
  const stack = inventory.find((it) => it.kind === kind && it.count + count <= COUNT_MAX);
  if (stack) stack.count += count;
  else if (inventory.length < STACKS_MAX) inventory.push(new Stack().assign({ kind, count }));
  else return false;
  return true;
}

function within(part: number): number {
  return Math.min(Math.max(part, 0), FIELD);
}
