// The page's state and what the user can do: settings, the choices that follow from them, and the parts' wiring.
import type { ReactiveControllerHost } from "lit";
import { messages, setUiLanguage } from "../../i18n";
import type { Method, MethodStatus, ModelStatus } from "../../protocol";
import { forgetBenchmarks, fromAddress } from "../engine/backend";
import { EngineSession } from "../engine/session";
import { empty } from "../state/conversation";
import { type Dialogue, sample } from "../state/dialogues";
import type { Replay } from "../state/replay";
import { forgetSettings, readSettings, type Settings, writeSettings } from "../state/settings";
import { ChatController } from "./chat-controller";
import { CompareController } from "./compare-controller";
import type { Context, View } from "./context";
import { LinkController } from "./link-controller";
import { ModelsController } from "./models-controller";
import { SummaryController } from "./summary-controller";
import { TaskRunner } from "./task-runner";

/** Methods to fall back to where the chosen one does not support the language, best first. */
const FALLBACK_METHODS: Method[] = ["projection", "two-step", "primary"];

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
    this.chat = new ChatController(host, (replay) => this.replayed(replay));
    this.links = new LinkController(this);
    this.models = new ModelsController(this);
    this.summaries = new SummaryController(this);
    this.comparison = new CompareController(this);
    this.apply();
  }

  async begin(): Promise<void> {
    await this.chat.loadExamples();
    await this.links.followFragment();
    // A browser without a store has no draft either.
    const restored = await this.chat.restore().catch(() => false);
    if (!restored && this.chat.conversation === empty) this.chat.openFirst();
    await this.models.begin();
  }

  get model(): ModelStatus | undefined {
    return this.session.model(this.settings.model);
  }

  /** Languages that the loaded model can summarise in. */
  get languages(): string[] {
    return this.session.loaded?.targets.map(({ language }) => language) ?? [];
  }

  get to(): string {
    const { languages, settings } = this;
    if (settings.task === "summarize") return this.session.chatLanguage;
    if (languages.length === 0 || languages.includes(settings.to)) return settings.to;
    return languages[0] ?? this.session.chatLanguage;
  }

  get methods(): readonly MethodStatus[] {
    return this.session.target(this.to)?.methods ?? [];
  }

  /** The chosen method or, where it does not support the language, one that does. */
  get method(): Method {
    const { method } = this.settings;
    const usable = this.session.available(this.to).map(({ method }) => method);
    if (usable.length === 0 || usable.includes(method)) return method;
    return FALLBACK_METHODS.find((method) => usable.includes(method)) ?? usable[0] ?? method;
  }

  /** Why no summary can be made right now; null if one can. */
  get disabledReason(): string | null {
    const t = messages().summary;
    if (!this.model?.complete || this.session.download) return t.needsModel;
    return this.chat.visible.some(({ text }) => text.trim() !== "") ? null : t.needsText;
  }

  change(settings: Partial<Settings>): void {
    const [model, backend] = [this.model?.id, this.session.backend];
    this.settings = { ...this.settings, ...settings };
    writeSettings(this.settings);
    this.apply();
    const reload = this.model?.complete && (this.model.id !== model || this.session.backend !== backend);
    if (reload) void this.tasks.guard(() => this.loadModel());
  }

  /** Chooses the summary's language. The chat's own language means that nothing is translated. */
  chooseLanguage(to: string): void {
    this.change(to === this.session.chatLanguage ? { task: "summarize" } : { task: "translate", to });
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

  /** Changes the chat by `change`. What was summarised is no longer this chat, so the summary is forgotten. */
  edit(change: () => void): void {
    this.tasks.stop();
    this.summaries.forget();
    change();
  }

  /** Summarises the chat or, in the comparing mode, compares all methods on it. */
  async summarize(): Promise<void> {
    if (this.settings.mode === "single") return this.summaries.summarizeChat();
    const methods = this.session.available(this.to).map(({ method }) => method);
    return this.comparison.compare(methods, 0);
  }

  /** Summarises a replayed chat if it is time for that, and pauses the replay meanwhile. */
  private replayed(replay: Replay): void {
    const { replaySummary, replayEvery } = this.settings;
    const due = replay.finished
      ? replaySummary !== "never"
      : replaySummary === "every" && replay.position % replayEvery === 0;
    if (!due || this.disabledReason !== null) return;
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
    this.chat.openFirst();
  }
}
