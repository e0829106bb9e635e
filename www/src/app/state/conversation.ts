// A chat on the page. Values are immutable, so that views can detect changes by identity.
import type { Dialogue } from "./dialogues";

export interface Message {
  /** Unique within its conversation. */
  readonly id: number;
  readonly sender: string;
  readonly text: string;
  /** Local time as `2024-01-05T15:04:00`; null if unknown. */
  readonly time: string | null;
}

/** The language of a chat. */
export interface ChatLanguage {
  readonly code: string;
  /** Whether there is no doubt of it. If there is, the page asks. */
  readonly certain: boolean;
  /** Whether the user has chosen it. Then a change of the chat does not change it. */
  readonly chosen: boolean;
}

export interface Conversation {
  readonly title: string;
  readonly messages: readonly Message[];
  /** Null until it is detected. */
  readonly language: ChatLanguage | null;
  /** Id of the example that this is; null for other chats and for edited examples. */
  readonly example: string | null;
  /** Summaries written by a person, by language. */
  readonly reference: Readonly<Record<string, string>> | null;
}

export const empty: Conversation = { title: "", messages: [], language: null, example: null, reference: null };

/** A language that is certain without the user having chosen it. */
export const knownLanguage = (code: string): ChatLanguage => ({ code, certain: true, chosen: false });

export function fromDialogue(dialogue: Dialogue): Conversation {
  const messages = dialogue.turns.map(({ speaker, text }, id) => ({ id, sender: speaker, text, time: null }));
  const title = dialogue.scenario.charAt(0).toUpperCase() + dialogue.scenario.slice(1);
  const language = knownLanguage(dialogue.lang);
  return { title, messages, language, example: dialogue.id, reference: dialogue.summary };
}

/** Messages that are not part of a conversation yet. */
export type Lines = readonly { sender: string; text: string; time?: string | null | undefined }[];

export function fromMessages(title: string, lines: Lines, language: ChatLanguage | null = null): Conversation {
  const messages = lines.map(({ sender, text, time }, id) => ({ id, sender, text, time: time ?? null }));
  return { ...empty, title, messages, language };
}

/** A copy with other messages. It is no longer an example, and no person's summary is of it. */
function changed(conversation: Conversation, messages: readonly Message[]): Conversation {
  return { ...conversation, messages, example: null, reference: null };
}

export function withMessage(conversation: Conversation, sender: string, text: string): Conversation {
  const id = conversation.messages.reduce((most, message) => Math.max(most, message.id), -1) + 1;
  return changed(conversation, [...conversation.messages, { id, sender, text, time: null }]);
}

export function withEdited(conversation: Conversation, id: number, sender: string, text: string): Conversation {
  const edit = (message: Message): Message => (message.id === id ? { ...message, sender, text } : message);
  return changed(conversation, conversation.messages.map(edit));
}

export function withoutMessage(conversation: Conversation, id: number): Conversation {
  return changed(
    conversation,
    conversation.messages.filter((message) => message.id !== id),
  );
}

/** The senders, numbered in the order in which they appear. */
export function senders(messages: readonly Message[]): Map<string, number> {
  const places = new Map<string, number>();
  for (const { sender } of messages) {
    if (!places.has(sender)) places.set(sender, places.size);
  }
  return places;
}
