// The page as it is built, with the real model and the real engine, in one browser profile from first visit to offline.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, expect, type Page, test } from "@playwright/test";
import { serve } from "../../../pkg-scripts/serve.mjs";
import { launch } from "../chromium";
import { gapAtDifference, native, TOLERANCE } from "./native";

test.describe.configure({ mode: "serial" });

const root = join(import.meta.dirname, "../../..");
const profile = mkdtempSync(join(tmpdir(), "pocket-gist-"));
const damaged = "020.bin";

/** How often the server sent each piece of the model whole, and which requests it saw. */
const sent = new Map<string, number>();
const asked: string[] = [];
/** After so many pieces the server sends no more; the test raises it. */
let allowed = 30;

let site: Awaited<ReturnType<typeof serve>>;
let context: BrowserContext;
let page: Page;
let trouble: string[] = [];
let online = "";

test.beforeAll(async () => {
  site = await serve(join(root, "www/dist"), {
    base: "/a/project/",
    async intercept(name, _request, response, headers) {
      asked.push(name);
      const piece = /gemma-3-270m\/(\d+\.bin)$/.exec(name)?.[1];
      if (!piece) return false;
      if (sent.size >= allowed && !sent.has(piece)) return true; // a connection that stalls
      const times = (sent.get(piece) ?? 0) + 1;
      sent.set(piece, times);
      if (piece !== damaged || times > 1) return false;
      const bytes = readFileSync(join(root, "www/dist", name));
      bytes[12345] = (bytes[12345] ?? 0) ^ 1;
      response.writeHead(200, headers).end(bytes);
      return true;
    },
  });
});

test.afterAll(async () => {
  await context?.close();
  site.server.closeAllConnections();
  site.server.close();
  rmSync(profile, { recursive: true, force: true });
});

/** Opens the page in the profile, as after a restart of the browser. Whatever leaves the origin or fails is trouble. */
async function visit(): Promise<void> {
  context = await chromium.launchPersistentContext(profile, { ...launch, viewport: { width: 412, height: 915 } });
  trouble = [];
  context.on("request", (request) => {
    if (!request.url().startsWith(site.url)) trouble.push(request.url());
  });
  context.on("weberror", (error) => trouble.push(error.error().message));
  page = context.pages()[0] ?? (await context.newPage());
  page.on("console", (message) => {
    if (message.type() === "error") trouble.push(message.text());
  });
  await page.goto(site.url);
}

async function summarize(example: string, method: string): Promise<string> {
  await page.locator("#example").selectOption(example);
  await page.locator("#method").selectOption(method);
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.getByRole("status")).toHaveText("The summary is ready.", { timeout: 120_000 });
  return (await page.locator(".summary").textContent())?.trim() ?? "";
}

interface Dialogue {
  id: string;
  turns: { speaker: string; text: string }[];
}
const dialogues = readFileSync(join(root, "models/dialogues/val.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Dialogue);

test("a download that is killed half way goes on, and a damaged piece is refused", async () => {
  await visit();
  await page.getByRole("button", { name: "Download 269 MB" }).click();
  await expect(page.getByText("A damaged piece (number 20) was refused")).toBeVisible({ timeout: 60_000 });
  await expect.poll(() => sent.size, { timeout: 60_000 }).toBe(allowed);
  // Pieces are stored before the next one is asked for; the last one gets a moment.
  await page.waitForTimeout(1000);
  await context.close();
  expect([...sent].filter(([, times]) => times > 1).map(([piece]) => piece)).toEqual([damaged]);

  allowed = Number.POSITIVE_INFINITY;
  await visit();
  await page.getByRole("button", { name: /Resume at 12\d MB/ }).click();
  await expect(page.getByText("On this device.")).toBeVisible({ timeout: 120_000 });
  const again = [...sent].filter(([piece, times]) => times > 1 && piece !== damaged);
  expect(again.length, `fetched twice: ${again}`).toBeLessThanOrEqual(1);
  expect(sent.size).toBe(61);
  expect(trouble).toEqual([]);
});

test("writes what the command line writes", async () => {
  await expect(page.getByRole("button", { name: "Summarize" })).toBeEnabled({ timeout: 120_000 });
  for (const [index, method] of [[0, "projection"], [1, "primary"], [2, "projection"]] as const) {
    const dialogue = dialogues[index];
    if (!dialogue) throw new Error("the example chats are missing");
    const chat = dialogue.turns.map(({ speaker, text }) => `${speaker}: ${text}`).join("\n");
    const text = await summarize(dialogue.id, method);
    const gap = gapAtDifference(chat, method, native(chat, method), text);
    console.log(`${dialogue.id} ${method}: ${gap === null ? "equal" : `differs at a gap of ${gap}`}; ${text}`);
    expect(gap ?? 0).toBeLessThanOrEqual(TOLERANCE);
    console.log(`${dialogue.id} ${method}:`, (await page.locator("dl").innerText()).replaceAll(/\s+/g, " "));
  }
  online = await summarize(dialogues[0]?.id ?? "", "projection");
  expect(online).not.toBe("");
  expect(trouble).toEqual([]);
});

test("stops at once, and goes on with the same model", async () => {
  await page.locator("#chat").fill(`Ana: ${"We are late again, the train stands still. ".repeat(60)}`);
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.getByText(/Reading the chat/)).toBeVisible();
  await page.getByRole("button", { name: "Stop" }).click();
  expect(await summarize(dialogues[0]?.id ?? "", "projection")).toBe(online);
  expect(trouble).toEqual([]);
});

test("an engine that dies is told of, and a fresh one takes over", async () => {
  const [worker] = page.workers();
  await worker?.evaluate(() => {
    performance.now = () => { throw new Error("killed by the test"); };
  });
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.getByRole("alert")).toContainText("killed by the test");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("status")).toHaveText("The summary is ready.", { timeout: 120_000 });
  expect((await page.locator(".summary").textContent())?.trim()).toBe(online);
  expect(page.workers()).not.toContain(worker);
});

test("meets the criteria of installation", async () => {
  await page.evaluate(() => navigator.serviceWorker.ready);
  const devtools = await context.newCDPSession(page);
  const { errors, data } = await devtools.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  const manifest = JSON.parse(data ?? "{}");
  expect(manifest).toMatchObject({ name: "Pocket Gist", display: "standalone", start_url: "./" });
  expect(manifest.icons.map((icon: { purpose?: string }) => icon.purpose)).toContain("maskable");
  expect((await devtools.send("Page.getInstallabilityErrors")).installabilityErrors).toEqual([]);
  await context.close();
});

test("starts and summarises without a server", async () => {
  site.server.closeAllConnections();
  await new Promise((resolve) => site.server.close(resolve));
  const before = asked.length;
  await visit();
  // At once, while the model is still loading: first example, Spanish, projection.
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.getByRole("status")).toHaveText("The summary is ready.", { timeout: 120_000 });
  expect((await page.locator(".summary").textContent())?.trim()).toBe(online);
  expect(asked.length).toBe(before);
  expect(trouble).toEqual([]);
});
