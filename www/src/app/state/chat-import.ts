// Importing a chat: its source, and what the engine reads from it.
import type { DateOrder, Response } from "../../protocol";
import type { EngineSession } from "../engine/session";

/** The chat in a file, or the chats to choose from. */
export type Imported = Pick<Extract<Response, { type: "imported" }>, "chat" | "chats">;

export interface ImportSource {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

export const fromText = (text: string): ImportSource => ({ name: "chat.txt", bytes: new TextEncoder().encode(text) });

export async function fromFile(file: File): Promise<ImportSource> {
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
}

/**
 * Reads `source`. Without `order` the engine detects how dates are written. `chat` is the index of the chat to read if
 * the file has several.
 */
export function readChat(
  session: EngineSession,
  source: ImportSource,
  order?: DateOrder,
  chat?: number,
): Promise<Imported> {
  return session.ask("imported", {
    action: "import",
    name: source.name,
    bytes: source.bytes,
    ...(order !== undefined && { order }),
    ...(chat !== undefined && { chat }),
  });
}
