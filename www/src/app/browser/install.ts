// Offers to install the app after its first success, if the browser can install it.
import { Observable } from "./observable";

/** The event by which Chromium offers to install the app. TypeScript's library lacks it. */
interface BeforeInstallPromptEvent extends Event {
  prompt(): Promise<void>;
  readonly userChoice: Promise<{ outcome: "accepted" | "dismissed" }>;
}

class Install extends Observable {
  private prompt: BeforeInstallPromptEvent | null = null;
  private earned = false;

  constructor() {
    super();
    // The event comes once, early. Preventing it holds back the browser's own banner.
    addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      this.prompt = event as BeforeInstallPromptEvent;
      this.changed();
    });
    addEventListener("appinstalled", () => this.dismiss());
  }

  get offered(): boolean {
    return this.earned && this.prompt !== null;
  }

  /** Makes the offer due. Called after a success. */
  offer(): void {
    this.earned = true;
    this.changed();
  }

  /** Shows the browser's prompt and resolves to whether the user agreed. */
  async accept(): Promise<boolean> {
    const prompt = this.prompt;
    this.dismiss();
    await prompt?.prompt();
    return (await prompt?.userChoice)?.outcome === "accepted";
  }

  dismiss(): void {
    this.prompt = null;
    this.changed();
  }
}

export const install = new Install();
