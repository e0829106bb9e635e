// Links that contain a chat. All data is in the fragment, which browsers never send to a server. A link may come from
// anybody: every part is validated and used as text only.
import type { Method } from "../../protocol";
import type { Conversation, Lines } from "./conversation";

export interface Link {
  /** Id of an example. */
  example?: string;
  /** The sender's own chat. */
  chat?: { title: string; lines: Lines };
  /** Language of that chat, where the sender had no doubt of it. */
  from?: string;
  /** Method that the sender has chosen. */
  method?: Method;
  /** Language of summaries that the sender has chosen; `chat` is that of the chat. */
  to?: string;
}

/** Why a link cannot be opened. Each is a key of the page's messages. */
export type LinkFault = "version" | "damaged" | "tooLarge" | "unknown";

export class LinkError extends Error {
  constructor(readonly fault: LinkFault) {
    super(`the link is not usable: ${fault}`);
    this.name = "LinkError";
  }
}

const VERSION = "1";
/** Largest unpacked chat, so that a small link cannot fill the memory. */
const MAX_BYTES = 2 << 20;

/** Returns the fragment without `#`. It names an example by its id; the user's own text is in it only if `withText`. */
export async function encodeLink(
  conversation: Conversation,
  settings: Pick<Link, "method" | "to">,
  withText: boolean,
): Promise<string> {
  const fields = new URLSearchParams({ v: VERSION });
  if (conversation.example !== null) fields.set("d", conversation.example);
  else if (withText) {
    fields.set("c", await pack(conversation));
    if (conversation.language?.certain) fields.set("f", conversation.language.code);
  }
  if (settings.method) fields.set("m", settings.method);
  if (settings.to) fields.set("t", settings.to === "chat" ? "summarize" : "translate");
  if (settings.to && settings.to !== "chat") fields.set("l", settings.to);
  return fields.toString();
}

/** Whether `fragment` is a link. Other fragments are shortcuts. */
export function isLink(fragment: string): boolean {
  return /^#?v=/.test(fragment);
}

/** Reads a link's fragment, with or without `#`; throws a LinkError if it is not valid. */
export async function decodeLink(fragment: string): Promise<Link> {
  const fields = new URLSearchParams(fragment.replace(/^#/, ""));
  if (fields.get("v") !== VERSION) throw new LinkError("version");
  const link: Link = {};
  const word = (name: string, pattern: RegExp): string | undefined => {
    const value = fields.get(name);
    if (value === null) return undefined;
    if (!pattern.test(value)) throw new LinkError("damaged");
    return value;
  };
  const [example, packed] = [word("d", /^[\w.-]{1,80}$/), fields.get("c")];
  if (example !== undefined) link.example = example;
  if (packed !== null) link.chat = await unpack(packed);
  const language = /^[a-z]{2,3}$/;
  const [from, method] = [word("f", language), word("m", /^[a-z-]{1,40}$/)];
  const [task, to] = [word("t", /^(summarize|translate)$/), word("l", language)];
  if (from !== undefined) link.from = from;
  if (method !== undefined) link.method = method as Method; // one that is unknown is replaced as one that is missing
  if (task === "summarize") link.to = "chat";
  else if (to !== undefined) link.to = to;
  if (!link.example && !link.chat) throw new LinkError("damaged");
  return link;
}

async function pack({ title, messages }: Conversation): Promise<string> {
  const json = JSON.stringify({ title, messages: messages.map(({ sender, text }) => [sender, text]) });
  const stream = new Blob([json]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return toBase64Url(new Uint8Array(await new Response(stream).arrayBuffer()));
}

async function unpack(packed: string): Promise<{ title: string; lines: Lines }> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await inflate(packed));
  } catch (cause) {
    // Any other error in unpacking means that the link is damaged.
    throw cause instanceof LinkError ? cause : new LinkError("damaged");
  }
  const { title, messages } = (parsed ?? {}) as { title?: unknown; messages?: unknown };
  const isLine = (line: unknown): line is [string, string] =>
    Array.isArray(line) && line.length === 2 && line.every((part) => typeof part === "string");
  if (typeof title !== "string" || !Array.isArray(messages) || messages.length === 0 || !messages.every(isLine))
    throw new LinkError("damaged");
  return {
    title: title.slice(0, 200),
    lines: messages.map(([sender, text]) => ({ sender: sender.slice(0, 200), text })),
  };
}

/** Unpacks a chat's text; stops as soon as it exceeds the limit. */
async function inflate(packed: string): Promise<string> {
  const blob = new Blob([fromBase64Url(packed)]);
  const reader = blob.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const pieces: BlobPart[] = [];
  let size = 0;
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    size += piece.value.byteLength;
    if (size > MAX_BYTES) {
      await reader.cancel();
      throw new LinkError("tooLarge");
    }
    pieces.push(piece.value as Uint8Array<ArrayBuffer>);
  }
  return new Blob(pieces).text();
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
