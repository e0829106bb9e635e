// The engine's stand-in for tests of the page: same protocol, no model. Words in the chat choose what goes wrong.
import type { Request, Response } from "../../src/protocol";

const scope = self as unknown as DedicatedWorkerGlobalScope;
type Body = Response extends infer R ? (R extends unknown ? Omit<R, "version" | "id"> : never) : never;
const post = (id: number, body: Body): void => scope.postMessage({ version: 1, id, ...body });
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const bytes = 253_113_024;
let stored = 0;
const cancelled = new Set<number>();
const model = { id: "gemma-3-270m", name: "Gemma 3 270M", bytes, licence: "Gemma Terms of Use" };
const summary = "Frank dice que la cuerda de la campana se ha roto. Hamish consigue otra antes de la boda.";

async function download(id: number): Promise<void> {
  while (stored < bytes) {
    await wait(40);
    if (cancelled.has(id)) return;
    stored = Math.min(bytes, stored + 16 * 1024 * 1024);
    if (stored === 32 * 1024 * 1024) post(id, { type: "notice", kind: "chunkRefused", text: "A damaged piece was refused and fetched again." });
    post(id, { type: "progress", stage: "download", done: stored, total: bytes });
  }
  post(id, { type: "done", cancelled: false, metrics: undefined });
}

async function summarize(id: number, chat: string): Promise<void> {
  if (chat.includes("PANIC")) return post(id, { type: "error", kind: "panic", text: "The engine stopped unexpectedly." });
  if (chat.includes("QUOTA")) return post(id, { type: "error", kind: "quota", text: "There is no room left on this device. Free some space and try again." });
  if (chat.includes("LONG")) post(id, { type: "notice", kind: "messagesDropped", text: "The first 12 messages did not fit and were left out." });
  post(id, { type: "progress", stage: "prefill", done: 120, total: 240 });
  for (const word of (chat.includes("<img") ? "<img src=x onerror=alert(1)> " + summary : summary).split(/(?<= )/)) {
    await wait(chat.includes("SLOW") ? 400 : 20);
    if (cancelled.has(id)) return;
    post(id, { type: "delta", text: word, pass: 0 });
  }
  const metrics = { promptTokens: 240, generatedTokens: 24, timeToFirstTokenMs: 5200, prefillMs: 5100, decodeMs: 2400, totalMs: 7600, passes: 1, passesCut: 0, perPass: [], wasmBytes: 412_000_000 };
  post(id, { type: "done", metrics, cancelled: false });
}

scope.addEventListener("message", (event: MessageEvent<Request>) => {
  const message = event.data;
  switch (message.action) {
    case "open":
      return post(message.id, { type: "done", cancelled: false, metrics: undefined });
    case "status":
      return post(message.id, { type: "status", models: [{ ...model, stored, complete: stored === bytes }], storage: { usage: stored, quota: 64e9, persisted: true } });
    case "download":
      return void download(message.id);
    case "delete":
      stored = 0;
      return post(message.id, { type: "done", cancelled: false, metrics: undefined });
    case "load":
      return post(message.id, {
        type: "loaded", model: message.model, wasmBytes: 4e8,
        targets: [{
          language: "es",
          methods: [
            { method: "projection", name: "Projection merge", passes: 1, unavailable: undefined },
            { method: "two-step", name: "Two-step", passes: 2, unavailable: undefined },
            { method: "joint-expert", name: "Joint expert", passes: 1, unavailable: "no joint-expert adapter from en to es is installed" },
          ],
        }],
      });
    case "summarize":
      return void summarize(message.id, message.chat);
    case "cancel":
      cancelled.add(message.target);
  }
});
