// Example chats, and the one text form that a conversation has on its way to the engine: `Name: text` lines.
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

export function asText(dialogue: Dialogue): string {
  return dialogue.turns.map(({ speaker, text }) => `${speaker}: ${text}`).join("\n");
}
