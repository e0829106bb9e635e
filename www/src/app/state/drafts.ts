// Data that must outlive the tab: the user's own chat, and files that were shared with the app.
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { type Conversation, empty } from "./conversation";

interface Page extends DBSchema {
  drafts: { key: "conversation"; value: Conversation };
  inbox: { key: "shared"; value: Shared };
}

/** Text and files that another app has shared. */
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

async function withDatabase<T>(use: (database: IDBPDatabase<Page>) => Promise<T>): Promise<T> {
  const database = await open();
  try {
    return await use(database);
  } finally {
    database.close();
  }
}

/** Returns the user's chat. What an earlier version did not store is as in an empty chat. */
export async function readDraft(): Promise<Conversation | undefined> {
  const draft = await withDatabase((database) => database.get("drafts", "conversation"));
  return draft && { ...empty, ...draft };
}

export const forgetDraft = (): Promise<void> => withDatabase((database) => database.delete("drafts", "conversation"));

export async function writeDraft(conversation: Conversation): Promise<void> {
  await withDatabase((database) => database.put("drafts", conversation, "conversation"));
}

export async function putShared(shared: Shared): Promise<void> {
  await withDatabase((database) => database.put("inbox", shared, "shared"));
}

/** Returns what was shared and removes it from the store. */
export function takeShared(): Promise<Shared | undefined> {
  return withDatabase(async (database) => {
    const transaction = database.transaction("inbox", "readwrite");
    const shared = await transaction.store.get("shared");
    await transaction.store.delete("shared");
    await transaction.done;
    return shared;
  });
}
