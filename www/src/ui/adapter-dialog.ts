// The dialog that adds an adapter to the model in use: the user picks files, sees whether they fit the model, and says
// what the adapter was trained for where its file does not.
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { fromDrop, fromPicker, type PickedFiles } from "../app/browser/picked-files";
import type { ExaminedAdapter, Task } from "../protocol";
import { valueIn } from "./component";
import { Dialog } from "./dialog";
import { language } from "./format";
import { icon } from "./icons";
import { languageOptions, options } from "./options";
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
  /** Languages that an adapter can be for. */
  @property({ attribute: false }) languages: readonly string[] = [];
  /** Language of the open chat. */
  @property({ attribute: false }) chatLanguage = "";
  /** Language of summaries. */
  @property({ attribute: false }) summaryLanguage = "";
  /** Name of the model. */
  @property({ attribute: false }) model = "";
  /** Reads what kind of adapter the files hold; rejects with a message for the user. */
  @property({ attribute: false }) examine: (picked: PickedFiles) => Promise<ExaminedAdapter> = () =>
    Promise.reject(new Error("no engine"));
  @property({ attribute: false }) add: (picked: PickedFiles, task: Task) => Promise<void> = () =>
    Promise.reject(new Error("no engine"));
  @state() private picked: PickedFiles | null = null;
  @state() private adapter: ExaminedAdapter | null = null;
  @state() private task: Task["task"] = "summarize";
  @state() private from = "";
  @state() private to = "";
  @state() private checking = false;
  @state() private problem = "";
  @state() private dragOver = false;

  protected override closed(): void {
    this.picked = this.adapter = null;
    this.problem = "";
  }

  /** Runs `action` and shows an error here, because the page's own message would lie behind the dialog. */
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
      this.task = this.adapter.kind === "lora" ? "summarize" : "summarize-translate";
      const [first = ""] = this.languages;
      const from = this.adapter.from ?? (this.chatLanguage || first);
      const another = this.languages.find((code) => code !== from) ?? first;
      this.from = from;
      this.to = this.adapter.to ?? (this.summaryLanguage === from ? another : this.summaryLanguage);
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
      const picked = fromPicker(field.files ?? []);
      field.value = ""; // so that choosing the same files again is a change
      void this.look(picked);
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      this.dragOver = false;
      if (event.dataTransfer) void this.look(fromDrop(event.dataTransfer));
    };
    const enter = (event: DragEvent): void => {
      event.preventDefault();
      this.dragOver = true;
    };
    const leave = (): void => {
      this.dragOver = false;
    };
    return html`<p class="quiet">${t.intro}</p>
      <div class="drop ${this.dragOver ? "over" : ""}" @dragover=${enter} @dragleave=${leave} @drop=${drop}>
        <div class="row">
          <label class="pick">${icon("import")}${t.files}
            <input type="file" multiple ?disabled=${this.checking} @change=${choose}>
          </label>
          <label class="pick">${icon("import")}${t.folder}
            <input type="file" webkitdirectory ?disabled=${this.checking} @change=${choose}>
          </label>
        </div>
        <p class="quiet">${t.drop}</p>
      </div>`;
  }

  private renderFound(adapter: ExaminedAdapter, picked: PickedFiles) {
    const { adapter: t } = this.t;
    const { task, from, to } = this;
    const lora = adapter.kind === "lora";
    const add = (): Promise<void> =>
      this.attempt(async () => {
        await this.add(picked, task === "summarize" ? { task, from } : { task, from, to });
        this.hide();
      });
    return html`<p>${t.fits(adapter.name, lora ? t.lora : (adapter.methodName ?? adapter.kind))}</p>
      ${lora ? this.renderTask() : nothing}
      ${!lora && adapter.from && adapter.to ? html`<p class="quiet">${language(from)} → ${language(to)}</p>` : nothing}
      ${adapter.from ? nothing : this.renderLanguage("from", t.from)}
      ${adapter.to || task === "summarize" ? nothing : this.renderLanguage("to", t.to)}
      <div class="row">
        <button class="main" ?disabled=${this.checking} @click=${add}>${t.add}</button>
        <button ?disabled=${this.checking} @click=${() => this.closed()}>${t.other}</button>
      </div>`;
  }

  private renderTask() {
    const { adapter: t } = this.t;
    const choose = (event: Event): void => {
      this.task = valueIn(event) as Task["task"];
    };
    return html`<div>
      <label for="task">${t.task}</label>
      <select id="task" @change=${choose}>${options<string>(Object.entries(t.tasks), this.task)}</select>
    </div>`;
  }

  private renderLanguage(name: "from" | "to", label: string) {
    const choose = (event: Event): void => {
      this[name] = valueIn(event);
    };
    return html`<div>
      <label for=${name}>${label}</label>
      <select id=${name} @change=${choose}>${languageOptions(this.languages, this[name])}</select>
    </div>`;
  }
}
