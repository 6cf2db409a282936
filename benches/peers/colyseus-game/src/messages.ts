import { z } from "zod";

/** What a client may ask for; anything else is refused before the room sees it. */
export const JoinOptions = z.object({
  name: z
    .string()
    .max(80)
    .trim()
    .regex(/^[\p{L}\p{N}_ -]{1,20}$/u, "1 to 20 letters, digits, spaces, - or _"),
});
export const Pick = z.strictObject({ item: z.string().regex(/^\d{1,10}$/) });
export const Drop = z.strictObject({ index: z.int().min(0).max(15) });
export const Say = z.strictObject({ text: z.string().max(4096) });

/** Why a request was turned down. */
export type Refusal =
  | "no such item"
  | "too far away"
  | "inventory full"
  | "nothing there"
  | "empty"
  | "too long"
  | "control characters"
  | "too fast";

export const TEXT_MAX_BYTES = 200;

/** A chat line as it may be shown, or why not. */
export function chatText(text: string): { text: string } | { refused: Refusal } {
  const trimmed = text.trim();
  if (trimmed === "") return { refused: "empty" };
  if (Buffer.byteLength(trimmed, "utf8") > TEXT_MAX_BYTES) return { refused: "too long" };
  if (/\p{Cc}|\p{Cs}/u.test(trimmed)) return { refused: "control characters" };
  return { text: trimmed };
}
