// The example chats, one file for each language.
import type { Samples } from "./samples";

export interface Dialogue {
  id: string;
  scenario: string;
  /** Language of the chat. */
  lang: string;
  turns: { speaker: string; text: string }[];
  summary: Record<string, string>;
}

/** The addresses of the files by language: `val.jsonl` is in English, `val-es.jsonl` in Spanish. */
function files(): Map<string, string> {
  const found = import.meta.glob<string>("../../../../models/dialogues/val*.jsonl", {
    query: "?url",
    import: "default",
    eager: true,
  });
  return new Map(Object.entries(found).map(([path, url]) => [/val-(\w+)\.jsonl$/.exec(path)?.[1] ?? "en", url]));
}

/** The languages of the examples. */
export const exampleLanguages = (): string[] => [...files().keys()];

/** An example to open: the one with this id or, without it, the first in this language. */
export interface Example {
  language: string;
  id: string | null;
}

/**
 * The example that somebody who reads `language` sees first: one that has a sample in that language, and is in another
 * if possible.
 */
export function firstExample(samples: Samples, language: string): Example {
  const found = Object.entries(samples).flatMap(([id, sample]) => (sample?.texts[language] ? [{ id, ...sample }] : []));
  const first = found.find(({ from }) => from !== language) ?? found[0];
  return { language: first?.from ?? "en", id: first?.id ?? null };
}

export async function loadDialogues(language: string): Promise<Dialogue[]> {
  const file = files().get(language);
  if (file === undefined) throw new Error(`there are no example chats in the language ${language}`);
  const answer = await fetch(file);
  if (!answer.ok) throw new Error(`the example chats could not be read (HTTP ${answer.status})`);
  const lines = (await answer.text()).split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => ({ lang: language, ...(JSON.parse(line) as Omit<Dialogue, "lang">) }));
}

/** Picks `count` different dialogues in random order. */
export function sample(dialogues: readonly Dialogue[], count: number, random: () => number = Math.random): Dialogue[] {
  const rest = [...dialogues];
  const chosen: Dialogue[] = [];
  while (chosen.length < count && rest.length > 0) {
    chosen.push(...rest.splice(Math.floor(random() * rest.length), 1));
  }
  return chosen;
}
