#!/usr/bin/env node
// Pictures of the page for the README, with the real model: pkg-scripts/build && node pkg-scripts/screenshots.mjs
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "./serve.mjs";

const root = join(import.meta.dirname, "..");
const { chromium, expect } = createRequire(join(root, "www/package.json"))("@playwright/test");
const profile = mkdtempSync(join(tmpdir(), "pocket-gist-"));
const site = await serve(join(root, "www/dist"));
const views = [
  ["phone", { viewport: { width: 412, height: 915 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
  ["desktop", { viewport: { width: 1280, height: 860 } }],
];
for (const [name, view] of views) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launchPersistentContext(profile, { executablePath, args: ["--no-sandbox"], ...view });
  const page = await browser.newPage();
  const shoot = (file) => page.screenshot({ path: join(root, file) });
  await page.goto(site.url);
  const download = page.getByRole("button", { name: /^Download/ });
  const ready = page.locator("#method option[value=projection]");
  await download.or(ready).first().waitFor({ state: "attached" });
  if (await download.isVisible()) await download.click();
  await ready.waitFor({ state: "attached", timeout: 120_000 });
  await page.getByRole("button", { name: "Summarize" }).click();
  await page.locator("metrics-list dl").waitFor({ timeout: 120_000 });
  await page.waitForTimeout(300); // until it is scrolled to
  await shoot(`www/public/screenshots/${name}.png`);
  await page.getByRole("navigation").getByRole("button", { name: "Compare" }).click();
  // All methods of these languages are compared, most of which take files of their own.
  const lacking = page.locator("compare-view .methods button");
  while ((await lacking.count()) > 0) {
    const before = await lacking.count();
    await lacking.first().click();
    await expect(lacking).not.toHaveCount(before, { timeout: 120_000 });
  }
  await page.locator("compare-view").getByRole("button", { name: "Compare", exact: true }).click();
  await page.getByText("Save as CSV").waitFor({ timeout: 300_000 });
  await page.locator("compare-view .charts").scrollIntoViewIfNeeded();
  await shoot(`docs/compare-${name}.png`);
  await browser.close();
}
site.server.closeAllConnections();
site.server.close();
rmSync(profile, { recursive: true, force: true });
