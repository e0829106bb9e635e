// Brings a chat in: paste, choose or drop, look at what was found, correct the dates, take a part.
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { fromFile, fromText, type Imported, type ImportSource, MAX_IMPORT_BYTES } from "../app/state/chat-import";
import { daysBefore, type Range, within } from "../app/state/import-range";
import type { DateOrder, ImportedChat } from "../protocol";
import { valueIn } from "./component";
import { Dialog } from "./dialog";
import { shortTime } from "./format";
import { icon } from "./icons";
import { filePicker } from "./styles";

type Read = (source: ImportSource, order?: DateOrder, chat?: number) => Promise<Imported>;

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
  /** Reads a chat; what fails is told in words. */
  @property({ attribute: false }) read: Read = () => Promise.reject(new Error("no engine"));
  @state() private source: ImportSource | null = null;
  @state() private imported: Imported | null = null;
  /** Which of the file's chats it is, where there are several. */
  @state() private place: number | undefined;
  @state() private reading = false;
  @state() private problem = "";
  @state() private dragOver = false;
  @state() private range: Range = { kind: "all" };
  /** Whether the reader names the date: it may be one that the list has too. */
  @state() private custom = false;
  @state() private text = "";

  /** Opens with a file or a text that another app has shared. */
  async take(source: ImportSource): Promise<void> {
    await this.show();
    await this.load(source);
  }

  protected override closed(): void {
    this.source = this.imported = null;
    this.place = undefined;
    this.custom = false;
    this.problem = this.text = "";
    this.range = { kind: "all" };
  }

  private async load(source: ImportSource, order?: DateOrder, chat?: number): Promise<void> {
    this.reading = true;
    this.problem = "";
    try {
      if (source.bytes.byteLength > MAX_IMPORT_BYTES) throw new Error(this.t.import.tooLarge);
      const imported = await this.read(source, order, chat);
      // Once a chat is chosen the answer names no others: the list stays for another choice.
      this.imported = {
        ...imported,
        chats: imported.chats.length > 0 ? imported.chats : chat === undefined ? [] : (this.imported?.chats ?? []),
      };
      [this.source, this.place] = [source, chat];
    } catch (cause) {
      this.problem = cause instanceof Error ? cause.message : String(cause);
    } finally {
      this.reading = false;
    }
  }

  private async loadFile(file: File | undefined): Promise<void> {
    if (!file) return;
    // Looked at before it is read: an export with videos would fill the memory.
    if (file.size > MAX_IMPORT_BYTES) this.problem = this.t.import.tooLarge;
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
    return html`<p class="quiet">${t.intro}</p>
      <div class="drop ${this.dragOver ? "over" : ""}" @dragover=${(event: DragEvent) => {
        event.preventDefault();
        this.dragOver = true;
      }} @dragleave=${() => {
        this.dragOver = false;
      }} @drop=${drop}>
        <label class="pick">${icon("import")}${t.file}<input type="file" accept=".txt,.zip,.json,text/plain,application/zip,application/json" @change=${(event: Event) => this.loadFile((event.target as HTMLInputElement).files?.[0])}></label>
        <p class="quiet">${t.drop}</p></div>
      <div><label for="paste">${t.paste}</label><textarea id="paste" rows="5" dir="auto" spellcheck="false" .value=${this.text} @input=${(
        event: Event,
      ) => {
        this.text = valueIn(event);
      }}></textarea></div>
      <div class="row"><button class="main" ?disabled=${this.text.trim() === "" || this.reading} @click=${() => this.load(fromText(this.text))}>${t.read}</button></div>`;
  }

  private renderFound(imported: Imported, source: ImportSource) {
    const t = this.t.import;
    const { chat, chats } = imported;
    return html`
      ${
        chats.length > 0
          ? html`<div><label for="which">${chat ? t.which : t.choose}</label><select id="which" @change=${(event: Event) => this.load(source, undefined, Number(valueIn(event)))}>
        ${chat ? nothing : html`<option value="" selected disabled></option>`}
        ${chats.map(({ name, entries }, index) => html`<option value=${index} .selected=${index === this.place}>${name} (${entries})</option>`)}</select></div>`
          : nothing
      }
      ${chat ? this.renderChat(chat, source) : html`<div class="row"><button @click=${() => this.closed()}>${this.t.cancel}</button></div>`}`;
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
      ${
        chat.dates
          ? html`<div><label for="order">${t.order}</label><select id="order" @change=${(event: Event) => this.load(source, valueIn(event) as DateOrder, this.place)}>
        ${Object.entries(t.orders).map(([order, words]) => html`<option value=${order} .selected=${order === chat.dates?.order}>${words}</option>`)}</select>
        ${chat.dates.certainty === "ambiguous" ? html`<p class="problem">${t.ambiguous}</p>` : nothing}</div>`
          : nothing
      }
      ${this.renderRanges(chat)}
      <div><h3>${t.preview}</h3><ol tabindex="0" aria-label=${t.preview}>${part.slice(-8).map(({ sender, text, time }) => html`<li dir="auto"><b>${sender}</b> ${time ? html`<span class="quiet">${shortTime(time)}</span>` : nothing}<br>${text}</li>`)}</ol></div>
      ${part.length === 0 ? html`<p class="problem">${t.nothing}</p>` : nothing}
      <div class="row"><button class="main" ?disabled=${part.length === 0} @click=${() => this.use(part)}>${t.use(part.length)}</button>
        <button @click=${() => this.closed()}>${this.t.cancel}</button></div>`;
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
    return html`<div><label for="range">${t.range}</label><select id="range" @change=${choose}>
        ${ranges.map(([words, range], index) => html`<option value=${index} .selected=${!this.custom && same(range)}>${words}</option>`)}
        ${timed ? html`<option value=${ranges.length} .selected=${this.custom}>${t.since}</option>` : nothing}</select></div>
      ${
        this.custom && this.range.kind === "since"
          ? html`<div><label for="since">${t.sinceDate}</label><input id="since" type="date" .value=${this.range.date} @change=${(
              event: Event,
            ) => {
              this.range = { kind: "since", date: valueIn(event) };
            }}></div>`
          : nothing
      }`;
  }

  private use(messages: readonly ImportedChat["messages"][number][]): void {
    const title = this.imported?.chats[this.place ?? -1]?.name ?? titleOf(this.source?.name ?? "");
    this.emit("imported", { title, messages });
    this.hide();
  }
}

/** The chat's name, where an export's file is named after it: `WhatsApp Chat with Family.txt`. */
function titleOf(file: string): string {
  return /^WhatsApp Chat(?: with| -)? (.+?)\.(?:txt|zip)$/i.exec(file)?.[1] ?? "";
}
