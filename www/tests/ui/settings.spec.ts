// Settings, and the page in other languages.
import { download, expect, paste, show, test } from "./fixture";

test("choices are kept across visits", async ({ page, site }) => {
  await download(page);
  await page.locator("#method").selectOption("two-step");
  await page.locator("#to").selectOption("fr");
  await show(page, "Settings");
  await page.getByLabel("Maximum length (tokens)").fill("9999");
  await page.getByLabel("Maximum length (tokens)").blur();
  await page.getByLabel("Colours").selectOption("dark");
  await page.goto(site.url);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await show(page, "Settings");
  await expect(page.getByLabel("Maximum length (tokens)")).toHaveValue("512");
  const saved = await page.evaluate(() => JSON.parse(localStorage.getItem("pocket-gist.settings") ?? "{}"));
  expect(saved).toMatchObject({ method: "two-step", to: "fr" });
});

test("the page says where the model runs, and why; setting and address choose", async ({ page, site }) => {
  await download(page);
  await show(page, "Settings");
  const place = page.locator("[data-place]");
  await expect(place).toHaveText(
    "The model runs on the graphics processor (example). By a trial on this device, a typical summary takes about " +
      "2.1 s on the graphics processor and 7.6 s on the processor.",
  );
  await page.getByLabel("Runs on").selectOption("cpu");
  await expect(place).toHaveText("The model runs on the processor. That is your choice.");
  await page.goto(`${site.url}?backend=gpu`);
  await page.getByRole("button", { name: "Download 114 MB" }).click(); // the fake engine forgets it with its worker
  await show(page, "Settings");
  await expect(place).toHaveText("The model runs on the graphics processor (example). That is your choice.");
  await expect(page.getByLabel("Runs on")).toHaveValue("cpu");
});

test("a benchmark that finds the graphics processor slower, or none, is remembered for its model and browser", async ({
  page,
  site,
}) => {
  const remember = (benchmark: object) =>
    page.evaluate(
      (benchmark) =>
        localStorage.setItem(
          "pocket-gist.trials",
          JSON.stringify({ "gemma-3-270m-64k": { ...benchmark, browser: navigator.userAgent } }),
        ),
      benchmark,
    );
  await remember({ cpuMs: 3000, gpuMs: 9000, noGpu: null });
  await download(page);
  await show(page, "Settings");
  await expect(page.locator("[data-place=cpu]")).toContainText(
    "about 9.0 s on the graphics processor and 3.0 s on the processor",
  );
  await remember({ cpuMs: null, gpuMs: null, noGpu: "there is none" });
  await page.goto(site.url);
  await download(page);
  await show(page, "Settings");
  await expect(page.locator("[data-place=cpu]")).toHaveText(
    "The model runs on the processor. The graphics processor cannot be used: there is none.",
  );
});

test("settings that somebody has broken are not believed", async ({ page, site }) => {
  await page.evaluate(() =>
    localStorage.setItem("pocket-gist.settings", JSON.stringify({ theme: "<b>", maxTokens: 1e9, method: 3, to: "fr" })),
  );
  await page.goto(site.url);
  await show(page, "Settings");
  await expect(page.getByLabel("Colours")).toHaveValue("auto");
  await expect(page.getByLabel("Maximum length (tokens)")).toHaveValue("160");
  await page.evaluate(() => localStorage.setItem("pocket-gist.settings", "{"));
  await page.goto(site.url);
  await expect(page.getByRole("log")).toContainText("la mudanza es el sábado");
});

test("the page speaks the languages that it offers, at once and at the next visit", async ({ page, site }) => {
  await show(page, "Settings");
  await page.getByLabel("Language of the page").selectOption("Deutsch");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Optionen");
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await page.goto(site.url);
  await expect(page.getByRole("button", { name: "Zusammenfassen" })).toBeVisible();
});

for (const [locale, word] of [
  ["es-MX", "Resumir"],
  ["fr-CA", "Résumer"],
  ["de-CH", "Zusammenfassen"],
  ["it-IT", "Summarize"],
] as const) {
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
    reached.add(
      await page.evaluate(() => {
        let element = document.activeElement;
        while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
        return element?.ariaLabel ?? element?.textContent?.trim() ?? "";
      }),
    );
  }
  expect([...reached].join("|")).toMatch(/Replay|Import a chat/);
});
