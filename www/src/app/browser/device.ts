// Functions of the device and the browser: sharing, voices, persistent storage, files, the screen.
export const canShare = (): boolean => typeof navigator.share === "function";

/** Shares text or a link with another app. If the user cancels, that is no error. */
export async function share(data: ShareData): Promise<void> {
  await navigator.share(data).catch((cause: unknown) => {
    if (!(cause instanceof DOMException && cause.name === "AbortError")) throw cause;
  });
}

/** A voice for `language` that runs on this device. A voice of a server would send the summary there. */
export function offlineVoice(language: string): SpeechSynthesisVoice | undefined {
  const voices = globalThis.speechSynthesis?.getVoices() ?? [];
  return voices.find(({ lang, localService }) => localService && lang.toLowerCase().split(/[-_]/)[0] === language);
}

/** Reads `text` aloud. `onEnd` is called when it ends or is stopped. */
export function speak(text: string, voice: SpeechSynthesisVoice, onEnd: () => void): void {
  const utterance = new SpeechSynthesisUtterance(text);
  utterance.voice = voice;
  utterance.lang = voice.lang;
  utterance.addEventListener("end", onEnd);
  utterance.addEventListener("error", onEnd);
  speechSynthesis.cancel();
  speechSynthesis.speak(utterance);
}

/** Asks the browser not to delete what is stored and resolves to its answer. Browsers may require a user gesture. */
export async function persistStorage(): Promise<boolean> {
  return (await navigator.storage?.persist?.()) ?? false;
}

export function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Resolves when the browser is idle, but after two seconds at the latest. */
export function whenIdle(): Promise<void> {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in globalThis) requestIdleCallback(() => resolve(), { timeout: 2000 });
    else setTimeout(resolve, 200); // Safari
  });
}

/** Downloads `text` as a file. */
export function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const anchor = Object.assign(document.createElement("a"), { href: url, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Runs `task` with the screen kept on where the browser supports that. */
export async function keepAwake<T>(task: () => Promise<T>): Promise<T> {
  const lock = await navigator.wakeLock?.request("screen").catch(() => null);
  try {
    return await task();
  } finally {
    await lock?.release();
  }
}
