// The example chats, one file for each language.
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

/** The language of the example that somebody who reads `language` sees first: one in another language. */
export const firstLanguage = (language: string): string => (language === "en" ? "es" : "en");

export async function loadDialogues(language: string): Promise<Dialogue[]> {
  const answer = await fetch(files().get(language) ?? "");
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
