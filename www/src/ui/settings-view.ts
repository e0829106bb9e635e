// The view of all settings. Each change is emitted as an event; the controller saves it.
import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Placement } from "../app/engine/backend";
import { limits, type Settings } from "../app/state/settings";
import { uiLanguages } from "../i18n";
import type { MethodStatus } from "../protocol";
import { Component, valueIn } from "./component";
import { seconds } from "./format";
import { languageOptions, methodOptions, options } from "./options";
import { base, view } from "./styles";

@customElement("settings-view")
export class SettingsView extends Component {
  static override styles = [
    base,
    view,
    css`
      .fields {
        display: grid;
        gap: 0.875rem;
        grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
        margin-top: 0.75rem;
      }
      .quiet + .quiet {
        margin-top: 0.5rem;
      }
    `,
  ];
  @property({ attribute: false }) settings!: Settings;
  /** Languages that summaries can be in. */
  @property({ attribute: false }) languages: readonly string[] = [];
  @property({ attribute: false }) methods: readonly MethodStatus[] = [];
  @property({ attribute: false }) placement: Placement | null = null;

  private set(change: Partial<Settings>): void {
    this.emit("change-settings", change);
  }

  private renderChoice<K extends keyof Settings>(
    name: K,
    label: string,
    labels: Record<string, string>,
  ): TemplateResult {
    const choose = (event: Event): void => this.set({ [name]: valueIn(event) } as Partial<Settings>);
    return html`<div>
      <label for=${name}>${label}</label>
      <select id=${name} @change=${choose}>
        ${options<unknown>(Object.entries(labels), this.settings[name])}
      </select>
    </div>`;
  }

  private renderAmount(name: keyof typeof limits, label: string, step: number): TemplateResult {
    const [min, max] = limits[name];
    const change = (event: Event): void => {
      const field = event.target as HTMLInputElement;
      const value = Math.min(max, Math.max(min, Math.round((Number(field.value) || min) / step) * step));
      field.value = String(value);
      this.set({ [name]: value });
    };
    return html`<div>
      <label for=${name}>${label}</label>
      <input
        id=${name}
        type="number"
        min=${min}
        max=${max}
        step=${step}
        .value=${String(this.settings[name])}
        @change=${change}
      >
    </div>`;
  }

  /** Says where the model runs, and why. */
  private explain({ gpu, reason, benchmark, noGpu }: Placement): string {
    const { placement: t } = this.t;
    const place = gpu === null ? t.cpu : t.gpu(gpu);
    const times =
      benchmark?.cpuMs && benchmark.gpuMs ? t.times(seconds(benchmark.gpuMs), seconds(benchmark.cpuMs)) : "";
    const why = { chosen: t.chosen, benchmark: times, noGpu: t.noGpu(noGpu ?? "") }[reason];
    return [place, why].filter(Boolean).join(" ");
  }

  override render() {
    const { config: t } = this.t;
    return html`<div class="column">
      <h1>${this.t.nav.settings}</h1>
      ${this.renderSummaries()}
      ${this.renderReplay()}
      ${this.renderPage()}
      <section class="card" aria-labelledby="about">
        <h2 id="about">${t.about}</h2>
        <p class="quiet">${t.privacy}</p>
        <p class="quiet">${t.licence}</p>
      </section>
    </div>`;
  }

  private renderSummaries() {
    const { config: t } = this.t;
    const { placement } = this;
    return html`<section class="card" aria-labelledby="summaries">
      <h2 id="summaries">${t.title}</h2>
      <div class="fields">
        ${this.renderTarget()}
        ${this.renderMethod()}
        ${this.renderChoice("care", t.care, t.cares)}
        ${this.renderChoice("mode", t.mode, { single: t.single, compare: t.compare })}
        ${this.renderChoice("backend", t.backend, t.backends)}
        ${this.renderAmount("maxTokens", t.maxTokens, 1)}
        ${this.renderAmount("temperature", t.temperature, 0.1)}
      </div>
      ${this.methods.length === 0 ? html`<p class="quiet">${t.methodsLater}</p>` : nothing}
      ${placement ? this.renderPlacement(placement) : nothing}
    </section>`;
  }

  private renderTarget() {
    const { config: t } = this.t;
    const { to } = this.settings;
    const choose = (event: Event): void => this.set({ to: valueIn(event) });
    return html`<div>
      <label for="to">${t.target}</label>
      <select id="to" @change=${choose}>
        ${options(
          [
            ["auto", t.samePage],
            ["chat", t.sameChat],
          ],
          to,
        )}
        ${languageOptions(this.languages, to === "auto" || to === "chat" ? "" : to)}
      </select>
    </div>`;
  }

  private renderMethod() {
    const { config: t } = this.t;
    const { methods } = this;
    const { method } = this.settings;
    const choose = (event: Event): void => this.set({ method: valueIn(event) as Settings["method"] });
    const best = html`<option value="auto" .selected=${method === "auto"}>${t.bestMethod}</option>`;
    return html`<div>
      <label for="method">${t.method}</label>
      <select id="method" ?disabled=${methods.length === 0} @change=${choose}>
        ${methods.length === 0 ? nothing : [best, methodOptions(methods, method)]}
      </select>
    </div>`;
  }

  private renderPlacement(placement: Placement) {
    const place = placement.gpu === null ? "cpu" : "gpu";
    return html`<p class="quiet" data-place=${place}>${this.explain(placement)}</p>`;
  }

  private renderReplay() {
    const { config: t } = this.t;
    const every = this.settings.replaySummary === "every";
    return html`<section class="card" aria-labelledby="replay">
      <h2 id="replay">${t.replay}</h2>
      <div class="fields">
        ${this.renderChoice("replaySummary", t.replaySummary, t.replaySummaries)}
        ${every ? this.renderAmount("replayEvery", t.replayEvery, 1) : nothing}
      </div>
    </section>`;
  }

  private renderPage() {
    const { config: t } = this.t;
    return html`<section class="card" aria-labelledby="page">
      <h2 id="page">${t.page}</h2>
      <div class="fields">
        ${this.renderChoice("interfaceLanguage", t.interfaceLanguage, { auto: t.auto, ...uiLanguages })}
        ${this.renderChoice("theme", t.theme, t.themes)}
        ${this.renderName()}
      </div>
    </section>`;
  }

  private renderName() {
    const { config: t } = this.t;
    const change = (event: Event): void => this.set({ me: valueIn(event).trim() });
    return html`<div>
      <label for="me">${t.me}</label>
      <input
        id="me"
        dir="auto"
        maxlength="60"
        autocomplete="off"
        aria-describedby="me-hint"
        .value=${this.settings.me}
        @change=${change}
      >
      <p class="quiet" id="me-hint">${t.meHint}</p>
    </div>`;
  }
}
