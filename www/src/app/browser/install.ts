// Offers to install the app: after it has been of use, and only if the browser can.
import { Observable } from "./observable";

/** Not in TypeScript's library yet. */
interface BeforeInstallPromptEvent extends Event {
  prompt(): Promise<void>;
  readonly userChoice: Promise<{ outcome: "accepted" | "dismissed" }>;
}

class Install extends Observable {
  private prompt: BeforeInstallPromptEvent | null = null;
  private earned = false;

  constructor() {
    super();
    // The event comes early and once; the browser's own banner is held back until the app has shown what it is good for.
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

  /** Called after a success. */
  offer(): void {
    this.earned = true;
    this.changed();
  }

  /** Resolves to whether the reader has agreed. */
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
