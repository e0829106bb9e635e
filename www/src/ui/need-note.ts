// Says what has to be downloaded before something can be done, and offers that.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Need } from "../app/engine/need";
import type { Download } from "../app/engine/session";
import { Component } from "./component";
import "./download-progress";
import { megabytes } from "./format";
import { base } from "./styles";

@customElement("need-note")
export class NeedNote extends Component {
  static override styles = [
    base,
    css`
      :host {
        display: block;
        margin-top: 0.75rem;
      }
      .row {
        margin-top: 0.375rem;
      }
    `,
  ];
  @property({ attribute: false }) need: Need | null = null;
  /** What it is for, as a phrase. */
  @property({ attribute: false }) what = "";
  /** The download in progress. */
  @property({ attribute: false }) download: Download | null = null;
  /** Whether nothing can be downloaded right now. */
  @property({ type: Boolean }) busy = false;

  override render() {
    const { need, download, t } = this;
    if (!need) return nothing;
    const size = megabytes(need.bytes);
    return html`<p class="quiet" id="what">${t.summary.needs(this.what, size)}</p>
      ${download ? html`<download-progress .download=${download}></download-progress>` : nothing}
      <div class="row">
        ${
          download
            ? html`<button @click=${() => this.emit("pause-download")}>${t.models.pause}</button>`
            : html`<button
                class="soft"
                ?disabled=${this.busy}
                aria-describedby="what"
                @click=${() => this.emit("download-need", need)}
              >${t.models.download(size)}</button>`
        }
      </div>`;
  }
}
