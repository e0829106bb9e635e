// The controller: the only place that knows both the engine and the page.
import { html, LitElement, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import startWorker from "#worker?worker";
import { asText, type Dialogue, loadDialogues } from "./dialogues";
import { EngineClient, type Event as EngineEvent } from "./engine-client";
import { language, megabytes, perSecond, seconds, Speed } from "./format";
import "./model-card";
import type { Download } from "./model-card";
import type { Action, MethodStatus, Metrics, ModelStatus, Target } from "./protocol";
import { frame, styles } from "./styles";

const greedy = { temperature: 0, topK: 1, topP: 1, seed: 0 };
const maxTokens = 160;
const chatLanguage = "en";
/** Methods to fall back to, where the one in use is not for a language. */
const preferred = ["projection", "two-step", "primary"];

@customElement("gist-app")
export class GistApp extends LitElement {
  static override styles = [styles, frame];
  @state() private models: ModelStatus[] = [];
  @state() private persisted = false;
  @state() private download: Download | null = null;
  @state() private dialogues: Dialogue[] = [];
  @state() private chat = "";
  @state() private targets: Target[] = [];
  @state() private chosen = "";
  @state() private method = "projection";
  @state() private to = "es";
  @state() private stage = "";
  @state() private running = false;
  @state() private summary = "";
  @state() private spoken = "";
  @state() private notices: string[] = [];
  @state() private problem: { text: string; retry: () => void } | null = null;
  @state() private metrics: Metrics | null = null;
  @state() private waiting: ServiceWorker | null = null;
  private loaded: string | null = null;
  private loading: Promise<void> | null = null;
  private pass = 0;
  private stopper: AbortController | null = null;
  private readonly engine = new EngineClient(
    () => new startWorker(),
    () => { this.loaded = null; },
  );

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("gist-update", (event) => { this.waiting = (event as CustomEvent<ServiceWorker>).detail; });
    void this.guard(async () => {
      this.dialogues = await loadDialogues();
      this.chat = this.dialogues[0] ? asText(this.dialogues[0]) : "";
      await this.refresh();
      if (this.model?.complete) await this.load();
    });
  }

  private get model(): ModelStatus | undefined {
    return this.models.find(({ id }) => id === this.chosen) ?? this.models[0];
  }

  /** The methods for the language that is chosen. */
  private get methods(): MethodStatus[] {
    return this.targets.find(({ language }) => language === this.to)?.methods ?? [];
  }

  /** Runs an action; what fails becomes words and a button that tries again. A cancelled action is no failure. */
  private async guard(action: () => Promise<void>): Promise<void> {
    this.problem = null;
    try {
      await action();
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === "AbortError") return;
      this.problem = { text: cause instanceof Error ? cause.message : String(cause), retry: () => void this.guard(action) };
    }
  }

  private ask(action: Action, onEvent?: (event: EngineEvent) => void, signal?: AbortSignal) {
    return this.engine.request(action, {
      ...(signal ? { signal } : {}),
      onEvent: (event) => {
        if (event.type === "notice") this.notices = [...this.notices, event.text];
        else onEvent?.(event);
      },
    });
  }

  private async refresh(): Promise<void> {
    const answer = await this.ask({ action: "status" });
    if (answer.type !== "status") return;
    this.models = answer.models;
    this.persisted = answer.storage.persisted || (await navigator.storage?.persisted?.()) || false;
  }

  private fetchModel(): Promise<void> {
    return this.guard(async () => {
      const model = this.model;
      if (!model) return;
      // Asked for on the tap itself: browsers weigh the reader's gesture.
      void navigator.storage?.persist?.();
      this.notices = [];
      const speed = new Speed();
      this.stopper = new AbortController();
      this.download = { done: model.stored, total: model.bytes ?? 0, bytesPerSecond: 0 };
      try {
        await this.ask({ action: "download", model: model.id }, (event) => {
          if (event.type !== "progress") return;
          speed.add(event.done);
          this.download = { done: event.done, total: event.total, bytesPerSecond: speed.bytesPerSecond };
        }, this.stopper.signal);
      } finally {
        this.download = null;
        await this.refresh();
      }
      await this.load();
    });
  }

  /** Loads the model unless it is loaded; whoever asks while it is loading waits for that. */
  private load(): Promise<void> {
    this.loading ??= this.loadNow().finally(() => { this.loading = null; });
    return this.loading;
  }

  private async loadNow(): Promise<void> {
    const model = this.model;
    if (!model || this.loaded === model.id) return;
    this.loaded = null; // if this fails, no model is loaded
    this.stage = "Loading the model…";
    try {
      const answer = await this.ask({ action: "load", model: model.id });
      if (answer.type !== "loaded") return;
      this.loaded = model.id;
      this.targets = answer.targets;
      this.choose(this.to);
    } finally {
      this.stage = "";
    }
  }

  /** Takes a language, and a method that can write it: the one in use if it can. */
  private choose(to: string): void {
    this.to = this.targets.some(({ language }) => language === to) ? to : (this.targets[0]?.language ?? to);
    const usable = this.methods.filter(({ unavailable }) => !unavailable).map(({ method }) => method);
    if (!usable.includes(this.method)) this.method = usable.find((method) => preferred.includes(method)) ?? usable[0] ?? this.method;
  }

  private summarize(): Promise<void> {
    return this.guard(async () => {
      this.running = true;
      this.summary = this.spoken = "";
      this.pass = 0;
      this.metrics = null;
      this.notices = [];
      this.stopper = new AbortController();
      const { signal } = this.stopper;
      try {
        await this.load();
        const answer = await this.ask(
          { action: "summarize", chat: this.chat, from: chatLanguage, to: this.to, method: this.method, maxTokens, sampling: greedy },
          (event) => {
            if (event.type === "progress") this.stage = event.stage === "prefill" ? `Reading the chat: ${event.done} of ${event.total} tokens` : "";
            if (event.type !== "delta") return;
            // A second pass replaces the first one's text: that was only the way there.
            this.summary = event.pass === this.pass ? this.summary + event.text : event.text;
            this.pass = event.pass;
            this.stage = "";
          },
          signal,
        );
        if (answer.type === "done") this.metrics = answer.metrics ?? null;
        this.spoken = "The summary is ready.";
      } finally {
        this.running = false;
        this.stage = "";
      }
    });
  }

  private change(model: string): Promise<void> {
    return this.guard(async () => {
      await this.loading?.catch(() => {}); // whoever began it is told
      this.chosen = model;
      this.targets = [];
      if (this.model?.complete) await this.load();
    });
  }

  private deleteModel(): Promise<void> {
    return this.guard(async () => {
      if (!confirm("Delete the model from this device?")) return;
      await this.ask({ action: "delete", model: this.model?.id });
      this.loaded = null;
      this.targets = [];
      await this.refresh();
    });
  }

  private startUpdate(): void {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    this.waiting?.postMessage("update");
  }

  override render() {
    return html`
      <header><h1>Pocket Gist</h1><p>The gist of a chat, in another language, on your own device.</p></header>
      ${this.waiting ? html`<p class="notice">A new version is ready. <button @click=${this.startUpdate}>Reload</button></p>` : nothing}
      <main>
        <model-card class="wide" .models=${this.models} .model=${this.model ?? null} .download=${this.download} ?persisted=${this.persisted} ?busy=${this.running}
          @download=${this.fetchModel} @stop-download=${() => this.stopper?.abort()} @delete-model=${this.deleteModel}
          @choose-model=${(event: CustomEvent<string>) => this.change(event.detail)}></model-card>
        ${this.renderChat()} ${this.renderResult()}
      </main>`;
  }

  private renderChat() {
    const choose = (event: Event): void => {
      const found = this.dialogues.find((dialogue) => dialogue.id === (event.target as HTMLSelectElement).value);
      if (found) this.chat = asText(found);
    };
    return html`<section>
      <h2>Chat</h2>
      <label for="example">Example</label>
      <select id="example" @change=${choose}>${this.dialogues.map((dialogue) => html`<option value=${dialogue.id}>${dialogue.scenario}</option>`)}</select>
      <label for="chat">Or paste your own, one “Name: text” per line</label>
      <textarea id="chat" dir="auto" spellcheck="false" .value=${this.chat} @input=${(event: Event) => { this.chat = (event.target as HTMLTextAreaElement).value; }}></textarea>
    </section>`;
  }

  private renderResult() {
    const ready = this.model?.complete && this.chat.trim() !== "" && !this.download;
    return html`<section>
      <h2>Summary</h2>
      <div class="pair">
        <div><label for="to">Language</label>
          <select id="to" ?disabled=${this.running} @change=${(event: Event) => this.choose((event.target as HTMLSelectElement).value)}>
            ${this.targets.map(({ language: code }) => html`<option value=${code} ?selected=${code === this.to}>${language(code)}</option>`)}
          </select></div>
        <div><label for="method">Method</label>
          <select id="method" ?disabled=${this.running} @change=${(event: Event) => { this.method = (event.target as HTMLSelectElement).value; }}>
            ${this.methods.map((each) => html`<option value=${each.method} ?disabled=${each.unavailable !== undefined} ?selected=${each.method === this.method}>${each.name}${each.unavailable ? ` (${each.unavailable})` : ""}</option>`)}
          </select></div>
      </div>
      <div class="row">${this.running
        ? html`<button @click=${() => this.stopper?.abort()}>Stop</button>`
        : html`<button class="main" ?disabled=${!ready} @click=${this.summarize}>Summarize</button>`}
        <span class="quiet">${this.stage || (ready || this.running ? "" : "Download the model first.")}</span></div>
      ${this.notices.map((text) => html`<p class="notice">${text}</p>`)}
      ${this.problem ? html`<div class="problem" role="alert"><p>${this.problem.text}</p><button @click=${this.problem.retry}>Try again</button></div>` : nothing}
      <div class="summary" lang=${this.to} dir="auto" aria-busy=${this.running ? "true" : "false"}>${this.summary}</div>
      <p class="spoken" role="status">${this.spoken}</p>
      ${this.metrics ? this.renderMetrics(this.metrics) : nothing}
    </section>`;
  }

  private renderMetrics(metrics: Metrics) {
    const rows: [string, string][] = [
      ["First token", seconds(metrics.timeToFirstTokenMs)],
      ["Total", seconds(metrics.totalMs)],
      ["Prefill", `${perSecond(metrics.promptTokens, metrics.prefillMs)} tok/s`],
      ["Decode", `${perSecond(metrics.generatedTokens, metrics.decodeMs)} tok/s`],
      ["Tokens", `${metrics.promptTokens} in, ${metrics.generatedTokens} out`],
      ["Passes", String(metrics.passes)],
      ["WASM memory", megabytes(metrics.wasmBytes)],
    ];
    return html`<dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
  }
}
