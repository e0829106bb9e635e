// Opens what the page's address names: a shared chat, files from another app, or a shortcut of the manifest.
import { messages } from "../../i18n";
import { fromFile, fromText } from "../state/chat-import";
import { knownLanguage } from "../state/conversation";
import type { Dialogue } from "../state/dialogues";
import { takeShared } from "../state/drafts";
import { decodeLink, isLink, LinkError } from "../state/share-link";
import type { Context } from "./context";

export class LinkController {
  constructor(private readonly app: Context) {}

  /** Follows the address's fragment and removes it. Resolves to whether it opened a chat. */
  async followFragment(): Promise<boolean> {
    const fragment = location.hash;
    if (fragment.length <= 1) return false;
    history.replaceState(history.state, "", location.pathname + location.search);
    return this.follow(fragment);
  }

  private async follow(fragment: string): Promise<boolean> {
    const { view } = this.app;
    try {
      if (fragment === "#random") return await this.openRandom();
      if (fragment === "#import") view.showImport();
      if (fragment === "#shared") await this.openShared();
      return isLink(fragment) ? await this.openLink(fragment) : false;
    } catch (cause) {
      this.refuse(cause, fragment);
      return false;
    }
  }

  /** Opens an example at random; one of those that could be loaded will do. */
  private async openRandom(): Promise<boolean> {
    const { app } = this;
    const loading = app.chat.loadAllExamples();
    await loading.catch(() => {});
    return app.openRandom() || loading.then(() => false);
  }

  /** Offers to import what another app has shared. */
  private async openShared(): Promise<void> {
    const shared = await takeShared();
    if (shared?.files[0]) this.app.view.showImport(await fromFile(shared.files[0]));
    else if (shared?.text) this.app.view.showImport(fromText(shared.text));
  }

  private async openLink(fragment: string): Promise<boolean> {
    const { app } = this;
    const link = await decodeLink(fragment);
    const { chat, from, method, to } = link;
    const language = from === undefined ? null : knownLanguage(from);
    if (chat) {
      const title = chat.title || messages().chat.shared;
      app.open(() => app.chat.openLines(title, chat.lines, { provenance: "link", language }));
    } else {
      app.openExample(await this.example(link.example));
    }
    app.change({ ...(method && { method }), ...(to && { to }) });
    return true;
  }

  /** The example `id`. Files that cannot be read matter only if it is in none of the others. */
  private async example(id: string | undefined): Promise<Dialogue> {
    const { chat } = this.app;
    const find = (): Dialogue | undefined => chat.dialogues.find((dialogue) => dialogue.id === id);
    const loading = find() ? Promise.resolve() : chat.loadAllExamples();
    await loading.catch(() => {});
    const found = find();
    if (found) return found;
    await loading;
    throw new LinkError("unknown");
  }

  /** Reports a fragment that cannot be followed. The page goes on without it. */
  private refuse(cause: unknown, fragment: string): void {
    const { tasks } = this.app;
    const again = (): void => {
      tasks.dismiss();
      void this.follow(fragment);
    };
    if (cause instanceof LinkError) tasks.report("input", messages().shareLink.faults[cause.fault]);
    else tasks.report("failure", cause instanceof Error ? cause.message : String(cause), again);
  }
}
