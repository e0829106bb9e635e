// The fixture of all tests of the page. It serves the page under a sub-path with the real content security policy, and
// fails a test on a request to another origin, an error, or a violation of the policy.
import { test as base, expect, type Page } from "@playwright/test";
import { serve } from "../../../pkg-scripts/serve.mjs";
import { callStore } from "../store";

type Site = Awaited<ReturnType<typeof serve>>;

export type { Page };
export { expect };

export const test = base.extend<{ watched: string[] }, { site: Site }>({
  site: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright requires the empty pattern where no fixture is used
    async ({}, use) => {
      const site = await serve(new URL("../../dist-test", import.meta.url).pathname, { base: "/some/where/" });
      await use(site);
      site.server.closeAllConnections();
      site.server.close();
    },
    { scope: "worker" },
  ],
  watched: [
    async ({ context, site }, use) => {
      const trouble: string[] = [];
      // A test may start its own server on this machine.
      const own = (url: string): boolean =>
        url.startsWith(site.url) || url.startsWith("blob:") || new URL(url).hostname === "localhost";
      context.on("request", (request) => {
        if (!own(request.url())) trouble.push(request.url());
      });
      context.on("console", (message) => {
        if (message.type() === "error") trouble.push(message.text());
      });
      context.on("weberror", (error) => trouble.push(error.error().message));
      await use(trouble);
      expect(trouble).toEqual([]);
    },
    { auto: true },
  ],
  page: async ({ page, site }, use) => {
    await page.goto(site.url);
    await use(page);
  },
});

/** Shows the view with this name in the tabs. */
export async function show(page: Page, tab: "Chat" | "Compare" | "Models" | "Settings"): Promise<void> {
  await page.getByRole("navigation").getByRole("button", { name: tab }).click();
}

/** Shows the list of chats: it is beside the chat on a desktop and behind a button on a phone. */
export async function showChats(page: Page): Promise<void> {
  const back = page.getByRole("button", { name: "All chats" });
  if (await back.isVisible()) await back.click();
}

export async function download(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Download 114 MB" }).click();
  await expect(page.getByRole("button", { name: "Summarize" })).toBeEnabled();
  await expect(page.locator("#method option[value=projection]")).toBeAttached();
}

/** Opens the page with an engine whose files are downloaded one by one, as those of the real one are. */
export async function visitApart(page: Page, url: string): Promise<void> {
  // The fake engine is told so before its first request.
  await page.addInitScript(() => {
    const Before = Worker;
    Object.assign(globalThis, {
      Worker: class extends Before {
        constructor(...options: ConstructorParameters<typeof Worker>) {
          super(...options);
          this.postMessage({ fake: "apart" });
        }
      },
    });
  });
  await page.goto(url);
}

/** Imports a chat by pasting it. */
export async function paste(page: Page, text: string): Promise<void> {
  await showChats(page);
  await page.getByRole("button", { name: "Import a chat" }).click();
  await page.getByLabel("Paste a chat").fill(text);
  await page.getByRole("button", { name: "Read the text" }).click();
  await page.getByRole("button", { name: /^Use \d+ messages?$/ }).click();
}

/** Opens an example by its link. */
export async function openExample(page: Page, id: string): Promise<void> {
  await page.evaluate((id) => {
    location.hash = `v=1&d=${id}`;
  }, id);
  await expect(page.getByRole("log")).toContainText(first[id] ?? "");
}

/** How some examples begin. */
const first: Record<string, string> = { "eval-266": "Bell rope on number 5 has gone" };

/** Waits until the user's chat, as it is stored, contains `text`. */
export async function draftHolds(page: Page, text: string): Promise<void> {
  const stored = async () => JSON.stringify(await callStore(page, "pocket-gist-page", "drafts", "get", "conversation"));
  await expect.poll(stored).toContain(text);
}

export async function summarize(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(done(page)).toHaveText("The summary is ready.");
}

export const summaryText = (page: Page) => page.locator("summary-card .text");
/** The text announced to screen readers at the end. */
export const done = (page: Page) => page.locator("gist-app .frame > [role=status]");
