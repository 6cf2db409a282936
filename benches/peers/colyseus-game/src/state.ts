import { schema, t, type SchemaType } from "@colyseus/schema";

/** The field's width and height in metres. */
export const FIELD = 64;

const coordinate = () => t.quantized({ min: 0, max: FIELD, bits: 16 });

/** So many things of one kind. */
export const Stack = schema({ kind: t.uint8(), count: t.uint8() }, "Stack");
export type Stack = SchemaType<typeof Stack>;

/** A stack that lies on the field. */
export const Item = schema(
  { x: coordinate(), y: coordinate(), kind: t.uint8(), count: t.uint8() },
  "Item",
);
export type Item = SchemaType<typeof Item>;

export const Player = schema(
  { name: t.string(), x: coordinate(), y: coordinate(), inventory: t.array(Stack) },
  "Player",
);
export type Player = SchemaType<typeof Player>;

export const Line = schema({ from: t.string(), text: t.string() }, "Line");
export type Line = SchemaType<typeof Line>;

/** What every client sees. */
export const FieldState = schema(
  { players: t.map(Player), items: t.map(Item), chat: t.array(Line) },
  "FieldState",
);
export type FieldState = SchemaType<typeof FieldState>;

/** Where a player wants to go, all the time: 127 is full speed. */
export const Move = schema({ x: t.int8(), y: t.int8() }, "Move");
export type Move = SchemaType<typeof Move>;
