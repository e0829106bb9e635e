// Starts the page and then the service worker, which lets the page start without a network.
import "./app/browser/install"; // first, because the browser's event comes early
import { whenIdle } from "./app/browser/device";
import { update } from "./app/browser/update";
import "./app/gist-app";

if ("serviceWorker" in navigator) {
  // Registered when idle, so that its downloads for later visits do not slow down this one.
  whenIdle()
    .then(() => update.register())
    .catch((cause: unknown) => console.warn("This visit cannot be kept for offline use:", cause));
}
