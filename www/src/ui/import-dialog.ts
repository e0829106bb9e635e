// The dialog that imports a chat: paste text, or choose or drop a file; check what was found, correct the order of the
// dates, and choose which part to use.
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { fromFile, fromText, type Imported, type ImportSource } from "../app/state/chat-import";
import { daysBefore, type Range, within } from "../app/state/import-range";
import type { DateOrder, ImportedChat } from "../protocol";
import { valueIn } from "./component";
import { Dialog } from "./dialog";
import { shortTime } from "./format";
import { icon } from "./icons";
import { options } from "./options";
import { filePicker } from "./styles";

type Read = (source: ImportSource, order?: DateOrder, chat?: number) => Promise<Imported>;

type ImportedMessage = ImportedChat["messages"][number];

/** Files that the picker offers. */
const ACCEPT = ".txt,.zip,.json,text/plain,application/zip,application/json";

const formats: Record<ImportedChat["format"], string> = {
  whatsapp: "WhatsApp",
  telegram: "Telegram",
  signal: "Signal",
  plain: "Name: text",
};

@customElement("import-dialog")
export class ImportDialog extends Dialog {
  static override styles = [
    Dialog.styles,
    filePicker,
    css`
      ol {
        list-style: none;
        margin: 0;
        padding: 0.5rem 0.75rem;
        background: var(--wallpaper);
        border-radius: 0.75rem;
        max-height: 11rem;
        overflow-y: auto;
        font-size: 0.875rem;
      }
      li {
        padding: 0.1875rem 0;
        overflow-wrap: anywhere;
      }
      .problem {
        color: var(--mark);
      }
    `,
  ];
  /** Length in bytes of the largest file that the engine reads. */
  @property({ attribute: false }) maxBytes = Number.POSITIVE_INFINITY;
  /** Reads a chat; rejects with a message for the user. */
  @property({ attribute: false }) read: Read = () => Promise.reject(new Error("no engine"));
  @state() private source: ImportSource | null = null;
  @state() private imported: Imported | null = null;
  /** Index of the chosen chat where the file has several. */
  @state() private chatIndex: number | undefined;
  @state() private reading = false;
  @state() private problem = "";
  @state() private dragOver = false;
  @state() private range: Range = { kind: "all" };
  /** Whether the user types the date. It may be one that the list offers too. */
  @state() private custom = false;
  @state() private text = "";

  /** Opens the dialog with a file or text that another app has shared. */
  async take(source: ImportSource): Promise<void> {
    await this.show();
    await this.load(source);
  }

  protected override closed(): void {
    this.source = this.imported = null;
    this.chatIndex = undefined;
    this.custom = false;
    this.problem = this.text = "";
    this.range = { kind: "all" };
  }

  private async load(source: ImportSource, order?: DateOrder, chat?: number): Promise<void> {
    this.reading = true;
    this.problem = "";
    try {
      if (source.bytes.byteLength > this.maxBytes) throw new Error(this.tooLarge);
      const imported = await this.read(source, order, chat);
      // After a chat is chosen, the answer lists no others: the list is kept for another choice.
      this.imported = {
        ...imported,
        chats: imported.chats.length > 0 ? imported.chats : chat === undefined ? [] : (this.imported?.chats ?? []),
      };
      [this.source, this.chatIndex] = [source, chat];
    } catch (cause) {
      this.problem = cause instanceof Error ? cause.message : String(cause);
    } finally {
      this.reading = false;
    }
  }

  private get tooLarge(): string {
    return this.t.import.tooLarge(Math.floor(this.maxBytes / 2 ** 20));
  }

  private async loadFile(file: File | undefined): Promise<void> {
    if (!file) return;
    // The size is checked before reading: an export with videos would fill the memory.
    if (file.size > this.maxBytes) this.problem = this.tooLarge;
    else await this.load(await fromFile(file));
  }

  override render() {
    const t = this.t.import;
    return this.frame(
      t.title,
      () => html`<div class="stack">
      ${this.imported && this.source ? this.renderFound(this.imported, this.source) : this.renderSources()}
      <p class="quiet" role="status">${this.reading ? t.reading : nothing}</p>
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
    </div>`,
    );
  }

