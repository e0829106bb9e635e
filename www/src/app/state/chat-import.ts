// A chat on its way in: where it comes from, and what the engine has read of it.
import type { DateOrder, Response } from "../../protocol";
import type { EngineSession } from "../engine/session";

/** The chat of a file, or the chats to choose from. */
export type Imported = Pick<Extract<Response, { type: "imported" }>, "chat" | "chats">;

export interface ImportSource {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Larger files than this are exports with media. */
export const MAX_IMPORT_BYTES = 100e6;

export const fromText = (text: string): ImportSource => ({ name: "chat.txt", bytes: new TextEncoder().encode(text) });

export async function fromFile(file: File): Promise<ImportSource> {
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
}

/** Reads `source`. How dates are written is the engine's guess unless it is given; of several chats one has to be named. */
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
