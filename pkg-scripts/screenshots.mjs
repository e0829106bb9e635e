#!/usr/bin/env node
// Pictures of the page for the README, with the real model: pkg-scripts/build && node pkg-scripts/screenshots.mjs
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "./serve.mjs";

const root = join(import.meta.dirname, "..");
const { chromium } = createRequire(join(root, "www/package.json"))("@playwright/test");
const profile = mkdtempSync(join(tmpdir(), "pocket-gist-"));
const site = await serve(join(root, "www/dist"));
const views = [
  ["phone", { viewport: { width: 412, height: 915 }, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true }],
  ["desktop", { viewport: { width: 1280, height: 860 } }],
];
for (const [name, view] of views) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launchPersistentContext(profile, { executablePath, args: ["--no-sandbox"], ...view });
  const page = await browser.newPage();
  await page.goto(site.url);
  const download = page.getByRole("button", { name: /^Download/ });
  await download.or(page.getByText("On this device.")).waitFor();
  if (await download.isVisible()) await download.click();
  await page.getByRole("button", { name: "Summarize" }).and(page.locator(":enabled")).waitFor({ timeout: 120_000 });
  await page.getByRole("button", { name: "Summarize" }).click();
  await page.locator("dl").waitFor({ timeout: 120_000 });
  await page.getByRole("heading", { name: "Summary" }).scrollIntoViewIfNeeded();
  await page.screenshot({ path: join(root, `docs/${name}.png`), fullPage: name === "phone" });
  await browser.close();
}
site.server.closeAllConnections();
site.server.close();
rmSync(profile, { recursive: true, force: true });
