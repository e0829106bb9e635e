// What the reader can do, and what it comes to: the only place that knows both the engine and the page.
import type { ReactiveControllerHost } from "lit";
import { messages, setUiLanguage } from "../../i18n";
import type { ExaminedAdapter, MethodStatus, ModelStatus, OwnAdapter } from "../../protocol";
import { guardLoad, wasInterrupted } from "../browser/crash-guard";
import { persistStorage, whenIdle } from "../browser/device";
import { install } from "../browser/install";
import type { PickedFiles } from "../browser/picked-files";
import { forgetTrials, fromAddress } from "../engine/backend";
import { EngineSession } from "../engine/session";
import { type Purpose, UserModels } from "../engine/user-models";
import { fromFile, fromText, type ImportSource } from "../state/chat-import";
import { CHAT_LANGUAGE, type Conversation, empty, fromDialogue } from "../state/conversation";
import { type Dialogue, loadDialogues, sample } from "../state/dialogues";
import { takeShared } from "../state/drafts";
import { type Experiment, runExperiment } from "../state/experiment";
import type { Replay } from "../state/replay";
import { sampleOf } from "../state/samples";
import { forgetSettings, readSettings, type Settings, writeSettings } from "../state/settings";
import { decodeLink, isLink, LinkError } from "../state/share-link";
import { blank, type Summary, summarize } from "../state/summary";
import { ChatController } from "./chat-controller";
import { TaskRunner } from "./task-runner";

export type ViewName = "chats" | "chat" | "compare" | "models" | "settings";

/** What the page does for the controller. */
export interface View {
  show(view: ViewName): void;
  /** Opens the import dialog, with `source` if there is one already. */
  showImport(source?: ImportSource): void;
  /** Brings the end of the conversation into sight. */
  follow(): void;
}

/** A summary read back in the chat's language. */
export interface BackTranslation {
  text: string;
  running: boolean;
}

/** Methods to fall back to, where the one in the settings is not for a language. */
const preferred = ["projection", "two-step", "primary"];

