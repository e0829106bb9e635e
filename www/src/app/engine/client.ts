// Requests to the engine's worker as promises. If the worker dies, pending requests are rejected and the next one
// starts another worker.
import type { Action, Request, Response } from "../../protocol";

/** A message that may arrive before the answer. */
const eventTypes = ["progress", "notice", "delta", "rewritten", "draft"] as const;
export type EngineEvent = Extract<Response, { type: (typeof eventTypes)[number] }>;
type Failure = Extract<Response, { type: "error" }>;
/** The message that ends a request. */
export type Answer = Exclude<Response, EngineEvent | Failure>;

/** An action with the files it needs. */
export type EngineAction = Action & Pick<Request, "files">;

const isEvent = (response: Response): response is EngineEvent => eventTypes.some((type) => type === response.type);

/** An error of the engine with a message for the user. */
export class EngineError extends Error {
  constructor(
    readonly kind: Failure["kind"],
    text: string,
  ) {
    super(text);
    this.name = "EngineError";
  }
}

interface Pending {
  onEvent: (event: EngineEvent) => void;
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

export interface Options {
  onEvent?: (event: EngineEvent) => void;
  signal?: AbortSignal;
}

export class EngineClient {
  private worker: Worker | null = null;
  private opened: Promise<Worker> | null = null;
  private pending = new Map<number, Pending>();
  private nextId = 1;

  /** `start` starts a worker; `onDeath` is called when one has died, with all that it had loaded. */
  constructor(
    private readonly start: () => Worker,
    private readonly onDeath: () => void = () => {},
  ) {}

  /** Sends one request. After `signal` aborts, no event is delivered and the promise rejects with an AbortError. */
  request(action: EngineAction, { onEvent = () => {}, signal }: Options = {}): Promise<Answer> {
    if (signal?.aborted) return Promise.reject(aborted());
    this.opened ??= this.open();
    return this.opened.then((worker) => {
      if (signal?.aborted) throw aborted();
      return this.send(worker, action, onEvent, signal);
    });
  }

  /** Ends the worker, which frees its memory. */
  close(): void {
    this.terminate(aborted());
  }

  /** Starts a worker and waits until it has opened its catalog and store; otherwise terminates it. */
  private async open(): Promise<Worker> {
    const worker = this.begin();
    try {
      await this.send(worker, { action: "open", base: document.baseURI.replace(/[^/]*$/, "") }, () => {});
    } catch (cause) {
      this.terminate(cause instanceof Error ? cause : new Error(String(cause)));
      throw cause;
    }
    return worker;
  }

  private send(
    worker: Worker,
    action: EngineAction,
    onEvent: (event: EngineEvent) => void,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const id = this.nextId++;
    return new Promise<Answer>((resolve, reject) => {
      const cancel = (): void => {
        this.pending.delete(id);
        worker.postMessage({ version: 1, id: this.nextId++, action: "cancel", target: id } satisfies Request);
        reject(aborted());
      };
      const settle =
        <T>(end: (value: T) => void) =>
        (value: T): void => {
          this.pending.delete(id);
          signal?.removeEventListener("abort", cancel);
          end(value);
        };
      this.pending.set(id, { onEvent, resolve: settle(resolve), reject: settle(reject) });
      signal?.addEventListener("abort", cancel, { once: true });
      worker.postMessage({ version: 1, id, ...action } satisfies Request);
    });
  }

  private begin(): Worker {
    const worker = this.start();
    worker.addEventListener("message", (event: MessageEvent<Response>) => this.receive(event.data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.terminate(new EngineError("panic", event.message || "The engine could not be started."));
    });
    this.worker = worker;
    return worker;
  }

  private receive(response: Response): void {
    // A panic ends the whole worker, whichever request caused it.
    if (response.type === "error" && response.kind === "panic") {
      this.terminate(new EngineError("panic", response.text));
      return;
    }
    const pending = this.pending.get(response.id);
    if (!pending) return;
    if (response.type === "error") pending.reject(new EngineError(response.kind, response.text));
    else if (isEvent(response)) pending.onEvent(response);
    else pending.resolve(response);
  }

  /** Ends the worker and rejects all pending requests. */
  private terminate(error: Error): void {
    this.worker?.terminate();
    this.worker = this.opened = null;
    const lost = [...this.pending.values()];
    this.pending.clear();
    this.onDeath();
    for (const each of lost) each.reject(error);
  }
}

function aborted(): Error {
  return new DOMException("Cancelled", "AbortError");
}