  private renderSources() {
    const t = this.t.import;
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      this.dragOver = false;
      void this.loadFile(event.dataTransfer?.files[0]);
    };
    const enter = (event: DragEvent): void => {
      event.preventDefault();
      this.dragOver = true;
    };
    const leave = (): void => {
      this.dragOver = false;
    };
    const choose = (event: Event) => this.loadFile((event.target as HTMLInputElement).files?.[0]);
    const input = (event: Event): void => {
      this.text = valueIn(event);
    };
    const disabled = this.text.trim() === "" || this.reading;
    return html`<p class="quiet">${t.intro}</p>
      <div class="drop ${this.dragOver ? "over" : ""}" @dragover=${enter} @dragleave=${leave} @drop=${drop}>
        <label class="pick">${icon("import")}${t.file}<input type="file" accept=${ACCEPT} @change=${choose}></label>
        <p class="quiet">${t.drop}</p>
      </div>
      <div>
        <label for="paste">${t.paste}</label>
        <textarea id="paste" rows="5" dir="auto" spellcheck="false" .value=${this.text} @input=${input}></textarea>
      </div>
      <div class="row">
        <button class="main" ?disabled=${disabled} @click=${() => this.load(fromText(this.text))}>${t.read}</button>
      </div>`;
  }

  private renderFound(imported: Imported, source: ImportSource) {
    const { chat, chats } = imported;
    return html`
      ${chats.length > 0 ? this.renderChats(imported, source) : nothing}
      ${chat ? this.renderChat(chat, source) : html`<div class="row">${this.renderCancel()}</div>`}`;
  }

  private renderChats({ chat, chats }: Imported, source: ImportSource) {
    const t = this.t.import;
    const choose = (event: Event) => this.load(source, undefined, Number(valueIn(event)));
    const names = chats.map(({ name, entries }, index) => [index, `${name} (${entries})`] as const);
    return html`<div>
      <label for="which">${chat ? t.which : t.choose}</label>
      <select id="which" @change=${choose}>
        ${chat ? nothing : html`<option value="" selected disabled></option>`}
        ${options(names, this.chatIndex ?? -1)}
      </select>
    </div>`;
  }

  private renderChat(chat: ImportedChat, source: ImportSource) {
    const t = this.t.import;
    const part = within(chat.messages, this.range);
    const notes = [
      chat.announcements + chat.media > 0 ? t.leftOut(chat.announcements, chat.media) : "",
      chat.leadingLines > 0 ? t.leadingLines(chat.leadingLines) : "",
      chat.impossibleDates > 0 ? t.impossibleDates(chat.impossibleDates) : "",
    ];
    return html`<p>${t.found(chat.messages.length, formats[chat.format])}</p>
      ${notes.map((note) => (note ? html`<p class="quiet">${note}</p>` : nothing))}
      ${chat.dates ? this.renderOrder(chat.dates, source) : nothing}
      ${this.renderRanges(chat)}
      ${this.renderPreview(part)}
      ${part.length === 0 ? html`<p class="problem">${t.nothing}</p>` : nothing}
      <div class="row">
        <button class="main" ?disabled=${part.length === 0} @click=${() => this.use(part)}>
          ${t.use(part.length)}
        </button>
        ${this.renderCancel()}
      </div>`;
  }

  private renderCancel() {
    return html`<button @click=${() => this.closed()}>${this.t.cancel}</button>`;
  }

  private renderOrder({ order, certainty }: NonNullable<ImportedChat["dates"]>, source: ImportSource) {
    const t = this.t.import;
    const choose = (event: Event) => this.load(source, valueIn(event) as DateOrder, this.chatIndex);
    return html`<div>
      <label for="order">${t.order}</label>
      <select id="order" @change=${choose}>${options<string>(Object.entries(t.orders), order)}</select>
      ${certainty === "ambiguous" ? html`<p class="problem">${t.ambiguous}</p>` : nothing}
    </div>`;
  }

  private renderPreview(part: readonly ImportedMessage[]) {
    const { preview } = this.t.import;
    const clock = (time: string | undefined) => (time ? html`<span class="quiet">${shortTime(time)}</span>` : nothing);
    return html`<div>
      <h3>${preview}</h3>
      <ol tabindex="0" aria-label=${preview}>
        ${part
          .slice(-8)
          .map(({ sender, text, time }) => html`<li dir="auto"><b>${sender}</b> ${clock(time)}<br>${text}</li>`)}
      </ol>
    </div>`;
  }

  private renderRanges(chat: ImportedChat) {
    const t = this.t.import;
    const now = new Date();
    const since = (days: number): Range => ({ kind: "since", date: daysBefore(now, days) });
    const timed = chat.messages.some(({ time }) => time !== undefined);
    const ranges: [string, Range][] = [
      [t.all, { kind: "all" }],
      [t.last(50), { kind: "last", count: 50 }],
      [t.last(200), { kind: "last", count: 200 }],
    ];
    if (timed) ranges.push([t.today, since(0)], [t.yesterday, since(1)], [t.week, since(7)]);
    const same = (range: Range): boolean => JSON.stringify(range) === JSON.stringify(this.range);
    const newest = chat.messages.findLast(({ time }) => time !== undefined)?.time?.slice(0, 10) ?? daysBefore(now, 0);
    const choose = (event: Event): void => {
      const index = Number(valueIn(event));
      this.custom = index === ranges.length;
      this.range = ranges[index]?.[1] ?? { kind: "since", date: newest };
    };
    const labels = ranges.map(([label], index) => [index, label] as const);
    const chosen = this.custom ? ranges.length : ranges.findIndex(([, range]) => same(range));
    return html`<div>
        <label for="range">${t.range}</label>
        <select id="range" @change=${choose}>
          ${options(timed ? [...labels, [ranges.length, t.since] as const] : labels, chosen)}
        </select>
      </div>
      ${this.custom && this.range.kind === "since" ? this.renderDate(this.range.date) : nothing}`;
  }

  private renderDate(date: string) {
    const choose = (event: Event): void => {
      this.range = { kind: "since", date: valueIn(event) };
    };
    return html`<div>
      <label for="since">${this.t.import.sinceDate}</label>
      <input id="since" type="date" .value=${date} @change=${choose}>
    </div>`;
  }

  private use(messages: readonly ImportedMessage[]): void {
    const title = this.imported?.chats[this.chatIndex ?? -1]?.name ?? titleOf(this.source?.name ?? "");
    this.emit("imported", { title, messages });
    this.hide();
  }
}

/** The chat's name where the name of the exported file has it: `WhatsApp Chat with Family.txt`. */
function titleOf(file: string): string {
  return /^WhatsApp Chat(?: with| -)? (.+?)\.(?:txt|zip)$/i.exec(file)?.[1] ?? "";
}
