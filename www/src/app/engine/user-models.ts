// Models and adapters that the user adds: models from files and addresses, adapters from files.
import type { ReactiveControllerHost } from "lit";
import type { ExaminedAdapter, Task } from "../../protocol";
import type { PickedFiles } from "../browser/picked-files";
import type { EngineEvent } from "./client";
import type { Download, EngineSession } from "./session";
import { DownloadSpeed } from "./speed";

export class UserModels {
  /** The file that is being copied into the store; `model` is its name. */
  incoming: Download | null = null;
  /** Whether the file at an address is being examined. */
  examining = false;
  private stopper: AbortController | null = null;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly session: EngineSession,
  ) {}

  /** Copies a model into the store and resolves to its id. If it stops early, what was copied is kept. */
  async importModel(file: File): Promise<string> {
    const speed = new DownloadSpeed();
    const show = (done: number, total: number): void =>
      this.set({ incoming: { model: file.name, done, total, bytesPerSecond: speed.bytesPerSecond } });
    const onEvent = (event: EngineEvent): void => {
      if (event.type !== "progress") return;
      speed.add(event.done);
      show(event.done, event.total);
    };
    this.stopper = new AbortController();
    show(0, 0);
    try {
      return (
        await this.session.ask(
          "added",
          { action: "importModel", files: [file] },
          { onEvent, signal: this.stopper.signal },
        )
      ).model;
    } finally {
      this.set({ incoming: null });
      await this.session.refresh();
    }
  }

  /** Adds the model at an address to the list and resolves to its id. */
  async addAddress(address: string): Promise<string> {
    this.stopper = new AbortController();
    this.set({ examining: true });
    try {
      return (await this.session.ask("added", { action: "addAddress", address }, { signal: this.stopper.signal }))
        .model;
    } finally {
      this.set({ examining: false });
      await this.session.refresh();
    }
  }

  stop(): void {
    this.stopper?.abort();
  }

  /** Reads what kind of adapter `picked` is and checks that it fits `model`, which must be loaded. */
  async examine(model: string, { paths, files }: PickedFiles): Promise<ExaminedAdapter> {
    return (await this.session.ask("examined", { action: "examineAdapter", model, paths: [...paths], files })).adapter;
  }

  async addAdapter(model: string, { paths, files }: PickedFiles, task: Task): Promise<void> {
    this.session.replaceLoaded(
      await this.session.ask("loaded", { action: "addAdapter", model, paths: [...paths], files, task }),
    );
    await this.session.refresh();
  }

  /** Deletes an adapter. Its model must then be loaded again. */
  async removeAdapter(adapter: string): Promise<void> {
    await this.session.ask("done", { action: "removeAdapter", adapter });
    await this.session.refresh();
  }

  private set(state: Partial<Pick<UserModels, "incoming" | "examining">>): void {
    Object.assign(this, state);
    this.host.requestUpdate();
  }
}
