// The view that compares methods: the choice of methods and chats, the progress, and the results as table and charts.
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { saveFile } from "../app/browser/device";
import { type Experiment, type Memory, peak, type Row, rows, toCsv, toJson } from "../app/state/experiment";
import type { Spread } from "../app/state/statistics";
import type { Method, MethodStatus } from "../protocol";
import "./bar-chart";
import type { Bar } from "./bar-chart";
import { Component } from "./component";
import { megabytes, number } from "./format";
import { base, view } from "./styles";

/** An experiment that the user asks for. */
export interface Comparison {
  methods: Method[];
  /** Number of random examples; 0 for the open chat. */
  examples: number;
}

const MOST_EXAMPLES = 100;

@customElement("compare-view")
export class CompareView extends Component {
  static override styles = [
    base,
    view,
    css`
      fieldset {
        border: 0;
        padding: 0;
        margin: 0;
        min-width: 0;
      }
      legend {
        font-weight: 650;
        padding: 0;
        margin-bottom: 0.25rem;
      }
      .column {
        max-width: 60rem;
      }
      .methods {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
        column-gap: 1rem;
      }
      .methods small {
        display: block;
        color: var(--quiet);
        font-size: 0.8125rem;
        line-height: 1.3;
      }
      label.off {
        color: var(--quiet);
      }
      input[type="number"] {
        width: 6rem;
      }
      .scroll {
        overflow-x: auto;
        margin: 0 -1rem;
        padding: 0 1rem;
      }
      table {
        border-collapse: collapse;
        width: 100%;
        font-size: 0.875rem;
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: 0.5rem 0.625rem;
        text-align: end;
        border-bottom: 1px solid var(--line);
        white-space: nowrap;
      }
      th:first-child {
        text-align: start;
      }
      thead th:first-child {
        min-width: 9rem;
      }
      thead th {
        color: var(--quiet);
        font-size: 0.8125rem;
        vertical-align: bottom;
        white-space: normal;
        min-width: 4rem;
      }
      .charts {
        display: grid;
        gap: 1.5rem;
      }
      @media (min-width: 44rem) {
        .charts {
          grid-template-columns: 1fr 1fr;
        }
      }
      blockquote {
        margin: 0.25rem 0 0.75rem;
        padding-inline-start: 0.75rem;
        border-inline-start: 3px solid var(--line);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];
  @property({ attribute: false }) methods: readonly MethodStatus[] = [];
  @property({ attribute: false }) chatTitle = "";
  /** Number of examples in the language of the chat; 0 while it is not known. */
  @property({ attribute: false }) alike = 0;
  /** Why nothing can be compared right now; null if something can. */
  @property({ attribute: false }) disabledReason: string | null = null;
  @property({ attribute: false }) experiment: Experiment | null = null;
  /** Whether something is being downloaded. */
  @property({ type: Boolean }) downloading = false;
  /** Whether the engine is busy with this or another task. */
  @property({ type: Boolean }) busy = false;
  @state() private without: readonly string[] = [];
  /** Number of examples that the user asks for; 0 for the open chat. */
  @state() private wanted = 0;

  private get most(): number {
    return Math.min(MOST_EXAMPLES, this.alike || MOST_EXAMPLES);
  }

  private get examples(): number {
    return Math.min(this.wanted, this.most);
  }

  private get chosen(): Method[] {
    return this.methods
      .filter(({ method, unavailable }) => unavailable === undefined && !this.without.includes(method))
      .map(({ method }) => method);
  }

  override render() {
    const { experiment } = this;
    const { compare: t } = this.t;
    const running = experiment?.running ?? false;
    return html`<div class="column">
      <h1>${t.title}</h1>
      <p class="quiet">${t.intro}</p>
      <section class="card stack">
        <fieldset ?disabled=${running}>
          <legend>${t.methods}</legend>
          ${this.methods.length === 0 ? html`<p class="quiet">${this.t.config.methodsLater}</p>` : nothing}
          <div class="methods">${this.methods.map((each) => this.renderMethod(each))}</div>
        </fieldset>
        ${this.renderChats(running)}
        ${this.renderActions(running)}
        ${experiment && running ? this.renderProgress(experiment) : nothing}
      </section>
      ${experiment && experiment.runs.length > 0 ? this.renderResults(experiment) : nothing}
    </div>`;
  }

  private renderMethod({ method, name, unavailable, missing }: MethodStatus) {
    const toggle = (event: Event): void => {
      const on = (event.target as HTMLInputElement).checked;
      this.without = on ? this.without.filter((other) => other !== method) : [...this.without, method];
    };
    const off = unavailable !== undefined;
    const reason = off && missing === undefined ? html`<small>${unavailable}</small>` : nothing;
    // No space between the tags: it would become part of the label.
    return html`<div>
      <label class="check ${off ? "off" : ""}"><input
        type="checkbox"
        ?disabled=${off}
        .checked=${!off && !this.without.includes(method)}
        @change=${toggle}
      ><span>${name}${reason}</span></label>
      ${missing === undefined ? nothing : this.renderDownload(method, name, missing)}
    </div>`;
  }

  private renderDownload(method: Method, name: string, missing: number) {
    const words = this.t.models.download(megabytes(missing));
    return html`<button
      class="soft"
      aria-label="${words}: ${name}"
      ?disabled=${this.busy || this.downloading}
      @click=${() => this.emit("download-method", { method, bytes: missing })}
    >${words}</button>`;
  }

  private renderChats(running: boolean) {
    const { compare: t } = this.t;
    const take = (examples: number) => (): void => {
      this.wanted = examples;
    };
    const count = (event: Event): void => {
      const field = event.target as HTMLInputElement;
      this.wanted = Math.min(this.most, Math.max(1, Math.round(Number(field.value) || 1)));
      field.value = String(this.wanted); // also where that is no change
    };
    return html`<fieldset ?disabled=${running} class="stack">
      <legend class="visually-hidden">${t.count}</legend>
      <label class="check">
        <input type="radio" name="chats" .checked=${this.examples === 0} @change=${take(0)}>
        <span dir="auto">${t.thisChat}: ${this.chatTitle}</span>
      </label>
      <div class="row">
        <label class="check">
          <input type="radio" name="chats" .checked=${this.examples > 0} @change=${take(5)}>${t.random}
        </label>
        ${
          this.examples > 0
            ? html`<input
                type="number"
                aria-label=${t.count}
                min="1"
                max=${this.most}
                .value=${String(this.examples)}
                @change=${count}
              >`
            : nothing
        }
      </div>
    </fieldset>`;
  }

  private renderActions(running: boolean) {
    const { compare: t } = this.t;
    if (running) return html`<div class="row"><button @click=${() => this.emit("stop")}>${t.stop}</button></div>`;
    const { chosen } = this;
    const disabledReason = this.disabledReason ?? (chosen.length === 0 ? t.noMethods : null);
    const start = (): void => this.emit("compare", { methods: chosen, examples: this.examples } satisfies Comparison);
    return html`<div class="row">
      <button
        class="main"
        ?disabled=${disabledReason !== null || this.busy}
        aria-describedby="disabled-reason"
        @click=${start}
      >${t.start}</button>
      <span class="quiet" id="disabled-reason">${disabledReason}</span>
    </div>`;
  }

  private renderProgress({ plan, runs, current }: Experiment) {
    const t = this.t.compare;
    const total = plan.methods.length * plan.chats.length;
    const name = plan.methods.find(({ method }) => method === current?.method)?.name ?? "";
    const now = current ? html` · <span dir="auto">${t.now(name, current.chat)}</span>` : nothing;
    const progress = t.progress(runs.length, total);
    return html`<div class="stack">
      <progress max=${total} .value=${runs.length} aria-label=${progress}></progress>
      <p class="quiet">${progress}${now}</p>
      ${current ? html`<blockquote lang=${plan.to} dir="auto">${current.text}</blockquote>` : nothing}
    </div>`;
  }

  private renderResults(experiment: Experiment) {
    const t = this.t.compare;
    const { plan } = experiment;
    const all = rows(experiment).filter(({ seconds }) => seconds !== null);
    const rated = all.some(({ rouge1 }) => rouge1 !== null);
    const memory = t.memory(this.amounts(experiment.idle), this.amounts(peak(experiment)));
    return html`<section class="card stack">
      <h2>${t.results}</h2>
      <div class="scroll" tabindex="0" role="region" aria-label=${t.results}>${this.renderTable(all, rated)}</div>
      <p class="quiet">${plan.chats.length > 1 ? t.spread : nothing} ${memory} ${rated ? nothing : t.noReference}</p>
      ${experiment.running ? nothing : this.renderDownloads(experiment)}
    </section>
    <section class="card charts">${this.renderCharts(all, rated)}</section>
    <section class="card stack">
      <h2>${t.texts}</h2>
      <div>${all.map((row) => this.renderText(row, plan.to))}</div>
    </section>`;
  }

  private renderTable(all: readonly Row[], rated: boolean) {
    const t = this.t.compare;
    const { rouge } = this.t.metrics;
    const likeness = rated ? [rouge("1"), rouge("2"), rouge("L")] : [];
    const columns = [t.method, t.seconds, t.firstToken, t.decode, ...likeness, t.passes, t.extra];
    return html`<table>
      <thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
      <tbody>${all.map((row) => this.renderRow(row, rated))}</tbody>
    </table>`;
  }

  private renderRow(row: Row, rated: boolean) {
    const likeness = rated ? [row.rouge1, row.rouge2, row.rougeL].map(words) : [];
    const times = [row.seconds, row.firstToken, row.decode].map(words);
    const cells = [...times, ...likeness, row.passes ?? "–", number(row.extraBytes / 1e6, 2)];
    return html`<tr data-method=${row.method}>
      <th scope="row">${row.name}</th>
      ${cells.map((value) => html`<td>${value}</td>`)}
    </tr>`;
  }

  private renderDownloads(experiment: Experiment) {
    const t = this.t.compare;
    const { from, to } = experiment.plan;
    const stem = `pocket-gist-${from}-${to}`;
    const saveCsv = (): void => saveFile(`${stem}.csv`, "text/csv", toCsv(experiment));
    const saveJson = (): void => saveFile(`${stem}.json`, "application/json", toJson(experiment));
    return html`<div class="row">
      <button class="soft" @click=${saveCsv}>${t.csv}</button>
      <button class="soft" @click=${saveJson}>${t.json}</button>
    </div>`;
  }

  private renderText({ name, text }: Row, language: string) {
    return html`<h3>${name}</h3><blockquote lang=${language} dir="auto">${text}</blockquote>`;
  }

  private amounts({ wasm, gpu }: Memory): string {
    return gpu === 0 ? `${megabytes(wasm)} (WASM)` : this.t.compare.both(megabytes(wasm), megabytes(gpu));
  }

  private renderCharts(all: readonly Row[], rated: boolean) {
    const t = this.t.compare;
    const exact = (value: number): Spread => ({ mean: value, deviation: 0, count: 1 });
    const bars = (values: (row: Row) => Bar["values"]): Bar[] =>
      all.map((row) => ({ label: row.name, values: values(row) }));
    const rouge = bars(({ rouge1, rouge2, rougeL }) => [rouge1, rouge2, rougeL]);
    const extra = bars(({ extraBytes }) => [exact(extraBytes / 1e6)]);
    return html`<bar-chart .name=${t.seconds} .bars=${bars(({ seconds }) => [seconds])}></bar-chart>
      ${
        rated
          ? html`<bar-chart .name=${"ROUGE"} .series=${["ROUGE-1", "ROUGE-2", "ROUGE-L"]} .bars=${rouge}></bar-chart>`
          : nothing
      }
      <bar-chart .name=${t.extra} .digits=${2} .bars=${extra}></bar-chart>`;
  }
}

/** A mean with its standard deviation, as text. */
function words(spread: Spread | null): string {
  if (!spread) return "–";
  return spread.count > 1 ? `${number(spread.mean)} ± ${number(spread.deviation)}` : number(spread.mean);
}
