// The page: its views and dialogs, and which method of the controllers answers which event.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import startWorker from "#worker?worker";
import type { Form, Method, ModelStatus, StoredAdapter } from "../protocol";
import "../ui/action-bar";
import type { AdapterDialog } from "../ui/adapter-dialog";
import "../ui/chat-list";
import "../ui/chat-view";
import type { ChatView, ReplayState } from "../ui/chat-view";
import type { Comparison } from "../ui/compare-view";
import { Component } from "../ui/component";
import { type Icon, icon } from "../ui/icons";
import type { ImportDialog } from "../ui/import-dialog";
import type { ShareDialog } from "../ui/share-dialog";
import { base } from "../ui/styles";
import "../ui/summary-card";
import "../ui/welcome-card";
import { whenIdle } from "./browser/device";
import { install } from "./browser/install";
import { update } from "./browser/update";
import type { ChatController } from "./controllers/chat-controller";
import type { ViewName } from "./controllers/context";
import { Controller } from "./controllers/controller";
import type { Problem } from "./controllers/task-runner";
import type { Need } from "./engine/need";
import { frame } from "./frame";
import { readChat } from "./state/chat-import";
import type { Lines } from "./state/conversation";
import type { ReplaySpeed } from "./state/replay";
import { sampleModel } from "./state/samples";
import type { Settings } from "./state/settings";

const tabs = [
  ["chat", "chat"],
  ["compare", "compare"],
  ["models", "model"],
  ["settings", "settings"],
] as const satisfies [ViewName, Icon][];

type NewMessage = Parameters<ChatController["add"]>[0];
type EditedMessage = Parameters<ChatController["edit"]>[0];

/** Matches where the list of chats stands beside the view (frame.ts). */
const wide = matchMedia("(min-width: 60rem)");

/** Returns a listener that calls `handle` with what a component's event carries. */
const on =
  <T>(handle: (detail: T) => unknown) =>
  (event: Event): void =>
    void handle((event as CustomEvent<T>).detail);

@customElement("gist-app")
export class GistApp extends Component {
  static override styles = [base, frame];
  @state() private view: ViewName = "chat";
  /** Whether the list of chats was ever in sight. A phone starts sooner without its hundred entries. */
  private listed = false;
  @query("chat-view") private chatView!: ChatView | null;
  @query("import-dialog") private importDialog!: ImportDialog;
  @query("adapter-dialog") private adapterDialog!: AdapterDialog;
  @query("share-dialog") private shareDialog!: ShareDialog;
  private readonly app = new Controller(
    this,
    {
      show: (view) => this.show(view),
      showImport: (source) =>
        void this.loadRest().then(() => (source ? this.importDialog.take(source) : this.importDialog.show())),
      follow: () => void this.updateComplete.then(() => this.chatView?.toEnd(true)),
    },
    () => new startWorker(),
  );

  override connectedCallback(): void {
    super.connectedCallback();
    const { tasks, links } = this.app;
    install.onChange(() => this.requestUpdate());
    update.onChange(() => this.requestUpdate());
    addEventListener("hashchange", () => {
      // Removing the fragment from the address is a change too, but nothing to follow.
      if (location.hash.length > 1) void tasks.guard(async () => void (await links.followFragment()));
    });
    wide.addEventListener("change", () => this.requestUpdate());
    addEventListener("popstate", ({ state }: PopStateEvent) => {
      this.view = (state as { view?: ViewName } | null)?.view ?? "chat";
    });
    void tasks.guard(() => this.app.begin());
    void tasks.guard(async () => {
      await whenIdle();
      await this.loadRest();
    });
  }

  /** Defers the first rendering, so that it is not part of the task that defines the components. */
  protected override async scheduleUpdate(): Promise<void> {
    if (!this.hasUpdated) await new Promise((resolve) => setTimeout(resolve));
    super.scheduleUpdate();
  }

  /** Loads the dialogs and views that the first sight of the page does without. */
  private async loadRest(): Promise<void> {
    await import("./lazy-components");
    await this.updateComplete;
  }

  private async open(dialog: () => { show(): Promise<void> }): Promise<void> {
    await this.loadRest();
    await dialog().show();
  }

