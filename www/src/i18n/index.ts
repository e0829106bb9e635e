// The language of the page: that of the settings, or the first of the browser's languages that has a table.
import { de } from "./de";
import { en, type Messages } from "./en";
import { es } from "./es";
import { fr } from "./fr";

export type { Messages };

const tables = { en, es, fr, de } satisfies Record<string, Messages>;

export type UiLanguage = keyof typeof tables;

const FALLBACK: UiLanguage = "en";

/** The languages' names for themselves. */
export const uiLanguages: Record<UiLanguage, string> = { en: "English", es: "Español", fr: "Français", de: "Deutsch" };

export function isUiLanguage(value: unknown): value is UiLanguage {
  return typeof value === "string" && Object.hasOwn(tables, value);
}

/** Returns the first language of `preferred` that has a table, or else English. */
export function pickUiLanguage(preferred: readonly string[]): UiLanguage {
  return preferred.map((tag) => tag.toLowerCase().split("-")[0]).find(isUiLanguage) ?? FALLBACK;
}

let current: UiLanguage = FALLBACK;
const listeners = new Set<() => void>();

export const uiLanguage = (): UiLanguage => current;
export const messages = (): Messages => tables[current];

/** The name of a language as it stands within a sentence of the page. */
export function languageName(code: string): string {
  return new Intl.DisplayNames([current], { type: "language" }).of(code) ?? code;
}

export function setUiLanguage(choice: "auto" | UiLanguage): void {
  current = choice === "auto" ? pickUiLanguage(navigator.languages) : choice;
  document.documentElement.lang = current;
  for (const listener of listeners) listener();
}

/** Calls `listener` after every change; returns a function that removes it. */
export function onUiLanguage(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
