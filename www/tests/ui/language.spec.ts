// The languages of the chat and of its summary: detected, asked for, corrected, and what is said where adapters lack.
import { callStore } from "../store";
import { download, draftHolds, expect, type Page, paste, show, summarize, summaryText, test } from "./fixture";

const from = (page: Page) => page.getByLabel("Chat in", { exact: true });
const to = (page: Page) => page.getByLabel("Summary in", { exact: true });

test("the first example is in another language than the reader's, and its language is known", async ({ page }) => {
  await expect(page.getByRole("log")).toContainText("la mudanza es el sábado");
  await expect(from(page)).toHaveValue("es");
  await expect(to(page)).toHaveValue("en");
});

test("whoever reads Spanish sees an English example first", async ({ browser, site }) => {
  const context = await browser.newContext({ locale: "es-MX" });
  const page = await context.newPage();
  await page.goto(site.url);
  await expect(page.getByLabel("Chat en", { exact: true })).toHaveValue("en");
  await expect(page.getByLabel("Resumen en", { exact: true })).toHaveValue("es");
  await expect(page.getByRole("log")).toContainText("Bell rope");
  await context.close();
});

test("the first example is one that has a sample in the reader's language", async ({ browser, site }) => {
  const context = await browser.newContext({ locale: "fr" });
  const page = await context.newPage();
  await page.goto(site.url);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Hairdressers sorting August holidays");
  await expect(page.locator("summary-card .text")).toHaveText("Le salon choisit ses vacances d’août.");
  await context.close();
});

test("a pasted Spanish chat is detected before there is a model, and is summarised in English", async ({ page }) => {
  await paste(page, "Ana: hola, ¿vienes?\nLuis: que sí");
  await expect(from(page)).toHaveValue("es");
  await expect(page.getByText("Is this chat in")).toBeHidden();
  await download(page);
  await summarize(page);
  await expect(summaryText(page)).toHaveText(/^Frank says/);
  await expect(summaryText(page)).toHaveAttribute("lang", "en");
  await expect(page.getByRole("button", { name: "Translate back into Spanish" })).toBeEnabled();
});

test("a wrong guess is corrected by hand, for good", async ({ page, site }) => {
  await download(page);
  await paste(page, "Ana: Moin\nBen: Moin moin");
  await expect(from(page)).toHaveValue("en");
  await from(page).selectOption("German");
  await to(page).selectOption("German");
  await summarize(page);
  await expect(summaryText(page)).toHaveText(/^Frank sagt/);
  // A change of the chat does not change the choice.
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Message", { exact: true }).fill("hola a todos");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("button", { name: "Done", exact: true }).click();
  await expect(from(page)).toHaveValue("de");
  await draftHolds(page, "hola a todos");
  await page.goto(site.url);
  await expect(page.getByRole("log")).toContainText("hola a todos");
  await expect(from(page)).toHaveValue("de");
});

test("a detected language follows the chat", async ({ page }) => {
  await paste(page, "Ana: hello");
  await expect(from(page)).toHaveValue("en");
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Message", { exact: true }).fill("hola a todos");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("button", { name: "Done", exact: true }).click();
  await expect(from(page)).toHaveValue("es");
});

test("an uncertain language is a question, and the answer ends it", async ({ page }) => {
  await paste(page, "Ana: hola, UNSURE");
  await expect(page.getByText("Is this chat in Spanish?")).toBeVisible();
  await expect(from(page)).toHaveClass("asked");
  await expect(from(page)).toHaveAccessibleDescription("Is this chat in Spanish?");
  await page.getByRole("button", { name: "Yes", exact: true }).click();
  await expect(page.getByText("Is this chat in Spanish?")).toBeHidden();
  await expect(from(page)).toHaveAccessibleDescription("");
  await paste(page, "Ana: hallo, UNSURE");
  await expect(page.getByText("Is this chat in German?")).toBeVisible();
  await from(page).selectOption("French");
  await expect(page.getByText("Is this chat in")).toBeHidden();
  await expect(from(page)).toHaveValue("fr");
});

test("Yes to the language that a chat has stops no summary, and forgets none", async ({ page }) => {
  await download(page);
  await paste(page, "Ana: hola, UNSURE SLOW");
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(summaryText(page)).toContainText("Frank");
  await page.getByRole("button", { name: "Yes", exact: true }).click();
  await expect(page.getByText("Is this chat in Spanish?")).toBeHidden();
  await expect(summaryText(page)).toContainText("Frank says");
  await expect(page.getByRole("button", { name: "Stop", exact: true })).toBeVisible();
});

test("the reader's language is that of the page until they choose one", async ({ page, site }) => {
  await download(page);
  await show(page, "Settings");
  await expect(page.getByLabel("Language of the summary")).toHaveValue("auto");
  await page.getByLabel("Language of the page").selectOption("Français");
  await show(page, "Discussion" as "Chat");
  await expect(page.getByLabel("Résumé en", { exact: true })).toHaveValue("fr");
  await page.getByLabel("Résumé en", { exact: true }).selectOption("es");
  await page.goto(site.url);
  await show(page, "Réglages" as "Settings");
  await page.getByLabel("Langue de la page").selectOption("English");
  await expect(page.getByLabel("Language of the summary")).toHaveValue("es");
});

test("a summary can always be in the chat's own language", async ({ page }) => {
  await download(page);
  await show(page, "Settings");
  await page.getByLabel("Language of the summary").selectOption("Same as the chat");
  await show(page, "Chat");
  await expect(to(page)).toHaveValue("es");
  await paste(page, "Ana: hallo zusammen");
  await expect(to(page)).toHaveValue("de");
});

test("where there is no adapter for a direction, the summary is in the chat's language, and that is said", async ({
  page,
}) => {
  await download(page);
  await to(page).selectOption("French");
  await paste(page, "Ana: hallo zusammen");
  await expect(
    page.getByText("There is no adapter from German to French yet; the summary is in German."),
  ).toBeVisible();
  await expect(to(page)).toHaveValue("de");
  await expect(to(page).getByRole("option")).toHaveText(["German", "English"]);
  await summarize(page);
  await expect(summaryText(page)).toHaveText(/^Frank sagt/);
  await expect(page.getByRole("button", { name: "Summarize" })).toHaveAccessibleDescription("");
  await from(page).selectOption("Italian");
  const reason = "There is no adapter for chats in Italian yet.";
  await expect(page.getByText(reason)).toBeVisible();
  await expect(page.getByRole("button", { name: "Summarize" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Summarize" })).toHaveAccessibleDescription(reason);
});

test("settings, a draft and a link of an earlier version still read", async ({ page, site }) => {
  await paste(page, "Ana: hola");
  await draftHolds(page, '"code":"es"');
  await page.evaluate(() => {
    localStorage.setItem(
      "pocket-gist.settings",
      JSON.stringify({ task: "translate", to: "es", method: "projection", maxTokens: 80 }),
    );
  });
  const old = { title: "Old", messages: [{ id: 0, sender: "Ana", text: "hallo", time: null }] };
  const draft = { ...old, example: null, reference: null };
  await callStore(page, "pocket-gist-page", "drafts", "put", draft, "conversation");
  await page.goto(site.url);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Old");
  await expect(from(page)).toHaveValue("de");
  await expect(to(page)).toHaveValue("es");
  await page.goto("about:blank");
  await page.goto(`${site.url}#v=1&d=eval-266&m=projection&t=summarize&l=es`);
  await expect(page.getByRole("log")).toContainText("Bell rope");
  await expect(to(page)).toHaveValue("en");
});
