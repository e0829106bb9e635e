// What the page knows of the engine: the models on this device, a download in progress, what is loaded and can be asked.
import type { ReactiveControllerHost } from "lit";
import type { Backend, MethodStatus, ModelStatus, Part, Stage, Storage, Target } from "../../protocol";
import { isFaster, type Placement, type Trial, trialOf } from "./backend";
import { type Answer, type EngineAction, EngineClient, EngineError, type EngineEvent } from "./client";
import { DownloadSpeed } from "./speed";

export interface Download {
  model: string;
  done: number;
  total: number;
  bytesPerSecond: number;
}

/** Work that takes a while, and how far it is. */
export interface Activity {
  stage: Stage;
  done: number;
  total: number;
  /** Which part of a chat that is read in several. */
  part?: Part | undefined;
}

type AnswerOf<T extends Answer["type"]> = Extract<Answer, { type: T }>;
export type Loaded = AnswerOf<"loaded">;

export class EngineSession {
  models: readonly ModelStatus[] = [];
  storage: Storage | null = null;
  download: Download | null = null;
  loaded: Loaded | null = null;
  /** Where that runs, and why. */
  placement: Placement | null = null;
  /** Where models are to run. One that is loaded is loaded again before it is used next. */
  backend: Backend = "auto";
  loading: Activity | null = null;
  /** What was told while fetching. */
  notices: readonly string[] = [];
  private loadedFor: Backend | null = null;
  private load: { model: string; backend: Backend; done: Promise<Loaded> } | null = null;
  private stopper: AbortController | null = null;
  private readonly client: EngineClient;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly startWorker: () => Worker,
  ) {
    this.client = new EngineClient(startWorker, () => this.set({ loaded: null, loading: null }));
  }

  /** Sends one request; whatever answer is not of `type` is a fault of the engine. */
  async ask<T extends Answer["type"]>(
    type: T,
    action: EngineAction,
    options: { onEvent?: (event: EngineEvent) => void; signal?: AbortSignal } = {},
  ): Promise<AnswerOf<T>> {
    const answer = await this.client.request(action, options).catch((cause: unknown) => {
      if (cause instanceof EngineError && cause.kind === "device") this.set({ loaded: null }); // it went with the GPU
      throw cause;
    });
    if (answer.type !== type) throw new Error(`the engine answered ${answer.type} where ${type} was expected`);
    return answer as AnswerOf<T>;
  }

  async refresh(): Promise<void> {
    const { models, storage } = await this.ask("status", { action: "status" });
    this.set({ models, storage });
  }

  model(id: string): ModelStatus | undefined {
    return this.models.find((model) => model.id === id) ?? this.models[0];
  }

  target(language: string): Target | undefined {
    return this.loaded?.targets.find((target) => target.language === language);
  }

  /** The methods that can be used for `language`. */
  available(language: string): MethodStatus[] {
    return (this.target(language)?.methods ?? []).filter(({ unavailable }) => unavailable === undefined);
  }

  /** Fetches what is missing of a model. What has arrived when it ends early is kept. */
  async fetchModel(model: ModelStatus): Promise<void> {
    const speed = new DownloadSpeed();
    this.stopper = new AbortController();
    this.set({
      notices: [],
      download: { model: model.id, done: model.stored, total: model.bytes ?? 0, bytesPerSecond: 0 },
    });
    const onEvent = (event: EngineEvent): void => {
      if (event.type === "notice") this.set({ notices: [...this.notices, event.text] });
      if (event.type !== "progress") return;
      speed.add(event.done);
      this.set({
        download: { model: model.id, done: event.done, total: event.total, bytesPerSecond: speed.bytesPerSecond },
      });
    };
    try {
      await this.ask("done", { action: "download", model: model.id }, { onEvent, signal: this.stopper.signal });
    } finally {
      this.set({ download: null });
      await this.refresh();
    }
  }

  stopFetching(): void {
    this.stopper?.abort();
  }

  /** Loads a model unless it is loaded; whoever asks while it is loading waits for that. */
  async ensureLoaded(model: string): Promise<Loaded> {
    const { backend } = this;
    if (this.loaded?.model === model && this.loadedFor === backend) return this.loaded;
    if (this.load?.model !== model || this.load.backend !== backend) {
      const before = this.load?.done.catch(() => {}); // whoever began that is told
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
    this.set({ loaded: null, placement: null, loading: { stage: "load", done: 0, total: 0 } }); // if this fails, no model is loaded
    const onEvent = (event: EngineEvent): void => {
      if (event.type === "progress")
        this.set({ loading: { stage: event.stage, done: event.done, total: event.total } });
      if (event.type === "notice") this.set({ notices: [...this.notices, event.text] });
    };
    try {
      const trial = choice === "auto" ? await trialOf(model, () => this.makeTrial(model)) : null;
      const backend = trial && !isFaster(trial) ? "cpu" : choice;
      const loaded = await this.ask("loaded", { action: "load", model, backend }, { onEvent });
      const noGpu = loaded.noGpu ?? trial?.noGpu ?? null;
      const reason = choice !== "auto" ? "chosen" : noGpu === null ? "trial" : "noGpu";
      this.loadedFor = choice;
      this.set({ loaded, placement: { gpu: loaded.gpu ?? null, reason, trial, noGpu } });
      return loaded;
    } finally {
      this.set({ loading: null });
    }
  }

  /** Runs a part of the model both ways, in a worker of its own: its memory is given back with it. */
  private async makeTrial(model: string): Promise<Trial> {
    if (!("gpu" in navigator)) return { cpuMs: null, gpuMs: null, noGpu: "this browser has no WebGPU" };
    const client = new EngineClient(this.startWorker);
    try {
      const answer = await client.request({ action: "trial", model });
      if (answer.type !== "trial") throw new Error(`the engine answered ${answer.type} where trial was expected`);
      const { cpuMs, gpuMs, noGpu } = answer;
      return { cpuMs: cpuMs ?? null, gpuMs: gpuMs ?? null, noGpu: noGpu ?? null };
    } finally {
      client.close();
    }
  }

  /** For an engine that has other adapters now, or none that can be relied on. */
  replaceLoaded(loaded: Loaded | null): void {
    this.set({ loaded });
  }

  /** Deletes one model, or all. */
  async remove(model: string | null): Promise<void> {
    await this.ask("done", { action: "delete", model: model ?? undefined });
    if (model === null || this.loaded?.model === model) this.set({ loaded: null });
    await this.refresh();
  }

  private set(
    state: Partial<
      Pick<EngineSession, "models" | "storage" | "download" | "loaded" | "loading" | "notices" | "placement">
    >,
  ): void {
    Object.assign(this, state);
    this.host.requestUpdate();
  }
}
