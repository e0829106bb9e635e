// The example chats, a file beside the page.
export interface Dialogue {
  id: string;
  scenario: string;
  turns: { speaker: string; text: string }[];
  summary: Record<string, string>;
}

export async function loadDialogues(): Promise<Dialogue[]> {
  const answer = await fetch("./dialogues/val.jsonl");
  if (!answer.ok) throw new Error(`the example chats could not be read (HTTP ${answer.status})`);
  const lines = (await answer.text()).split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => JSON.parse(line) as Dialogue);
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
