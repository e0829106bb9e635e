// The language of the page: from the settings, or else the first of the browser's that there is a table of.
import { de } from "./de";
import { en, type Messages } from "./en";
import { es } from "./es";
import { fr } from "./fr";

export type { Messages };

const tables = { en, es, fr, de } satisfies Record<string, Messages>;

export type UiLanguage = keyof typeof tables;

/** The languages by their own names. */
export const uiLanguages: Record<UiLanguage, string> = { en: "English", es: "Español", fr: "Français", de: "Deutsch" };

export function isUiLanguage(value: unknown): value is UiLanguage {
  return typeof value === "string" && Object.hasOwn(tables, value);
}

/** The first language of `preferred` that the page can be shown in. */
export function pickUiLanguage(preferred: readonly string[]): UiLanguage {
  return preferred.map((tag) => tag.toLowerCase().split("-")[0]).find(isUiLanguage) ?? "en";
}

let current: UiLanguage = "en";
const listeners = new Set<() => void>();

export const uiLanguage = (): UiLanguage => current;
export const messages = (): Messages => tables[current];

export function setUiLanguage(choice: "auto" | UiLanguage): void {
  current = choice === "auto" ? pickUiLanguage(navigator.languages) : choice;
  document.documentElement.lang = current;
  for (const listener of listeners) listener();
}

/** Calls `listener` at every change; returns what ends that. */
export function onUiLanguage(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
