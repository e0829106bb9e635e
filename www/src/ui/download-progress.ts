// The progress of a download: bytes, speed, the time left, and whether it has stalled.
import { html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Download } from "../app/engine/session";
import { Component } from "./component";
import { megabytes } from "./format";

/** Time without a byte after which the download counts as stalled. */
const STALL_MS = 10_000;

@customElement("download-progress")
export class DownloadProgress extends Component {
  @property({ attribute: false }) download: Download | null = null;
  /** Accessible name of the progress bar; empty for a download's. */
  @property({ attribute: false }) label = "";
  @state() private stalled = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const before = changed.get("download") as Download | null | undefined;
    if (!changed.has("download") || before?.done === this.download?.done) return;
    clearTimeout(this.timer);
    this.stalled = false;
    this.timer = setTimeout(() => {
      this.stalled = true;
    }, STALL_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  override render() {
    if (!this.download) return nothing;
    const { models: t } = this.t;
    const { done, total, bytesPerSecond } = this.download;
    const left =
      bytesPerSecond > 0 ? ` · ${t.left(megabytes(bytesPerSecond), Math.ceil((total - done) / bytesPerSecond))}` : "";
    return html`<progress max=${total || 1} .value=${done} aria-label=${this.label || t.progress}></progress>
      <p class="quiet">${t.of(megabytes(done), megabytes(total))}${this.stalled ? ` · ${t.stalled}` : left}</p>`;
  }
}
