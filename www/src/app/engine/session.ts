// The engine's state as the page knows it: the models on this device, the download in progress, and the loaded model.
import type { ReactiveControllerHost } from "lit";
import type {
  Backend,
  Direction,
  EngineInfo,
  Form,
  MethodStatus,
  ModelStatus,
  Part,
  Phase,
  Readiness,
  Storage,
} from "../../protocol";
import { type Benchmark, benchmarkOf, isFaster, type Placement } from "./backend";
import { type Answer, type EngineAction, EngineClient, EngineError, type EngineEvent } from "./client";
import type { Need } from "./need";
import { DownloadSpeed } from "./speed";

export interface Download {
  model: string;
  done: number;
  total: number;
  bytesPerSecond: number;
}

/** A phase of a task and its progress. */
export interface Activity {
  phase: Phase;
  done: number;
  total: number;
  /** The part being read, if the chat is read in several. */
  part?: Part | undefined;
}

/** Whether a method can be used. */
export const isReady = ({ unavailable }: Readiness): boolean => unavailable === undefined;
/** Whether a method can be used, at once or after a download. */
const isOffered = (method: MethodStatus): boolean => isReady(method) || method.missing !== undefined;

type AnswerOf<T extends Answer["type"]> = Extract<Answer, { type: T }>;
export type Loaded = AnswerOf<"loaded">;

