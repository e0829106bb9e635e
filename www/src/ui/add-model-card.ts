// The card that adds a model from a file or from an address on Hugging Face.
import { html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Download } from "../app/engine/session";
import { Component, valueIn } from "./component";
import "./download-progress";
import { icon } from "./icons";
import { base, filePicker } from "./styles";

@customElement("add-model-card")
export class AddModelCard extends Component {
  static override styles = [base, filePicker];
  /** The file that is being copied. */
  @property({ attribute: false }) incoming: Download | null = null;
  /** Whether the file at an address is being examined. */
  @property({ type: Boolean }) examining = false;
  @property({ type: Boolean }) busy = false;
  @state() private dragOver = false;
  @state() private address = "";

  private open(file: File | undefined): void {
    if (file && !this.busy) this.emit("import-model", file);
  }

  override render() {
    const { addModel: t } = this.t;
    return html`<section class="card stack" aria-labelledby="add-model">
      <h2 id="add-model">${t.title}</h2>
      ${this.incoming ? this.renderIncoming(this.incoming) : this.renderFile()}
      ${this.renderAddress()}
    </section>`;
  }

  private renderIncoming(incoming: Download) {
    const { addModel: t } = this.t;
    return html`<p>${t.copying(incoming.model)}</p>
      <download-progress .download=${incoming} .label=${t.copying(incoming.model)}></download-progress>
      <div class="row"><button @click=${() => this.emit("stop-import")}>${icon("stop")}${t.stop}</button></div>`;
  }

  private renderFile() {
    const { addModel: t } = this.t;
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      this.dragOver = false;
      this.open(event.dataTransfer?.files[0]);
    };
    const choose = (event: Event): void => {
      const field = event.target as HTMLInputElement;
      this.open(field.files?.[0]);
      field.value = ""; // so that choosing the same file again is a change
    };
    const enter = (event: DragEvent): void => {
      event.preventDefault();
      this.dragOver = true;
    };
    const leave = (): void => {
      this.dragOver = false;
    };
    return html`<p class="quiet">${t.intro}</p>
      <div class="drop ${this.dragOver ? "over" : ""}" @dragover=${enter} @dragleave=${leave} @drop=${drop}>
        <label class="pick">${icon("import")}${t.file}
          <input type="file" accept=".gguf" ?disabled=${this.busy} @change=${choose}>
        </label>
        <p class="quiet">${t.drop}</p>
      </div>`;
  }

  private renderAddress() {
    const { addModel: t } = this.t;
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      this.emit("add-address", this.address.trim());
    };
    const input = (event: Event): void => {
      this.address = valueIn(event);
    };
    return html`<form class="stack" @submit=${submit}>
      <div>
        <label for="address">${t.address}</label>
        <input
          id="address"
          inputmode="url"
          autocapitalize="off"
          autocomplete="off"
          spellcheck="false"
          maxlength="1000"
          aria-describedby="address-hint"
          .value=${this.address}
          @input=${input}
        >
      </div>
      <p class="quiet" id="address-hint">${t.addressHint}</p>
      <div class="row">
        <button ?disabled=${this.busy || this.address.trim() === ""}>${t.fetch}</button>
        ${this.examining ? this.renderExamining() : nothing}
      </div>
    </form>`;
  }

  private renderExamining() {
    const { addModel: t } = this.t;
    return html`<p class="quiet" role="status">${t.looking}</p>
      <button type="button" @click=${() => this.emit("stop-import")}>${t.stop}</button>`;
  }
}
