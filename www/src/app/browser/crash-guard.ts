// Detects that loading a model ended the page, as browsers do when memory runs out. A mark is stored while a model
// loads; if the next start finds it, the model is not loaded until the user asks for it.
const KEY = "pocket-gist.loading";

/** Whether the page ended while a model was loading last time. */
export const wasInterrupted = (): boolean => localStorage.getItem(KEY) !== null;

/** Runs `load` with the mark set. */
export async function guardLoad<T>(load: () => Promise<T>): Promise<T> {
  const unmark = (): void => localStorage.removeItem(KEY);
  localStorage.setItem(KEY, "1");
  // Leaving the page in an orderly way is no crash.
  addEventListener("pagehide", unmark, { once: true });
  try {
    return await load();
  } finally {
    removeEventListener("pagehide", unmark);
    unmark();
  }
}
