// The user's settings, kept across visits. Stored values are validated, because another version may have written them.
import { isUiLanguage, type UiLanguage } from "../../i18n";
import type { Backend, Form, Method } from "../../protocol";
import type { ReplaySpeed } from "./replay";

export interface Settings {
  /** Language of the page; `auto` follows the browser. */
  interfaceLanguage: "auto" | UiLanguage;
  theme: "auto" | "light" | "dark";
  /** The user's name in chats. Messages by that sender are shown on the right. */
  me: string;
  /** Id of the model; empty for the catalog's first. */
  model: string;
  /** Language of summaries; `auto` is that of the page, `chat` that of the chat. */
  to: string;
  /** Form of summaries. */
  form: Form;
  /**
   * Method to summarise by; `auto` is the best one for the languages. One that another version knew may be none of
   * these.
   */
  method: "auto" | Method;
  /** Whether summaries are checked, and others are written where one says what its chat does not. */
  care: "quick" | "careful";
  mode: "single" | "compare";
  /** Where the model runs. */
  backend: Backend;
  maxTokens: number;
  /** Sampling temperature; 0 always takes the most probable token. */
  temperature: number;
  /** Speed of replays; 0 shows all messages at once. */
  replaySpeed: ReplaySpeed;
  /** When a replay is summarised. */
  replaySummary: "never" | "end" | "every";
  /** Number of messages between two summaries, for `every`. */
  replayEvery: number;
}

export const defaults: Settings = {
  interfaceLanguage: "auto",
  theme: "auto",
  me: "",
  model: "",
  to: "auto",
  form: "gist",
  method: "auto",
  care: "quick",
  mode: "single",
  backend: "auto",
  maxTokens: 160,
  temperature: 0,
  replaySpeed: 1,
  replaySummary: "end",
  replayEvery: 5,
};

export const limits = { maxTokens: [16, 512], temperature: [0, 2], replayEvery: [2, 50] } as const;

const oneOf =
  <T>(...values: T[]) =>
  (value: unknown): boolean =>
    values.includes(value as T);
const text =
  (max: number) =>
  (value: unknown): boolean =>
    typeof value === "string" && value.length <= max;
const within =
  ([min, max]: readonly [number, number], whole = true) =>
  (value: unknown): boolean =>
    typeof value === "number" && value >= min && value <= max && (!whole || Number.isInteger(value));

/** One check for each setting. A new setting without a check does not compile. */
const checks: Record<keyof Settings, (value: unknown) => boolean> = {
  interfaceLanguage: (value) => value === "auto" || isUiLanguage(value),
  theme: oneOf("auto", "light", "dark"),
  me: text(60),
  model: text(2000), // the id of a model that the user added is its address
  to: (value) => typeof value === "string" && /^(auto|chat|[a-z]{2,3})$/.test(value),
  form: oneOf("gist", "people"),
  method: (value) => typeof value === "string" && /^[a-z-]{1,40}$/.test(value),
  care: oneOf("quick", "careful"),
  mode: oneOf("single", "compare"),
  backend: oneOf("auto", "gpu", "cpu"),
  maxTokens: within(limits.maxTokens),
  temperature: within(limits.temperature, false),
  replaySpeed: oneOf(0, 1, 4),
  replaySummary: oneOf("never", "end", "every"),
  replayEvery: within(limits.replayEvery),
};

const KEY = "pocket-gist.settings";

/**
 * Settings of version 0.1 as those of this one. They had a task, and a method and a language that were stored whether
 * they were chosen or not: `projection`, then the best method everywhere, counts as not chosen, the language as chosen.
 */
function upgraded(saved: object): object {
  if (!("task" in saved)) return saved;
  const { task, method, ...rest } = saved as { task: unknown; method?: unknown };
  return {
    ...rest,
    method: method === "projection" ? "auto" : method,
    ...(task === "summarize" && { to: "chat" }),
  };
}

/** The defaults, overridden by those values of `saved` that pass their check. */
export function validated(saved: unknown): Settings {
  const settings: Record<string, unknown> = { ...defaults };
  if (typeof saved === "object" && saved !== null) {
    const values = upgraded(saved) as Record<string, unknown>;
    for (const [name, check] of Object.entries(checks)) {
      const value = values[name];
      if (check(value)) settings[name] = value;
    }
  }
  return settings as unknown as Settings;
}

export function readSettings(): Settings {
  try {
    return validated(JSON.parse(localStorage.getItem(KEY) ?? "null"));
  } catch {
    return { ...defaults }; // no storage or no JSON: there is nothing to keep
  }
}

export function writeSettings(settings: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Without storage the choice lasts for this visit.
  }
}

export function forgetSettings(): void {
  localStorage.removeItem(KEY);
}
