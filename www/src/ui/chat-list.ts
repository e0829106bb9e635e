// The list of chats: the reader's own, and the examples.
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { CHAT_LANGUAGE } from "../app/state/conversation";
import type { Dialogue } from "../app/state/dialogues";
import { Component, valueIn } from "./component";
import { icon } from "./icons";
import { base } from "./styles";

@customElement("chat-list")
export class ChatList extends Component {
  static override styles = [
    base,
    css`
      :host {
        display: flex;
        flex-direction: column;
        height: 100%;
        background: var(--card);
      }
      .top {
        padding: 0.75rem 1rem;
        border-bottom: 1px solid var(--line);
        display: grid;
        gap: 0.625rem;
      }
      .items {
        flex: 1;
        overflow-y: auto;
        padding: 0.375rem;
      }
      h2 {
        padding: 0.625rem 0.625rem 0.25rem;
        font-size: 0.8125rem;
        color: var(--quiet);
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      li {
        content-visibility: auto;
        contain-intrinsic-size: auto 4rem;
      }
      button.item {
        width: 100%;
        border: 0;
        border-radius: 0.875rem;
        padding: 0.5rem 0.625rem;
        color: inherit;
        justify-content: flex-start;
        gap: 0.75rem;
        text-align: start;
        font-weight: 400;
      }
      button.item[aria-current="true"] {
        background: var(--soft);
      }
      .face {
        width: 2.75rem;
        height: 2.75rem;
        border-radius: 50%;
        flex: none;
        display: grid;
        place-items: center;
        color: var(--card);
        font-weight: 650;
      }
      .lines {
        min-width: 0;
        line-height: 1.35;
      }
      .lines > * {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .lines b {
        font-weight: 600;
      }
      .lines b::first-letter {
        text-transform: uppercase;
      }
      .p0 {
        background: var(--sender-0);
      }
      .p1 {
        background: var(--sender-1);
      }
      .p2 {
        background: var(--sender-2);
      }
      .p3 {
        background: var(--sender-3);
      }
      .p4 {
        background: var(--sender-4);
      }
      .p5 {
        background: var(--sender-5);
      }
      .p6 {
        background: var(--sender-6);
      }
      .p7 {
        background: var(--sender-7);
      }
    `,
  ];
  @property({ attribute: false }) dialogues: readonly Dialogue[] = [];
  /** Title of the reader's own chat, if there is one. */
  @property({ attribute: false }) own: string | null = null;
  /** Id of the example that is open; null while it is the reader's own. */
  @property({ attribute: false }) open: string | null = null;
  @state() private words = "";

  private get found(): readonly Dialogue[] {
    const words = this.words.toLowerCase().split(/\s+/).filter(Boolean);
    const text = ({ scenario, turns }: Dialogue): string =>
      `${scenario} ${turns.map(({ speaker, text }) => `${speaker} ${text}`).join(" ")}`.toLowerCase();
    return words.length === 0
      ? this.dialogues
      : this.dialogues.filter((dialogue) => words.every((word) => text(dialogue).includes(word)));
  }

  override render() {
    const t = this.t.chats;
    return html`
      <div class="top">
        <div class="row">
          <button class="soft grow" @click=${() => this.emit("import-chat")}>${icon("import")}${t.import}</button>
          <button class="icon" aria-label=${t.new} title=${t.new} @click=${() => this.emit("new-chat")}>${icon("plus")}</button>
          <button class="icon" aria-label=${t.random} title=${t.random} @click=${() => this.emit("random-chat")}>${icon("dice")}</button>
        </div>
        <input type="search" aria-label=${t.search} placeholder=${t.search} .value=${this.words} @input=${(
          event: Event,
        ) => {
          this.words = valueIn(event);
        }}>
      </div>
      <div class="items" tabindex="-1">
        ${this.own === null ? nothing : html`<h2>${t.own}</h2><ul><li>${this.renderItem(null, this.own || this.t.chat.untitled, "", 0)}</li></ul>`}
        <h2>${t.examples}</h2>
        ${this.found.length === 0 && this.words !== "" ? html`<p class="quiet" role="status">${t.none}</p>` : nothing}
        <ul>${this.found.map((dialogue) => html`<li lang=${CHAT_LANGUAGE}>${this.renderItem(dialogue.id, dialogue.scenario, `${dialogue.turns.at(-1)?.speaker}: ${dialogue.turns.at(-1)?.text}`, hash(dialogue.id))}</li>`)}</ul>
      </div>`;
  }

  private renderItem(id: string | null, title: string, last: string, place: number) {
    return html`<button class="item" aria-current=${id === this.open ? "true" : "false"} @click=${() => this.emit(id === null ? "open-own" : "open-example", id)}>
      <span class="face p${place % 8}" aria-hidden="true">${title.trim().charAt(0).toUpperCase()}</span>
      <span class="lines"><b dir="auto">${title}</b>${last ? html`<span class="quiet" dir="auto">${last}</span>` : nothing}</span>
    </button>`;
  }
}

function hash(id: string): number {
  let sum = 0;
  for (const character of id) sum += character.charCodeAt(0);
  return sum;
}
