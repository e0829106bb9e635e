// Runs the page's tasks, one at a time, and reports their errors. A summary, a translation and an experiment are tasks.
import type { ReactiveControllerHost } from "lit";
import type { FaultKind } from "../../protocol";
import { keepAwake } from "../browser/device";
import { EngineError } from "../engine/client";

/** An error to show. `retry` tries again; null if that is of no use. */
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

  /** Runs `action` as the task, with the screen kept on. Resolves to whether it completed. */
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

  /** Stops the running task. */
  stop(): void {
    this.stopper?.abort();
  }

  /** Runs `action` and shows its error with a way to retry. Stopping is no error. Resolves to whether it completed. */
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

  /** Shows an error, with a way to retry if there is one. */
  report(kind: FaultKind, text: string, retry: (() => void) | null = null): void {
    this.problem = { kind, text, retry };
    this.host.requestUpdate();
  }

  dismiss(): void {
    this.problem = null;
    this.host.requestUpdate();
  }
}
