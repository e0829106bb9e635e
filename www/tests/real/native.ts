// The command line, as the reference for the page.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

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

/** The greedy summary of an English chat in Spanish by the command line. */
export function native(chat: string, method: string, maxTokens = 160): string {
  const languages = ["--from", "en", "--to", "es"];
  return gist(["summarize", "-", ...languages, "--method", method, "--max-tokens", String(maxTokens)], chat).text;
}

/** The gap where two summaries of one chat first differ; null if they are equal. For one-pass methods. */
export function gapAtDifference(chat: string, method: string, one: string, other: string): number | null {
  if (one === other) return null;
  const catalog = JSON.parse(readFileSync(join(root, "models/catalog.json"), "utf8"));
  const frame: string = catalog.models.find(({ id }: { id: string }) => id === model).template.prompt;
  const instruction = "Summarize the following text and translate it from English to Spanish.";
  const prompt = frame.replace("{instruction}", instruction).replace("{text}", () => chat);
  const logits = (text: string) =>
    gist(["logits", model, "--method", method, "--to", "es", "--exact", "--prompt", prompt + text]);

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
