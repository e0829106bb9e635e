// The model manager.
import { download, expect, show, test } from "./fixture";

test("a paused download resumes, and both views show it", async ({ page }) => {
  await show(page, "Models");
  const card = page.locator("[data-model=gemma-3-270m]");
  await expect(card.getByText("Fits this device.")).toBeVisible();
  await page.evaluate(() => new BroadcastChannel("fake").postMessage("hold"));
  await card.getByRole("button", { name: "Download 253 MB" }).click();
  await expect(card.getByRole("progressbar", { name: "Download" })).toBeVisible();
  await expect(card.getByText(/[MG]B\/s, about \d+ s left/)).toBeVisible();
  await show(page, "Chat");
  await expect(page.locator("welcome-card").getByRole("progressbar")).toBeVisible();
  await page.getByRole("button", { name: "Pause download" }).click();
  await page.evaluate(() => new BroadcastChannel("fake").postMessage("go"));
  await page.getByRole("button", { name: "Resume at 67 MB" }).click();
  await expect(page.locator("welcome-card")).toHaveCount(0);
  await show(page, "Models");
  await expect(card.getByText("In use")).toBeVisible();
});

test("a model that does not fit says so and cannot be fetched", async ({ page }) => {
  await show(page, "Models");
  const card = page.locator("[data-model=huge]");
  await expect(card.getByText("Needs 90,000 GB; the browser offers 64 GB.")).toBeVisible();
  await expect(card.getByRole("button", { name: /^Download/ })).toBeDisabled();
});

test("a model is deleted after a question", async ({ page }) => {
  await download(page);
  await show(page, "Models");
  page.once("dialog", (dialog) => dialog.dismiss());
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.locator("[data-model=gemma-3-270m]").getByText("On this device.")).toBeVisible();
  page.once("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByRole("button", { name: "Download 253 MB" })).toBeVisible();
  await show(page, "Chat");
  await expect(page.getByRole("button", { name: "Summarize" })).toBeDisabled();
});

test("everything is deleted: models, the chat, the settings", async ({ page, site }) => {
  await download(page);
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Message", { exact: true }).fill("private");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.waitForTimeout(700); // until it is written
  await show(page, "Settings");
  await page.getByLabel("Colours").selectOption("dark");
  await show(page, "Models");
  page.once("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Delete everything" }).click();
  await expect(page.getByRole("button", { name: "Download 253 MB" })).toBeVisible();
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
  await page.goto(site.url);
  await expect(page.getByRole("log")).not.toContainText("private");
  await expect(page.locator("html")).not.toHaveAttribute("data-theme");
});

test("asks the browser to keep what is stored, and shows the answer", async ({ page, site }) => {
  await page.addInitScript(() => {
    let kept = false;
    navigator.storage.persisted = async () => kept;
    navigator.storage.persist = async () => (kept = new URLSearchParams(location.search).has("agree"));
  });
  await page.goto(site.url);
  await download(page);
  await show(page, "Models");
  await expect(page.getByText("The browser did not agree.")).toBeVisible();
  await page.goto(`${site.url}?agree`);
  await show(page, "Models");
  await page.getByRole("button", { name: "Ask the browser to keep it" }).click();
  await expect(page.getByText("keeps it until you delete it").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Ask the browser to keep it" })).toBeHidden();
});
