// The card with a summary: its text while it is written, what can be done with it, and its figures.
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { canShare, offlineVoice, share, speak } from "../app/browser/device";
import type { Need } from "../app/engine/need";
import type { Activity, Download } from "../app/engine/session";
import type { BackTranslation, Summary } from "../app/state/summary";
import { languageName } from "../i18n";
import type { Form } from "../protocol";
import { Component } from "./component";
import { language } from "./format";
import { icon } from "./icons";
import "./metrics-list";
import "./need-note";
import { base } from "./styles";

/** `Name: text` lines with the names in bold. */
function renderLines(text: string) {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const colon = line.indexOf(":");
      return colon < 0 ? html`<p>${line}</p>` : html`<p><b>${line.slice(0, colon + 1)}</b>${line.slice(colon + 1)}</p>`;
    });
}

@customElement("summary-card")
export class SummaryCard extends Component {
  static override styles = [
    base,
    css`
      .card {
        border-radius: 1.25rem;
        padding: 1rem 1.125rem;
        box-shadow: 0 0.125rem 0.5rem var(--shadow);
        border-color: transparent;
      }
      header {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        color: var(--accent);
        margin-bottom: 0.5rem;
      }
      .text {
        font-size: 1.125rem;
        line-height: 1.55;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
        min-height: 1.75rem;
      }
      .text p {
        margin: 0 0 0.375rem;
      }
      .forms {
        display: flex;
        flex-wrap: wrap;
        gap: 0.375rem;
        margin-bottom: 0.625rem;
      }
      .forms button {
        min-height: 2.75rem;
      }
      .forms [aria-pressed="true"] {
        background: var(--accent);
        color: var(--on-accent);
      }
      .text[aria-busy="true"]::after {
        content: "";
        display: inline-block;
        width: 0.5rem;
        height: 1.1em;
        vertical-align: text-bottom;
        background: var(--accent);
        border-radius: 2px;
        animation: blink 1s steps(2) infinite;
      }
      @keyframes blink {
        50% {
          opacity: 0;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .text::after {
          animation: none !important;
        }
      }
      .back {
        border-inline-start: 3px solid var(--accent);
        padding-inline-start: 0.875rem;
        margin-top: 0.75rem;
      }
      .row {
        margin-top: 0.75rem;
      }
      details {
        margin-top: 0.75rem;
      }
      summary {
        cursor: pointer;
        font-size: 0.875rem;
        font-weight: 600;
        color: var(--quiet);
        min-height: 1.75rem;
      }
      .notice {
        margin-top: 0.625rem;
      }
      .reference {
        padding-top: 0.25rem;
      }
    `,
  ];
  @property({ attribute: false }) summary: Summary | null = null;
  /** A person's summary of the chat, in the same language. */
  @property({ attribute: false }) reference: string | null = null;
  @property({ attribute: false }) backTranslation: BackTranslation | null = null;
  /** Forms that a summary of these languages can have. */
  @property({ attribute: false }) forms: readonly Form[] = [];
  /** Why the summary cannot be read back in the chat's language; null if it can. */
  @property({ attribute: false }) noWayBack: string | null = null;
  /** What has to be downloaded before the summary can be read back; null if nothing, or if it cannot be had. */
  @property({ attribute: false }) wayBack: Need | null = null;
  /** The same before one summary can be made of a chat that was read in parts. */
  @property({ attribute: false }) oneOfParts: Need | null = null;
  /** The download in progress. */
  @property({ attribute: false }) download: Download | null = null;
  /** Name of the model that wrote the samples. */
  @property({ attribute: false }) sampleModel = "";
  @state() private speaking = false;
  @state() private copied = false;
  private readonly onVoices = (): void => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    globalThis.speechSynthesis?.addEventListener?.("voiceschanged", this.onVoices);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    globalThis.speechSynthesis?.removeEventListener?.("voiceschanged", this.onVoices);
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("summary")) this.copied = false;
  }

  override render() {
    const { summary, t } = this;
    if (!summary) return nothing;
    const { running, text } = summary;
    return html`<section class="card" aria-labelledby="title">
      <header>${icon("gist")}<h2 id="title">${t.summary.title} · ${language(summary.language)}</h2></header>
      ${summary.sample ? html`<p class="quiet">${t.summary.sample(this.sampleModel)}</p>` : nothing}
      ${this.renderForms(summary)}
      <div class="text" lang=${summary.language} dir="auto" aria-busy=${running ? "true" : "false"}>${
        summary.form === "people" ? renderLines(text) : text
      }</div>
      ${running ? this.renderActivity(summary, text) : nothing}
      ${running ? nothing : this.renderCheck(summary)}
      ${summary.metrics && summary.metrics.passes_cut > 0 ? html`<p class="quiet">${t.summary.cut}</p>` : nothing}
      ${summary.notices.map((text) => html`<p class="notice">${text}</p>`)}
      ${running || !summary.inParts ? nothing : this.renderNeed(this.oneOfParts, t.summary.oneOfParts)}
      ${running || text === "" ? nothing : this.renderActions(summary)}
      ${this.backTranslation ? this.renderBackTranslation(this.backTranslation, summary.from) : nothing}
      ${this.reference ? this.renderReference(this.reference, summary.language) : nothing}
      ${summary.metrics ? this.renderFigures(summary) : nothing}
    </section>`;
  }

  /** The choice between the forms of the summary, where there is one. */
  private renderForms({ form: shown, running }: Summary) {
    const { forms, t } = this;
    if (forms.length < 2) return nothing;
    return html`<div class="forms" role="group" aria-label=${t.summary.form}>
      ${forms.map(
        (form) =>
          html`<button
            class="soft"
            aria-pressed=${form === shown ? "true" : "false"}
            ?disabled=${running}
            @click=${() => form !== shown && this.emit("choose-form", form)}
          >${t.summary.forms[form]}</button>`,
      )}
    </div>`;
  }

  private renderNeed(need: Need | null, what: string) {
    if (!need) return nothing;
    return html`<need-note .need=${need} .what=${what} .download=${this.download}></need-note>`;
  }

  private renderBackTranslation({ text, running }: BackTranslation, chatLanguage: string) {
    const busy = running ? "true" : "false";
    return html`<div class="back">
      <h3>${this.t.summary.backTitle(languageName(chatLanguage))}</h3>
      <div lang=${chatLanguage} dir="auto" class="backtext" aria-busy=${busy}>${text}</div>
    </div>`;
  }

  private renderReference(text: string, language: string) {
    return html`<details>
      <summary>${this.t.summary.reference}</summary>
      <p class="reference" lang=${language} dir="auto">${text}</p>
    </details>`;
  }

  private renderFigures({ metrics, rouge }: Summary) {
    return html`<details open>
      <summary>${this.t.summary.figures}</summary>
      <metrics-list .metrics=${metrics} .rouge=${rouge}></metrics-list>
    </details>`;
  }

  /** Says what the check of the summary found, if it was checked. */
  private renderCheck({ metrics }: Summary) {
    const faults = metrics?.per_pass.at(-1)?.faults;
    const t = this.t.summary;
    return faults === undefined || faults === null
      ? nothing
      : html`<p class="quiet check">${faults === 0 ? t.checked : t.checkedWithFault}</p>`;
  }

  private renderActivity({ activity, draft }: Summary, text: string) {
    const { phases } = this.t;
    if (draft) return html`<p class="quiet activity" role="status">${phases.draft(draft.written + 1, draft.total)}</p>`;
    const words = activity?.phase === "prefill" ? this.reading(activity) : text === "" ? phases.load : phases.writing;
    return html`<p class="quiet activity">${words}</p>`;
  }

  private reading({ done, total, part }: Activity): string {
    const { phases } = this.t;
    return part ? phases.part(part.index + 1, part.count, done, total) : phases.prefill(done, total);
  }

  private renderActions(summary: Summary) {
    const { t } = this;
    const voice = offlineVoice(summary.language);
    const noVoice = voice ? nothing : t.summary.noVoice(language(summary.language));
    const translated = !summary.sample && summary.language !== summary.from;
    const send = () => share({ text: summary.text.trim() });
    return html`<div class="row">
        <button class="soft" @click=${() => this.copy(summary.text)}>${icon("copy")}${t.copy}</button>
        ${canShare() ? html`<button class="soft" @click=${send}>${icon("share")}${t.share}</button>` : nothing}
        <button
          class="soft"
          ?disabled=${!voice}
          aria-describedby="no-voice"
          @click=${() => voice && this.readAloud(summary.text, voice)}
        >
          ${icon(this.speaking ? "stop" : "speak")}${this.speaking ? t.summary.stopReading : t.summary.readAloud}
        </button>
        ${translated && !this.wayBack ? this.renderReadBack(summary.from) : nothing}
      </div>
      ${translated && this.wayBack ? this.renderNeed(this.wayBack, t.summary.back(languageName(summary.from))) : nothing}
      <p class="quiet" id="no-voice">${noVoice}</p>
      <p class="quiet" id="no-back">${translated && !this.wayBack ? this.noWayBack : nothing}</p>
      <p class="quiet" aria-live="polite">${this.copied ? t.copied : nothing}</p>`;
  }

  private renderReadBack(chatLanguage: string) {
    return html`<button
      class="soft"
      ?disabled=${this.noWayBack !== null || this.backTranslation?.running}
      aria-describedby="no-back"
      @click=${() => this.emit("read-back")}
    >${this.t.summary.back(languageName(chatLanguage))}</button>`;
  }

  private async copy(text: string): Promise<void> {
    await navigator.clipboard.writeText(text.trim());
    this.copied = true;
  }

  private readAloud(text: string, voice: SpeechSynthesisVoice): void {
    if (this.speaking) speechSynthesis.cancel();
    else
      speak(text, voice, () => {
        this.speaking = false;
      });
    this.speaking = !this.speaking;
  }
}
