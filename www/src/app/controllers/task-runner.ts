// The one piece of work that has the engine: a summary, a translation or an experiment. It can be stopped.
import type { ReactiveControllerHost } from "lit";
import type { FaultKind } from "../../protocol";
import { keepAwake } from "../browser/device";
import { EngineError } from "../engine/client";

/** What went wrong, in words, and what tries it again, if anything can. */
export interface Problem {
  kind: FaultKind;
  text: string;
  retry: (() => void) | null;
}

export class TaskRunner {
  problem: Problem | null = null;
  running = false;
  private stopper: AbortController | null = null;

  constructor(private readonly host: ReactiveControllerHost) {}

  /** Runs `action` with the screen kept on. Resolves to whether it came to its end. */
  async run(action: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    if (this.running) return false;
    this.running = true;
    this.stopper = new AbortController();
    const { signal } = this.stopper;
    try {
      return await this.guard(
        () => keepAwake(() => action(signal)),
        () => void this.run(action),
      );
    } finally {
      this.running = false;
      this.host.requestUpdate();
    }
  }

  stop(): void {
    this.stopper?.abort();
  }

  /** Runs `action`; what fails becomes words and a way to try again. What was stopped is no failure. */
  async guard(action: () => Promise<void>, retry: () => void = () => void this.guard(action)): Promise<boolean> {
    this.problem = null;
    this.host.requestUpdate();
    try {
      await action();
      return true;
    } catch (cause) {
      if (!(cause instanceof DOMException && cause.name === "AbortError")) {
        const kind = cause instanceof EngineError ? cause.kind : "failure";
        this.problem = { kind, text: cause instanceof Error ? cause.message : String(cause), retry };
      }
      return false;
    } finally {
      this.host.requestUpdate();
    }
  }

  /** Tells of something that trying again will not mend. */
  report(kind: FaultKind, text: string): void {
    this.problem = { kind, text, retry: null };
    this.host.requestUpdate();
  }

  dismiss(): void {
    this.problem = null;
    this.host.requestUpdate();
  }
}
