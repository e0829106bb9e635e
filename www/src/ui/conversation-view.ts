// The messages, as in a messenger. There may be thousands: the newest are rendered at once and older ones in groups
// when the browser is idle. Groups out of sight cost no layout (content-visibility).
import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import { type Message, senders } from "../app/state/conversation";
import { Component } from "./component";
import { shortTime } from "./format";
import { icon } from "./icons";
import { base } from "./styles";

/** Number of messages that are rendered together. */
const GROUP = 50;
/** Number of groups that are rendered at once. */
const AT_ONCE = 2;

@customElement("conversation-view")
export class ConversationView extends Component {
  static override styles = [
    base,
    css`
      .log {
        display: block;
        padding: 0.5rem 0;
      }
      .group {
        content-visibility: auto;
        contain-intrinsic-size: auto ${GROUP * 4}rem;
      }
      .line {
        display: flex;
        gap: 0.5rem;
        padding: 0.125rem 0.75rem;
        align-items: flex-end;
      }
      .line.first {
        padding-top: 0.5rem;
      }
      .face {
        width: 1.875rem;
        height: 1.875rem;
        border-radius: 50%;
        flex: none;
        display: grid;
        place-items: center;
        font-size: 0.8125rem;
        font-weight: 650;
        color: var(--bubble);
        visibility: hidden;
        background: currentColor;
      }
      .face span {
        color: var(--bubble);
      }
      .line.last .face {
        visibility: visible;
      }
      .bubble {
        background: var(--bubble);
        border-radius: 1.125rem;
        padding: 0.4375rem 0.8125rem 0.5rem;
        max-width: min(34rem, 82%);
        min-width: 3rem;
        box-shadow: 0 1px 1px var(--shadow);
        overflow-wrap: anywhere;
      }
      .line.last .bubble {
        border-end-start-radius: 0.375rem;
      }
      .text {
        white-space: pre-wrap;
      }
      .name {
        font-size: 0.8125rem;
        font-weight: 650;
        line-height: 1.3;
      }
      .time {
        font-size: 0.75rem;
        color: var(--quiet);
        float: inline-end;
        margin: 0.375rem 0 0 0.75rem;
        line-height: 1;
      }
      .me {
        flex-direction: row-reverse;
      }
      .me .bubble {
        background: var(--bubble-me);
      }
      .me .face {
        display: none;
      }
      .me.last .bubble {
        border-end-start-radius: 1.125rem;
        border-end-end-radius: 0.375rem;
      }
      .line > button.icon {
        color: var(--quiet);
      }
      .empty {
        text-align: center;
        padding: 3rem 1rem;
      }
      form {
        width: 100%;
        background: var(--card);
        border: 2px solid var(--accent);
        border-radius: 1rem;
        padding: 0.75rem;
      }
      .dots {
        display: flex;
        gap: 0.25rem;
        padding: 0.5rem 0 0.25rem;
      }
      .dots i {
        width: 0.4375rem;
        height: 0.4375rem;
        border-radius: 50%;
        background: var(--quiet);
        animation: hop 1s infinite ease-in-out;
      }
      .dots i:nth-child(2) {
        animation-delay: 0.15s;
      }
      .dots i:nth-child(3) {
        animation-delay: 0.3s;
      }
      @keyframes hop {
        0%,
        60%,
        100% {
          transform: none;
          opacity: 0.5;
        }
        30% {
          transform: translateY(-0.25rem);
          opacity: 1;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .dots i {
          animation: none;
        }
      }
      .s0 {
        color: var(--sender-0);
      }
      .s1 {
        color: var(--sender-1);
      }
      .s2 {
        color: var(--sender-2);
      }
      .s3 {
        color: var(--sender-3);
      }
      .s4 {
        color: var(--sender-4);
      }
      .s5 {
        color: var(--sender-5);
      }
      .s6 {
        color: var(--sender-6);
      }
      .s7 {
        color: var(--sender-7);
      }
    `,
  ];
  @property({ attribute: false }) messages: readonly Message[] = [];
  /** The user's name in the chat. */
  @property({ attribute: false }) me = "";
  /** Name of whoever is typing. */
  @property({ attribute: false }) typing: string | null = null;
  /** Whether messages can be edited. */
  @property({ type: Boolean }) editable = false;
  @state() private edited: number | null = null;
  /** Number of rendered groups, counted from the newest. */
  @state() private rendered = AT_ONCE;
  private places = new Map<string, number>();
  private filling = false;

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("editable") && !this.editable) this.edited = null;
    if (!changed.has("messages")) return;
    const before = (changed.get("messages") as readonly Message[] | undefined) ?? [];
    // Another chat starts again with its newest groups; one that only grew or changed by a message does not.
    if (Math.abs(this.messages.length - before.length) > 1 || this.messages[0]?.text !== before[0]?.text)
      this.rendered = AT_ONCE;
    this.places = senders(this.messages);
  }

  protected override updated(): void {
    if (this.rendered >= this.groupCount || this.filling) return;
    const more = (): void => {
      this.filling = false;
      this.rendered += 1;
    };
    this.filling = true;
    if ("requestIdleCallback" in globalThis) requestIdleCallback(more, { timeout: 200 });
    else setTimeout(more, 16);
  }

  private get groupCount(): number {
    return Math.max(1, Math.ceil(this.messages.length / GROUP));
  }

  override render() {
    const count = this.groupCount;
    const first = Math.max(0, count - this.rendered);
    const groups = Array.from({ length: count - first }, (_, index) => first + index);
    const { chat: t } = this.t;
    const empty = this.messages.length === 0 && this.typing === null;
    return html`<div class="log" role="log" aria-label=${t.conversation} aria-busy=${first > 0 ? "true" : "false"}>
      ${empty ? html`<p class="empty quiet">${t.empty}</p>` : nothing}
      ${repeat(
        groups,
        (index) => index,
        (index) => this.renderGroup(index),
      )}
      ${this.typing === null ? nothing : this.renderTyping(this.typing)}
    </div>`;
  }

  private renderGroup(index: number) {
    const start = index * GROUP;
    const messages = this.messages.slice(start, start + GROUP);
    const neighbours = [this.messages[start - 1]?.sender, this.messages[start + GROUP]?.sender];
    const edited = messages.some(({ id }) => id === this.edited) ? this.edited : null;
    // Renders a group again only when its messages or their neighbours have changed.
    return guard(
      [this.t, this.me, this.editable, edited, ...neighbours, ...messages],
      () =>
        html`<div class="group">${messages.map((message, place) =>
          this.renderMessage(message, this.messages[start + place - 1], this.messages[start + place + 1]),
        )}</div>`,
    );
  }

  private renderMessage(message: Message, before: Message | undefined, after: Message | undefined): TemplateResult {
    if (message.id === this.edited) return this.renderForm(message);
    const { sender, text, time } = message;
    const [first, last] = [before?.sender !== sender, after?.sender !== sender];
    const colour = `s${(this.places.get(sender) ?? 0) % 8}`;
    const mine = this.me !== "" && sender === this.me;
    const name =
      first && sender
        ? html`<div class="name ${colour}" dir="auto">${sender}</div>`
        : html`<span class="visually-hidden">${sender}: </span>`;
    const clock = time ? html`<time class="time" datetime=${time}>${shortTime(time)}</time>` : nothing;
    return html`<div class="line ${first ? "first" : ""} ${last ? "last" : ""} ${mine ? "me" : ""}">
      <span class="face ${colour}" aria-hidden="true"><span>${initial(sender)}</span></span>
      <div class="bubble" dir="auto">${name}<span class="text" dir="auto">${text}</span>${clock}</div>
      ${this.editable ? this.renderEdit(message) : nothing}
    </div>`;
  }

  private renderEdit({ id, sender }: Message): TemplateResult {
    const edit = (): void => {
      this.edited = id;
    };
    return html`<button class="icon" aria-label=${this.t.chat.editMessage(sender)} @click=${edit}>
      ${icon("edit")}
    </button>`;
  }

  private renderForm({ id, sender, text }: Message): TemplateResult {
    const t = this.t.chat;
    const close = (): void => {
      this.edited = null;
    };
    const save = (event: SubmitEvent): void => {
      event.preventDefault();
      const form = new FormData(event.target as HTMLFormElement);
      close();
      this.emit("edit-message", { id, sender: String(form.get("sender")).trim(), text: String(form.get("text")) });
    };
    const remove = (): void => {
      close();
      this.emit("delete-message", { id });
    };
    return html`<div class="line"><form class="stack" @submit=${save}>
      <div>
        <label for="sender">${t.sender}</label>
        <input id="sender" name="sender" dir="auto" maxlength="60" .value=${sender}>
      </div>
      <div>
        <label for="text">${t.text}</label>
        <textarea id="text" name="text" rows="3" dir="auto" required .value=${text}></textarea>
      </div>
      <div class="row">
        <button class="main">${this.t.save}</button>
        <button type="button" @click=${close}>${this.t.cancel}</button>
        <button type="button" class="danger" @click=${remove}>${t.deleteMessage}</button>
      </div>
    </form></div>`;
  }

  private renderTyping(sender: string): TemplateResult {
    const colour = `s${(this.places.get(sender) ?? this.places.size) % 8}`;
    return html`<div class="line last" aria-hidden="true">
      <span class="face ${colour}"><span>${initial(sender)}</span></span>
      <div class="bubble">
        <div class="name ${colour}" dir="auto">${this.t.chat.typing(sender)}</div>
        <div class="dots"><i></i><i></i><i></i></div>
      </div>
    </div>`;
  }
}

function initial(name: string): string {
  return [...name.trim()][0]?.toUpperCase() ?? "?";
}
