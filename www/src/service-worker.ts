// The service worker. It precaches all files of the page, so that a cold start needs no network; the engine keeps model
// weights in IndexedDB instead. It also receives what other apps share with this one, which never reaches a server.
import { cleanupOutdatedCaches, precacheAndRoute } from "workbox-precaching";
import { putShared } from "./app/state/drafts";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

// Registered before the precache's routes, which answer GET requests only.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "POST" && request.url === new URL("share", self.registration.scope).href)
    event.respondWith(receive(request));
});

// The page's query only holds settings such as `backend`, so it does not select a file.
precacheAndRoute(self.__WB_MANIFEST, { ignoreURLParametersMatching: [/./] });
cleanupOutdatedCaches();

// A new version waits until the user agrees. The very first version takes over the page at once.
self.addEventListener("message", (event) => {
  if (event.data === "update") void self.skipWaiting();
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** Stores what was shared and redirects to the page, which imports it. */
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