  /** Shows a view and adds it to the browser's history, so that Back leaves it. */
  private show(view: ViewName): void {
    if (view !== this.view) history.pushState({ view }, "");
    this.view = view;
  }

  override render(): TemplateResult {
    this.listed ||= wide.matches || this.view === "chats";
    return html`<div class="frame" data-view=${this.view}>
      <main>
        ${this.renderSide()}
        <div class="pane">${this.renderBanners()}${this.renderView()}</div>
      </main>
      ${this.renderTabs()}
      <p class="visually-hidden" role="status">${this.app.announcement}</p>
    </div>
    ${this.renderDialogs()}`;
  }

  private renderSide() {
    const isView = this.view === "chats";
    return html`<section class="side" aria-label=${this.t.chats.title}>
      <div class="brand">
        <img src="./icon-192.png" alt="" width="36" height="36" loading="lazy">
        <span role=${isView ? "heading" : nothing} aria-level=${isView ? "1" : nothing}>Pocket Gist</span>
      </div>
      ${this.listed ? this.renderChatList() : nothing}
    </section>`;
  }

  private renderChatList() {
    const { app } = this;
    const { chat } = app;
    const openExample = (id: string): void => {
      const dialogue = chat.dialogues.find((dialogue) => dialogue.id === id);
      if (dialogue) app.openExample(dialogue);
    };
    return html`<chat-list
      .dialogues=${chat.dialogues}
      .own=${chat.own?.title ?? null}
      .open=${chat.conversation.example}
      @import-chat=${() => this.open(() => this.importDialog)}
      @new-chat=${() => app.open(() => chat.startNew())}
      @random-chat=${() => app.openRandom()}
      @open-own=${() => app.open(() => chat.openOwn())}
      @open-example=${on(openExample)}
    ></chat-list>`;
  }

  private renderTabs() {
    const current = this.view === "chats" ? "chat" : this.view;
    return html`<nav aria-label=${this.t.nav.label}>
      ${tabs.map(
        ([view, name]) => html`<button
          aria-current=${view === current ? "page" : "false"}
          @click=${() => this.show(view)}
        >${icon(name)}<span>${this.t.nav[view]}</span></button>`,
      )}
    </nav>`;
  }

  private renderDialogs() {
    const { app, t } = this;
    const { chat, models } = app;
    const { engine } = app.session;
    const read: ImportDialog["read"] = (...args) => readChat(app.session, ...args);
    const examine: AdapterDialog["examine"] = (...args) => models.examineAdapter(...args);
    const add: AdapterDialog["add"] = (...args) => models.addAdapter(...args);
    // A choice that the sender has left to the page is left to that of whoever opens the link.
    const { method, to } = app.settings;
    const chosen = { ...(method !== "auto" && { method }), ...(to !== "auto" && { to }) };
    const openImported = ({ title, messages }: { title: string; messages: Lines }): void =>
      app.open(() => chat.openLines(title || t.chat.imported, messages));
    return html`
      <import-dialog
        .read=${read}
        .maxBytes=${engine?.maxImportBytes ?? Number.POSITIVE_INFINITY}
        @imported=${on(openImported)}
      ></import-dialog>
      <adapter-dialog
        .languages=${app.languages}
        .chatLanguage=${app.from}
        .summaryLanguage=${app.to}
        .model=${app.model?.name ?? ""}
        .examine=${examine}
        .add=${add}
      ></adapter-dialog>
      <share-dialog
        .conversation=${chat.conversation}
        .choice=${chosen}
      ></share-dialog>`;
  }

  private renderBanners() {
    return html`
      ${update.waiting ? this.renderUpdate() : nothing}
      ${this.app.tasks.problem ? this.renderProblem(this.app.tasks.problem) : nothing}
      ${install.offered ? this.renderInstall() : nothing}`;
  }

  private renderUpdate() {
    const { update: t } = this.t;
    return html`<div class="banner">
      <p>${t.ready}</p>
      <button class="main" @click=${() => update.accept()}>${t.reload}</button>
    </div>`;
  }

