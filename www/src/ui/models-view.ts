// The view that manages models: which there are, which are on this device, and how much storage is left.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { formOf, languagesOf, type Need } from "../app/engine/need";
import type { Download } from "../app/engine/session";
import type { ModelStatus, Storage, StoredAdapter, SummaryFiles } from "../protocol";
import { Component } from "./component";
import "./download-progress";
import { language, languagePair, megabytes } from "./format";
import { icon } from "./icons";
import "./add-model-card";
import { base, view } from "./styles";

/** Share of a phone's memory that a model may take. */
const MEMORY_SHARE = 0.5;

@customElement("models-view")
export class ModelsView extends Component {
  static override styles = [
    base,
    view,
    css`
      article {
        display: grid;
        gap: 0.5rem;
      }
      .state {
        display: inline-flex;
        align-items: center;
        background: var(--soft);
        color: var(--accent);
        border-radius: 1rem;
        padding: 0.125rem 0.75rem;
        font-size: 0.8125rem;
        font-weight: 600;
      }
      .warn {
        color: var(--mark);
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
        display: grid;
        gap: 0.25rem;
      }
      li {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        overflow-wrap: anywhere;
      }
      summary {
        cursor: pointer;
        font-weight: 600;
        min-height: 1.75rem;
      }
      details > * + * {
        margin-top: 0.5rem;
      }
      li button.soft {
        min-height: 2.25rem;
      }
      meter {
        width: 100%;
        height: 1rem;
      }
    `,
  ];
  @property({ attribute: false }) models: readonly ModelStatus[] = [];
  @property({ attribute: false }) storage: Storage | null = null;
  /** Bytes of files that earlier versions of the page have left. */
  @property({ attribute: false }) leftover = 0;
  @property({ attribute: false }) download: Download | null = null;
  @property({ attribute: false }) notices: readonly string[] = [];
  /** The file that is being copied. */
  @property({ attribute: false }) incoming: Download | null = null;
  /** Whether the file at an address is being examined. */
  @property({ type: Boolean }) examining = false;
  /** Id of the model in use. */
  @property({ attribute: false }) chosen = "";
  @property({ type: Boolean }) persisted = false;
  /** Whether the browser declined to keep what is stored. */
  @property({ type: Boolean }) refused = false;
  @property({ type: Boolean }) busy = false;
  /** Bytes that the open chat needs beside a model. */
  @property({ attribute: false }) needed: (model: ModelStatus) => number = () => 0;

  override render() {
    const { models: t } = this.t;
    return html`<div class="column">
      <h1>${t.title}</h1>
      <p class="quiet">${t.private}</p>
      ${this.models.length === 0 ? html`<p class="quiet" role="status">${t.looking}</p>` : nothing}
      ${this.models.map((model, index) => this.renderModel(model, `model-${index}`))}
      <add-model-card
        .incoming=${this.incoming}
        ?examining=${this.examining}
        ?busy=${this.occupied}
      ></add-model-card>
      ${this.notices.map((text) => html`<p class="notice">${text}</p>`)}
      ${this.storage ? this.renderStorage(this.storage) : nothing}
    </div>`;
  }

  /** Whether a task or a download keeps models from being changed. */
  private get occupied(): boolean {
    return this.busy || this.download !== null;
  }

  private renderModel(model: ModelStatus, heading: string) {
    const { models: t } = this.t;
    const size = model.bytes === undefined ? t.unknownSize : megabytes(model.bytes);
    const whole = model.bytes === undefined ? size : megabytes(model.bytes + this.needed(model));
    const download = this.download?.model === model.id ? this.download : null;
    const inUse = model.id === this.chosen;
    return html`<article class="card" data-model=${model.id} aria-labelledby=${heading}>
      <div class="row">
        <h2 class="grow" id=${heading}>${model.name}</h2>
        ${model.complete && inUse ? html`<span class="state">${t.inUse}</span>` : nothing}
      </div>
      <p class="quiet">${size} · ${model.origin === "catalog" ? model.licence : t.origins[model.origin]}</p>
      ${this.renderState(model)}
      ${this.renderLanguages(model)}
      ${this.renderAdapters(model)}
      ${download ? html`<download-progress .download=${download}></download-progress>` : nothing}
      <div class="row">${this.renderActions(model, download !== null, inUse, whole)}</div>
    </article>`;
  }

  private renderState(model: ModelStatus) {
    const { models: t } = this.t;
    if (model.complete) return html`<p class="quiet">${t.here} ${this.persisted ? t.kept : t.notKept}</p>`;
    if (model.origin === "file") return html`<p class="quiet">${t.chooseAgain(megabytes(model.stored))}</p>`;
    return this.renderFit(model);
  }

  private renderAdapters({ adapters }: ModelStatus) {
    const own = adapters.filter(({ own }) => own);
    if (own.length === 0) return nothing;
    return html`<h3>${this.t.models.adapters}</h3>
      <ul>${own.map((adapter) => this.renderAdapter(adapter))}</ul>`;
  }

  private renderAdapter(adapter: StoredAdapter) {
    const { adapter: words, models: t } = this.t;
    const { kind, name, own, bytes } = adapter;
    const [task] = adapter.tasks;
    const use = kind === "lora" && task ? words.tasks[task.task] : kind;
    const about = own ? `${use}, ${languagesIn(adapter)}` : languagesIn(adapter);
    return html`<li>
      <span class="grow">${name} <span class="quiet">${about} · ${megabytes(bytes)}</span></span>
      <button
        class="icon"
        aria-label=${t.deleteAdapter(own ? name : `${name}, ${languagesIn(adapter)}`)}
        ?disabled=${this.busy}
        @click=${() => this.emit("delete-adapter", adapter)}
      >${icon("trash")}</button>
    </li>`;
  }

