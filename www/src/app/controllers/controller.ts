// The page's state and what the user can do: settings, the choices that follow from them, and the parts' wiring.
import type { ReactiveControllerHost } from "lit";
import { languageName, messages, setUiLanguage, uiLanguage } from "../../i18n";
import type { Form, Method, MethodStatus, ModelStatus } from "../../protocol";
import { whenIdle } from "../browser/device";
import { forgetBenchmarks, fromAddress } from "../engine/backend";
import { firstNeed, type Need, needOf, summaryTask, translationTask } from "../engine/need";
import { EngineSession } from "../engine/session";
import { type ChatLanguage, empty, type Lines } from "../state/conversation";
import { type Dialogue, firstExample, sample } from "../state/dialogues";
import type { Replay } from "../state/replay";
import { samples } from "../state/samples";
import { forgetSettings, readSettings, type Settings, writeSettings } from "../state/settings";
import type { Summary } from "../state/summary";
import { ChatController } from "./chat-controller";
import { CompareController } from "./compare-controller";
import type { Context, View } from "./context";
import { LinkController } from "./link-controller";
import { ModelsController } from "./models-controller";
import { SummaryController } from "./summary-controller";
import { TaskRunner } from "./task-runner";

export class Controller implements Context {
  readonly session: EngineSession;
  readonly tasks: TaskRunner;
  readonly chat: ChatController;
  readonly links: LinkController;
  readonly models: ModelsController;
  readonly summaries: SummaryController;
  readonly comparison: CompareController;
  settings = readSettings();
  announcement = "";

  constructor(
    readonly host: ReactiveControllerHost,
    readonly view: View,
    startWorker: () => Worker,
  ) {
    this.session = new EngineSession(host, startWorker);
    this.tasks = new TaskRunner(host);
    this.chat = new ChatController(
      host,
      (lines) => this.detectLanguage(lines),
      (replay) => this.replayed(replay),
    );
    this.links = new LinkController(this);
    this.models = new ModelsController(this);
    this.summaries = new SummaryController(this);
    this.comparison = new CompareController(this);
    this.apply();
  }

  async begin(): Promise<void> {
    const opened = this.openSomething();
    await opened.catch(() => {}); // reported below: the models are of use without it
    await Promise.all([opened, this.models.begin(), this.loadRest()]);
  }

  /** Loads the other examples when the browser is idle. */
  private async loadRest(): Promise<void> {
    await whenIdle();
    await this.chat.loadAllExamples().catch((cause: unknown) => {
      if (!this.tasks.problem) throw cause; // a link that needs them has a retry of its own
    });
  }

  /** Opens what the address names, or else the user's own chat, or else an example. */
  private async openSomething(): Promise<void> {
    const { chat } = this;
    await this.links.followFragment();
    // A browser without a store has no draft either.
    const restored = await chat.restore().catch(() => false);
    if (!restored && chat.conversation === empty) await this.openFirst();
  }

  private openFirst(): Promise<void> {
    return this.chat.openFirst(firstExample(samples, this.reader));
  }

  get model(): ModelStatus | undefined {
    return this.session.model(this.settings.model);
  }

  /** Language of the reader: the one they have chosen for summaries, or else that of the page. */
  private get reader(): string {
    const { to } = this.settings;
    return to === "auto" || to === "chat" ? uiLanguage() : to;
  }

  get from(): string {
    return this.chat.conversation.language?.code ?? "";
  }

  /** Languages that a summary of the open chat can be in: those that the loaded model has, or before that all. */
  get targets(): readonly string[] {
    return this.session.loaded && this.from !== "" ? this.session.targets(this.from) : this.languages;
  }

  /** Languages that chats and summaries can be in. */
  get languages(): readonly string[] {
    return this.session.engine?.languages ?? [];
  }

  /** The language that summaries are to be in. */
  private get wanted(): string {
    return this.settings.to === "chat" && this.from !== "" ? this.from : this.reader;
  }

  /** The wanted language or, where the model lacks the adapters for that, the chat's own. */
  get to(): string {
    const { from, targets, wanted } = this;
    if (targets.length === 0 || targets.includes(wanted)) return wanted;
    return targets.includes(from) ? from : (targets[0] ?? wanted);
  }

  /** Says that the summary is in another language than the wanted one, and why; empty if it is not. */
  get languageNotice(): string {
    const { from, to, wanted } = this;
    if (to === wanted || from === "") return "";
    return messages().summary.noAdapter(languageName(from), languageName(wanted), languageName(to));
  }

  /** Forms that a summary of the open chat can have. */
  get forms(): readonly Form[] {
    return this.session.forms(this.from, this.to);
  }

  /** The chosen form if the loaded model has it for these languages, or else the gist. */
  get form(): Form {
    const { form } = this.settings;
    return this.session.loaded && !this.forms.includes(form) ? "gist" : form;
  }

  get methods(): readonly MethodStatus[] {
    return this.session.direction(this.from, this.to, this.form)?.methods ?? [];
  }

  /** The chosen method if there is one such for these languages, or else the best one for them. */
  get method(): Method | null {
    const { form, from, session, settings, to } = this;
    const offered = session.offered(from, to, form).map(({ method }) => method);
    if (settings.method !== "auto" && offered.includes(settings.method)) return settings.method;
    return session.direction(from, to, form)?.defaultMethod ?? offered[0] ?? null;
  }

