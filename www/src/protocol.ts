// The worker protocol as the page sees it: types only, made from crate/src/web/protocol.rs by pkg-scripts/wasm.
import type * as engine from "./engine/gist";

export type { FaultKind, MethodStatus, Metrics, ModelStatus, Stage, Storage, Target } from "./engine/gist";

export type Action = engine.Action | { action: "import"; name: string; bytes: Uint8Array; order?: DateOrder | undefined; chat?: number | undefined };
export type Request = { version: 1; id: number } & Action;
export type Response = engine.Response | ({ version: 1; id: number; type: "imported" } & Imported);

/** How dates are written. */
export type DateOrder = "dayFirst" | "monthFirst" | "yearFirst";

/** A chat that was read from a file. */
export interface ImportedChat {
  messages: { sender: string; text: string; time: string | undefined }[];
  format: "whatsapp" | "telegram" | "signal" | "plain";
  dates: { order: DateOrder; certainty: "given" | "certain" | "inferred" | "ambiguous" } | undefined;
  announcements: number;
  media: number;
  leadingLines: number;
  impossibleDates: number;
}

/** The chat of a file, or the chats to choose from. */
export interface Imported {
  chat: ImportedChat | undefined;
  chats: { name: string; entries: number }[];
}
