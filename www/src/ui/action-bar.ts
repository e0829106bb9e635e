// The bar below the conversation: the summary's language and method and the button that makes it or, while the chat is
// edited, a form to add a message.
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { MethodStatus } from "../protocol";
import { Component, valueIn } from "./component";
import { icon } from "./icons";
import { languageOptions, methodOptions } from "./options";
import { base } from "./styles";

@customElement("action-bar")
export class ActionBar extends Component {
  static override styles = [
    base,
    css`
      :host {
        background: var(--card);
        border-top: 1px solid var(--line);
        padding: 0.5rem 0.75rem;
      }
      .bar {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(0, 1.3fr) auto;
        gap: 0.5rem;
        align-items: end;
        max-width: 46rem;
        margin: 0 auto;
      }
      select {
        text-overflow: ellipsis;
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
    `,
  ];
  @property({ attribute: false }) languages: readonly string[] = [];
  @property({ attribute: false }) methods: readonly MethodStatus[] = [];
  @property({ attribute: false }) to = "";
  @property({ attribute: false }) method = "";
  @property({ attribute: false }) me = "";
  /** Why no summary can be made right now; null if one can. */
  @property({ attribute: false }) disabledReason: string | null = null;
  @property({ type: Boolean }) running = false;
  @property({ type: Boolean }) editing = false;

  override render() {
    return this.editing ? this.renderComposer() : this.renderChoice();
  }

  private renderChoice() {
    const t = this.t.summary;
    return html`<div class="bar">
        <div>
          <label for="to">${t.language}</label>
          <select
            id="to"
            ?disabled=${this.running || this.languages.length === 0}
            @change=${(event: Event) => this.emit("choose-language", valueIn(event))}
          >${languageOptions(this.languages, this.to)}</select>
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
      <p class="quiet reason" id="disabled-reason" ?hidden=${this.disabledReason === null}>${this.disabledReason}</p>`;
  }

  private renderStart() {
    return html`<button
      class="main"
      ?disabled=${this.disabledReason !== null}
      aria-describedby="disabled-reason"
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
