// The base of all components: the shared styles, the page's words, and events.
import { type CSSResultGroup, LitElement } from "lit";
import { type Messages, messages, onUiLanguage } from "../i18n";
import { base } from "./styles";

export class Component extends LitElement {
  static override styles: CSSResultGroup = base;
  private stopListening = (): void => {};

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopListening = onUiLanguage(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopListening();
  }

  protected get t(): Messages {
    return messages();
  }

  /** Dispatches an event to the page. Components know neither the engine nor one another. */
  protected emit(name: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** The value of the field that dispatched `event`. */
export const valueIn = (event: Event): string =>
  (event.target as HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement).value;
