// The base of all dialogs: the browser's modal dialog, which keeps the focus inside and restores it afterwards.
import { type CSSResultGroup, html, nothing, type TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import { Component } from "./component";
import { icon } from "./icons";
import { base, dialog } from "./styles";

export abstract class Dialog extends Component {
  static override styles: CSSResultGroup = [base, dialog];
  @query("dialog") private dialog!: HTMLDialogElement;
  /** Whether the dialog is open. A closed one renders no content, which makes the page start faster. */
  @state() protected opened = false;

  async show(): Promise<void> {
    this.opened = true;
    await this.updateComplete;
    if (!this.dialog.open) this.dialog.showModal();
  }

  hide(): void {
    this.dialog.close();
  }

  protected frame(title: string, body: () => TemplateResult): TemplateResult {
    const closed = (): void => {
      this.opened = false;
      this.closed();
    };
    return html`<dialog aria-labelledby="dialog-title" @close=${closed}>
      <header>
        <h2 id="dialog-title">${title}</h2>
        <button class="icon" aria-label=${this.t.close} @click=${() => this.hide()}>${icon("close")}</button>
      </header>
      ${this.opened ? body() : nothing}
    </dialog>`;
  }

  /** Clears the dialog's state after it was closed. */
  protected closed(): void {}
}