  /** The languages that a model can summarise, each to be downloaded by itself, and the files here for them. */
  private renderLanguages({ adapters, complete, id, summaries }: ModelStatus) {
    const { models: t } = this.t;
    if (!complete || summaries.length === 0) return nothing;
    const offered = summaries.filter(({ task }) => formOf(task) === "gist");
    const here = offered.filter(({ missing }) => missing === 0);
    const others = offered.filter(({ missing }) => missing > 0);
    const pair = ({ task }: SummaryFiles): string => languagePair(...languagesOf(task));
    const files = adapters.filter(({ own }) => !own);
    return html`<details>
      <summary>${t.languages(here.length, offered.length)}</summary>
      ${here.length === 0 ? nothing : html`<p class="quiet">${t.languagesHere(here.map(pair).join(", "))}</p>`}
      <ul>${others.map((summary) => this.renderSummary(summary, id === this.chosen))}</ul>
      ${
        files.length === 0
          ? nothing
          : html`<h3>${t.stored}</h3><ul>${files.map((adapter) => this.renderAdapter(adapter))}</ul>`
      }
    </details>`;
  }

  private renderSummary({ task, method, missing }: SummaryFiles, inUse: boolean) {
    const { models: t } = this.t;
    const pair = languagePair(...languagesOf(task));
    const need: Need = { purpose: { task, method }, bytes: missing };
    const words = t.download(megabytes(missing));
    return html`<li>
      <span class="grow">${pair}</span>
      <button
        class="soft"
        aria-label="${words}: ${pair}"
        ?disabled=${this.occupied || !inUse}
        @click=${() => this.emit("download-need", need)}
      >${words}</button>
    </li>`;
  }

  private renderActions(model: ModelStatus, downloading: boolean, inUse: boolean, size: string) {
    const { models: t } = this.t;
    if (downloading)
      return html`<button @click=${() => this.emit("pause-download")}>${icon("pause")}${t.pause}</button>`;
    if (model.complete) return html`${inUse ? this.renderAdd() : this.renderUse(model)}${this.renderDelete(model)}`;
    if (model.origin === "file") return this.renderDelete(model);
    return html`<button
        class="main"
        ?disabled=${this.occupied || this.lacksRoom(model)}
        @click=${() => this.emit("download", model)}
      >${model.stored > 0 ? t.resume(megabytes(model.stored)) : t.download(size)}</button>
      ${model.stored > 0 ? this.renderDelete(model) : nothing}`;
  }

  private renderAdd() {
    return html`<button ?disabled=${this.occupied} @click=${() => this.emit("add-adapter")}>
      ${icon("plus")}${this.t.models.addAdapter}
    </button>`;
  }

  private renderUse(model: ModelStatus) {
    return html`<button class="main" ?disabled=${this.occupied} @click=${() => this.emit("use-model", model)}>
      ${this.t.models.use}
    </button>`;
  }

  private renderDelete(model: ModelStatus) {
    return html`<button class="danger" ?disabled=${this.occupied} @click=${() => this.emit("delete-model", model)}>
      ${icon("trash")}${this.t.delete}
    </button>`;
  }

  private lacksRoom(model: ModelStatus): boolean {
    const { storage } = this;
    if (storage === null || model.bytes === undefined) return false;
    return model.bytes + this.needed(model) - model.stored > storage.quota - storage.usage;
  }

  /** Says whether storage and memory suffice for a model that is not here yet. */
  private renderFit(model: ModelStatus) {
    const { models: t } = this.t;
    if (model.bytes === undefined || !this.storage) return nothing;
    const missing = model.bytes + this.needed(model) - model.stored;
    const free = this.storage.quota - this.storage.usage;
    if (this.lacksRoom(model))
      return html`<p class="quiet warn">${t.tooBig(megabytes(missing), megabytes(Math.max(0, free)))}</p>`;
    const gigabytes = (navigator as Navigator & { deviceMemory?: number }).deviceMemory;
    if (gigabytes && model.bytes > gigabytes * 1e9 * MEMORY_SHARE)
      return html`<p class="quiet warn">${t.muchMemory(gigabytes)}</p>`;
    return html`<p class="quiet">${t.fits}</p>`;
  }

  private renderLeftover() {
    const { models: t } = this.t;
    return html`<div class="row">
      <p class="quiet grow">${t.leftover(megabytes(this.leftover))}</p>
      <button class="danger" ?disabled=${this.occupied} @click=${() => this.emit("delete-leftovers")}>
        ${icon("trash")}${t.deleteLeftover}
      </button>
    </div>`;
  }

  private renderStorage({ usage, quota }: Storage) {
    const { models: t } = this.t;
    const state = this.persisted ? t.kept : this.refused ? t.persistRefused : "";
    return html`<section class="card stack" aria-labelledby="storage">
      <h2 id="storage">${t.storage}</h2>
      <meter max=${quota} .value=${usage} aria-label=${t.storage}></meter>
      <p class="quiet">${t.used(megabytes(usage), megabytes(quota))} ${state}</p>
      ${this.leftover > 0 ? this.renderLeftover() : nothing}
      <div class="row">
        ${this.persisted ? nothing : html`<button @click=${() => this.emit("persist")}>${t.persist}</button>`}
        <button class="danger" ?disabled=${this.occupied} @click=${() => this.emit("delete-everything")}>
          ${icon("trash")}${t.deleteEverything}
        </button>
      </div>
    </section>`;
  }
}

/** The languages that an adapter reads, and the one that it writes. */
function languagesIn({ tasks }: StoredAdapter): string {
  const [task] = tasks;
  const from = [...new Set(tasks.map((task) => language(task.from)))].join(", ");
  return task && "to" in task ? `${from} → ${language(task.to)}` : from;
}
