// All settings. Each change leaves as one event; the controller keeps them.
import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Placement } from "../app/engine/backend";
import { CHAT_LANGUAGE } from "../app/state/conversation";
import { limits, type Settings } from "../app/state/settings";
import { uiLanguages } from "../i18n";
import type { MethodStatus } from "../protocol";
import { Component, valueIn } from "./component";
import { language, seconds } from "./format";
import { methodOptions } from "./method-options";
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
  @property({ attribute: false }) languages: readonly string[] = [];
  @property({ attribute: false }) methods: readonly MethodStatus[] = [];
  @property({ attribute: false }) placement: Placement | null = null;

  private set(change: Partial<Settings>): void {
    this.emit("change-settings", change);
  }

  private choice<K extends keyof Settings>(
    name: K,
    label: string,
    options: Record<string, string>,
    disabled = false,
  ): TemplateResult {
    const choose = (event: Event): void => this.set({ [name]: valueIn(event) } as Partial<Settings>);
    return html`<div><label for=${name}>${label}</label><select id=${name} ?disabled=${disabled} @change=${choose}>
      ${Object.entries(options).map(([value, text]) => html`<option value=${value} .selected=${value === this.settings[name]}>${text}</option>`)}</select></div>`;
  }

  private amount(name: "maxTokens" | "temperature" | "replayEvery", label: string, step: number): TemplateResult {
    const [least, most] = limits[name];
    const change = (event: Event): void => {
      const field = event.target as HTMLInputElement;
      const value = Math.min(most, Math.max(least, Math.round((Number(field.value) || least) / step) * step));
      field.value = String(value);
      this.set({ [name]: value });
    };
    return html`<div><label for=${name}>${label}</label><input id=${name} type="number" min=${least} max=${most} step=${step} .value=${String(this.settings[name])} @change=${change}></div>`;
  }

  /** Where the model runs, and why. */
  private explain({ gpu, reason, trial, noGpu }: Placement): string {
    const { placement: t } = this.t;
    const place = gpu === null ? t.cpu : t.gpu(gpu);
    const times = trial?.cpuMs && trial.gpuMs ? t.times(seconds(trial.gpuMs), seconds(trial.cpuMs)) : "";
    return [place, reason === "chosen" ? t.chosen : reason === "trial" ? times : t.noGpu(noGpu ?? "")]
      .filter(Boolean)
      .join(" ");
  }

  override render() {
    const { config: t } = this.t;
    const { settings } = this;
    const translations = this.languages.filter((code) => code !== CHAT_LANGUAGE);
    return html`<div class="column">
      <h1>${this.t.nav.settings}</h1>
      <section class="card" aria-labelledby="summaries"><h2 id="summaries">${t.title}</h2>
        <div class="fields">
          ${this.choice("task", t.task, { translate: t.summarizeTranslate, summarize: t.summarizeOnly })}
          ${this.choice("to", t.target, Object.fromEntries(translations.map((code) => [code, language(code)])), settings.task === "summarize" || translations.length === 0)}
          <div><label for="method">${t.method}</label><select id="method" ?disabled=${this.methods.length === 0} @change=${(event: Event) => this.set({ method: valueIn(event) })}>${methodOptions(this.methods, settings.method)}</select></div>
          ${this.choice("mode", t.mode, { single: t.single, compare: t.compare })}
          ${this.choice("backend", t.backend, t.backends)}
          ${this.amount("maxTokens", t.maxTokens, 1)}
          ${this.amount("temperature", t.temperature, 0.1)}
        </div>
        ${this.methods.length === 0 ? html`<p class="quiet">${t.methodsLater}</p>` : nothing}
        ${this.placement ? html`<p class="quiet" data-place=${this.placement.gpu === null ? "cpu" : "gpu"}>${this.explain(this.placement)}</p>` : nothing}
      </section>
      <section class="card" aria-labelledby="replay"><h2 id="replay">${t.replay}</h2>
        <div class="fields">
          ${this.choice("replaySummary", t.replaySummary, t.replaySummaries)}
          ${settings.replaySummary === "every" ? this.amount("replayEvery", t.replayEvery, 1) : nothing}
        </div></section>
      <section class="card" aria-labelledby="page"><h2 id="page">${t.page}</h2>
        <div class="fields">
          ${this.choice("interfaceLanguage", t.interfaceLanguage, { auto: t.auto, ...uiLanguages })}
          ${this.choice("theme", t.theme, t.themes)}
          <div><label for="me">${t.me}</label><input id="me" dir="auto" maxlength="60" autocomplete="off" aria-describedby="me-hint" .value=${settings.me} @change=${(event: Event) => this.set({ me: valueIn(event).trim() })}><p class="quiet" id="me-hint">${t.meHint}</p></div>
        </div></section>
      <section class="card" aria-labelledby="about"><h2 id="about">${t.about}</h2><p class="quiet">${t.privacy}</p><p class="quiet">${t.licence}</p></section>
    </div>`;
  }
}
