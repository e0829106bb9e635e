// One summary, from the request to its figures.
import type { Action, Form, Method, SummaryMetrics } from "../../protocol";
import type { EngineEvent } from "../engine/client";
import type { Activity, EngineSession } from "../engine/session";

export interface SummaryRequest {
  model: string;
  messages: readonly { sender: string; text: string }[];
  /** Language of the chat. */
  from: string;
  to: string;
  form: Form;
  method: Method;
  maxTokens: number;
  temperature: number;
  careful: boolean;
  /** A person's summary to compare with. */
  reference: string | null;
}

export interface Rouge {
  rouge1: number;
  rouge2: number;
  rougeL: number;
}

export interface Summary {
  running: boolean;
  text: string;
  /** Language of the chat. */
  from: string;
  language: string;
  form: Form;
  activity: Activity | null;
  /** While the text is a draft: how many texts were written to choose from, and how many are at most. */
  draft: { written: number; total: number } | null;
  notices: readonly string[];
  /** Whether the chat was read in parts, of which no one summary could be made. */
  inParts: boolean;
  metrics: SummaryMetrics | null;
  rouge: Rouge | null;
  /** Whether this is a sample that was made beforehand. */
  sample: boolean;
}

/** A summary that was translated back into the chat's language. */
export interface BackTranslation {
  text: string;
  running: boolean;
}

/** A summary that is about to be made. */
export const blank = (from: string, language: string, form: Form): Summary => ({
  running: true,
  text: "",
  from,
  language,
  form,
  activity: null,
  draft: null,
  notices: [],
  inParts: false,
  metrics: null,
  rouge: null,
  sample: false,
});

/** Loads the model if necessary and summarises. `onChange` is called after every change; resolves to the result. */
export async function summarize(
  session: EngineSession,
  request: SummaryRequest,
  onChange: (summary: Summary) => void,
  signal: AbortSignal,
): Promise<Summary> {
  const { model, from, to, form, method, maxTokens, temperature, careful, reference } = request;
  let summary = blank(from, to, form);
  let stage = 0;
  const set = (state: Partial<Summary>): void => {
    summary = { ...summary, ...state };
    onChange(summary);
  };
  set({});
  await session.ensureLoaded(model);
  signal.throwIfAborted();
  const action: Action = {
    action: "summarize",
    messages: request.messages.map(({ sender, text }) => ({ sender, text })),
    from,
    to,
    form,
    method,
    maxTokens,
    careful,
    sampling:
      temperature === 0
        ? { temperature: 0, topK: 1, topP: 1, seed: 0 }
        : { temperature, topK: 40, topP: 0.95, seed: Math.floor(Math.random() * 2 ** 32) },
  };
  const onEvent = (event: EngineEvent): void => {
    if (event.type === "notice")
      set({
        notices: [...summary.notices, event.text],
        ...(event.kind === "restarted" && { text: "" }),
        ...(event.kind === "notMerged" && { inParts: true }),
      });
    else if (event.type === "progress")
      set({ activity: { phase: event.phase, done: event.done, total: event.total, part: event.part } });
    else if (event.type === "draft") set({ draft: { written: event.written, total: event.total }, activity: null });
    else if (event.type === "rewritten") {
      set({ text: event.text, draft: null, activity: null });
      stage = event.stage;
    } else {
      // The text of a second stage replaces that of the first, which was intermediate.
      set({ text: event.stage === stage ? summary.text + event.text : event.text, activity: null });
      stage = event.stage;
    }
  };
  const done = await session.ask("done", action, { onEvent, signal });
  const metrics = done.metrics ?? null;
  const rouge =
    reference === null
      ? null
      : await session.ask("rouge", { action: "rouge", reference, candidate: summary.text.trim() });
  set({ running: false, activity: null, draft: null, metrics, rouge });
  return summary;
}
