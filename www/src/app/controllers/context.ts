// The part of the controller that its parts see. They import this instead of the controller, which imports them.
import type { ReactiveControllerHost } from "lit";
import type { Form, Method, ModelStatus } from "../../protocol";
import type { Need } from "../engine/need";
import type { EngineSession } from "../engine/session";
import type { ImportSource } from "../state/chat-import";
import type { Dialogue } from "../state/dialogues";
import type { Settings } from "../state/settings";
import type { ChatController } from "./chat-controller";
import type { TaskRunner } from "./task-runner";

export type ViewName = "chats" | "chat" | "compare" | "models" | "settings";

/** What the controllers ask of the page. */
export interface View {
  show(name: ViewName): void;
  /** Opens the import dialog, with `source` if there is one already. */
  showImport(source?: ImportSource): void;
  /** Scrolls to the end of the conversation and keeps it in sight. */
  follow(): void;
}

export interface Context {
  readonly host: ReactiveControllerHost;
  readonly view: View;
  readonly session: EngineSession;
  readonly tasks: TaskRunner;
  readonly chat: ChatController;
  readonly settings: Settings;
  /** The chosen model, or the first of the catalog. */
  readonly model: ModelStatus | undefined;
  /** Language of the open chat; empty until it is known. */
  readonly from: string;
  /** Language of the summary. */
  readonly to: string;
  /** Form of the summary. */
  readonly form: Form;
  /** Method that summaries are made by; null if there is none for these languages. */
  readonly method: Method | null;
  /** What is missing for a summary of the open chat beside the chosen model; null if nothing is. */
  readonly need: Need | null;
  /** What is missing for a summary of the open chat beside `model`; null if nothing is. */
  needWith(model: ModelStatus): Need | null;
  /** Text that screen readers read out when a task ends. */
  announcement: string;
  /** Changes settings, and saves and applies them. */
  change(settings: Partial<Settings>): void;
  /** Loads the chosen model unless it is loaded. */
  loadModel(): Promise<void>;
  /** Opens another chat by `opening`; the summary of the one before is forgotten. */
  open(opening: () => void): void;
  openExample(dialogue: Dialogue): void;
  /** Opens an example at random and returns whether there is one. */
  openRandom(): boolean;
  /** Deletes the user's chat, settings and results. */
  reset(): Promise<void>;
}
