// The card that offers to download the first model: its name, size and licence, and that chats stay on the device.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Download } from "../app/engine/session";
import type { ModelStatus } from "../protocol";
import { Component } from "./component";
import "./download-progress";
import { megabytes } from "./format";
import { icon } from "./icons";
import { base } from "./styles";

@customElement("welcome-card")
export class WelcomeCard extends Component {
  static override styles = [
    base,
    css`
      .card {
        border-radius: 1.25rem;
        border-color: transparent;
        box-shadow: 0 0.125rem 0.5rem var(--shadow);
      }
    `,
  ];
  @property({ attribute: false }) model: ModelStatus | null = null;
  /** Bytes that the open chat needs beside the model. */
  @property({ attribute: false }) needed = 0;
  @property({ attribute: false }) download: Download | null = null;
  @property({ attribute: false }) notices: readonly string[] = [];

  override render() {
    const {
      model,
      t: { models: t },
    } = this;
    if (!model) return nothing;
    const size = model.bytes === undefined ? t.unknownSize : megabytes(model.bytes + this.needed);
    const { connection } = navigator as Navigator & { connection?: { saveData?: boolean; type?: string } };
    const licence = model.origin === "catalog" ? model.licence : t.origins[model.origin];
    const isMetered = connection?.saveData || connection?.type === "cellular";
    return html`<section class="card stack" aria-labelledby="welcome">
      <h2 id="welcome">${model.name}</h2>
      <p>${t.welcome(size)} ${t.private}</p>
      ${this.needed > 0 ? html`<p class="quiet">${t.later}</p>` : nothing}
      <p class="quiet">${licence}${isMetered ? ` · ${t.metered}` : ""}</p>
      ${this.download ? html`<download-progress .download=${this.download}></download-progress>` : nothing}
      ${this.notices.map((text) => html`<p class="notice">${text}</p>`)}
      <div class="row">${this.download ? this.renderPause() : this.renderDownload(model, size)}</div>
    </section>`;
  }

  private renderPause() {
    const { models: t } = this.t;
    return html`<button @click=${() => this.emit("pause-download")}>${icon("pause")}${t.pause}</button>`;
  }

  private renderDownload(model: ModelStatus, size: string) {
    const { models: t } = this.t;
    return html`<button class="main" @click=${() => this.emit("download", model)}>
      ${model.stored > 0 ? t.resume(megabytes(model.stored)) : t.download(size)}
    </button>`;
  }
}
