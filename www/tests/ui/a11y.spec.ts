// Checks every screen and dialog by axe-core, in the light and the dark theme.
import AxeBuilder from "@axe-core/playwright";
import { download, expect, type Page, paste, show, showChats, summarize, test, visitApart } from "./fixture";

/**
 * Checks the screen in both themes. Only the contrast rule depends on colours, so it alone checks the dark theme. The
 * hundred entries of the list are all alike and are checked only if `list`.
 */
async function check(page: Page, screen: string, list = false): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    // Waits until the transition between the themes' colours has ended.
    await page.evaluate(() =>
      Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))),
    );
    let axe = new AxeBuilder({ page });
    if (colorScheme === "dark") axe = axe.withRules(["color-contrast"]);
    const { violations } = await (list ? axe : axe.exclude({ fromShadowDom: ["gist-app", "chat-list"] })).analyze();
    const place = ({ target, failureSummary }: (typeof violations)[number]["nodes"][number]): string =>
      `${target.join(" ")} (${failureSummary})`;
    const found = violations.map(
      ({ id, nodes }) => `${screen}, ${colorScheme}: ${id} at ${nodes.map(place).join(", ")}`,
    );
    expect(found).toEqual([]);
  }
}

test("no chat, summary or dialog of theirs has a violation", async ({ page, isMobile }) => {
  test.slow();
  await expect(page.getByRole("button", { name: "Download 114 MB" })).toBeVisible();
  await check(page, "first visit", !isMobile);
  if (isMobile) {
    await showChats(page);
    await check(page, "chats", true);
    await show(page, "Chat");
  }
  await download(page);
  await summarize(page);
  await page.getByRole("button", { name: "Translate back into Spanish" }).click();
  await expect(page.locator(".backtext")).toHaveAttribute("aria-busy", "false");
  await check(page, "summary");
  await page.getByRole("button", { name: "Share this chat" }).click();
  await check(page, "share, an example");
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await page.locator("#to").selectOption("fr");
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page
    .getByRole("button", { name: /^Edit the message from/ })
    .first()
    .click();
  await check(page, "editing");
  await page.getByRole("button", { name: "Done", exact: true }).click();
  await page.getByRole("button", { name: "Replay", exact: true }).click();
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await check(page, "replay");
  await showChats(page);
  await page.getByRole("button", { name: "New chat" }).click();
  await check(page, "empty chat");
  await showChats(page);
  await page.getByRole("button", { name: "Import a chat" }).click();
  await check(page, "import");
  await page.getByLabel("Paste a chat").fill("[2024-02-01T10:00:00] Ana: AMBIGUOUS\n[2024-02-01T10:01:00] Ben: yes");
  await page.getByRole("button", { name: "Read the text" }).click();
  await expect(page.getByRole("button", { name: "Use 2 messages" })).toBeVisible();
  await check(page, "import, found");
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await paste(page, "Ana: hello, UNSURE");
  await expect(page.getByText("Is this chat in English?")).toBeVisible();
  await expect(page.getByText("There is no adapter from English to French yet")).toBeVisible();
  await check(page, "uncertain language");
  await paste(page, "Ana: PANIC");
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await check(page, "problem");
  await page.getByRole("button", { name: "Share this chat" }).click();
  await page.getByLabel("Include the chat in the link").check();
  await check(page, "share, one's own");
});

test("no other view, and no dialog of theirs, has a violation", async ({ page }) => {
  test.slow();
  await show(page, "Models");
  await page.evaluate(() => new BroadcastChannel("fake").postMessage("hold"));
  await page.locator("[data-model=gemma-3-270m-64k]").getByRole("button", { name: "Download 114 MB" }).click();
  await expect(page.getByRole("button", { name: "Pause download" })).toBeVisible();
  await check(page, "models, downloading");
  await page.evaluate(() => new BroadcastChannel("fake").postMessage("go"));
  await expect(page.getByText("In use")).toBeVisible();
  await page.getByRole("button", { name: "Add an adapter" }).click();
  await check(page, "adapter");
  await page
    .getByLabel("Choose files")
    .setInputFiles({ name: "adapter_config.json", mimeType: "application/json", buffer: Buffer.from("{}") });
  await page.getByLabel("What was it trained for?").selectOption("Translate");
  await check(page, "adapter, found");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page
    .locator("add-model-card input[type=file]")
    .setInputFiles({ name: "SLOW.gguf", mimeType: "application/octet-stream", buffer: Buffer.from("GGUF") });
  await expect(page.getByRole("progressbar", { name: "Copying SLOW.gguf" })).toBeVisible();
  await check(page, "models, with an adapter, copying a file");
  await page.locator("add-model-card").getByRole("button", { name: "Stop" }).click();
  await expect(page.locator("[data-model='file:1']")).toBeVisible();
  await show(page, "Compare");
  await page.locator("compare-view").getByRole("button", { name: "Compare", exact: true }).click();
  await expect(page.getByText("Save as CSV")).toBeVisible();
  await check(page, "compare");
  await show(page, "Settings");
  await page.getByLabel("Summarize a replayed chat").selectOption("Every few messages");
  await check(page, "settings");
});

test("nothing that offers a download has a violation", async ({ page, site }) => {
  test.slow();
  await visitApart(page, site.url);
  await page.getByRole("button", { name: "Download 115 MB" }).click();
  await summarize(page);
  await check(page, "summary that cannot be read back yet");
  await paste(page, "Ana: hallo zusammen");
  await expect(page.getByRole("button", { name: "Download 1 MB" })).toBeVisible();
  await check(page, "chat in another language");
  await show(page, "Models");
  await page.getByText(/^Languages/).click();
  await check(page, "languages of a model");
});

test("colours of senders are told from the ground in both themes", async ({ page }) => {
  await paste(page, Array.from({ length: 8 }, (_, i) => `Person ${i}: hello ${i}`).join("\n"));
  await check(page, "senders");
});
