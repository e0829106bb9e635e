// The paper's automated experiment: every method in turn on the same chats, of which there may be only one.
import type { Form, Method, SummaryMetrics } from "../../protocol";
import type { EngineSession } from "../engine/session";
import type { Conversation } from "./conversation";
import { type Spread, spread } from "./statistics";
import { type Rouge, summarize } from "./summary";

export interface Plan {
  model: string;
  /** Language of the chats. */
  from: string;
  to: string;
  /** Form of the summaries. */
  form: Form;
  methods: readonly { method: Method; name: string; extraBytes: number }[];
  chats: readonly Conversation[];
  maxTokens: number;
}

/** One summary of an experiment. */
export interface Run {
  chat: string;
  method: Method;
  text: string;
  metrics: SummaryMetrics;
  rouge: Rouge | null;
}

/** Bytes of the engine's WebAssembly memory and of its buffers on the GPU. */
export interface Memory {
  wasm: number;
  gpu: number;
}

export interface Experiment {
  plan: Plan;
  running: boolean;
  /** Memory with the model loaded, before the first summary. */
  idle: Memory;
  runs: readonly Run[];
  /** The summary that is being written. */
  current: { chat: string; method: Method; text: string } | null;
}

/** Runs `plan` chat by chat, so that after a stop all methods have summarised the same chats, except for the last. */
export async function runExperiment(
  session: EngineSession,
  plan: Plan,
  onChange: (experiment: Experiment) => void,
  signal: AbortSignal,
): Promise<void> {
  let experiment: Experiment = { plan, running: true, idle: { wasm: 0, gpu: 0 }, runs: [], current: null };
  const set = (state: Partial<Experiment>): void => {
    experiment = { ...experiment, ...state };
    onChange(experiment);
  };
  set({});
  try {
    const { wasmBytes, gpuBytes } = await session.ensureLoaded(plan.model);
    set({ idle: { wasm: wasmBytes, gpu: gpuBytes } });
    for (const chat of plan.chats) {
      for (const { method } of plan.methods) {
        signal.throwIfAborted();
        const request = {
          ...plan,
          method,
          messages: chat.messages,
          temperature: 0,
          careful: false,
          reference: plan.form === "gist" ? (chat.reference?.[plan.to] ?? null) : null,
        };
        const summary = await summarize(
          session,
          request,
          ({ text }) => set({ current: { chat: chat.title, method, text } }),
          signal,
        );
        if (!summary.metrics) throw new Error(`the engine gave no figures for ${method}`);
        const { metrics, rouge } = summary;
        set({
          runs: [
            ...experiment.runs,
            { chat: chat.example ?? chat.title, method, text: summary.text.trim(), metrics, rouge },
          ],
        });
      }
    }
  } finally {
    set({ running: false, current: null });
  }
}

/** The figures of one method over all its runs. */
export interface Row {
  method: Method;
  name: string;
  extraBytes: number;
  text: string;
  seconds: Spread | null;
  firstToken: Spread | null;
  decode: Spread | null;
  passes: number | null;
  rouge1: Spread | null;
  rouge2: Spread | null;
  rougeL: Spread | null;
}

export function rows({ plan, runs }: Experiment): Row[] {
  return plan.methods.map((each) => {
    const runsOfMethod = runs.filter(({ method }) => method === each.method);
    const rouge = (name: keyof Rouge): Spread | null => spread(runsOfMethod.flatMap((run) => run.rouge?.[name] ?? []));
    return {
      ...each,
      text: runsOfMethod.at(-1)?.text ?? "",
      seconds: spread(runsOfMethod.map(({ metrics }) => metrics.total_ms / 1000)),
      firstToken: spread(runsOfMethod.map(({ metrics }) => metrics.time_to_first_token_ms / 1000)),
      decode: spread(
        runsOfMethod
          .filter(({ metrics }) => metrics.decode_ms > 0)
          .map(({ metrics }) => (metrics.generated_tokens * 1000) / metrics.decode_ms),
      ),
      passes: runsOfMethod[0]?.metrics.passes ?? null,
      rouge1: rouge("rouge1"),
      rouge2: rouge("rouge2"),
      rougeL: rouge("rougeL"),
    };
  });
}

/** Peak memory. WebAssembly memory never shrinks and GPU buffers only grow, so each run reports the peak so far. */
export function peak({ idle, runs }: Experiment): Memory {
  const most = (of: (metrics: SummaryMetrics) => number, least: number): number =>
    runs.reduce((most, { metrics }) => Math.max(most, of(metrics)), least);
  return { wasm: most(({ wasm_bytes }) => wasm_bytes, idle.wasm), gpu: most(({ gpu }) => gpu?.bytes ?? 0, idle.gpu) };
}

/** The runs as comma-separated values (RFC 4180), one line each. */
export function toCsv({ plan, runs }: Experiment): string {
  const header = [
    "chat",
    "method",
    "form",
    "from",
    "language",
    "total_ms",
    "time_to_first_token_ms",
    "prefill_ms",
    "decode_ms",
    "prompt_tokens",
    "generated_tokens",
    "passes",
    "wasm_bytes",
    "gpu_bytes",
    "extra_bytes",
    "rouge1",
    "rouge2",
    "rougeL",
    "text",
  ];
  const extra = new Map(plan.methods.map(({ method, extraBytes }) => [method, extraBytes]));
  const lines = runs.map(({ chat, method, text, metrics: m, rouge }) => [
    chat,
    method,
    plan.form,
    plan.from,
    plan.to,
    m.total_ms,
    m.time_to_first_token_ms,
    m.prefill_ms,
    m.decode_ms,
    m.prompt_tokens,
    m.generated_tokens,
    m.passes,
    m.wasm_bytes,
    m.gpu?.bytes ?? 0,
    extra.get(method) ?? 0,
    rouge?.rouge1 ?? "",
    rouge?.rouge2 ?? "",
    rouge?.rougeL ?? "",
    text,
  ]);
  return [header, ...lines].map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

/** One value of a line. Text that a spreadsheet would take for a formula gets an apostrophe in front. */
function cell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const plain = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

export function toJson(experiment: Experiment): string {
  const { plan, idle, runs } = experiment;
  return JSON.stringify(
    {
      model: plan.model,
      form: plan.form,
      from: plan.from,
      to: plan.to,
      maxTokens: plan.maxTokens,
      idleBytes: idle,
      peakBytes: peak(experiment),
      runs,
    },
    null,
    1,
  );
}
