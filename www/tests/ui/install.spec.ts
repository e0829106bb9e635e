// The installed app: the manifest, the offer to install, updates, and starting without a network.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "../../../pkg-scripts/serve.mjs";
import { download, expect, summarize, test } from "./fixture";

test("is installable, and starts cold without a server", async ({ page, context, site }) => {
  await page.evaluate(() => navigator.serviceWorker.ready);
  const devtools = await context.newCDPSession(page);
  const { errors, data } = await devtools.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  const manifest = JSON.parse(data ?? "{}");
  expect(manifest.icons).toHaveLength(3);
  expect(manifest.share_target).toMatchObject({ action: "./share", method: "POST" });
  expect(manifest.screenshots.map((each: { form_factor: string }) => each.form_factor)).toEqual(["narrow", "wide"]);
  for (const { src } of [...manifest.icons, ...manifest.screenshots])
    expect((await page.request.get(new URL(src, site.url).href)).ok()).toBe(true);
  await page.close();
  await context.setOffline(true);
  for (const address of [site.url, `${site.url}?backend=cpu`]) {
    const again = await context.newPage();
    await again.goto(address);
    await expect(again.getByRole("button", { name: "Download 114 MB" })).toBeVisible();
    await expect(again.getByRole("log")).toContainText("la mudanza es el sábado");
  }
});

test("shortcuts open the import and a random example", async ({ page, site }) => {
  await page.goto(`${site.url}#import`);
  await expect(page.getByRole("dialog", { name: "Import a chat" })).toBeVisible();
  await page.goto("about:blank");
  await page.goto(`${site.url}#random`);
  await expect(page.locator(".bubble").first()).toBeVisible();
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("installing is offered after the first success only", async ({ page }) => {
  await page.evaluate(() => {
    const event = Object.assign(new Event("beforeinstallprompt", { cancelable: true }), {
      prompt: async () => {
        Object.assign(globalThis, { prompted: true });
      },
      userChoice: Promise.resolve({ outcome: "accepted" }),
    });
    dispatchEvent(event);
    if (!event.defaultPrevented) throw new Error("the browser's own banner was not held back");
  });
  await download(page);
  await expect(page.getByText("install it as an app")).toBeHidden();
  await summarize(page);
  await page.getByRole("button", { name: "Install" }).click();
  expect(await page.evaluate(() => (globalThis as unknown as { prompted?: boolean }).prompted)).toBe(true);
  await expect(page.getByText("install it as an app")).toBeHidden();
});

test("a new version waits for the reader", async ({ context }) => {
  let version = "";
  const folder = new URL("../../dist-test", import.meta.url).pathname;
  const site = await serve(folder, {
    async intercept(name, _request, response, headers) {
      if (name !== "service-worker.js") return false;
      response.writeHead(200, headers).end(readFileSync(join(folder, name), "utf8") + version);
      return true;
    },
  });
  const page = await context.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  version = "\n// another version";
  await page.goto(site.url);
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
  await expect(page.getByText("A new version is ready.")).toBeVisible();
  await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Reload" }).click()]);
  await expect(page.getByRole("log")).toContainText("la mudanza es el sábado");
  await expect(page.getByText("A new version is ready.")).toBeHidden();
  await page.close();
  site.server.closeAllConnections();
  site.server.close();
});
