// A chat on the page. Values are never changed in place, so that a view can tell by identity what is new.
import type { Dialogue } from "./dialogues";

/** The language of chats, which the adapters are trained on. The engine does not say it yet. */
export const CHAT_LANGUAGE = "en";

export interface Message {
  /** Unique within its conversation. */
  readonly id: number;
  readonly sender: string;
  readonly text: string;
  /** Local time as `2024-01-05T15:04:00`; null where it is not known. */
  readonly time: string | null;
}

export interface Conversation {
  readonly title: string;
  readonly messages: readonly Message[];
  /** Id of the example it is, as long as nobody has changed it. */
  readonly example: string | null;
  /** Summaries that a person wrote, by language. */
  readonly reference: Readonly<Record<string, string>> | null;
}

export const empty: Conversation = { title: "", messages: [], example: null, reference: null };

export function fromDialogue(dialogue: Dialogue): Conversation {
  const messages = dialogue.turns.map(({ speaker, text }, id) => ({ id, sender: speaker, text, time: null }));
  const title = dialogue.scenario.charAt(0).toUpperCase() + dialogue.scenario.slice(1);
  return { title, messages, example: dialogue.id, reference: dialogue.summary };
}

export type Lines = readonly { sender: string; text: string; time?: string | null | undefined }[];

export function fromMessages(title: string, lines: Lines): Conversation {
  const messages = lines.map(({ sender, text, time }, id) => ({ id, sender, text, time: time ?? null }));
  return { ...empty, title, messages };
}

/** A conversation that somebody has changed is no example any more, and nobody wrote a summary of it. */
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

/** Every sender's place in the order of appearance. */
export function senders(messages: readonly Message[]): Map<string, number> {
  const places = new Map<string, number>();
  for (const { sender } of messages) {
    if (!places.has(sender)) places.set(sender, places.size);
  }
  return places;
}
