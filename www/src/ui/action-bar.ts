// The bar below the conversation: the languages of chat and summary, the method, and the button that makes the summary
// or, while the chat is edited, a form to add a message.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { languagesOf, type Need } from "../app/engine/need";
import type { Download } from "../app/engine/session";
import type { ChatLanguage } from "../app/state/conversation";
import { languageName } from "../i18n";
import type { MethodStatus } from "../protocol";
import { Component, valueIn } from "./component";
import "./download-progress";
import { languagePair, megabytes } from "./format";
import { icon } from "./icons";
import { languageOptions, methodOptions } from "./options";
import { base } from "./styles";

@customElement("action-bar")
export class ActionBar extends Component {
  static override styles = [
    base,
    css`
      :host {
        container-type: inline-size;
        background: var(--card);
        border-top: 1px solid var(--line);
        padding: 0.5rem 0.75rem;
      }
      .bar {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(0, 1.15fr) minmax(0, 1.2fr) auto;
        gap: 0.5rem;
        align-items: end;
        max-width: 46rem;
        margin: 0 auto;
      }
      @container (max-width: 44rem) {
        .bar {
          grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
        }
      }
      select {
        text-overflow: ellipsis;
      }
      select.asked {
        border: 2px dashed var(--mark);
      }
      label {
        margin-inline-start: 0.25rem;
      }
      form {
        display: grid;
        grid-template-columns: minmax(4.5rem, 1fr) 3fr auto;
        gap: 0.5rem;
        max-width: 46rem;
        margin: 0 auto;
        align-items: end;
      }
      .reason {
        max-width: 46rem;
        margin: 0.375rem auto 0;
      }
      .reason button {
        min-height: 2.25rem;
        padding: 0 0.875rem;
        margin-inline-start: 0.5rem;
      }
    `,
  ];
  /** Languages that the chat can be in. */
  @property({ attribute: false }) languages: readonly string[] = [];
  /** Languages that the summary can be in. */
  @property({ attribute: false }) targets: readonly string[] = [];
  @property({ attribute: false }) methods: readonly MethodStatus[] = [];
  /** Language of the chat; null until it is known. */
  @property({ attribute: false }) from: ChatLanguage | null = null;
  @property({ attribute: false }) to = "";
  @property({ attribute: false }) method = "";
  /** Whether the method is the one that the page takes by itself. */
  @property({ type: Boolean }) byDefault = false;
  @property({ attribute: false }) me = "";
  /** Says that the summary is in another language than the wanted one; empty if it is not. */
  @property({ attribute: false }) languageNotice = "";
  /** Why no summary can be made right now; null if one can. */
  @property({ attribute: false }) disabledReason: string | null = null;
  /** What has to be downloaded before a summary can be made; null if nothing. */
  @property({ attribute: false }) need: Need | null = null;
  /** The download in progress. */
  @property({ attribute: false }) download: Download | null = null;
  @property({ type: Boolean }) running = false;
  @property({ type: Boolean }) editing = false;

  override render() {
    return this.editing ? this.renderComposer() : this.renderChoice();
  }

  private renderChoice() {
    const t = this.t.summary;
    return html`<div class="bar">
        ${this.renderFrom()}
        <div>
          <label for="to">${t.to}</label>
          <select
            id="to"
            ?disabled=${this.running || this.targets.length === 0}
            @change=${(event: Event) => this.emit("choose-language", valueIn(event))}
          >${languageOptions(this.targets, this.to)}</select>
        </div>
        <div>
          <label for="method">${t.method}</label>
          <select
            id="method"
            ?disabled=${this.running || this.methods.length === 0}
            @change=${(event: Event) => this.emit("choose-method", valueIn(event))}
          >${methodOptions(this.methods, this.method)}</select>
        </div>
        ${this.running ? this.renderStop() : this.renderStart()}
      </div>
      ${this.renderQuestion()}
      ${this.need ? this.renderNeed(this.need) : nothing}
      <p class="quiet reason" role="status" ?hidden=${this.languageNotice === ""}>${this.languageNotice}</p>
      <p class="quiet reason" id="disabled-reason" ?hidden=${this.disabledReason === null}>${this.disabledReason}</p>`;
  }

  private renderFrom() {
    const t = this.t.summary;
    const { from } = this;
    const unknown = html`<option value="" disabled .selected=${true}>${t.unknown}</option>`;
    return html`<div>
      <label for="from">${t.from}</label>
      <select
        id="from"
        class=${from?.certain === false ? "asked" : ""}
        aria-describedby=${from?.certain === false ? "question" : nothing}
        ?disabled=${this.running || this.languages.length === 0}
        @change=${(event: Event) => this.emit("choose-chat-language", valueIn(event))}
      >
        ${from === null ? unknown : nothing}
        ${languageOptions(this.languages, from?.code ?? "")}
      </select>
    </div>`;
  }

  /** Asks whether the detected language is right, if that is not certain. */
  private renderQuestion() {
    const t = this.t.summary;
    const asked = this.from?.certain === false ? this.from.code : null;
    const yes = (): void => this.emit("choose-chat-language", asked);
    return html`<p class="quiet reason" role="status" ?hidden=${asked === null}>
      <span id="question">${asked === null ? nothing : t.isIt(languageName(asked))}</span>
      <button class="soft" @click=${yes}>${t.yes}</button>
    </p>`;
  }

  /** Says what has to be downloaded, or how far that is. */
  private renderNeed({ purpose, bytes }: Need) {
    const { download, t } = this;
    if (download) return html`<div class="reason"><download-progress .download=${download}></download-progress></div>`;
    const languages = languagePair(...languagesOf(purpose.task));
    const name = this.methods.find(({ method }) => method === purpose.method)?.name;
    const what = name === undefined || this.byDefault ? languages : `${languages}, ${name}`;
    return html`<p class="quiet reason" id="need">${t.summary.needs(what, megabytes(bytes))}</p>`;
  }

  private renderStart() {
    const { need, t } = this;
    if (need && this.download)
      return html`<button @click=${() => this.emit("pause-download")}>${icon("pause")}${t.models.pause}</button>`;
    if (need)
      return html`<button
        class="main"
        ?disabled=${this.disabledReason !== null}
        aria-describedby="need"
        @click=${() => this.emit("download-need", need)}
      >${t.models.download(megabytes(need.bytes))}</button>`;
    return html`<button
      class="main"
      ?disabled=${this.disabledReason !== null}
      aria-describedby=${this.disabledReason === null ? nothing : "disabled-reason"}
      @click=${() => this.emit("summarize")}
    >${this.t.summary.summarize}</button>`;
  }

  private renderStop() {
    return html`<button @click=${() => this.emit("stop")}>${icon("stop")}${this.t.summary.stop}</button>`;
  }

  private renderComposer() {
    const t = this.t.chat;
    const add = (event: SubmitEvent): void => {
      event.preventDefault();
      const form = event.target as HTMLFormElement;
      const data = new FormData(form);
      const text = String(data.get("text")).trim();
      if (text === "") return;
      this.emit("add-message", { sender: String(data.get("sender")).trim(), text });
      const field = form.elements.namedItem("text") as HTMLInputElement;
      field.value = "";
      field.focus();
    };
    return html`<form @submit=${add}>
      <div>
        <label for="sender">${t.sender}</label>
        <input id="sender" name="sender" dir="auto" maxlength="60" autocomplete="off" .value=${this.me || t.me}>
      </div>
      <div>
        <label for="text">${t.text}</label>
        <input id="text" name="text" dir="auto" autocomplete="off">
      </div>
      <button class="main">${t.add}</button>
    </form>`;
  }
}
