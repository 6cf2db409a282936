import { defineRoom, defineServer, WebSocketTransport } from "colyseus";
import { FieldRoom } from "./FieldRoom.ts";

export const server = defineServer({
  transport: new WebSocketTransport({ maxPayload: 4 * 1024 }),
  rooms: { field: defineRoom(FieldRoom) },
  greet: false,
});
