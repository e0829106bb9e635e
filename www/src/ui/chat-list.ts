// The list of chats: the user's own and the examples.
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Dialogue } from "../app/state/dialogues";
import { Component, valueIn } from "./component";
import { language } from "./format";
import { type Icon, icon } from "./icons";
import { options } from "./options";
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
  /** Title of the user's own chat, if there is one. */
  @property({ attribute: false }) own: string | null = null;
  /** Id of the open example; null while the user's own chat is open. */
  @property({ attribute: false }) open: string | null = null;
  @state() private words = "";
  /** Language of the listed examples; empty for all. */
  @state() private language = "";

  private get found(): readonly Dialogue[] {
    const words = this.words.toLowerCase().split(/\s+/).filter(Boolean);
    const text = ({ scenario, turns }: Dialogue): string =>
      `${scenario} ${turns.map(({ speaker, text }) => `${speaker} ${text}`).join(" ")}`.toLowerCase();
    const { language } = this;
    return this.dialogues
      .filter(({ lang }) => language === "" || lang === language)
      .filter((dialogue) => words.every((word) => text(dialogue).includes(word)));
  }

  override render() {
    const t = this.t.chats;
    const search = (event: Event): void => {
      this.words = valueIn(event);
    };
    return html`
      <div class="top">
        <div class="row">
          <button class="soft grow" @click=${() => this.emit("import-chat")}>${icon("import")}${t.import}</button>
          ${this.renderIconButton("new-chat", t.new, "plus")}
          ${this.renderIconButton("random-chat", t.random, "dice")}
        </div>
        <input
          type="search"
          aria-label=${t.search}
          placeholder=${t.search}
          .value=${this.words}
          @input=${search}
        >
        ${this.renderLanguages()}
      </div>
      <div class="items" tabindex="-1">
        ${this.own === null ? nothing : this.renderOwn(this.own)}
        <h2>${t.examples}</h2>
        ${this.found.length === 0 && this.words !== "" ? html`<p class="quiet" role="status">${t.none}</p>` : nothing}
        <ul>${this.found.map((dialogue) => this.renderExample(dialogue))}</ul>
      </div>`;
  }

  private renderLanguages() {
    const t = this.t.chats;
    const languages = [...new Set(this.dialogues.map(({ lang }) => lang))].sort();
    const choose = (event: Event): void => {
      this.language = valueIn(event);
    };
    return html`<select aria-label=${t.language} @change=${choose}>
      ${options([["", t.allLanguages], ...languages.map((code) => [code, language(code)] as const)], this.language)}
    </select>`;
  }

  private renderIconButton(event: string, label: string, name: Icon) {
    return html`<button class="icon" aria-label=${label} title=${label} @click=${() => this.emit(event)}>
      ${icon(name)}
    </button>`;
  }

  private renderOwn(title: string) {
    return html`<h2>${this.t.chats.own}</h2>
      <ul><li>${this.renderItem(null, title || this.t.chat.untitled, "", 0)}</li></ul>`;
  }

  private renderExample({ id, lang, scenario, turns }: Dialogue) {
    const last = turns.at(-1);
    const line = `${last?.speaker}: ${last?.text}`;
    return html`<li lang=${lang}>${this.renderItem(id, scenario, line, hash(id))}</li>`;
  }

  /** One chat; the titles of examples are in English. */
  private renderItem(id: string | null, title: string, last: string, place: number) {
    return html`<button
      class="item"
      aria-current=${id === this.open ? "true" : "false"}
      @click=${() => this.emit(id === null ? "open-own" : "open-example", id)}
    >
      <span class="face p${place % 8}" aria-hidden="true">${title.trim().charAt(0).toUpperCase()}</span>
      <span class="lines">
        <b dir="auto" lang=${id === null ? nothing : "en"}>${title}</b>
        ${last ? html`<span class="quiet" dir="auto">${last}</span>` : nothing}
      </span>
    </button>`;
  }
}

/** A number that is always the same for an id, to choose its colour by. */
function hash(id: string): number {
  let sum = 0;
  for (const character of id) sum += character.charCodeAt(0);
  return sum;
}