export class Controller {
  readonly session: EngineSession;
  readonly userModels: UserModels;
  readonly tasks: TaskRunner;
  readonly chat: ChatController;
  settings = readSettings();
  dialogues: readonly Dialogue[] = [];
  experiment: Experiment | null = null;
  backTranslation: BackTranslation | null = null;
  /** What a screen reader is told once something is done. */
  announcement = "";
  persisted = false;
  /** Whether the browser has said no to keeping what is stored. */
  refused = false;
  /** Whether the browser ended the page while it loaded the model last time. */
  interrupted = false;
  private made: Summary | null = null;
  private examples: Promise<void> | null = null;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly view: View,
    startWorker: () => Worker,
  ) {
    this.session = new EngineSession(host, startWorker);
    this.userModels = new UserModels(host, this.session);
    this.tasks = new TaskRunner(host);
    this.chat = new ChatController(host, (replay) => this.replayed(replay));
    this.apply();
  }

  async begin(): Promise<void> {
    await this.loadExamples();
    await this.followFragment();
    // A browser that has no store has no draft either.
    if (!(await this.chat.restore().catch(() => false)) && this.chat.conversation === empty) this.openFirst();
    this.persisted = (await navigator.storage?.persisted?.()) ?? false;
    await whenIdle(); // the engine's start would slow down that of the page
    await this.session.refresh();
    this.interrupted = wasInterrupted();
    if (this.model?.complete && !this.interrupted) await this.load();
  }

  /** Links may come in before the examples have: whoever needs them waits. */
  private loadExamples(): Promise<void> {
    this.examples ??= loadDialogues().then((dialogues) => {
      this.dialogues = dialogues;
    });
    return this.examples;
  }

  get model(): ModelStatus | undefined {
    return this.session.model(this.settings.model);
  }

  get languages(): string[] {
    return this.session.loaded?.targets.map(({ language }) => language) ?? [];
  }

  /** Language of the summary. */
  get to(): string {
    if (this.settings.task === "summarize") return CHAT_LANGUAGE;
    const { languages } = this;
    return languages.length === 0 || languages.includes(this.settings.to)
      ? this.settings.to
      : (languages[0] ?? CHAT_LANGUAGE);
  }

  get methods(): readonly MethodStatus[] {
    return this.session.target(this.to)?.methods ?? [];
  }

  /** The method that is set, or where that is not for this language, the first of those that are. */
  get method(): string {
    const usable = this.session.available(this.to).map(({ method }) => method);
    if (usable.length === 0 || usable.includes(this.settings.method)) return this.settings.method;
    return preferred.find((method) => usable.includes(method)) ?? usable[0] ?? this.settings.method;
  }

  /** Why no summary can be made right now. */
  get disabledReason(): string | null {
    const t = messages().summary;
    if (!this.model?.complete || this.session.download) return t.needsModel;
    return this.chat.visible.some(({ text }) => text.trim() !== "") ? null : t.needsText;
  }

  /** The summary of the chat that is open; before there is a model, a sample. */
  get summary(): Summary | null {
    if (this.made) return this.made;
    return this.session.models.length > 0 && !this.model?.complete && !this.chat.replay
      ? sampleOf(this.chat.conversation.example, this.to)
      : null;
  }

  change(settings: Partial<Settings>): void {
    const [model, backend] = [this.model?.id, this.session.backend];
    this.settings = { ...this.settings, ...settings };
    writeSettings(this.settings);
    this.apply();
    if (this.model?.complete && (this.model.id !== model || this.session.backend !== backend))
      void this.tasks.guard(() => this.load());
  }

  /** English is the chat's own language: choosing it asks for no translation. */
  chooseLanguage(to: string): void {
    this.change(to === CHAT_LANGUAGE ? { task: "summarize" } : { task: "translate", to });
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

  /** Opens what the address names: a link's chat, what was shared with the app, or one of the manifest's shortcuts. */
  async followFragment(): Promise<boolean> {
    await this.loadExamples();
    const fragment = location.hash; // only now: another call may have followed it meanwhile
    if (fragment.length <= 1) return false;
    history.replaceState(history.state, "", location.pathname + location.search);
    if (fragment === "#random") return this.openRandom();
    if (fragment === "#import") this.view.showImport();
    if (fragment === "#shared") {
      const shared = await takeShared();
      if (shared?.files[0]) this.view.showImport(await fromFile(shared.files[0]));
      else if (shared?.text) this.view.showImport(fromText(shared.text));
    }
    return isLink(fragment) ? this.openLink(fragment).catch((cause: unknown) => this.refuse(cause)) : false;
  }

  private async openLink(fragment: string): Promise<boolean> {
    const link = await decodeLink(fragment);
    if (link.chat)
      this.open(() => this.chat.openLines(link.chat?.title || messages().chat.shared, link.chat?.lines ?? [], "link"));
    else {
      const dialogue = this.dialogues.find(({ id }) => id === link.example);
      if (!dialogue) throw new LinkError("unknown");
      this.openExample(dialogue);
    }
    const { method, task, to } = link;
    this.change({ ...(method && { method }), ...(task && { task }), ...(to && { to }) });
    return true;
  }

  /** A link that cannot be opened is told of; the page goes on without it. */
  private refuse(cause: unknown): boolean {
    const text = cause instanceof LinkError ? messages().shareLink.faults[cause.fault] : String(cause);
    this.tasks.report("input", text);
    return false;
  }

  private openFirst(): void {
    if (this.dialogues[0]) this.chat.openExample(this.dialogues[0]);
  }

  openExample(dialogue: Dialogue): void {
    this.open(() => this.chat.openExample(dialogue));
  }

  openRandom(): boolean {
    const [dialogue] = sample(this.dialogues, 1);
    if (dialogue) this.openExample(dialogue);
    return dialogue !== undefined;
  }

  /** Opens another chat: what was made of the one before goes. */
  open(opening: () => void): void {
    this.tasks.stop();
    this.forgetSummary();
    opening();
    this.view.show("chat");
    this.view.follow();
  }

  /** A chat that was changed is no longer what was summarised. */
  edit(change: () => void): void {
    this.tasks.stop();
    this.forgetSummary();
    change();
  }

  private forgetSummary(): void {
    this.made = this.backTranslation = null;
    this.announcement = "";
  }

  async download(model: ModelStatus): Promise<void> {
    this.requestPersistence();
    this.change({ model: model.id });
    await this.tasks.guard(async () => {
      await this.session.fetchModel(model);
      await this.load();
    });
  }

  /** Copies a model from a file, fetches what belongs to it, and takes it into use. */
  async importModel(file: File): Promise<void> {
    this.requestPersistence();
    await this.tasks.guard(async () => this.useAdded(await this.userModels.importModel(file)));
  }

  async addAddress(address: string): Promise<void> {
    this.requestPersistence();
    await this.tasks.guard(async () => this.useAdded(await this.userModels.addAddress(address)));
  }

  private async useAdded(id: string): Promise<void> {
    const model = this.session.models.find((model) => model.id === id);
    if (!model) return;
    if (!model.complete) await this.session.fetchModel(model);
    this.change({ model: id });
    await this.load();
  }

  /** What the files are, if they fit the model in use. */
  async examineAdapter(picked: PickedFiles): Promise<ExaminedAdapter> {
    await this.load();
    return this.userModels.examine(this.model?.id ?? "", picked);
  }

  async addAdapter(picked: PickedFiles, purpose: Purpose): Promise<void> {
    this.requestPersistence();
    await this.load();
    await this.userModels.addAdapter(this.model?.id ?? "", picked, purpose);
  }

  async removeAdapter({ id, name }: OwnAdapter, model: ModelStatus): Promise<void> {
    if (!confirm(messages().models.confirmAdapter(name))) return;
    await this.tasks.guard(async () => {
      await this.userModels.removeAdapter(id);
      if (this.session.loaded?.model !== model.id) return;
      this.session.replaceLoaded(null);
      await this.load();
    });
  }

  /** Asked for on the tap itself: browsers weigh the reader's gesture. */
  requestPersistence(): void {
    void persistStorage().then((kept) => {
      [this.persisted, this.refused] = [kept, !kept];
      this.host.requestUpdate();
    });
  }

  private async load(): Promise<void> {
    const model = this.model;
    if (!model) return;
    this.interrupted = false;
    await guardLoad(() => this.session.ensureLoaded(model.id));
  }

  async remove(model: ModelStatus): Promise<void> {
    if (confirm(messages().models.confirmDelete(model.name)))
      await this.tasks.guard(() => this.session.remove(model.id));
  }

  async removeEverything(): Promise<void> {
    if (!confirm(messages().models.confirmEverything)) return;
    await this.tasks.guard(async () => {
      await this.session.remove(null);
      await this.chat.forget();
      forgetSettings();
      forgetTrials();
      this.settings = readSettings();
      this.apply();
      this.forgetSummary();
      this.experiment = null;
      this.openFirst();
      this.announcement = messages().models.everythingDeleted;
    });
  }

  async summarizeChat(): Promise<void> {
    if (this.settings.mode === "compare")
      return this.compare(
        this.session.available(this.to).map(({ method }) => method),
        0,
      );
    this.forgetSummary();
    this.view.follow();
    await this.tasks.run(async (signal) => {
      this.show(blank(this.to, this.method));
      try {
        await this.load(); // so that language and method are ones that it has
        signal.throwIfAborted();
        const {
          to,
          method,
          settings: { maxTokens, temperature },
          chat: { conversation, visible },
        } = this;
        const whole = visible.length === conversation.messages.length;
        const reference = whole ? (conversation.reference?.[to] ?? null) : null;
        const request = {
          model: this.model?.id ?? "",
          messages: visible,
          to,
          method,
          maxTokens,
          temperature,
          reference,
        };
        await summarize(
          this.session,
          request,
          (summary) => {
            if (!signal.aborted) this.show(summary);
          },
          signal,
        );
        this.announcement = messages().summary.ready;
        install.offer();
      } finally {
        // Another chat may be open by now: what was left of its summary is not put back.
        if (this.made) this.show(this.made.text === "" ? null : { ...this.made, running: false, activity: null });
        if (signal.aborted) this.announcement = messages().summary.stopped;
      }
    });
  }

  private show(summary: Summary | null): void {
    this.made = summary;
    this.host.requestUpdate();
  }

  async readBack(): Promise<void> {
    const { summary } = this;
    if (!summary) return;
    await this.tasks.run(async (signal) => {
      const set = (text: string, running: boolean): void => {
        this.backTranslation = { text, running };
        this.host.requestUpdate();
      };
      set("", true);
      const action = {
        action: "translate" as const,
        text: summary.text.trim(),
        from: summary.language,
        to: CHAT_LANGUAGE,
        maxTokens: this.settings.maxTokens,
      };
      try {
        await this.session.ask("done", action, {
          signal,
          onEvent: (event) => {
            if (event.type === "delta") set((this.backTranslation?.text ?? "") + event.text, true);
            if (event.type === "notice" && event.kind === "restarted") set("", true);
          },
        });
      } finally {
        set(this.backTranslation?.text ?? "", false);
      }
    });
  }

  /** Compares `methods` on the chat at hand, or on so many random examples. */
  async compare(methods: readonly string[], examples: number): Promise<void> {
    this.view.show("compare");
    this.announcement = "";
    const here: Conversation = { ...this.chat.conversation, messages: this.chat.visible };
    const chats = examples > 0 ? sample(this.dialogues, examples).map(fromDialogue) : [here];
    await this.tasks.run(async (signal) => {
      try {
        await this.load();
        const chosen = this.session.available(this.to).filter(({ method }) => methods.includes(method));
        const plan = {
          model: this.model?.id ?? "",
          to: this.to,
          methods: chosen,
          chats,
          maxTokens: this.settings.maxTokens,
        };
        const show = (experiment: Experiment): void => {
          this.experiment = experiment;
          this.host.requestUpdate();
        };
        await runExperiment(this.session, plan, show, signal);
        this.announcement = messages().compare.done;
      } finally {
        if (signal.aborted) this.announcement = messages().compare.stopped(this.experiment?.runs.length ?? 0);
      }
    });
  }

  /** A replay has shown another message: it may be time for a summary, for which it waits. */
  private replayed(replay: Replay): void {
    const { replaySummary, replayEvery } = this.settings;
    const due = replay.finished
      ? replaySummary !== "never"
      : replaySummary === "every" && replay.position % replayEvery === 0;
    if (!due || this.disabledReason !== null) return;
    if (!replay.finished) replay.pause();
    void this.summarizeChat().then(() => {
      if (this.chat.replay === replay && !replay.finished) replay.start();
    });
  }
}
