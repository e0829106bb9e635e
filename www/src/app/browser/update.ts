// Registers the service worker and tells when a new version waits for the user's consent.
import { Observable } from "./observable";

class Update extends Observable {
  private next: ServiceWorker | null = null;

  get waiting(): boolean {
    return this.next !== null;
  }

  async register(): Promise<void> {
    const registration = await navigator.serviceWorker.register("./service-worker.js");
    if (registration.waiting && navigator.serviceWorker.controller) this.offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const next = registration.installing;
      next?.addEventListener("statechange", () => {
        if (next.state === "installed" && navigator.serviceWorker.controller) this.offer(next);
      });
    });
  }

  /** Lets the new version take over, which reloads the page. */
  accept(): void {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    this.next?.postMessage("update");
  }

  private offer(next: ServiceWorker): void {
    this.next = next;
    this.changed();
  }
}

export const update = new Update();
