// One chat: a header with its title and actions, the messages, and below them the slotted cards.
import { css, html, nothing } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { Conversation, Message } from "../app/state/conversation";
import type { ReplaySpeed } from "../app/state/replay";
import { Component } from "./component";
import "./conversation-view";
import { icon } from "./icons";
import "./replay-bar";
import { base } from "./styles";

export interface ReplayState {
  position: number;
  typing: string | null;
  paused: boolean;
  speed: ReplaySpeed;
}

/** Distance from the end, in pixels, below which the view follows new content. */
const NEAR_PX = 160;
/** Share of the height that messages keep while a card below them is shown. */
const CONTEXT = 0.35;

@customElement("chat-view")
export class ChatView extends Component {
  static override styles = [
    base,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
      }
      header {
        display: flex;
        align-items: center;
        gap: 0.25rem;
        padding: 0.5rem 0.5rem 0.5rem 1rem;
        background: var(--card);
        border-bottom: 1px solid var(--line);
      }
      header h1 {
        font-size: 1.0625rem;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      header .grow {
        line-height: 1.3;
      }
      header .plain {
        padding: 0 0.75rem;
      }
      .scroller {
        flex: 1;
        position: relative;
        overflow-y: auto;
        background: var(--wallpaper);
        overscroll-behavior: contain;
      }
      .inner {
        max-width: 46rem;
        margin: 0 auto;
        padding-bottom: 1rem;
        min-height: 100%;
      }
      .notice {
        margin: 0.75rem 0.75rem 0;
      }
      ::slotted(*) {
        display: block;
        margin: 0.75rem 0.75rem 0;
      }
      .back {
        margin-inline-start: -0.75rem;
      }
      @media (min-width: 60rem) {
        .back {
          display: none;
        }
      }
      @media (max-width: 30rem) {
        header .words {
          display: none;
        }
        header .plain {
          width: 2.75rem;
          padding: 0;
        }
      }
    `,
  ];
  @property({ attribute: false }) conversation!: Conversation;
  @property({ attribute: false }) me = "";
  @property({ attribute: false }) replay: ReplayState | null = null;
  @property({ type: Boolean }) editing = false;
  /** Something the user should know of this chat. */
  @property({ attribute: false }) notice = "";
  @query(".scroller") private scroller!: HTMLElement;
  @query(".inner") private inner!: HTMLElement;
  @query("slot") private below!: HTMLSlotElement;
  private follow = true;
  private lastTop = 0;
  private readonly growth = new ResizeObserver(() => this.toEnd());

  private get messages(): readonly Message[] {
    return this.replay ? this.conversation.messages.slice(0, this.replay.position) : this.conversation.messages;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const before = changed.get("conversation") as Conversation | undefined;
    if (changed.has("conversation") && before?.title !== this.conversation.title) this.follow = true;
  }

  protected override firstUpdated(): void {
    // Messages and cards render themselves, and grow while they are written.
    this.growth.observe(this.inner);
    this.growth.observe(this.scroller);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.growth.disconnect();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.firstUpdated();
  }

  /** Scrolls to the end, or to the first card below the messages, if the user is near it or if `always`. */
  toEnd(always = false): void {
    if (always) this.follow = true;
    if (!this.follow) return;
    const [first] = this.below.assignedElements() as HTMLElement[];
    const end = this.scroller.scrollHeight - this.scroller.clientHeight;
    const start = first ? first.offsetTop - this.inner.offsetTop - this.scroller.clientHeight * CONTEXT : end;
    this.scroller.scrollTop = Math.min(end, start);
  }

  /** Stops following only when the user scrolls up: growing content moves the end away by itself. */
  private scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (scrollHeight - scrollTop - clientHeight < NEAR_PX) this.follow = true;
    else if (scrollTop < this.lastTop) this.follow = false;
    this.lastTop = scrollTop;
  }

  override render() {
    const { conversation, replay } = this;
    const replaying = replay && replay.position < conversation.messages.length;
    return html`
      ${this.renderHeader()}
      ${replaying ? this.renderReplayBar(replay) : nothing}
      <div class="scroller" tabindex="0" role="region" aria-label=${this.t.nav.chat} @scroll=${this.scrolled}>
        <div class="inner">
          ${this.notice ? html`<p class="notice">${this.notice}</p>` : nothing}
          <conversation-view
            .messages=${this.messages}
            .me=${this.me}
            .typing=${replay?.typing ?? null}
            ?editable=${this.editing}
          ></conversation-view>
          <slot></slot>
        </div>
      </div>`;
  }

  private renderHeader() {
    const { conversation, t } = this;
    const { messages } = conversation;
    const people = new Set(messages.map(({ sender }) => sender)).size;
    const editLabel = this.editing ? t.chat.editDone : t.chat.edit;
    return html`<header>
      <button
        class="icon back"
        aria-label=${t.nav.chats}
        title=${t.nav.chats}
        @click=${() => this.emit("show-chats")}
      >${icon("back")}</button>
      <div class="grow">
        <h1 dir="auto">${conversation.title || t.chat.untitled}</h1>
        <p class="quiet">${t.chat.people(people, messages.length)}</p>
      </div>
      <button
        class="plain"
        aria-label=${t.replay.start}
        title=${t.replay.start}
        ?disabled=${messages.length === 0 || this.editing}
        @click=${() => this.emit("start-replay")}
      >${icon("replay")}<span class="words">${t.replay.start}</span></button>
      <button
        class="plain"
        aria-pressed=${this.editing ? "true" : "false"}
        aria-label=${editLabel}
        @click=${() => this.emit("toggle-edit")}
      >${icon("edit")}<span class="words">${editLabel}</span></button>
      <button
        class="icon"
        aria-label=${t.shareLink.title}
        title=${t.shareLink.title}
        ?disabled=${messages.length === 0}
        @click=${() => this.emit("share-chat")}
      >${icon("share")}</button>
    </header>`;
  }

  private renderReplayBar({ position, paused, speed }: ReplayState) {
    return html`<replay-bar
      .position=${position}
      .total=${this.conversation.messages.length}
      .paused=${paused}
      .speed=${speed}
    ></replay-bar>`;
  }
}
