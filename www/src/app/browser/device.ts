// What the page asks of the device: clipboard, sharing, voices, storage that lasts.
export const canShare = (): boolean => typeof navigator.share === "function";

/** Hands text or a link to another app. A reader who changes their mind is no failure. */
export async function share(data: ShareData): Promise<void> {
  await navigator.share(data).catch((cause: unknown) => {
    if (!(cause instanceof DOMException && cause.name === "AbortError")) throw cause;
  });
}

/** A voice for `language` that is on this device: one of a server would be told the summary. */
export function offlineVoice(language: string): SpeechSynthesisVoice | undefined {
  const voices = globalThis.speechSynthesis?.getVoices() ?? [];
  return voices.find(({ lang, localService }) => localService && lang.toLowerCase().split(/[-_]/)[0] === language);
}

/** Reads `text` aloud; `onEnd` is told when it is over or was stopped. */
export function speak(text: string, voice: SpeechSynthesisVoice, onEnd: () => void): void {
  const utterance = new SpeechSynthesisUtterance(text);
  utterance.voice = voice;
  utterance.lang = voice.lang;
  utterance.addEventListener("end", onEnd);
  utterance.addEventListener("error", onEnd);
  speechSynthesis.cancel();
  speechSynthesis.speak(utterance);
}

/** Asks the browser not to delete what is stored. Asked for on a tap: browsers weigh the reader's gesture. */
export async function persistStorage(): Promise<boolean> {
  return (await navigator.storage?.persist?.()) ?? false;
}

export function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Resolves once the browser has nothing more urgent to do, and after two seconds at the latest. */
export function whenIdle(): Promise<void> {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in globalThis) requestIdleCallback(() => resolve(), { timeout: 2000 });
    else setTimeout(resolve, 200); // Safari
  });
}

/** Offers `text` as a file. */
export function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const anchor = Object.assign(document.createElement("a"), { href: url, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Keeps the screen on while `work` is under way, where the browser can. */
export async function keepAwake<T>(work: () => Promise<T>): Promise<T> {
  const lock = await navigator.wakeLock?.request("screen").catch(() => null);
  try {
    return await work();
  } finally {
    await lock?.release();
  }
}
