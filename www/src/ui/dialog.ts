// A modal dialog: the browser's own, which keeps the focus inside and gives it back.
import { type CSSResultGroup, html, nothing, type TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import { Component } from "./component";
import { icon } from "./icons";
import { base, dialog } from "./styles";

export abstract class Dialog extends Component {
  static override styles: CSSResultGroup = [base, dialog];
  @query("dialog") private dialog!: HTMLDialogElement;
  /** One that is closed has nothing in it, which saves the page's start the work. */
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
    return html`<dialog aria-labelledby="dialog-title" @close=${() => {
      this.opened = false;
      this.closed();
    }}>
      <header><h2 id="dialog-title">${title}</h2><button class="icon" aria-label=${this.t.close} @click=${() => this.hide()}>${icon("close")}</button></header>
      ${this.opened ? body() : nothing}
    </dialog>`;
  }

  /** What is to be forgotten when it closes. */
  protected closed(): void {}
}
