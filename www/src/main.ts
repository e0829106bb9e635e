// Starts the page, and the service worker that lets it start without a network.
import "./app/browser/install"; // before anything else: the browser's event comes early
import { whenIdle } from "./app/browser/device";
import { update } from "./app/browser/update";
import "./app/gist-app";

if ("serviceWorker" in navigator) {
  // What it fetches for later visits waits for this one's page.
  whenIdle()
    .then(() => update.register())
    .catch((cause: unknown) => console.warn("This visit cannot be kept for offline use:", cause));
}
