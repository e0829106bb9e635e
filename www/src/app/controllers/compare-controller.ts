// Experiments: several methods on the same chats.
import { messages } from "../../i18n";
import type { Method } from "../../protocol";
import { type Conversation, fromDialogue } from "../state/conversation";
import { sample } from "../state/dialogues";
import { type Experiment, runExperiment } from "../state/experiment";
import type { Context } from "./context";

export class CompareController {
  experiment: Experiment | null = null;

  constructor(private readonly app: Context) {}

  /** Compares `methods` on `examples` random examples, or with 0 on the open chat. */
  async compare(methods: readonly Method[], examples: number): Promise<void> {
    const { app } = this;
    const { chat } = app;
    app.view.show("compare");
    app.announcement = "";
    const open: Conversation = { ...chat.conversation, messages: chat.visible };
    const chats = examples > 0 ? sample(chat.dialogues, examples).map(fromDialogue) : [open];
    await app.tasks.run(async (signal) => {
      try {
        await app.loadModel();
        const { maxTokens } = app.settings;
        const chosen = app.session.available(app.to).filter(({ method }) => methods.includes(method));
        const plan = { model: app.model?.id ?? "", to: app.to, methods: chosen, chats, maxTokens };
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
