// Comparative mode: choose methods and chats, watch, then read table and charts.
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { saveFile } from "../app/browser/device";
import { type Experiment, type Memory, peak, type Row, rows, toCsv, toJson } from "../app/state/experiment";
import type { Spread } from "../app/state/statistics";
import type { MethodStatus } from "../protocol";
import "./bar-chart";
import { Component, valueIn } from "./component";
import { megabytes, number } from "./format";
import { base, view } from "./styles";

/** What is to be compared. */
export interface Comparison {
  methods: string[];
  /** How many random examples; 0 for the chat at hand. */
  examples: number;
}

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
  /** Why nothing can be compared right now; null if it can. */
  @property({ attribute: false }) disabledReason: string | null = null;
  @property({ attribute: false }) experiment: Experiment | null = null;
  /** Whether the engine is at work, on this or something else. */
  @property({ type: Boolean }) busy = false;
  @state() private without: readonly string[] = [];
  @state() private examples = 0;

  private get chosen(): string[] {
    return this.methods
      .filter(({ method, unavailable }) => unavailable === undefined && !this.without.includes(method))
      .map(({ method }) => method);
  }

  override render() {
    const {
      experiment,
      t: { compare: t },
    } = this;
    const running = experiment?.running ?? false;
    const disabledReason = this.disabledReason ?? (this.chosen.length === 0 ? t.noMethods : null);
    return html`<div class="column">
      <h1>${t.title}</h1>
      <p class="quiet">${t.intro}</p>
      <section class="card stack">
        <fieldset ?disabled=${running}><legend>${t.methods}</legend>
          ${this.methods.length === 0 ? html`<p class="quiet">${this.t.config.methodsLater}</p>` : nothing}
          <div class="methods">${this.methods.map((each) => this.renderMethod(each))}</div></fieldset>
        <fieldset ?disabled=${running} class="stack"><legend class="visually-hidden">${t.count}</legend>
          <label class="check"><input type="radio" name="chats" .checked=${this.examples === 0} @change=${() => {
            this.examples = 0;
          }}><span dir="auto">${t.thisChat}: ${this.chatTitle}</span></label>
          <div class="row"><label class="check"><input type="radio" name="chats" .checked=${this.examples > 0} @change=${() => {
            this.examples = 5;
          }}>${t.random}</label>
            ${
              this.examples > 0
                ? html`<input type="number" aria-label=${t.count} min="1" max="100" .value=${String(this.examples)} @change=${(
                    event: Event,
                  ) => {
                    this.examples = Math.min(100, Math.max(1, Math.round(Number(valueIn(event)) || 1)));
                  }}>`
                : nothing
            }</div>
        </fieldset>
        <div class="row">${
          running
            ? html`<button @click=${() => this.emit("stop")}>${t.stop}</button>`
            : html`<button class="main" ?disabled=${disabledReason !== null || this.busy} aria-describedby="disabled-reason" @click=${() => this.emit("compare", { methods: this.chosen, examples: this.examples } satisfies Comparison)}>${t.start}</button>`
        }
          <span class="quiet" id="disabled-reason">${running ? nothing : disabledReason}</span></div>
        ${experiment && running ? this.renderProgress(experiment) : nothing}
      </section>
      ${experiment && experiment.runs.length > 0 ? this.renderResults(experiment) : nothing}
    </div>`;
  }

  private renderMethod({ method, name, unavailable }: MethodStatus) {
    const toggle = (event: Event): void => {
      const on = (event.target as HTMLInputElement).checked;
      this.without = on ? this.without.filter((other) => other !== method) : [...this.without, method];
    };
    const off = unavailable !== undefined;
    return html`<label class="check ${off ? "off" : ""}"><input type="checkbox" ?disabled=${off} .checked=${!off && !this.without.includes(method)} @change=${toggle}><span>${name}${off ? html`<small>${unavailable}</small>` : nothing}</span></label>`;
  }

  private renderProgress({ plan, runs, current }: Experiment) {
    const t = this.t.compare;
    const total = plan.methods.length * plan.chats.length;
    const name = plan.methods.find(({ method }) => method === current?.method)?.name ?? "";
    return html`<div class="stack"><progress max=${total} .value=${runs.length} aria-label=${t.progress(runs.length, total)}></progress>
      <p class="quiet">${t.progress(runs.length, total)}${current ? html` · <span dir="auto">${t.now(name, current.chat)}</span>` : nothing}</p>
      ${current ? html`<blockquote lang=${plan.to} dir="auto">${current.text}</blockquote>` : nothing}</div>`;
  }

  private renderResults(experiment: Experiment) {
    const t = this.t.compare;
    const all = rows(experiment).filter(({ seconds }) => seconds !== null);
    const rated = all.some(({ rouge1 }) => rouge1 !== null);
    const stem = `pocket-gist-${experiment.plan.to}`;
    return html`<section class="card stack">
      <h2>${t.results}</h2>
      <div class="scroll" tabindex="0" role="region" aria-label=${t.results}><table>
        <thead><tr><th scope="col">${t.method}</th><th scope="col">${t.seconds}</th><th scope="col">${t.firstToken}</th><th scope="col">${t.decode}</th>
          ${rated ? html`${["1", "2", "L"].map((name) => html`<th scope="col">${this.t.metrics.rouge(name)}</th>`)}` : nothing}<th scope="col">${t.passes}</th><th scope="col">${t.extra}</th></tr></thead>
        <tbody>${all.map(
          (
            row,
          ) => html`<tr data-method=${row.method}><th scope="row">${row.name}</th><td>${words(row.seconds)}</td><td>${words(row.firstToken)}</td><td>${words(row.decode)}</td>
          ${rated ? html`<td>${words(row.rouge1)}</td><td>${words(row.rouge2)}</td><td>${words(row.rougeL)}</td>` : nothing}<td>${row.passes ?? "–"}</td><td>${number(row.extraBytes / 1e6, 2)}</td></tr>`,
        )}</tbody>
      </table></div>
      <p class="quiet">${experiment.plan.chats.length > 1 ? t.spread : nothing} ${t.memory(this.amounts(experiment.idle), this.amounts(peak(experiment)))} ${rated ? nothing : t.noReference}</p>
      ${
        experiment.running
          ? nothing
          : html`<div class="row">
        <button class="soft" @click=${() => saveFile(`${stem}.csv`, "text/csv", toCsv(experiment))}>${t.csv}</button>
        <button class="soft" @click=${() => saveFile(`${stem}.json`, "application/json", toJson(experiment))}>${t.json}</button></div>`
      }
    </section>
    <section class="card charts">${this.renderCharts(all, rated)}</section>
    <section class="card stack"><h2>${t.texts}</h2>
      <div>${all.map(({ name, text }) => html`<h3>${name}</h3><blockquote lang=${experiment.plan.to} dir="auto">${text}</blockquote>`)}</div></section>`;
  }

  private amounts({ wasm, gpu }: Memory): string {
    return gpu === 0 ? `${megabytes(wasm)} (WASM)` : this.t.compare.both(megabytes(wasm), megabytes(gpu));
  }

  private renderCharts(all: readonly Row[], rated: boolean) {
    const t = this.t.compare;
    const exact = (value: number): Spread => ({ mean: value, deviation: 0, count: 1 });
    return html`<bar-chart .name=${t.seconds} .bars=${all.map(({ name, seconds }) => ({ label: name, values: [seconds] }))}></bar-chart>
      ${rated ? html`<bar-chart .name=${"ROUGE"} .series=${["ROUGE-1", "ROUGE-2", "ROUGE-L"]} .bars=${all.map(({ name, rouge1, rouge2, rougeL }) => ({ label: name, values: [rouge1, rouge2, rougeL] }))}></bar-chart>` : nothing}
      <bar-chart .name=${t.extra} .digits=${2} .bars=${all.map(({ name, extraBytes }) => ({ label: name, values: [exact(extraBytes / 1e6)] }))}></bar-chart>`;
  }
}

function words(spread: Spread | null): string {
  if (!spread) return "–";
  return spread.count > 1 ? `${number(spread.mean)} ± ${number(spread.deviation)}` : number(spread.mean);
}
