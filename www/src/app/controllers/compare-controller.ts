// Experiments: several methods on the same chats.
import { languageName, messages } from "../../i18n";
import type { Method } from "../../protocol";
import { EngineError } from "../engine/client";
import { type Conversation, fromDialogue } from "../state/conversation";
import { sample } from "../state/dialogues";
import { type Experiment, runExperiment } from "../state/experiment";
import type { Context } from "./context";

export class CompareController {
  experiment: Experiment | null = null;

  constructor(private readonly app: Context) {}

  /**
   * Compares `methods`, with null all that can be used, on the open chat or, if `examples` is not 0, on so many random
   * examples in its language.
   */
  async compare(methods: readonly Method[] | null, examples: number): Promise<void> {
    const { app } = this;
    const { chat } = app;
    app.view.show("compare");
    app.announcement = "";
    const open: Conversation = { ...chat.conversation, messages: chat.visible };
    await app.tasks.run(async (signal) => {
      try {
        await chat.knowLanguage();
        await app.loadModel();
        const { form, from, to } = app;
        const chats = examples > 0 ? sample(await chat.examplesIn(from), examples).map(fromDialogue) : [open];
        const { maxTokens } = app.settings;
        const usable = app.session.available(from, to, form);
        const chosen = methods === null ? usable : usable.filter(({ method }) => methods.includes(method));
        const t = messages();
        if (chats.length === 0) throw new EngineError("input", t.compare.noExamples(languageName(from)));
        if (usable.length === 0) throw new EngineError("input", t.summary.noAdapters(languageName(from)));
        if (chosen.length === 0) throw new EngineError("input", t.compare.noMethods);
        const plan = { model: app.model?.id ?? "", from, to, form, methods: chosen, chats, maxTokens };
        await runExperiment(app.session, plan, (experiment) => this.show(experiment), signal);
        app.announcement = messages().compare.done;
      } finally {
        if (signal.aborted) app.announcement = messages().compare.stopped(this.experiment?.runs.length ?? 0);
      }
    });
  }

  forget(): void {
    this.experiment = null;
  }

  private show(experiment: Experiment): void {
    this.experiment = experiment;
    this.app.host.requestUpdate();
  }
}