  get need(): Need | null {
    return this.model ? this.needWith(this.model) : null;
  }

  needWith(model: ModelStatus): Need | null {
    const { form, from, method, methods, session, to } = this;
    if (from === "") return null;
    if (session.loaded?.model !== model.id) return firstNeed(model, from, to, form);
    const status = methods.find((status) => status.method === method);
    return status ? needOf({ task: summaryTask(from, to, form), method: status.method }, status) : null;
  }

  /** What `bytes` are missing for: a summary of the open chat by `method`. */
  needBy(method: Method, bytes: number): Need {
    return { purpose: { task: summaryTask(this.from, this.to, this.form), method }, bytes };
  }

  /** Whether the method is the one that the page takes by itself. */
  get isDefaultMethod(): boolean {
    return this.method === this.session.direction(this.from, this.to, this.form)?.defaultMethod;
  }

  /** What is missing to read the summary back, and to make one of a chat that was read in parts. */
  extrasOf({ form, from, language }: Summary): { wayBack: Need | null; oneOfParts: Need | null } {
    const direction = this.session.direction(from, language, form);
    if (!direction) return { wayBack: null, oneOfParts: null };
    const { wayBack, oneOfParts } = direction;
    return {
      wayBack: needOf({ task: translationTask(language, from), method: "secondary" }, wayBack),
      oneOfParts: needOf({ task: summaryTask(from, from, form), method: "primary" }, oneOfParts),
    };
  }

  /** Why no summary can be made right now; null if one can. */
  get disabledReason(): string | null {
    const t = messages().summary;
    const { from, session } = this;
    if (!this.model?.complete) return t.needsModel;
    if (session.download) return messages().phases.download;
    if (this.chat.visible.every(({ text }) => text.trim() === "")) return t.needsText;
    const impossible = session.loaded !== null && from !== "" && this.targets.length === 0;
    return impossible ? t.noAdapters(languageName(from)) : null;
  }

  change(settings: Partial<Settings>): void {
    const [model, backend] = [this.model?.id, this.session.backend];
    this.settings = { ...this.settings, ...settings };
    writeSettings(this.settings);
    this.apply();
    const reload = this.model?.complete && (this.model.id !== model || this.session.backend !== backend);
    if (reload) void this.tasks.guard(() => this.loadModel());
  }

  private apply(): void {
    const { interfaceLanguage, theme, replaySpeed, backend } = this.settings;
    setUiLanguage(interfaceLanguage);
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    this.chat.speed = replaySpeed;
    this.session.backend = fromAddress(location.search) ?? backend;
    this.host.requestUpdate();
  }

  loadModel(): Promise<void> {
    return this.models.load();
  }

  open(opening: () => void): void {
    this.edit(opening);
    this.view.show("chat");
    this.view.follow();
  }

  openExample(dialogue: Dialogue): void {
    this.open(() => this.chat.openExample(dialogue));
  }

  openRandom(): boolean {
    const [dialogue] = sample(this.chat.dialogues, 1);
    if (dialogue) this.openExample(dialogue);
    return dialogue !== undefined;
  }

  /**
   * Makes `form` the form of summaries. Where there is a summary already, the one of that form takes its place: the one
   * that was made before, or a new one if nothing has to be downloaded for it.
   */
  chooseForm(form: Form): void {
    const { summaries, tasks } = this;
    if (tasks.running) return;
    this.change({ form });
    if (summaries.summary === null || summaries.recall(form)) return;
    if (this.disabledReason === null && !this.need) void summaries.summarizeChat();
    else summaries.forget();
  }

  /** Makes `code` the language of the chat. If it was that already, nothing else changes. */
  chooseChatLanguage(code: string): void {
    const choose = (): void => this.chat.chooseLanguage(code);
    if (code === this.from) choose();
    else this.edit(choose);
  }

  /** Changes the chat by `change`. What was summarised is no longer this chat, so the summary is forgotten. */
  edit(change: () => void): void {
    this.tasks.stop();
    this.summaries.forget();
    change();
  }

  /** Summarises the chat or, in the comparing mode, compares all methods on it. */
  async summarize(): Promise<void> {
    if (this.settings.mode === "single") return this.summaries.summarizeChat();
    return this.comparison.compare(null, 0);
  }

  private async detectLanguage(lines: Lines): Promise<ChatLanguage> {
    const messages = lines.map(({ sender, text }) => ({ sender, text }));
    const { language, certain } = await this.session.ask("detected", { action: "detectLanguage", messages });
    return { code: language, certain, chosen: false };
  }

  /** Summarises a replayed chat if it is time for that, and pauses the replay meanwhile. */
  private replayed(replay: Replay): void {
    const { replaySummary, replayEvery } = this.settings;
    const due = replay.finished
      ? replaySummary !== "never"
      : replaySummary === "every" && replay.position % replayEvery === 0;
    if (!due || this.disabledReason !== null || this.need) return;
    if (!replay.finished) replay.pause();
    void this.summarize().then(() => {
      if (this.chat.replay === replay && !replay.finished) replay.start();
    });
  }

  async reset(): Promise<void> {
    await this.chat.forget();
    forgetSettings();
    forgetBenchmarks();
    this.settings = readSettings();
    this.apply();
    this.summaries.forget();
    this.comparison.forget();
    await this.openFirst();
  }
}
