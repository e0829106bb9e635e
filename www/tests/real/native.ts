// The command line, as the reference for the page.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { readCatalog } from "../../../pkg-scripts/catalog.mjs";

const root = join(import.meta.dirname, "../../..");
export const program = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "release/gist");
const model = "gemma-3-270m-64k";

/**
 * Largest gap, in the exact model, between two tokens that two executors may choose differently. Both round activations
 * to 8 bits, in blocks of 32 or of 256 as their instructions suggest, which moves single logits by up to about 0.6.
 */
export const TOLERANCE = 0.6;

function gist(args: string[], input = ""): { text: string; tokens: number[]; logits: number[] } {
  return JSON.parse(
    execFileSync(program, [...args, "--json"], { encoding: "utf8", cwd: root, input, maxBuffer: 1 << 28 }),
  );
}

/** How a summary is made. */
export interface Way {
  from: string;
  to: string;
  method: string;
}

/** The greedy summary of a chat by the command line. */
export function native(chat: string, { from, to, method }: Way, maxTokens = 160): string {
  const options = ["--from", from, "--to", to, "--method", method, "--max-tokens", String(maxTokens)];
  return gist(["summarize", "-", ...options], chat).text;
}

/** The gap where two summaries of one chat first differ; null if they are equal. For one-pass methods. */
export function gapAtDifference(chat: string, { from, to, method }: Way, one: string, other: string): number | null {
  if (one === other) return null;
  const frame = readCatalog().models.find(({ id }) => id === model)?.template?.prompt ?? "";
  const name = (code: string) => new Intl.DisplayNames(["en"], { type: "language" }).of(code);
  const translated = from === to ? "" : ` and translate it from ${name(from)} to ${name(to)}`;
  const instruction = `Summarize the following text${translated}.`;
  const prompt = frame.replace("{instruction}", instruction).replace("{text}", () => chat);
  const logits = (text: string) =>
    gist(["logits", model, "--method", method, "--from", from, "--to", to, "--exact", "--prompt", prompt + text]);

  const [a, b] = [logits(one).tokens, logits(other).tokens];
  const first = a.findIndex((token, index) => token !== b[index]);
  let length = [...one].findIndex((character, index) => character !== [...other][index]);
  for (; length >= 0; length--) {
    const { tokens, logits: found } = logits([...one].slice(0, length).join(""));
    if (tokens.length === first && tokens.every((token, index) => token === a[index])) {
      return Math.abs((found[a[first] ?? -1] ?? Number.NaN) - (found[b[first] ?? -1] ?? Number.NaN));
    }
  }
  throw new Error(`no text has just the tokens that two summaries begin with:\n${one}\n${other}`);
}
