// The dialog that shares the open chat as a link, with a warning if that puts the user's text into it, and as a QR
// code.
import { css, html, nothing, svg } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { encode } from "uqr";
import { canShare, share } from "../app/browser/device";
import type { Conversation } from "../app/state/conversation";
import { encodeLink, type Link } from "../app/state/share-link";
import { Dialog } from "./dialog";
import { icon } from "./icons";

/** Capacity of the largest QR code at the lowest level of error correction, in bytes. */
const QR_BYTES = 2953;

@customElement("share-dialog")
export class ShareDialog extends Dialog {
  static override styles = [
    Dialog.styles,
    css`
      .warning {
        border: 1px solid var(--mark);
        border-radius: 0.75rem;
        padding: 0.625rem 0.875rem;
      }
      .qr {
        justify-self: center;
        width: min(15rem, 100%);
        background: #ffffff;
        border-radius: 0.75rem;
      }
      .qr path {
        fill: #000000;
      }
      input {
        font-family: ui-monospace, monospace;
        font-size: 0.8125rem;
      }
    `,
  ];
  @property({ attribute: false }) conversation: Conversation | null = null;
  @property({ attribute: false }) choice: Omit<Link, "example" | "chat"> = {};
  /** Whether the user has agreed to put their own text into the link. Asked again each time. */
  @state() private included = false;
  @state() private url = "";
  @state() private copied = false;

  protected override closed(): void {
    this.included = false;
    this.url = "";
  }

  override async show(): Promise<void> {
    this.copied = false;
    await this.makeLink();
    await super.show();
  }

  private async makeLink(): Promise<void> {
    const { conversation } = this;
    if (!conversation || (conversation.example === null && !this.included)) {
      this.url = "";
      return;
    }
    const fragment = await encodeLink(conversation, this.choice, this.included);
    this.url = `${location.href.replace(/[?#].*$/, "")}#${fragment}`;
  }

  override render() {
    const t = this.t.shareLink;
    const own = this.conversation?.example === null;
    const include = (event: Event): void => {
      this.included = (event.target as HTMLInputElement).checked;
      void this.makeLink();
    };
    const warning = html`<p class="warning">${t.warning}</p>
      <label class="check"><input type="checkbox" .checked=${this.included} @change=${include}>${t.include}</label>`;
    return this.frame(
      t.title,
      () => html`<div class="stack">
        ${own ? warning : html`<p class="quiet">${t.example}</p>`}
        ${this.url === "" ? nothing : this.renderLink()}
      </div>`,
    );
  }

  private renderLink() {
    const t = this.t.shareLink;
    const select = (event: Event): void => (event.target as HTMLInputElement).select();
    const send = () => share({ title: this.conversation?.title ?? "", url: this.url });
    return html`<div>
        <label for="link">${t.link}</label>
        <input id="link" readonly .value=${this.url} @focus=${select}>
      </div>
      <div class="row">
        <button class="main" @click=${this.copy}>${icon("copy")}${t.copy}</button>
        ${canShare() ? html`<button @click=${send}>${icon("share")}${t.share}</button>` : nothing}
        <span class="quiet" role="status">${this.copied ? this.t.copied : nothing}</span>
      </div>
      ${this.renderQr()}`;
  }

  private copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(this.url);
    this.copied = true;
  };

  private renderQr() {
    const t = this.t.shareLink;
    if (this.url.length > QR_BYTES) return html`<p class="quiet">${t.noQr}</p>`;
    const { data, size } = encode(this.url, { ecc: "L", boostEcc: true, border: 2 });
    const dark = data.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : [])));
    return html`<svg
      class="qr"
      viewBox="0 0 ${size} ${size}"
      role="img"
      aria-label=${t.qr}
      shape-rendering="crispEdges"
    >
      ${svg`<path d=${dark.join("")}></path>`}
    </svg>`;
  }
}
