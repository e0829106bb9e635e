// The open chat, an example or the user's own: reading, editing and replaying it.
import type { ReactiveControllerHost } from "lit";
import { reducedMotion } from "../browser/device";
import {
  type Conversation,
  empty,
  fromDialogue,
  fromMessages,
  type Lines,
  withEdited,
  withMessage,
  withoutMessage,
} from "../state/conversation";
import { type Dialogue, loadDialogues } from "../state/dialogues";
import { forgetDraft, readDraft, writeDraft } from "../state/drafts";
import { Replay, type ReplaySpeed } from "../state/replay";

/** Origin of the open chat, where the page mentions it. */
export type Provenance = "link" | "restored" | null;

/** Time without a change after which the user's chat is saved. */
const SAVE_AFTER_MS = 500;

export class ChatController {
  /** The example chats. */
  dialogues: readonly Dialogue[] = [];
  conversation: Conversation = empty;
  /** The user's own chat, kept while an example is open. */
  own: Conversation | null = null;
  provenance: Provenance = null;
  editing = false;
  replay: Replay | null = null;
  speed: ReplaySpeed = 1;
  private examples: Promise<void> | null = null;
  private saving: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    /** Called after each message that a replay has shown. */
    private readonly onReplayed: (replay: Replay) => void,
  ) {}

  /** The messages in sight: all, or those that a replay has shown. */
  get visible(): Conversation["messages"] {
    return this.replay ? this.conversation.messages.slice(0, this.replay.position) : this.conversation.messages;
  }

  /** Loads the examples once; every caller waits for the same load. */
  loadExamples(): Promise<void> {
    this.examples ??= loadDialogues().then((dialogues) => {
      this.dialogues = dialogues;
    });
    return this.examples;
  }

  /** Opens the draft, unless a chat is open by then. Resolves to whether one is open. */
  async restore(): Promise<boolean> {
    const draft = await readDraft();
    if (draft && this.conversation === empty) this.open(draft, "restored");
    return this.conversation !== empty;
  }

  openExample(dialogue: Dialogue): void {
    this.open(fromDialogue(dialogue));
  }

  openFirst(): void {
    if (this.dialogues[0]) this.openExample(this.dialogues[0]);
  }

  openOwn(): void {
    if (this.own) this.open(this.own);
  }

  openLines(title: string, lines: Lines, provenance: Provenance = null): void {
    this.open(fromMessages(title, lines), provenance);
  }

  startNew(): void {
    this.open(empty);
    this.editing = true;
  }

  toggleEditing(): void {
    this.endReplay();
    this.editing = !this.editing;
    this.host.requestUpdate();
  }

  add({ sender, text }: { sender: string; text: string }): void {
    this.change(withMessage(this.conversation, sender, text));
  }

  edit({ id, sender, text }: { id: number; sender: string; text: string }): void {
    this.change(withEdited(this.conversation, id, sender, text));
  }

  remove({ id }: { id: number }): void {
    this.change(withoutMessage(this.conversation, id));
  }

  startReplay(): void {
    this.endReplay();
    const replay = new Replay(
      this.conversation.messages,
      reducedMotion() ? 0 : this.speed,
      () => this.host.requestUpdate(),
      () => this.onReplayed(replay),
    );
    this.replay = replay;
    replay.start();
    this.host.requestUpdate();
  }

  toggleReplay(): void {
    if (this.replay?.paused) this.replay.start();
    else this.replay?.pause();
    this.host.requestUpdate();
  }

  setSpeed(speed: ReplaySpeed): void {
    this.speed = speed;
    this.replay?.setSpeed(speed);
    this.host.requestUpdate();
  }

  async forget(): Promise<void> {
    clearTimeout(this.saving);
    this.own = null;
    await forgetDraft();
  }

  private endReplay(): void {
    this.replay?.stop();
    this.replay = null;
  }

  private open(conversation: Conversation, provenance: Provenance = null): void {
    this.endReplay();
    this.editing = false;
    this.provenance = provenance;
    this.change(conversation);
  }

  private change(conversation: Conversation): void {
    this.conversation = conversation;
    if (conversation.example === null) {
      this.own = conversation;
      clearTimeout(this.saving);
      // In a browser without a store the chat lasts for this visit only.
      this.saving = setTimeout(() => void writeDraft(conversation).catch(() => {}), SAVE_AFTER_MS);
    }
    this.host.requestUpdate();
  }
}
