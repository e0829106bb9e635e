// The model: what it is, whether it is here, and fetching it. Knows nothing of the engine: the controller acts on its events.
import { html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { megabytes } from "./format";
import type { ModelStatus } from "./protocol";
import { styles } from "./styles";

export interface Download {
  done: number;
  total: number;
  bytesPerSecond: number;
}

const size = ({ bytes }: ModelStatus): string => (bytes === undefined ? "size not known yet" : megabytes(bytes));

@customElement("model-card")
export class ModelCard extends LitElement {
  static override styles = [styles];
  @property({ attribute: false }) models: ModelStatus[] = [];
  @property({ attribute: false }) model: ModelStatus | null = null;
  @property({ attribute: false }) download: Download | null = null;
  @property({ type: Boolean }) persisted = false;
  @property({ type: Boolean }) busy = false;

  private act(name: "download" | "stop-download" | "delete-model"): void {
    this.dispatchEvent(new CustomEvent(name));
  }

  override render() {
    const model = this.model;
    if (!model) return html`<section><h2>Model</h2><p class="quiet">Looking at what is on this device…</p></section>`;
    return html`<section>
      <h2>${this.models.length > 1 ? "Model" : model.name}</h2>
      ${this.models.length > 1 ? this.renderChoice(model) : nothing}
      <p class="quiet"><span>${size(model)} · ${model.licence}.</span> Downloaded once; your chats never leave this device.</p>
      ${this.download ? this.renderProgress(this.download) : nothing}
      ${model.complete ? html`<p class="quiet">On this device. ${this.persisted ? "Kept until you delete it." : "The browser may remove it if space runs out."}</p>` : nothing}
      <div class="row">${this.renderActions(model)}</div>
    </section>`;
  }

  private renderChoice(chosen: ModelStatus) {
    const choose = (event: Event): void => {
      this.dispatchEvent(new CustomEvent("choose-model", { detail: (event.target as HTMLSelectElement).value }));
    };
    return html`<select id="model" aria-label="Model" ?disabled=${this.busy || this.download !== null} @change=${choose}>
        ${this.models.map((each) => html`<option value=${each.id} ?selected=${each.id === chosen.id}>${each.name}</option>`)}
      </select>`;
  }

  private renderActions(model: ModelStatus) {
    if (this.download) return html`<button @click=${() => this.act("stop-download")}>Cancel download</button>`;
    const remove = html`<button ?disabled=${this.busy} @click=${() => this.act("delete-model")}>Delete</button>`;
    if (model.complete) return remove;
    return html`<button class="main" @click=${() => this.act("download")}>${model.stored > 0 ? `Resume at ${megabytes(model.stored)}` : `Download ${size(model)}`}</button>
      ${model.stored > 0 ? remove : nothing}`;
  }

  private renderProgress({ done, total, bytesPerSecond }: Download) {
    const left = bytesPerSecond > 0 ? ` · ${megabytes(bytesPerSecond)}/s · about ${Math.ceil((total - done) / bytesPerSecond)} s left` : "";
    return html`<progress max=${total} .value=${done} aria-label="Download"></progress>
      <p class="quiet">${megabytes(done)} of ${megabytes(total)}${left}</p>`;
  }
}
