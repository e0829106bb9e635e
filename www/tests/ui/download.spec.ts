// The download by direction: with the model comes what the open chat needs, and everything else when it is asked for.
import { expect, type Page, paste, show, summarize, summaryText, test, visitApart } from "./fixture";

const from = (page: Page) => page.getByLabel("Chat in", { exact: true });
const to = (page: Page) => page.getByLabel("Summary in", { exact: true });
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const card = (page: Page) => page.locator("[data-model=gemma-3-270m-64k]");

test.beforeEach(({ page, site }) => visitApart(page, site.url));

test("the first download is the model with the projection of the open chat, another language is one tap", async ({
  page,
}) => {
  await expect(from(page)).toHaveValue("es");
  await expect(page.locator("welcome-card")).toContainText("Other languages and methods are added when you want them");
  await button(page, "Download 115 MB").click();
  await expect(button(page, "Summarize")).toBeEnabled();
  await summarize(page);
  await expect(summaryText(page)).toHaveText(/^Frank says/);

  await paste(page, "Ana: hallo zusammen\nBen: na gut");
  await expect(from(page)).toHaveValue("de");
  await expect(
    page.getByText("German → English: 1 MB more is to be downloaded, once. After that it works offline."),
  ).toBeVisible();
  await expect(button(page, "Summarize")).toHaveCount(0);
  await expect(button(page, "Download 1 MB")).toHaveAccessibleDescription(/^German → English: 1 MB more/);
  await button(page, "Download 1 MB").click();
  await summarize(page);
  await expect(summaryText(page)).toHaveText(/^Frank says/);
});

test("a chat in the reader's language needs the LoRA that summarises", async ({ page }) => {
  await to(page).selectOption("Spanish");
  await button(page, "Download 123 MB").click();
  await summarize(page);
  await expect(summaryText(page)).toHaveText(/^Frank dice/);
  // The same file is for German chats.
  await paste(page, "Ana: hallo zusammen");
  await to(page).selectOption("German");
  await expect(button(page, "Summarize")).toBeEnabled();
});

test("another method says its size, in the list and before its download, which can be paused", async ({ page }) => {
  await button(page, "Download 115 MB").click();
  await expect(page.locator("#method option[value=two-step]")).toHaveText("Two-step (16 MB more)");
  await page.locator("#method").selectOption("two-step");
  await expect(page.getByText("Spanish → English, Two-step: 16 MB more is to be downloaded, once.")).toBeVisible();
  await page.evaluate(() => new BroadcastChannel("fake").postMessage("hold"));
  await button(page, "Download 16 MB").click();
  await expect(page.locator("action-bar").getByRole("progressbar", { name: "Download" })).toBeVisible();
  await button(page, "Pause download").click();
  await page.evaluate(() => new BroadcastChannel("fake").postMessage("go"));
  await button(page, "Download 16 MB").click();
  await expect(page.locator("#method option[value=two-step]")).toHaveText("Two-step");
  await summarize(page);
  // What a translation LoRA adds beside it is another direction's.
  await expect(page.locator("#method option[value=projection]")).toHaveText("Projection merge");
});

test("reading back says what it needs and is offered", async ({ page }) => {
  await button(page, "Download 115 MB").click();
  await summarize(page);
  await expect(page.getByRole("button", { name: "Translate back into Spanish" })).toHaveCount(0);
  const note = page.locator("need-note");
  await expect(note).toContainText("Translate back into Spanish: 8.1 MB more is to be downloaded, once.");
  await note.getByRole("button", { name: "Download 8.1 MB" }).click();
  await button(page, "Translate back into Spanish").click();
  await expect(page.locator(".backtext")).toHaveText("Frank dice que la cuerda de la campana se rompió.");
  await expect(note).toHaveCount(0);
});

test("a chat that is read in parts is offered what makes one summary of them", async ({ page }) => {
  await button(page, "Download 115 MB").click();
  await paste(page, "Ana: hola, APART");
  await summarize(page);
  const note = page.locator("need-note").filter({ hasText: "One summary of a chat as long as this: 8.1 MB more" });
  await note.getByRole("button", { name: "Download 8.1 MB" }).click();
  await expect(note).toHaveCount(0);
  await summarize(page);
  await expect(page.getByText("The chat was read in 2 parts")).toHaveCount(0);
});

test("methods to compare are downloaded one by one, each with its size", async ({ page }) => {
  await button(page, "Download 115 MB").click();
  await expect(button(page, "Summarize")).toBeEnabled();
  await show(page, "Compare");
  await expect(page.getByLabel("Two-step", { exact: true })).toBeDisabled();
  await button(page, "Download 16 MB: Two-step").click();
  await expect(page.getByLabel("Two-step", { exact: true })).toBeChecked();
  await expect(button(page, "Download 16 MB: Two-step")).toHaveCount(0);
  await page.locator("compare-view").getByRole("button", { name: "Compare", exact: true }).click();
  await expect(page.locator("compare-view tbody tr")).toHaveCount(3);
});

test("the models view lists languages and files, adds a language, and deletes a file", async ({ page }) => {
  await show(page, "Models");
  await card(page).getByRole("button", { name: "Download 115 MB" }).click();
  await card(page).getByText("Languages (3 of 8 on this device)").click();
  await card(page).getByRole("button", { name: "Download 1 MB: German → English" }).click();
  await expect(card(page).getByText("Languages (4 of 8 on this device)")).toBeVisible();
  await expect(card(page).getByRole("listitem").filter({ hasText: "German → English · 1 MB" })).toBeVisible();
  page.once("dialog", (question) => question.accept());
  await button(page, "Delete the adapter Projection merge, Spanish → English").click();
  await expect(card(page).getByText("Languages (3 of 8 on this device)")).toBeVisible();
  await show(page, "Chat");
  await expect(button(page, "Download 1 MB")).toBeEnabled();
});

test("a replayed chat that lacks its download is not summarised, which is no error", async ({ page }) => {
  await button(page, "Download 115 MB").click();
  await paste(page, "Ana: hallo zusammen\nBen: na gut");
  await expect(button(page, "Download 1 MB")).toBeEnabled();
  await page.getByRole("button", { name: "Replay", exact: true }).click();
  await page.getByRole("button", { name: "Skip to the end", exact: true }).click();
  await expect(page.locator(".bubble")).toHaveCount(2);
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(page.locator("summary-card")).toHaveCount(0);
});
