// What a page under test has stored.
import type { Page } from "@playwright/test";

/** Calls a method of an object store in a database that the page has made, and returns what the store answers. */
export function callStore(
  page: Page,
  database: string,
  store: string,
  method: "count" | "get" | "put",
  ...parameters: unknown[]
): Promise<unknown> {
  return page.evaluate(
    ({ database, store, method, parameters }) =>
      new Promise<unknown>((resolve, reject) => {
        const opening = indexedDB.open(database);
        opening.onupgradeneeded = () => opening.transaction?.abort(); // it would be an empty one
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const mode = method === "put" ? "readwrite" : "readonly";
          const objects = opening.result.transaction(store, mode).objectStore(store);
          const request: IDBRequest = Reflect.apply(objects[method], objects, parameters);
          request.onerror = () => reject(request.error);
          request.onsuccess = () => resolve(request.result);
          opening.result.close();
        };
      }),
    { database, store, method, parameters },
  );
}

/** Counts the chunks of models in the page's store. */
export async function storedChunks(page: Page): Promise<number> {
  return (await callStore(page, "pocket-gist", "chunks", "count")) as number;
}