  private renderProblem({ kind, text, retry }: Problem) {
    const { t } = this;
    return html`<div class="banner problem" role="alert">
      <p><b>${t.faults[kind]}</b>${text}</p>
      ${retry ? html`<button @click=${retry}>${t.tryAgain}</button>` : nothing}
      <button class="icon" aria-label=${t.close} @click=${() => this.app.tasks.dismiss()}>${icon("close")}</button>
    </div>`;
  }

  private renderInstall() {
    const { install: t } = this.t;
    return html`<div class="banner">
      <p>${t.offer}</p>
      <button class="main" @click=${() => this.install()}>${t.install}</button>
      <button @click=${() => install.dismiss()}>${t.notNow}</button>
    </div>`;
  }

  /** Installs the app, and asks again for lasting storage: browsers grant it to installed apps more often. */
  private async install(): Promise<void> {
    const { models } = this.app;
    if ((await install.accept()) && !models.persisted) models.requestPersistence();
  }

  private renderView() {
    switch (this.view) {
      case "chats":
      case "chat":
        return this.renderChat();
      case "compare":
        return this.renderCompare();
      case "models":
        return this.renderModels();
      case "settings":
        return this.renderSettings();
    }
  }

  /** What the user should know of the open chat. */
  private get chatNotice(): string {
    const { app, t } = this;
    if (app.models.interrupted) return t.models.interrupted;
    if (app.chat.provenance === "link") return t.chat.foreign;
    return app.chat.provenance === "restored" ? t.chat.restored : "";
  }

  private renderChat() {
    const { app } = this;
    const { chat, settings } = app;
    const replay: ReplayState | null = chat.replay
      ? { position: chat.replay.position, typing: chat.replay.typing, paused: chat.replay.paused, speed: chat.speed }
      : null;
    const setSpeed = (replaySpeed: ReplaySpeed): void => {
      chat.setSpeed(replaySpeed);
      app.change({ replaySpeed });
    };
    return html`<div class="view chat">
      <chat-view
        .conversation=${chat.conversation}
        .me=${settings.me}
        .replay=${replay}
        .notice=${this.chatNotice}
        ?editing=${chat.editing}
        @show-chats=${() => this.show("chats")}
        @share-chat=${() => this.open(() => this.shareDialog)}
        @toggle-edit=${() => chat.toggleEditing()}
        @edit-message=${on<EditedMessage>((message) => app.edit(() => chat.edit(message)))}
        @delete-message=${on<{ id: number }>((message) => app.edit(() => chat.remove(message)))}
        @start-replay=${() => app.edit(() => chat.startReplay())}
        @toggle-replay=${() => chat.toggleReplay()}
        @skip-replay=${() => chat.replay?.skip()}
        @replay-speed=${on(setSpeed)}
      >
        ${this.renderWelcome()}
        ${this.renderSummary()}
      </chat-view>
      ${this.renderActionBar()}
    </div>`;
  }

  private renderWelcome() {
    const { model, models, session } = this.app;
    if (!model || model.complete) return nothing;
    return html`<welcome-card
      .model=${model}
      .needed=${this.app.needWith(model)?.bytes ?? 0}
      .download=${session.download}
      .notices=${session.notices}
      @download=${on<ModelStatus>((model) => models.download(model))}
      @pause-download=${() => session.stopDownload()}
    ></welcome-card>`;
  }

  private renderSummary() {
    const { chat, session, summaries } = this.app;
    const summary = summaries.shown;
    if (!summary) return nothing;
    const extras = this.app.extrasOf(summary);
    const reference =
      summary.running || summary.form !== "gist" ? null : (chat.conversation.reference?.[summary.language] ?? null);
    return html`<summary-card
      .summary=${summary}
      .reference=${reference}
      .forms=${summary.sample ? [] : this.app.forms}
      .backTranslation=${summaries.backTranslation}
      .noWayBack=${session.direction(summary.from, summary.language, summary.form)?.wayBack.unavailable ?? null}
      .wayBack=${extras.wayBack}
      .oneOfParts=${extras.oneOfParts}
      .download=${session.download}
      .sampleModel=${sampleModel}
      @choose-form=${on<Form>((form) => this.app.chooseForm(form))}
      @read-back=${() => summaries.readBack()}
      @download-need=${on<Need>((need) => this.app.models.add(need))}
      @pause-download=${() => session.stopDownload()}
    ></summary-card>`;
  }

