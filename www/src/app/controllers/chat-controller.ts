// The open chat, an example or the user's own: reading, editing and replaying it, and its language.
import type { ReactiveControllerHost } from "lit";
import { reducedMotion } from "../browser/device";
import {
  type ChatLanguage,
  type Conversation,
  empty,
  fromDialogue,
  fromMessages,
  type Lines,
  withEdited,
  withMessage,
  withoutMessage,
} from "../state/conversation";
import { type Dialogue, type Example, exampleLanguages, loadDialogues } from "../state/dialogues";
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
  /** The loads of the examples by language, in the order in which they are listed, and those that have arrived. */
  private readonly examples = new Map<string, Promise<readonly Dialogue[]>>();
  private readonly arrived = new Map<string, readonly Dialogue[]>();
  private detection: Promise<void> | null = null;
  private saving: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    /** Finds out which language messages are in. */
    private readonly detect: (messages: Conversation["messages"]) => Promise<ChatLanguage>,
    /** Called after each message that a replay has shown. */
    private readonly onReplayed: (replay: Replay) => void,
  ) {}

  /** The messages in sight: all, or those that a replay has shown. */
  get visible(): Conversation["messages"] {
    return this.replay ? this.conversation.messages.slice(0, this.replay.position) : this.conversation.messages;
  }

  /** Loads the examples in `language` once; every caller waits for the same load. A failed one is not kept. */
  private loadExamples(language: string): Promise<readonly Dialogue[]> {
    const known = this.examples.get(language);
    if (known) return known;
    const load = loadDialogues(language).then((dialogues) => {
      this.arrived.set(language, dialogues);
      this.dialogues = [...this.examples.keys()].flatMap((each) => this.arrived.get(each) ?? []);
      this.host.requestUpdate();
      return dialogues;
    });
    this.examples.set(language, load);
    load.catch(() => this.examples.delete(language));
    return load;
  }

  /** Loads all examples at once. A file that cannot be read rejects when the others are there. */
  async loadAllExamples(): Promise<void> {
    const loads = await Promise.allSettled(exampleLanguages().map((language) => this.loadExamples(language)));
    const failed = loads.find((load) => load.status === "rejected");
    if (failed) throw failed.reason;
  }

  /** The examples in `language`, loaded if they are not there; none if the page has no examples in it. */
  async examplesIn(language: string): Promise<readonly Dialogue[]> {
    return exampleLanguages().includes(language) ? this.loadExamples(language) : [];
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

  /** Loads and opens `example`, unless a chat is open by then. */
  async openFirst({ language, id }: Example): Promise<void> {
    const { conversation } = this;
    const dialogues = await this.examplesIn(language);
    const first = dialogues.find((dialogue) => dialogue.id === id) ?? dialogues[0];
    if (first && this.conversation === conversation) this.openExample(first);
  }

  openOwn(): void {
    if (this.own) this.open(this.own);
  }

  openLines(
    title: string,
    lines: Lines,
    { provenance = null, language = null }: { provenance?: Provenance; language?: ChatLanguage | null } = {},
  ): void {
    this.open(fromMessages(title, lines, language), provenance);
  }

  startNew(): void {
    this.open({ ...empty });
    this.editing = true;
  }

  toggleEditing(): void {
    this.endReplay();
    this.editing = !this.editing;
    this.host.requestUpdate();
  }

  add({ sender, text }: { sender: string; text: string }): void {
    this.rewrite(withMessage(this.conversation, sender, text));
  }

  edit({ id, sender, text }: { id: number; sender: string; text: string }): void {
    this.rewrite(withEdited(this.conversation, id, sender, text));
  }

  remove({ id }: { id: number }): void {
    this.rewrite(withoutMessage(this.conversation, id));
  }

  /** Makes `code` the language of the open chat, whatever is detected. */
  chooseLanguage(code: string): void {
    this.change({ ...this.conversation, language: { code, certain: true, chosen: true } });
  }

  /** Resolves when the language of the open chat is known. */
  async knowLanguage(): Promise<void> {
    await this.detection;
    if (this.conversation.language === null) await this.detectLanguage();
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
    if (conversation.language === null) this.beginDetection();
  }

  /** Shows the chat with other messages. Its language is detected again, unless the user has chosen it. */
  private rewrite(conversation: Conversation): void {
    this.change(conversation);
    if (!conversation.language?.chosen) this.beginDetection();
  }

  private beginDetection(): void {
    const { conversation } = this;
    // If it fails, the language is unknown and is detected again before it is needed.
    this.detection = this.detectLanguage().catch(() => this.setLanguage(conversation, null));
  }

  private async detectLanguage(): Promise<void> {
    const before = this.conversation;
    if (before.messages.every(({ text }) => text.trim() === "")) return;
    this.setLanguage(before, await this.detect(before.messages));
  }

  /** Sets the language of `conversation` if that is still the open chat, or the user's own. */
  private setLanguage(conversation: Conversation, language: ChatLanguage | null): void {
    if (this.conversation === conversation) this.change({ ...conversation, language });
    else if (this.own === conversation) this.keep({ ...conversation, language });
  }

  private change(conversation: Conversation): void {
    this.conversation = conversation;
    if (conversation.example === null) this.keep(conversation);
    this.host.requestUpdate();
  }

  /** Keeps the user's own chat, also for the next visit. */
  private keep(conversation: Conversation): void {
    this.own = conversation;
    clearTimeout(this.saving);
    // In a browser without a store the chat lasts for this visit only.
    this.saving = setTimeout(() => void writeDraft(conversation).catch(() => {}), SAVE_AFTER_MS);
  }
}
