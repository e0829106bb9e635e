// The summary of the open chat, and its translation back into the chat's language.
import { languageName, messages } from "../../i18n";
import type { Action, Form } from "../../protocol";
import { install } from "../browser/install";
import { EngineError, type EngineEvent } from "../engine/client";
import { sampleOf } from "../state/samples";
import { type BackTranslation, blank, type Summary, summarize } from "../state/summary";
import type { Context } from "./context";

export class SummaryController {
  /** The summary that was made here, or as much of it as is written. */
  summary: Summary | null = null;
  backTranslation: BackTranslation | null = null;
  /** The finished summaries of the open chat, the last one of each form. */
  private made: Summary[] = [];

  constructor(private readonly app: Context) {}

  /** The summary to show: the one made here or, before there is what it takes, a sample. */
  get shown(): Summary | null {
    const { session, model, need, chat, to } = this.app;
    if (this.summary) return this.summary;
    const isMissing = session.models.length > 0 && (!model?.complete || need !== null);
    return isMissing && !chat.replay ? sampleOf(chat.conversation.example, to) : null;
  }

  /** Summarises the messages in sight. */
  async summarizeChat(): Promise<void> {
    const { app } = this;
    const made = this.made.filter(({ form }) => form !== app.form);
    this.forget();
    this.made = made;
    app.view.follow();
    await app.tasks.run(async (signal) => {
      this.show(blank(app.from, app.to, app.form));
      try {
        await app.chat.knowLanguage();
        await app.loadModel(); // first, so that language and method are ones that the model has
        signal.throwIfAborted();
        if (app.need) throw new EngineError("input", messages().summary.needsFiles);
        const onChange = (summary: Summary): void => {
          if (!signal.aborted) this.show(summary);
        };
        await summarize(app.session, this.request(), onChange, signal);
        if (this.summary) this.made.push(this.summary);
        app.announcement = messages().summary.ready;
        install.offer();
      } finally {
        // If another chat was opened meanwhile, `summary` is null: what was written is not put back.
        if (this.summary)
          this.show(this.summary.text === "" ? null : { ...this.summary, running: false, activity: null, draft: null });
        if (signal.aborted) app.announcement = messages().summary.stopped;
      }
    });
  }

  private request() {
    const { chat, form, from, method, model, settings, to } = this.app;
    if (method === null) throw new Error(messages().summary.noAdapters(languageName(from)));
    const { conversation, visible } = chat;
    const whole = visible.length === conversation.messages.length;
    return {
      model: model?.id ?? "",
      messages: visible,
      from,
      to,
      form,
      method,
      maxTokens: settings.maxTokens,
      temperature: settings.temperature,
      careful: settings.care === "careful",
      // A person's summary is the gist of the whole chat.
      reference: whole && form === "gist" ? (conversation.reference?.[to] ?? null) : null,
    };
  }

  /** Translates the summary back into the chat's language. */
  async readBack(): Promise<void> {
    const { app, shown: summary } = this;
    if (!summary) return;
    await app.tasks.run(async (signal) => {
      const set = (text: string, running: boolean): void => {
        this.backTranslation = { text, running };
        app.host.requestUpdate();
      };
      set("", true);
      const action: Action = {
        action: "translate",
        text: summary.text.trim(),
        from: summary.language,
        to: summary.from,
        maxTokens: app.settings.maxTokens,
      };
      const onEvent = (event: EngineEvent): void => {
        if (event.type === "delta") set((this.backTranslation?.text ?? "") + event.text, true);
        if (event.type === "rewritten") set(event.text, true);
        if (event.type === "notice" && event.kind === "restarted") set("", true);
      };
      try {
        await app.session.ask("done", action, { signal, onEvent });
      } finally {
        set(this.backTranslation?.text ?? "", false);
      }
    });
  }

  /**
   * Shows the summary of `form` that was made of this chat before, in the language that is wanted now; false if none
   * was.
   */
  recall(form: Form): boolean {
    const { from, to } = this.app;
    const made = this.made.find((each) => each.form === form && each.from === from && each.language === to);
    if (!made) return false;
    this.backTranslation = null;
    this.show(made);
    return true;
  }

  /** Drops the summaries and what was said of them, because the chat is another now. */
  forget(): void {
    this.summary = this.backTranslation = null;
    this.made = [];
    this.app.announcement = "";
  }

  private show(summary: Summary | null): void {
    this.summary = summary;
    this.app.host.requestUpdate();
  }
}
