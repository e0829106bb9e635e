// The page with a fake engine behind the real protocol, under a sub-path and the real content security policy.
import { expect, type Page, test } from "@playwright/test";
import { serve } from "../../../pkg-scripts/serve.mjs";

let site: Awaited<ReturnType<typeof serve>>;
let trouble: string[];
test.beforeAll(async () => { site = await serve(new URL("../../dist-test", import.meta.url).pathname, { base: "/some/where/" }); });
test.afterAll(() => { site.server.close(); });

/** No test may leave the origin, break the policy or throw. */
test.beforeEach(async ({ page }) => {
  trouble = [];
  page.on("request", (request) => { if (!request.url().startsWith(site.url)) trouble.push(request.url()); });
  page.on("console", (message) => { if (message.type() === "error") trouble.push(message.text()); });
  page.on("pageerror", (error) => trouble.push(error.message));
  await page.goto(site.url);
});
test.afterEach(() => { expect(trouble).toEqual([]); });

async function download(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Download 253 MB" }).click();
  await expect(page.getByText("On this device.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Summarize" })).toBeEnabled();
}

test("downloads, tells of a refused chunk, and summarises with metrics", async ({ page }) => {
  await expect(page.getByRole("button", { name: "Summarize" })).toBeDisabled();
  await download(page);
  await expect(page.getByText("A damaged piece was refused")).toBeVisible();
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.locator(".summary")).toHaveAttribute("aria-busy", "true");
  await expect(page.getByRole("status")).toHaveText("The summary is ready.");
  await expect(page.locator(".summary")).toHaveText(/^Frank dice .* boda\.$/);
  await expect(page.locator(".summary")).toHaveAttribute("lang", "es");
  await expect(page.getByText("240 in, 24 out")).toBeVisible();
  await expect(page.locator("#method option", { hasText: "no joint-expert adapter" })).toBeDisabled();
});

test("a cancelled download resumes", async ({ page }) => {
  await page.getByRole("button", { name: "Download 253 MB" }).click();
  await expect(page.locator("progress")).toBeVisible();
  await expect(page.getByText(/MB\/s/)).toBeVisible();
  await page.getByRole("button", { name: "Cancel download" }).click();
  await page.getByRole("button", { name: /Resume at/ }).click();
  await expect(page.getByText("On this device.")).toBeVisible();
});

test("after Stop nothing more arrives, and the model stays loaded", async ({ page }) => {
  await download(page);
  await page.locator("textarea").fill("Ana: SLOW");
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.locator(".summary")).toContainText("Frank");
  await page.getByRole("button", { name: "Stop" }).click();
  const before = await page.locator(".summary").textContent();
  await page.waitForTimeout(1000);
  expect(await page.locator(".summary").textContent()).toBe(before);
  await expect(page.getByRole("button", { name: "Summarize" })).toBeEnabled();
});

test("untrusted text never becomes markup, and dropped messages are told", async ({ page }) => {
  await download(page);
  await page.locator("textarea").fill("<img src=x>: LONG <img src=x onerror=alert(1)>");
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.getByText("did not fit")).toBeVisible();
  await expect(page.getByRole("status")).toHaveText("The summary is ready.");
  await expect(page.locator(".summary")).toContainText("<img src=x onerror=alert(1)>");
  await expect(page.locator("img")).toHaveCount(0);
});

test("a panic is told, and the next try gets a fresh worker", async ({ page }) => {
  await download(page);
  const [first] = page.workers();
  await page.locator("textarea").fill("Ana: PANIC");
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.getByRole("alert")).toContainText("stopped unexpectedly");
  await page.locator("textarea").fill("Ana: hello");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("status")).toHaveText("The summary is ready.");
  expect(page.workers()).not.toContain(first);
});

test("no room left: says what to do", async ({ page }) => {
  await download(page);
  await page.locator("textarea").fill("Ana: QUOTA");
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.getByRole("alert")).toContainText("Free some space");
});

test("is installable, and starts cold without a server", async ({ page, context }) => {
  await page.evaluate(() => navigator.serviceWorker.ready);
  const devtools = await context.newCDPSession(page);
  const { errors, data } = await devtools.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  expect(JSON.parse(data ?? "{}").icons).toHaveLength(3);
  await page.close();
  await context.setOffline(true);
  const again = await context.newPage();
  await again.goto(site.url);
  await expect(again.getByRole("button", { name: "Download 253 MB" })).toBeVisible();
});
