// Numbers, sizes, times and languages as text in the language of the page.
import { languageName, uiLanguage } from "../i18n";

/** Formatters by language and options. Creating one takes milliseconds, using it hardly any time. */
const formatters = new Map<string, Intl.NumberFormat>();

function formatter(minimumFractionDigits: number, maximumFractionDigits: number): Intl.NumberFormat {
  const key = `${uiLanguage()} ${minimumFractionDigits} ${maximumFractionDigits}`;
  const known =
    formatters.get(key) ?? new Intl.NumberFormat(uiLanguage(), { minimumFractionDigits, maximumFractionDigits });
  formatters.set(key, known);
  return known;
}

/** A size in MB or GB, small ones with one decimal; in kB where that would be 0. */
export function megabytes(bytes: number): string {
  if (bytes > 0 && bytes < 50e3) return `${Math.ceil(bytes / 1e3)} kB`;
  const large = bytes >= 10e9;
  const maximumFractionDigits = large || bytes < 10e6 ? 1 : 0;
  return `${formatter(0, maximumFractionDigits).format(bytes / (large ? 1e9 : 1e6))} ${large ? "GB" : "MB"}`;
}

export function number(value: number, digits = 1): string {
  return formatter(digits, digits).format(value);
}

export function seconds(milliseconds: number): string {
  return `${number(milliseconds / 1000)} s`;
}

/** A rate, or a dash if no time was measured. */
export function perSecond(count: number, milliseconds: number): string {
  return milliseconds > 0 ? number((count * 1000) / milliseconds) : "–";
}

/** The language's name, with a capital as at the start of a sentence. */
export function language(code: string): string {
  const name = languageName(code);
  return name.charAt(0).toLocaleUpperCase(uiLanguage()) + name.slice(1);
}

/** The languages of a summary, such as "German → English". */
export function languagePair(from: string, to: string): string {
  return from === to ? language(from) : `${language(from)} → ${language(to)}`;
}

/** A message's local time, given as `2024-01-05T15:04:00`, in its short form. */
export function shortTime(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime())
    ? ""
    : new Intl.DateTimeFormat(uiLanguage(), { dateStyle: "short", timeStyle: "short" }).format(date);
}
