// Every screen by axe-core, light and dark.
import AxeBuilder from "@axe-core/playwright";
import { done, expect, type Page, paste, show, showChats, summarize, test } from "./fixture";

/** Checks what is on the screen; the hundred entries of the list, which are all alike, only where it says so. */
async function check(page: Page, screen: string, list = false): Promise<void> {
  // Colours that are on their way from one theme to another are none that anybody reads.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
  const axe = new AxeBuilder({ page });
  const { violations } = await (list ? axe : axe.exclude({ fromShadowDom: ["gist-app", "chat-list"] })).analyze();
  const found = violations.map(({ id, nodes }) => `${screen}: ${id} at ${nodes.map(({ target, failureSummary }) => `${target.join(" ")} (${failureSummary})`).join(", ")}`);
  expect(found).toEqual([]);
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`no screen has a violation, ${colorScheme}`, async ({ page, isMobile }) => {
    test.slow();
    await page.emulateMedia({ colorScheme });
    await expect(page.getByRole("button", { name: "Download 253 MB" })).toBeVisible();
    await check(page, "first visit", !isMobile);
    if (isMobile) {
      await showChats(page);
      await check(page, "chats", true);
      await show(page, "Chat");
    }
    await show(page, "Models");
    await page.locator("[data-model=gemma-3-270m]").getByRole("button", { name: "Download 253 MB" }).click();
    await check(page, "models, downloading");
    await expect(page.getByText("In use")).toBeVisible();
    await check(page, "models");
    await show(page, "Chat");
    await summarize(page);
    await page.getByRole("button", { name: "Read it back in English" }).click();
    await expect(page.locator(".backtext")).toHaveAttribute("aria-busy", "false");
    await check(page, "summary");
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByRole("button", { name: /^Edit the message of/ }).first().click();
    await check(page, "editing");
    await page.getByRole("button", { name: "Done", exact: true }).click();
    await page.getByRole("button", { name: "Replay", exact: true }).click();
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await check(page, "replay");
    await page.getByRole("button", { name: "Skip to the end" }).click();
    await expect(done(page)).toHaveText("The summary is ready.");
    await page.getByRole("button", { name: "Share this chat" }).click();
    await check(page, "share");
    await page.getByRole("button", { name: "Close" }).click();
    await show(page, "Compare");
    await page.locator("compare-view").getByRole("button", { name: "Compare", exact: true }).click();
    await expect(page.getByText("Save as CSV")).toBeVisible();
    await check(page, "compare");
    await show(page, "Settings");
    await check(page, "settings");
    await show(page, "Chat");
    await showChats(page);
    await page.getByRole("button", { name: "Import a chat" }).click();
    await check(page, "import");
    await page.getByLabel("Paste a chat").fill("[2024-02-01T10:00:00] Ana: AMBIGUOUS\n[2024-02-01T10:01:00] Ben: yes");
    await page.getByRole("button", { name: "Read the text" }).click();
    await expect(page.getByRole("button", { name: "Use 2 messages" })).toBeVisible();
    await check(page, "import, found");
    await page.getByRole("button", { name: "Close" }).click();
    await paste(page, "Ana: PANIC");
    await page.getByRole("button", { name: "Summarize" }).click();
    await expect(page.getByRole("alert")).toBeVisible();
    await check(page, "problem");
  });
}

test("colours of senders are told from the ground in both themes", async ({ page }) => {
  const names = Array.from({ length: 8 }, (_, i) => `Person ${i}: hello ${i}`).join("\n");
  await paste(page, names);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await check(page, `senders, ${colorScheme}`);
  }
});