  private renderActionBar() {
    const { app } = this;
    const { chat } = app;
    return html`<action-bar
      .languages=${app.languages}
      .targets=${app.targets}
      .methods=${app.methods}
      .from=${chat.conversation.language}
      .to=${app.to}
      .method=${app.method ?? ""}
      ?byDefault=${app.isDefaultMethod}
      .need=${app.model?.complete ? app.need : null}
      .download=${app.session.download}
      .languageNotice=${app.languageNotice}
      .me=${app.settings.me}
      .disabledReason=${app.disabledReason}
      ?running=${app.tasks.running}
      ?editing=${chat.editing}
      @choose-chat-language=${on<string>((code) => app.chooseChatLanguage(code))}
      @choose-language=${on<string>((to) => app.change({ to }))}
      @choose-method=${on<Method>((method) => app.change({ method }))}
      @summarize=${() => app.summarize()}
      @download-need=${on<Need>((need) => app.models.add(need))}
      @pause-download=${() => app.session.stopDownload()}
      @stop=${() => app.tasks.stop()}
      @add-message=${on<NewMessage>((message) => app.edit(() => chat.add(message)))}
    ></action-bar>`;
  }

  private renderCompare() {
    const { app } = this;
    return html`<compare-view
      class="view"
      .methods=${app.methods}
      .chatTitle=${app.chat.conversation.title || this.t.chat.untitled}
      .alike=${app.chat.dialogues.filter(({ lang }) => lang === app.from).length}
      .disabledReason=${app.disabledReason}
      .experiment=${app.comparison.experiment}
      ?downloading=${app.session.download !== null}
      ?busy=${app.tasks.running}
      @download-method=${on<{ method: Method; bytes: number }>(({ method, bytes }) => app.models.add(app.needBy(method, bytes)))}
      @compare=${on<Comparison>(({ methods, examples }) => app.comparison.compare(methods, examples))}
      @stop=${() => app.tasks.stop()}
    ></compare-view>`;
  }

  private renderModels() {
    const { app } = this;
    const { models, session, tasks } = app;
    const { incoming, examining } = models.userModels;
    return html`<models-view
      class="view"
      .models=${session.models}
      .storage=${session.storage}
      .leftover=${session.leftover}
      .download=${session.download}
      .notices=${session.notices}
      .needed=${(model: ModelStatus): number => app.needWith(model)?.bytes ?? 0}
      .chosen=${app.model?.id ?? ""}
      .incoming=${incoming}
      ?examining=${examining}
      ?persisted=${models.persisted}
      ?refused=${models.refused}
      ?busy=${tasks.running || examining || incoming !== null}
      @use-model=${on<ModelStatus>(({ id }) => app.change({ model: id }))}
      @download=${on<ModelStatus>((model) => models.download(model))}
      @pause-download=${() => session.stopDownload()}
      @import-model=${on<File>((file) => models.importModel(file))}
      @add-address=${on<string>((address) => models.addAddress(address))}
      @stop-import=${() => models.userModels.stop()}
      @add-adapter=${() => this.open(() => this.adapterDialog)}
      @download-need=${on<Need>((need) => models.add(need))}
      @delete-adapter=${on<StoredAdapter>((adapter) => models.removeAdapter(adapter))}
      @delete-model=${on<ModelStatus>((model) => models.remove(model))}
      @delete-leftovers=${() => tasks.guard(() => session.removeLeftovers())}
      @delete-everything=${() => models.removeEverything()}
      @persist=${() => models.requestPersistence()}
    ></models-view>`;
  }

  private renderSettings() {
    const { app } = this;
    return html`<settings-view
      class="view"
      .settings=${app.settings}
      .languages=${app.languages}
      .methods=${app.methods}
      .placement=${app.session.placement}
      @change-settings=${on<Partial<Settings>>((settings) => app.change(settings))}
    ></settings-view>`;
  }
}