export class EngineSession {
  models: readonly ModelStatus[] = [];
  storage: Storage | null = null;
  /** Bytes of files that earlier versions of the page have left. */
  leftover = 0;
  /** Languages and limits of the engine; null until it has answered for the first time. */
  engine: EngineInfo | null = null;
  download: Download | null = null;
  loaded: Loaded | null = null;
  /** Where the loaded model runs, and why. */
  placement: Placement | null = null;
  /** Where models are to run. After a change the loaded model is loaded again before its next use. */
  backend: Backend = "auto";
  loading: Activity | null = null;
  /** Notices of the download. */
  notices: readonly string[] = [];
  private loadedFor: Backend | null = null;
  /** Whether files of the loaded model have come or gone. */
  private outdated = false;
  private load: { model: string; backend: Backend; done: Promise<Loaded> } | null = null;
  private stopper: AbortController | null = null;
  private readonly client: EngineClient;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly startWorker: () => Worker,
  ) {
    this.client = new EngineClient(startWorker, () => this.set({ loaded: null, loading: null }));
  }

  /** Sends one request. An answer of another type than `type` is an error of the engine. */
  async ask<T extends Answer["type"]>(
    type: T,
    action: EngineAction,
    options: { onEvent?: (event: EngineEvent) => void; signal?: AbortSignal } = {},
  ): Promise<AnswerOf<T>> {
    const answer = await this.client.request(action, options).catch((cause: unknown) => {
      if (cause instanceof EngineError && cause.kind === "device") this.set({ loaded: null }); // lost with the GPU
      throw cause;
    });
    if (answer.type !== type) throw new Error(`the engine answered ${answer.type} where ${type} was expected`);
    return answer as AnswerOf<T>;
  }

  async refresh(): Promise<void> {
    const { models, storage, leftover, engine } = await this.ask("status", { action: "status" });
    this.set({ models, storage, leftover, engine });
  }

  model(id: string): ModelStatus | undefined {
    return this.models.find((model) => model.id === id) ?? this.models[0];
  }

  /** The direction from the chat's language to the summary's, for summaries of `form`, if the loaded model has it. */
  direction(from: string, to: string, form: Form): Direction | undefined {
    const all = this.loaded?.directions ?? [];
    return all.find((direction) => direction.from === from && direction.to === to && direction.form === form);
  }

  /** The forms of summaries in `to` of chats in `from` that the loaded model can write, at once or after a download. */
  forms(from: string, to: string): Form[] {
    const own = (this.loaded?.directions ?? []).filter((direction) => direction.from === from && direction.to === to);
    return own.filter(({ methods }) => methods.some(isOffered)).map(({ form }) => form);
  }

  /** The methods that can be used for chats in `from` and summaries in `to`. */
  available(from: string, to: string, form: Form): MethodStatus[] {
    return (this.direction(from, to, form)?.methods ?? []).filter(isReady);
  }

  /** The methods for chats in `from` and summaries in `to` that can be used, at once or after a download. */
  offered(from: string, to: string, form: Form): MethodStatus[] {
    return (this.direction(from, to, form)?.methods ?? []).filter(isOffered);
  }

  /**
   * The languages that the loaded model can summarise chats in `from` in, at once or after a download. A direction
   * without a default method lacks adapters; such ones are all that there is for a model without any.
   */
  targets(from: string): string[] {
    const all = (this.loaded?.directions ?? []).filter(
      ({ form, methods }) => form === "gist" && methods.some(isOffered),
    );
    const adapted = all.filter(({ defaultMethod }) => defaultMethod !== undefined);
    return (adapted.length > 0 ? adapted : all).filter((each) => each.from === from).map(({ to }) => to);
  }

  /** Downloads what is missing of a model and for `needs`. If it stops early, what has arrived is kept. */
  async downloadModel(model: ModelStatus, needs: readonly Need[]): Promise<void> {
    const speed = new DownloadSpeed();
    this.stopper = new AbortController();
    const [done, own] = model.complete ? [0, 0] : [model.stored, model.bytes ?? 0];
    const total = needs.reduce((sum, { bytes }) => sum + bytes, own);
    this.set({ notices: [], download: { model: model.id, done, total, bytesPerSecond: 0 } });
    const onEvent = (event: EngineEvent): void => {
      if (event.type === "notice") this.set({ notices: [...this.notices, event.text] });
      if (event.type !== "progress") return;
      speed.add(event.done);
      this.set({
        download: { model: model.id, done: event.done, total: event.total, bytesPerSecond: speed.bytesPerSecond },
      });
    };
    try {
      const purposes = needs.map(({ purpose }) => purpose);
      const { signal } = this.stopper;
      await this.ask("done", { action: "download", model: model.id, purposes }, { onEvent, signal });
    } finally {
      this.invalidate();
      this.set({ download: null });
      await this.refresh();
    }
  }

  stopDownload(): void {
    this.stopper?.abort();
  }

  /** Has the loaded model compared with its files, which have changed, before its next use. */
  invalidate(): void {
    this.outdated = true;
  }

  /** Loads a model unless it is loaded with all its files. Calls made while it loads wait for the same load. */
  async ensureLoaded(model: string): Promise<Loaded> {
    const { backend, outdated } = this;
    if (!outdated && this.loaded?.model === model && this.loadedFor === backend) return this.loaded;
    if (outdated || this.load?.model !== model || this.load.backend !== backend) {
      this.outdated = false;
      const before = this.load?.done.catch(() => {}); // reported to whoever began it
      const done = Promise.resolve(before).then(() => this.loadNow(model, backend));
      this.load = { model, backend, done };
      const forget = (): void => {
        if (this.load?.done === done) this.load = null;
      };
      done.then(forget, forget);
    }
    return this.load.done;
  }

  private async loadNow(model: string, choice: Backend): Promise<Loaded> {
    // The worker only adds what has come since to a model that is loaded: what that can do stays in sight.
    const isLoaded = this.loaded?.model === model && this.loadedFor === choice;
    if (!isLoaded) this.set({ loaded: null, placement: null, loading: { phase: "load", done: 0, total: 0 } });
    const onEvent = (event: EngineEvent): void => {
      if (event.type === "progress")
        this.set({ loading: { phase: event.phase, done: event.done, total: event.total } });
      if (event.type === "notice") this.set({ notices: [...this.notices, event.text] });
    };
    try {
      const benchmark = choice === "auto" ? await benchmarkOf(model, () => this.runBenchmark(model)) : null;
      const backend = benchmark && !isFaster(benchmark) ? "cpu" : choice;
      const loaded = await this.ask("loaded", { action: "load", model, backend }, { onEvent });
      const noGpu = loaded.noGpu ?? benchmark?.noGpu ?? null;
      const reason = choice !== "auto" ? "chosen" : noGpu === null ? "benchmark" : "noGpu";
      this.loadedFor = choice;
      this.set({ loaded, placement: { gpu: loaded.gpu ?? null, reason, benchmark, noGpu } });
      return loaded;
    } catch (cause) {
      this.set({ loaded: null, placement: null });
      throw cause;
    } finally {
      this.set({ loading: null });
    }
  }

  /** Times part of the model on CPU and GPU. It does so in a second worker, whose memory is freed with it. */
  private async runBenchmark(model: string): Promise<Benchmark> {
    if (!("gpu" in navigator)) return { cpuMs: null, gpuMs: null, noGpu: "this browser has no WebGPU" };
    const client = new EngineClient(this.startWorker);
    try {
      const answer = await client.request({ action: "benchmark", model });
      if (answer.type !== "benchmark") throw new Error(`the engine answered ${answer.type}, not benchmark`);
      const { cpuMs, gpuMs, noGpu } = answer;
      return { cpuMs: cpuMs ?? null, gpuMs: gpuMs ?? null, noGpu: noGpu ?? null };
    } finally {
      client.close();
    }
  }

  /** Replaces the loaded model after an adapter was added to it. */
  replaceLoaded(loaded: Loaded): void {
    this.set({ loaded });
  }

  /** Deletes one model, or with null all of them. */
  async remove(model: string | null): Promise<void> {
    await this.ask("done", { action: "delete", model: model ?? undefined });
    if (model === null || this.loaded?.model === model) this.set({ loaded: null });
    await this.refresh();
  }

  async removeLeftovers(): Promise<void> {
    await this.ask("done", { action: "deleteLeftovers" });
    await this.refresh();
  }

  private set(
    state: Partial<
      Pick<
        EngineSession,
        "models" | "storage" | "leftover" | "engine" | "download" | "loaded" | "loading" | "notices" | "placement"
      >
    >,
  ): void {
    Object.assign(this, state);
    this.host.requestUpdate();
  }
}
