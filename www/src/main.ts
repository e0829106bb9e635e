// Starts the page, and the service worker that lets it start without a network.
import "./gist-app";

if ("serviceWorker" in navigator) {
  const offerUpdate = (waiting: ServiceWorker): void => {
    window.dispatchEvent(new CustomEvent("gist-update", { detail: waiting }));
  };
  navigator.serviceWorker
    .register("./service-worker.js")
    .then((registration) => {
      if (registration.waiting && navigator.serviceWorker.controller) offerUpdate(registration.waiting);
      registration.addEventListener("updatefound", () => {
        const next = registration.installing;
        next?.addEventListener("statechange", () => {
          if (next.state === "installed" && navigator.serviceWorker.controller) offerUpdate(next);
        });
      });
    })
    .catch((cause: unknown) => console.warn("This visit cannot be kept for offline use:", cause));
}
