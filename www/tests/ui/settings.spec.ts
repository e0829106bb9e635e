// Settings, and the page in other languages.
import { download, expect, paste, show, test } from "./fixture";

test("choices are kept across visits", async ({ page, site }) => {
  await download(page);
  await page.locator("#method").selectOption("two-step");
  await page.locator("#to").selectOption("fr");
  await show(page, "Settings");
  await page.getByLabel("Longest summary (tokens)").fill("9999");
  await page.getByLabel("Longest summary (tokens)").blur();
  await page.getByLabel("Colours").selectOption("dark");
  await page.goto(site.url);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await show(page, "Settings");
  await expect(page.getByLabel("Longest summary (tokens)")).toHaveValue("512");
  const saved = await page.evaluate(() => JSON.parse(localStorage.getItem("pocket-gist.settings") ?? "{}"));
  expect(saved).toMatchObject({ method: "two-step", to: "fr", task: "translate" });
});

test("settings that somebody has broken are not believed", async ({ page, site }) => {
  await page.evaluate(() => localStorage.setItem("pocket-gist.settings", JSON.stringify({ theme: "<b>", maxTokens: 1e9, method: 3, to: "fr" })));
  await page.goto(site.url);
  await show(page, "Settings");
  await expect(page.getByLabel("Colours")).toHaveValue("auto");
  await expect(page.getByLabel("Longest summary (tokens)")).toHaveValue("160");
  await page.evaluate(() => localStorage.setItem("pocket-gist.settings", "{"));
  await page.goto(site.url);
  await expect(page.getByRole("log")).toContainText("Bell rope");
});

test("the page speaks the languages that it offers, at once and at the next visit", async ({ page, site }) => {
  await show(page, "Settings");
  await page.getByLabel("Language of the page").selectOption("Deutsch");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Optionen");
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await page.goto(site.url);
  await expect(page.getByRole("button", { name: "Zusammenfassen" })).toBeVisible();
});

for (const [locale, word] of [["es-MX", "Resumir"], ["fr-CA", "Résumer"], ["de-CH", "Zusammenfassen"], ["it-IT", "Summarize"]] as const) {
  test(`follows the browser: ${locale}`, async ({ browser, site }) => {
    const context = await browser.newContext({ locale });
    const page = await context.newPage();
    await page.goto(site.url);
    await expect(page.getByRole("button", { name: word })).toBeVisible();
    await context.close();
  });
}

test("the reader's own messages stand on the right", async ({ page }) => {
  await paste(page, "Ana: hello\nBen: hi");
  await show(page, "Settings");
  await page.getByLabel("Your name in chats").fill("Ben");
  await page.getByLabel("Your name in chats").blur();
  await show(page, "Chat");
  await expect(page.locator(".line.me")).toContainText("hi");
  await expect(page.locator(".line.me")).toHaveCount(1);
});

test("every control is reached by keyboard", async ({ page }) => {
  const reached = new Set<string>();
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      return element?.ariaLabel ?? element?.textContent?.trim() ?? "";
    }));
  }
  expect([...reached].join("|")).toMatch(/Replay|Import a chat/);
});
