// Adds an adapter to the model in use: pick it, see that it fits, say what it is for where its file does not.
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { fromDrop, fromPicker, type PickedFiles } from "../app/browser/picked-files";
import type { Purpose } from "../app/engine/user-models";
import { CHAT_LANGUAGE } from "../app/state/conversation";
import { defaults } from "../app/state/settings";
import type { ExaminedAdapter } from "../protocol";
import { valueIn } from "./component";
import { Dialog } from "./dialog";
import { language } from "./format";
import { icon } from "./icons";
import { filePicker } from "./styles";

@customElement("adapter-dialog")
export class AdapterDialog extends Dialog {
  static override styles = [
    Dialog.styles,
    filePicker,
    css`
      .problem {
        color: var(--mark);
        overflow-wrap: anywhere;
      }
      .drop .row {
        justify-content: center;
      }
    `,
  ];
  /** Name of the model. */
  @property({ attribute: false }) model = "";
  /** What the files are; what is wrong with them is told in words. */
  @property({ attribute: false }) examine: (picked: PickedFiles) => Promise<ExaminedAdapter> = () =>
    Promise.reject(new Error("no engine"));
  @property({ attribute: false }) add: (picked: PickedFiles, purpose: Purpose) => Promise<void> = () =>
    Promise.reject(new Error("no engine"));
  @state() private picked: PickedFiles | null = null;
  @state() private adapter: ExaminedAdapter | null = null;
  @state() private purpose: Purpose = { task: "summarize", from: CHAT_LANGUAGE, to: defaults.to };
  @state() private checking = false;
  @state() private problem = "";
  @state() private dragOver = false;

  protected override closed(): void {
    this.picked = this.adapter = null;
    this.problem = "";
    this.purpose = { task: "summarize", from: CHAT_LANGUAGE, to: defaults.to };
  }

  /** Does `action`; what fails is told here, where the page's own message would lie behind the dialog. */
  private async attempt(action: () => Promise<void>): Promise<void> {
    this.checking = true;
    this.problem = "";
    try {
      await action();
    } catch (cause) {
      this.problem = cause instanceof Error ? cause.message : String(cause);
    } finally {
      this.checking = false;
    }
  }

  private look(picking: PickedFiles | Promise<PickedFiles>): Promise<void> {
    return this.attempt(async () => {
      const picked = await picking;
      if (picked.files.length === 0) return;
      this.adapter = await this.examine(picked);
      this.picked = picked;
      if (this.adapter.method !== "lora")
        this.purpose = {
          task: "summarize-translate",
          from: this.adapter.from ?? CHAT_LANGUAGE,
          to: this.adapter.to ?? defaults.to,
        };
    });
  }

  override render() {
    const { adapter: t } = this.t;
    return this.frame(
      t.title(this.model),
      () => html`<div class="stack">
      ${this.adapter && this.picked ? this.renderFound(this.adapter, this.picked) : this.renderSources()}
      <p class="quiet" role="status">${this.checking ? t.checking : nothing}</p>
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
    </div>`,
    );
  }

  private renderSources() {
    const { adapter: t } = this.t;
    const choose = (event: Event): void => {
      const field = event.target as HTMLInputElement;
      const picked = fromPicker(field.files ?? []); // before the field is emptied, so that choosing the same again is a change
      field.value = "";
      void this.look(picked);
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      this.dragOver = false;
      if (event.dataTransfer) void this.look(fromDrop(event.dataTransfer));
    };
    return html`<p class="quiet">${t.intro}</p>
      <div class="drop ${this.dragOver ? "over" : ""}" @dragover=${(event: DragEvent) => {
        event.preventDefault();
        this.dragOver = true;
      }} @dragleave=${() => {
        this.dragOver = false;
      }} @drop=${drop}>
        <div class="row">
          <label class="pick">${icon("import")}${t.files}<input type="file" multiple ?disabled=${this.checking} @change=${choose}></label>
          <label class="pick">${icon("import")}${t.folder}<input type="file" webkitdirectory ?disabled=${this.checking} @change=${choose}></label>
        </div>
        <p class="quiet">${t.drop}</p></div>`;
  }

  private renderFound(adapter: ExaminedAdapter, picked: PickedFiles) {
    const { adapter: t } = this.t;
    const { task, from, to } = this.purpose;
    const lora = adapter.method === "lora";
    const set = (change: Partial<Purpose>): void => {
      this.purpose = { ...this.purpose, ...change };
    };
    const choice = (
      name: "from" | "to",
      label: string,
    ) => html`<div><label for=${name}>${label}</label><select id=${name} @change=${(event: Event) => set({ [name]: valueIn(event) })}>
      ${adapter.languages.map((code) => html`<option value=${code} .selected=${code === this.purpose[name]}>${language(code)}</option>`)}</select></div>`;
    return html`<p>${t.fits(adapter.name, lora ? t.lora : (adapter.methodName ?? adapter.method))}</p>
      ${
        lora
          ? html`<div><label for="task">${t.task}</label><select id="task" @change=${(event: Event) => set({ task: valueIn(event) as Purpose["task"] })}>
        ${Object.entries(t.tasks).map(([value, words]) => html`<option value=${value} .selected=${value === task}>${words}</option>`)}</select></div>`
          : nothing
      }
      ${!lora && adapter.from && adapter.to ? html`<p class="quiet">${language(from)} → ${language(to)}</p>` : nothing}
      ${adapter.from || task === "summarize" ? nothing : choice("from", t.from)}
      ${adapter.to || task === "summarize" ? nothing : choice("to", t.to)}
      <div class="row"><button class="main" ?disabled=${this.checking} @click=${() =>
        this.attempt(async () => {
          await this.add(picked, this.purpose);
          this.hide();
        })}>${t.add}</button>
        <button ?disabled=${this.checking} @click=${() => this.closed()}>${t.other}</button></div>`;
  }
}
