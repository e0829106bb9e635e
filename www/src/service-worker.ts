// Precaches the whole shell, so that a cold start needs no network. Weights are not here: the engine keeps them in IndexedDB.
// What other apps share with this one arrives here too, and never reaches a server.
import { cleanupOutdatedCaches, precacheAndRoute } from "workbox-precaching";
import { putShared } from "./app/state/drafts";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

// Before the precache's own routes: theirs answer GET only.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "POST" && request.url === new URL("share", self.registration.scope).href)
    event.respondWith(receive(request));
});

// The page's query holds no content, only settings such as `backend`.
precacheAndRoute(self.__WB_MANIFEST, { ignoreURLParametersMatching: [/./] });
cleanupOutdatedCaches();

// A new version waits until the reader agrees to it, except that the first one takes the page over at once.
self.addEventListener("message", (event) => {
  if (event.data === "update") void self.skipWaiting();
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** Puts what was shared where the page looks for it, and opens the page there. */
async function receive(request: Request): Promise<Response> {
  const form = await request.formData();
  const files = form.getAll("chat").filter((value) => value instanceof File && value.size > 0) as File[];
  const text = ["title", "text", "url"]
    .map((name) => form.get(name))
    .filter((value) => typeof value === "string" && value !== "")
    .join("\n");
  await putShared({ text, files });
  return Response.redirect(new URL("./#shared", self.registration.scope).href, 303);
}
