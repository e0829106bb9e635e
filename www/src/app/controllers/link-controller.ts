// Opens what the page's address names: a shared chat, files from another app, or a shortcut of the manifest.
import { messages } from "../../i18n";
import { fromFile, fromText } from "../state/chat-import";
import { knownLanguage } from "../state/conversation";
import { takeShared } from "../state/drafts";
import { decodeLink, isLink, LinkError } from "../state/share-link";
import type { Context } from "./context";

export class LinkController {
  constructor(private readonly app: Context) {}

  /** Follows the address's fragment and removes it. Resolves to whether it opened a chat. */
  async followFragment(): Promise<boolean> {
    const { app } = this;
    const fragment = location.hash;
    if (fragment.length <= 1) return false;
    history.replaceState(history.state, "", location.pathname + location.search);
    if (fragment === "#random") return app.chat.loadAllExamples().then(() => app.openRandom());
    if (fragment === "#import") app.view.showImport();
    if (fragment === "#shared") await this.openShared();
    return isLink(fragment) ? this.openLink(fragment).catch((cause: unknown) => this.refuse(cause)) : false;
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
      await app.chat.loadAllExamples();
      const dialogue = app.chat.dialogues.find(({ id }) => id === link.example);
      if (!dialogue) throw new LinkError("unknown");
      app.openExample(dialogue);
    }
    app.change({ ...(method && { method }), ...(to && { to }) });
    return true;
  }

  /** Reports a link that cannot be opened. The page goes on without it. */
  private refuse(cause: unknown): boolean {
    const text = cause instanceof LinkError ? messages().shareLink.faults[cause.fault] : String(cause);
    this.app.tasks.report("input", text);
    return false;
  }
}
