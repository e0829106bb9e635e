// Replays a chat as it might have been written: each sender reads the message before, then types for a time that
// depends on the length of their own.
import type { Message } from "./conversation";

export interface Step {
  /** Time for reading the message before. */
  pauseMs: number;
  /** Time for which the sender is shown as typing. */
  typingMs: number;
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/** The steps at normal speed, one for each message. */
export function timeline(messages: readonly Message[]): Step[] {
  return messages.map((message, index) => {
    const before = messages[index - 1];
    const read = before ? clamp(250 + before.text.length * 12, 300, 1800) : 200;
    const sameSender = before?.sender === message.sender;
    return { pauseMs: sameSender ? read / 2 : read, typingMs: clamp(350 + message.text.length * 28, 500, 3500) };
  });
}

/** A factor; 0 shows all messages at once. */
export type ReplaySpeed = 0 | 1 | 4;

/** A replay in progress. `onChange` is called after every step, `onMessage` after every message that has appeared. */
export class Replay {
  /** Number of messages that have appeared. */
  position = 0;
  /** Name of whoever is typing. */
  typing: string | null = null;
  paused = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly steps: Step[];

  constructor(
    private readonly messages: readonly Message[],
    private speed: ReplaySpeed,
    private readonly onChange: () => void,
    private readonly onMessage: (position: number) => void,
  ) {
    this.steps = timeline(messages);
  }

  get finished(): boolean {
    return this.position >= this.messages.length;
  }

  start(): void {
    this.paused = false;
    if (this.speed === 0) this.skip();
    else this.next();
  }

  pause(): void {
    this.paused = true;
    this.stop();
    this.onChange();
  }

  /** Shows all messages at once. */
  skip(): void {
    this.stop();
    this.position = this.messages.length;
    this.onChange();
    this.onMessage(this.position);
  }

  setSpeed(speed: ReplaySpeed): void {
    this.speed = speed;
    if (!this.paused && !this.finished) {
      this.stop();
      this.start();
    }
  }

  /** Ends the replay without calling anybody. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.typing = null;
  }

  private next(): void {
    const [message, step] = [this.messages[this.position], this.steps[this.position]];
    if (!message || !step) return;
    this.after(step.pauseMs, () => {
      this.typing = message.sender;
      this.onChange();
      this.after(step.typingMs, () => {
        this.typing = null;
        this.position += 1;
        this.onChange();
        this.onMessage(this.position);
        // A callback may have paused the replay.
        if (!this.paused && this.timer === null) this.next();
      });
    });
  }

  private after(milliseconds: number, then: () => void): void {
    this.timer = setTimeout(
      () => {
        this.timer = null;
        then();
      },
      milliseconds / (this.speed || 1),
    );
  }
}
