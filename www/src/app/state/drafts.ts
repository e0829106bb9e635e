// What must outlive the tab: the reader's own chat, in case the browser ends the tab, and files that were shared with the app.
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Conversation } from "./conversation";

interface Page extends DBSchema {
  drafts: { key: "conversation"; value: Conversation };
  inbox: { key: "shared"; value: Shared };
}

/** What another app has shared: text, and files by name. */
export interface Shared {
  text: string;
  files: File[];
}

const open = (): Promise<IDBPDatabase<Page>> =>
  openDB<Page>("pocket-gist-page", 1, {
    upgrade(database) {
      database.createObjectStore("drafts");
      database.createObjectStore("inbox");
    },
  });

async function using<T>(work: (database: IDBPDatabase<Page>) => Promise<T>): Promise<T> {
  const database = await open();
  try {
    return await work(database);
  } finally {
    database.close();
  }
}

export const readDraft = (): Promise<Conversation | undefined> =>
  using((database) => database.get("drafts", "conversation"));
export const forgetDraft = (): Promise<void> => using((database) => database.delete("drafts", "conversation"));

export async function writeDraft(conversation: Conversation): Promise<void> {
  await using((database) => database.put("drafts", conversation, "conversation"));
}

export async function putShared(shared: Shared): Promise<void> {
  await using((database) => database.put("inbox", shared, "shared"));
}

/** What was shared, once. */
export function takeShared(): Promise<Shared | undefined> {
  return using(async (database) => {
    const transaction = database.transaction("inbox", "readwrite");
    const shared = await transaction.store.get("shared");
    await transaction.store.delete("shared");
    await transaction.done;
    return shared;
  });
}
