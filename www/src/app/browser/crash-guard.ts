// A mark that is there while a model loads. Found at the next start, it says that the browser ended the page meanwhile,
// as it does when memory runs out: the model is then not loaded before the reader asks for it.
const KEY = "pocket-gist.loading";

export const wasInterrupted = (): boolean => localStorage.getItem(KEY) !== null;

export async function guardLoad<T>(load: () => Promise<T>): Promise<T> {
  const unmark = (): void => localStorage.removeItem(KEY);
  localStorage.setItem(KEY, "1");
  // A page that is left in order is no sign of trouble.
  addEventListener("pagehide", unmark, { once: true });
  try {
    return await load();
  } finally {
    removeEventListener("pagehide", unmark);
    unmark();
  }
}
