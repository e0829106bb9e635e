// The page: views, dialogs, and which of the controller's methods answers which event.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import startWorker from "#worker?worker";
import type { ModelStatus, OwnAdapter } from "../protocol";
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
import { Controller, type ViewName } from "./controllers/controller";
import { frame } from "./frame";
import { readChat } from "./state/chat-import";
import { CHAT_LANGUAGE, type Lines } from "./state/conversation";
import type { ReplaySpeed } from "./state/replay";
import { sampleModel } from "./state/samples";
import type { Settings } from "./state/settings";

const tabs: [ViewName, Icon][] = [
  ["chat", "chat"],
  ["compare", "compare"],
  ["models", "model"],
  ["settings", "settings"],
];
/** Whether the chats stand beside the view (frame.ts). */
const wide = matchMedia("(min-width: 60rem)");
const detail = <T>(event: Event): T => (event as CustomEvent<T>).detail;

@customElement("gist-app")
export class GistApp extends Component {
  static override styles = [base, frame];
  @state() private view: ViewName = "chat";
  /** Whether the list of chats was ever in sight: a phone starts sooner without its hundred entries. */
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
        void this.rest().then(() => (source ? this.importDialog.take(source) : this.importDialog.show())),
      follow: () => void this.updateComplete.then(() => this.chatView?.toEnd(true)),
    },
    () => new startWorker(),
  );

  override connectedCallback(): void {
    super.connectedCallback();
    install.onChange(() => this.requestUpdate());
    update.onChange(() => this.requestUpdate());
    // Taking a fragment out of the address is a change too, and not one to follow.
    addEventListener("hashchange", () => {
      if (location.hash.length > 1) void this.app.tasks.guard(async () => void (await this.app.followFragment()));
    });
    wide.addEventListener("change", () => this.requestUpdate());
    addEventListener("popstate", ({ state }: PopStateEvent) => {
      this.view = (state as { view?: ViewName } | null)?.view ?? "chat";
    });
    void this.app.tasks.guard(() => this.app.begin());
    void this.app.tasks.guard(async () => {
      await whenIdle();
      await this.rest();
    });
  }

  /** Defining the components and drawing them for the first time are two tasks, so that neither is long. */
  protected override async scheduleUpdate(): Promise<void> {
    if (!this.hasUpdated) await new Promise((resolve) => setTimeout(resolve));
    super.scheduleUpdate();
  }

  /** Resolves once all dialogs and views are there. */
  private async rest(): Promise<void> {
    await import("./lazy-components");
    await this.updateComplete;
  }

  /** Opens a dialog. */
  private async open(dialog: () => { show(): Promise<void> }): Promise<void> {
    await this.rest();
    await dialog().show();
  }

  /** Each view is a place that the browser's Back leaves. */
  private show(view: ViewName): void {
    if (view !== this.view) history.pushState({ view }, "");
    this.view = view;
  }

  override render(): TemplateResult {
    const { app, t } = this;
    const { chat } = app;
    this.listed ||= wide.matches || this.view === "chats";
    return html`<div class="frame" data-view=${this.view}>
      <main>
      <section class="side" aria-label=${t.chats.title}>
        <div class="brand"><img src="./icon-192.png" alt="" width="36" height="36" loading="lazy"><span role=${this.view === "chats" ? "heading" : nothing} aria-level=${this.view === "chats" ? "1" : nothing}>Pocket Gist</span></div>
        ${
          this.listed
            ? html`<chat-list .dialogues=${app.dialogues} .own=${chat.own?.title ?? null} .open=${chat.conversation.example}
          @import-chat=${() => this.open(() => this.importDialog)} @new-chat=${() => app.open(() => chat.startNew())} @random-chat=${() => app.openRandom()}
          @open-own=${() => app.open(() => chat.openOwn())}
          @open-example=${(event: Event) => {
            const found = app.dialogues.find(({ id }) => id === detail<string>(event));
            if (found) app.openExample(found);
          }}></chat-list>`
            : nothing
        }
      </section>
      <div class="pane">${this.renderBanners()}${this.renderView()}</div>
      </main>
      <nav aria-label=${t.nav.label}>${tabs.map(([view, name]) => html`<button aria-current=${this.view === view || (view === "chat" && this.view === "chats") ? "page" : "false"} @click=${() => this.show(view)}>${icon(name)}<span>${t.nav[view as "chat"]}</span></button>`)}</nav>
      <p class="visually-hidden" role="status">${app.announcement}</p>
    </div>
    <import-dialog .read=${(...args: Parameters<ImportDialog["read"]>) => readChat(app.session, ...args)}
      @imported=${(event: Event) => {
        const { title, messages } = detail<{ title: string; messages: Lines }>(event);
        app.open(() => chat.openLines(title || t.chat.imported, messages));
      }}></import-dialog>
    <adapter-dialog .model=${app.model?.name ?? ""} .examine=${(...args: Parameters<AdapterDialog["examine"]>) => app.examineAdapter(...args)} .add=${(...args: Parameters<AdapterDialog["add"]>) => app.addAdapter(...args)}></adapter-dialog>
    <share-dialog .conversation=${chat.conversation} .choice=${{ method: app.method, task: app.settings.task, to: app.settings.to }}></share-dialog>`;
  }

  private renderBanners() {
    const {
      app: { tasks },
      t,
    } = this;
    const { problem } = tasks;
    return html`
      ${update.waiting ? html`<div class="banner"><p>${t.update.ready}</p><button class="main" @click=${() => update.accept()}>${t.update.reload}</button></div>` : nothing}
      ${
        problem
          ? html`<div class="banner problem" role="alert"><p><b>${t.faults[problem.kind]}</b>${problem.text}</p>
        ${problem.retry ? html`<button @click=${problem.retry}>${t.tryAgain}</button>` : nothing}<button class="icon" aria-label=${t.close} @click=${() => tasks.dismiss()}>${icon("close")}</button></div>`
          : nothing
      }
      ${install.offered ? html`<div class="banner"><p>${t.install.offer}</p><button class="main" @click=${() => this.install()}>${t.install.install}</button><button @click=${() => install.dismiss()}>${t.install.notNow}</button></div>` : nothing}`;
  }

  /** An app that is installed may keep its storage where a page may not: the browser is asked again. */
  private async install(): Promise<void> {
    if ((await install.accept()) && !this.app.persisted) this.app.requestPersistence();
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

  private renderChat() {
    const { app, t } = this;
    const { chat, session, summary } = app;
    const replay: ReplayState | null = chat.replay
      ? { position: chat.replay.position, typing: chat.replay.typing, paused: chat.replay.paused, speed: chat.speed }
      : null;
    const notice = app.interrupted
      ? t.models.interrupted
      : chat.provenance === "link"
        ? t.chat.foreign
        : chat.provenance === "restored"
          ? t.chat.restored
          : "";
    const reference = summary && !summary.running ? (chat.conversation.reference?.[summary.language] ?? null) : null;
    return html`<div class="view chat">
      <chat-view .conversation=${chat.conversation} .me=${app.settings.me} .replay=${replay} ?editing=${chat.editing} .notice=${notice}
        @show-chats=${() => this.show("chats")} @start-replay=${() => app.edit(() => chat.startReplay())} @toggle-edit=${() => chat.toggleEditing()} @share-chat=${() => this.open(() => this.shareDialog)}
        @toggle-replay=${() => chat.toggleReplay()} @skip-replay=${() => chat.replay?.skip()}
        @replay-speed=${(event: Event) => {
          chat.setSpeed(detail<ReplaySpeed>(event));
          app.change({ replaySpeed: detail<ReplaySpeed>(event) });
        }}
        @edit-message=${(event: Event) => app.edit(() => chat.edit(detail(event)))} @delete-message=${(event: Event) => app.edit(() => chat.remove(detail(event)))}>
        ${
          app.model && !app.model.complete
            ? html`<welcome-card .model=${app.model} .download=${session.download} .notices=${session.notices}
          @download=${(event: Event) => app.download(detail<ModelStatus>(event))} @pause-download=${() => session.stopFetching()}></welcome-card>`
            : nothing
        }
        ${
          summary
            ? html`<summary-card .summary=${summary} .reference=${reference} .backTranslation=${app.backTranslation} .noWayBack=${session.target(summary.language)?.noWayBack ?? null} .sampleModel=${sampleModel}
          @read-back=${() => app.readBack()}></summary-card>`
            : nothing
        }
      </chat-view>
      <action-bar .languages=${app.languages} .methods=${app.methods} .to=${app.to} .method=${app.method} .me=${app.settings.me} .disabledReason=${app.disabledReason} ?running=${app.tasks.running} ?editing=${chat.editing}
        @choose-language=${(event: Event) => app.chooseLanguage(detail(event))} @choose-method=${(event: Event) => app.change({ method: detail(event) })}
        @summarize=${() => app.summarizeChat()} @stop=${() => app.tasks.stop()} @add-message=${(event: Event) => app.edit(() => chat.add(detail(event)))}></action-bar>
    </div>`;
  }

  private renderCompare() {
    const { app } = this;
    return html`<compare-view class="view" .methods=${app.methods} .chatTitle=${app.chat.conversation.title || this.t.chat.untitled} .disabledReason=${app.disabledReason} .experiment=${app.experiment} ?busy=${app.tasks.running}
      @compare=${(event: Event) => {
        const { methods, examples } = detail<Comparison>(event);
        void app.compare(methods, examples);
      }} @stop=${() => app.tasks.stop()}></compare-view>`;
  }

  private renderModels() {
    const { app } = this;
    const { session } = app;
    return html`<models-view class="view" .models=${session.models} .storage=${session.storage} .download=${session.download} .notices=${session.notices} .chosen=${app.model?.id ?? ""}
      .incoming=${app.userModels.incoming} ?looking=${app.userModels.looking} ?persisted=${app.persisted} ?refused=${app.refused} ?busy=${app.tasks.running || app.userModels.looking || app.userModels.incoming !== null}
      @import-model=${(event: Event) => app.importModel(detail<File>(event))} @stop-import=${() => app.userModels.stop()} @add-address=${(event: Event) => app.addAddress(detail<string>(event))}
      @add-adapter=${() => this.open(() => this.adapterDialog)} @delete-adapter=${(event: Event) => {
        const { adapter, model } = detail<{ adapter: OwnAdapter; model: ModelStatus }>(event);
        void app.removeAdapter(adapter, model);
      }}
      @download=${(event: Event) => app.download(detail<ModelStatus>(event))} @pause-download=${() => session.stopFetching()} @use-model=${(event: Event) => app.change({ model: detail<ModelStatus>(event).id })}
      @delete-model=${(event: Event) => app.remove(detail<ModelStatus>(event))} @delete-everything=${() => app.removeEverything()} @persist=${() => app.requestPersistence()}></models-view>`;
  }

  private renderSettings() {
    const { app } = this;
    return html`<settings-view class="view" .settings=${{ ...app.settings, to: app.to === CHAT_LANGUAGE ? app.settings.to : app.to, method: app.method }} .languages=${app.languages} .methods=${app.methods} .placement=${app.session.placement}
      @change-settings=${(event: Event) => app.change(detail<Partial<Settings>>(event))}></settings-view>`;
  }
}
