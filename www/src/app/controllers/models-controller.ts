// Models and adapters on this device: downloading, adding, loading and deleting them, and the storage they need.
import { messages } from "../../i18n";
import type { ExaminedAdapter, ModelStatus, StoredAdapter, Task } from "../../protocol";
import { guardLoad, wasInterrupted } from "../browser/crash-guard";
import { persistStorage, whenIdle } from "../browser/device";
import type { PickedFiles } from "../browser/picked-files";
import type { Need } from "../engine/need";
import { UserModels } from "../engine/user-models";
import type { Context } from "./context";

export class ModelsController {
  readonly userModels: UserModels;
  /** Whether the browser keeps what is stored until the user deletes it. */
  persisted = false;
  /** Whether the browser declined to do so when asked. */
  refused = false;
  /** Whether the browser ended the page while the model was loading last time. */
  interrupted = false;

  constructor(private readonly app: Context) {
    this.userModels = new UserModels(app.host, app.session);
  }

  /** Lists the models and loads the chosen one, unless the last attempt ended the page. */
  async begin(): Promise<void> {
    const { app } = this;
    this.persisted = (await navigator.storage?.persisted?.()) ?? false;
    await whenIdle(); // starting the engine would slow down the page's own start
    await app.session.refresh();
    this.interrupted = wasInterrupted();
    if (app.model?.complete && !this.interrupted) await this.load();
  }

  /** Loads the chosen model unless it is loaded. */
  async load(): Promise<void> {
    const { model, session } = this.app;
    if (!model) return;
    this.interrupted = false;
    await guardLoad(() => session.ensureLoaded(model.id));
  }

  /** Downloads what is missing of a model and for the open chat, and loads it. */
  async download(model: ModelStatus): Promise<void> {
    const { app } = this;
    const need = app.needWith(model);
    app.change({ model: model.id });
    await this.fetch(model, need ? [need] : []);
  }

  /** Downloads what is missing for `need`, and adds it to the chosen model. */
  async add(need: Need): Promise<void> {
    const { model } = this.app;
    if (model) await this.fetch(model, [need]);
  }

  private async fetch(model: ModelStatus, needs: readonly Need[]): Promise<void> {
    const { session, tasks } = this.app;
    if (session.download) return;
    this.requestPersistence();
    await tasks.guard(async () => {
      await session.downloadModel(model, needs);
      await this.load();
    });
  }

  /** Copies a model from a file and loads it. */
  async importModel(file: File): Promise<void> {
    this.requestPersistence();
    await this.app.tasks.guard(async () => this.useAdded(await this.userModels.importModel(file)));
  }

  /** Downloads the model at an address and loads it. */
  async addAddress(address: string): Promise<void> {
    this.requestPersistence();
    await this.app.tasks.guard(async () => this.useAdded(await this.userModels.addAddress(address)));
  }

  private async useAdded(id: string): Promise<void> {
    const { session } = this.app;
    const model = session.models.find((model) => model.id === id);
    if (!model) return;
    if (!model.complete) await session.downloadModel(model, []);
    this.app.change({ model: id });
    await this.load();
  }

  /** Reads what kind of adapter the files hold and checks that it fits the chosen model. */
  async examineAdapter(picked: PickedFiles): Promise<ExaminedAdapter> {
    await this.load();
    return this.userModels.examine(this.app.model?.id ?? "", picked);
  }

  async addAdapter(picked: PickedFiles, task: Task): Promise<void> {
    this.requestPersistence();
    await this.load();
    await this.userModels.addAdapter(this.app.model?.id ?? "", picked, task);
  }

  /** Deletes an adapter, on whichever model's card. The loaded model may share it, and is then loaded again. */
  async removeAdapter({ id, name }: StoredAdapter): Promise<void> {
    const { session, tasks } = this.app;
    if (!confirm(messages().models.confirmAdapter(name))) return;
    await tasks.guard(async () => {
      const loaded = session.models.find((model) => model.id === session.loaded?.model);
      const affected = loaded?.adapters.some((adapter) => adapter.id === id);
      await this.userModels.removeAdapter(id);
      if (!affected) return;
      session.invalidate();
      await this.load();
    });
  }

  async remove(model: ModelStatus): Promise<void> {
    const { session, tasks } = this.app;
    if (confirm(messages().models.confirmDelete(model.name))) await tasks.guard(() => session.remove(model.id));
  }

  /** Deletes all models, the user's chat and the settings. */
  async removeEverything(): Promise<void> {
    const { app } = this;
    if (!confirm(messages().models.confirmEverything)) return;
    await app.tasks.guard(async () => {
      await app.session.remove(null);
      await app.reset();
      app.announcement = messages().models.everythingDeleted;
    });
  }

  /** Asks the browser to keep what is stored. Called on the tap itself, because browsers require a user gesture. */
  requestPersistence(): void {
    void persistStorage().then((granted) => {
      [this.persisted, this.refused] = [granted, !granted];
      this.app.host.requestUpdate();
    });
  }
}
