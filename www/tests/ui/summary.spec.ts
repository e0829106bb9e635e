// From the first visit to a summary, and what can go wrong on the way.
import { done, download, expect, openExample, paste, show, summarize, summaryText, test } from "./fixture";

test("says what it needs, downloads, tells of a refused chunk, and summarises with figures", async ({ page }) => {
  await expect(page.getByRole("button", { name: "Summarize" })).toBeDisabled();
  await expect(page.getByText("Gemma Terms of Use")).toBeVisible();
  await expect(page.getByText("your chats never leave this device")).toBeVisible();
  await page.getByRole("button", { name: "Download 114 MB" }).click();
  await expect(page.getByText("A damaged piece was refused")).toBeVisible();
  await expect(page.getByRole("button", { name: "Summarize" })).toBeEnabled();
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(summaryText(page)).toHaveAttribute("aria-busy", "true");
  await expect(done(page)).toHaveText("The summary is ready.");
  await expect(summaryText(page)).toHaveAttribute("aria-busy", "false");
  await expect(summaryText(page)).toHaveText(/^Frank says .* wedding\.$/);
  await expect(summaryText(page)).toHaveAttribute("lang", "en");
  const figures = page.locator("metrics-list dl");
  for (const figure of [
    "First token5.2 s",
    "Total7.6 s",
    "Prefill47.1 tok/s",
    "Decode10.0 tok/s",
    "Tokens240 in, 24 out",
    "Passes1",
    "WASM memory412 MB",
    "ROUGE-151.2",
    "ROUGE-224.1",
    "ROUGE-L47.3",
  ]) {
    await expect(figures).toContainText(figure);
  }
  await page.getByText("Written by a person").click();
  await expect(page.locator(".reference")).toContainText("Teo moves on Saturday");
});

test("a sample is shown before there is a model, and says so", async ({ page }) => {
  await openExample(page, "eval-266");
  await page.locator("#to").selectOption("es");
  await expect(page.getByText("Sample, written in advance by Example model")).toBeVisible();
  await expect(summaryText(page)).toHaveText("Se ha roto la cuerda de la campana cinco.");
  await download(page);
  await expect(page.getByText("Sample, written in advance")).toBeHidden();
});

test("a summary is in short or by person, as chosen on its card", async ({ page }) => {
  await download(page);
  await openExample(page, "eval-266");
  await summarize(page);
  const forms = page.getByRole("group", { name: "Form of the summary" });
  const short = forms.getByRole("button", { name: "In short" });
  const people = forms.getByRole("button", { name: "By person" });
  await expect(short).toHaveAttribute("aria-pressed", "true");
  await people.click();
  await expect(done(page)).toHaveText("The summary is ready.");
  await expect(summaryText(page).locator("p")).toHaveText([
    "Frank: the bell rope has gone",
    "Hamish: gets another one before the wedding",
  ]);
  await expect(summaryText(page).locator("b")).toHaveText(["Frank:", "Hamish:"]);
  await expect(people).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByText("Written by a person")).toBeHidden();
  // Both are there now: going back and forth writes nothing again.
  await short.click();
  await expect(summaryText(page)).toHaveText(/^Frank says .* wedding\.$/);
  await expect(page.getByText("Written by a person")).toBeVisible();
  await people.click();
  await expect(summaryText(page).locator("p")).toHaveCount(2);
  // The form stays chosen, where there is one.
  await page.reload();
  await download(page); // the fake engine keeps nothing
  await openExample(page, "eval-266");
  await summarize(page);
  await expect(summaryText(page).locator("b")).toHaveText(["Frank:", "Hamish:"]);
  await page.locator("#to").selectOption("es");
  await summarize(page);
  await expect(summaryText(page)).toHaveText(/^Frank dice/);
  await expect(forms).toBeHidden();
});

test("a careful summary is a draft until another text is chosen, and says what was checked", async ({ page }) => {
  await show(page, "Settings");
  await page.getByLabel("Check of summaries").selectOption("careful");
  await show(page, "Chat");
  await download(page);
  await openExample(page, "eval-266");
  await page.evaluate(() => new BroadcastChannel("fake").postMessage("hold"));
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(
    page.getByText("A draft: something in it is not in the chat. Writing text 2 of at most 6"),
  ).toBeVisible();
  await expect(summaryText(page)).toHaveText("Frank says that 17 bells have gone.");
  await page.evaluate(() => new BroadcastChannel("fake").postMessage("go"));
  await expect(done(page)).toHaveText("The summary is ready.");
  await expect(summaryText(page)).toHaveText(/^Frank says .* wedding\.$/);
  await expect(page.getByText("A draft:")).toBeHidden();
  await expect(page.getByText("Checked: the chat has every number, time and name in it.")).toBeVisible();
});

test("methods that cannot be used are greyed, with the reason", async ({ page }) => {
  await download(page);
  await expect(page.locator("#method option", { hasText: "no joint-expert adapter" })).toBeDisabled();
  await page.locator("#method").selectOption("two-step");
  await page.reload();
  await expect(page.locator("#method option[value=projection]"))
    .toBeAttached({ timeout: 1 })
    .catch(() => {});
});

test("the chat's own language asks for no translation, and takes a method that can", async ({ page }) => {
  await download(page);
  await page.locator("#to").selectOption("es");
  await expect(page.locator("#method")).toHaveValue("primary");
  await summarize(page);
  await expect(summaryText(page)).toHaveText(/^Frank dice/);
  await expect(page.getByRole("button", { name: /^Translate back/ })).toBeHidden();
});

test("a summary is read back in the chat's language where that can be done", async ({ page }) => {
  await download(page);
  await summarize(page);
  await page.getByRole("button", { name: "Translate back into Spanish" }).click();
  await expect(page.locator(".backtext")).toHaveText("Frank dice que la cuerda de la campana se rompió.");
  await page.locator("#to").selectOption("fr");
  await summarize(page);
  await expect(page.getByRole("button", { name: "Translate back into Spanish" })).toBeDisabled();
  await expect(page.getByText("no adapter that translates fr to es")).toBeVisible();
});

test("a summary can be copied", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await download(page);
  await summarize(page);
  await page.getByRole("button", { name: "Copy" }).click();
  await expect(page.getByText("Copied.")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^Frank says .* wedding\.$/);
});

test("is read aloud by a voice of this device only", async ({ page, site }) => {
  await page.addInitScript(() => {
    const spoken: string[] = [];
    Object.assign(globalThis, { spoken });
    const voice = { lang: "es-ES", localService: true } as SpeechSynthesisVoice;
    const server = { lang: "fr-FR", localService: false } as SpeechSynthesisVoice;
    Object.defineProperty(speechSynthesis, "getVoices", { value: () => [server, voice] });
    Object.defineProperty(speechSynthesis, "speak", {
      value: ({ text }: SpeechSynthesisUtterance) => spoken.push(text),
    });
    Object.defineProperty(SpeechSynthesisUtterance.prototype, "voice", { set() {} });
  });
  await page.goto(site.url);
  await download(page);
  await page.locator("#to").selectOption("es");
  await summarize(page);
  await page.getByRole("button", { name: "Read aloud" }).click();
  await expect(page.getByRole("button", { name: "Stop reading" })).toBeVisible();
  expect(await page.evaluate(() => (globalThis as unknown as { spoken: string[] }).spoken)).toEqual([
    expect.stringMatching(/^Frank dice/),
  ]);
  await page.locator("#to").selectOption("fr");
  await summarize(page);
  await expect(page.getByText("no offline voice for French")).toBeVisible();
});

test("after Stop nothing more arrives, and the model stays loaded", async ({ page }) => {
  await download(page);
  await paste(page, "Ana: SLOW");
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(summaryText(page)).toContainText("Frank");
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await expect(done(page)).toHaveText("Stopped.");
  const [worker] = page.workers();
  await expect.poll(() => worker?.evaluate(() => "wroteTooLate" in globalThis)).toBe(true);
  // What the worker posts comes in order: after this answer, the late word has come too.
  await show(page, "Settings");
  await page.getByLabel("Runs on").selectOption("Processor");
  await expect(page.locator("[data-place=cpu]")).toBeVisible();
  await show(page, "Chat");
  await expect(summaryText(page)).toHaveText(/^Frank/);
  await expect(summaryText(page)).not.toContainText("TOO LATE");
  await expect(page.getByRole("button", { name: "Summarize" })).toBeEnabled();
});

test("a long chat is read in parts, one after the other, and their summaries become one", async ({ page }) => {
  await download(page);
  await paste(page, "Ana: LONG");
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.getByText("Reading part 1 of 3: 1200 of 3600 tokens")).toBeVisible();
  await expect(page.getByText("Reading part 3 of 3")).toBeVisible();
  await expect(summaryText(page)).toHaveText("What part 1 is about. What part 2 is about.");
  await expect(done(page)).toHaveText("The summary is ready.");
  await expect(summaryText(page)).toHaveText(/^Frank says .* wedding\.$/);
});

test("untrusted text never becomes markup, and notices are shown", async ({ page }) => {
  await download(page);
  await paste(page, "<img src=x>: APART <img src=x onerror=alert(1)>\n<b>Eve</b>: <script>alert(1)</script>");
  await summarize(page);
  await expect(page.getByText("each part's summary is given")).toBeVisible();
  await expect(summaryText(page)).toContainText("<img src=x onerror=alert(1)>");
  await expect(page.getByRole("log")).toContainText("<script>alert(1)</script>");
  await expect(page.locator("img:not(.brand img)")).toHaveCount(0);
  await expect(page.locator("conversation-view b, conversation-view script")).toHaveCount(0);
});

test("a panic is told, and the next try gets a fresh worker", async ({ page }) => {
  await download(page);
  const [first] = page.workers();
  await paste(page, "Ana: PANIC");
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.getByRole("alert")).toContainText("stopped unexpectedly");
  await paste(page, "Ana: hello");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(done(page)).toHaveText("The summary is ready.");
  expect(page.workers()).not.toContain(first);
});

test("what was written before the graphics processor failed is void, and the figures name it", async ({ page }) => {
  await download(page);
  await paste(page, "Ana: RESTART");
  await summarize(page);
  await expect(summaryText(page)).toHaveText(
    "Frank says that the bell rope has gone. Hamish gets another one before the wedding.",
  );
  await expect(page.locator("summary-card")).toContainText("The model is loaded again.");
  await expect(page.locator("metrics-list")).toContainText("148 dispatches, 1 pass, 1 submit, 0.30 readbacks");
});

test("a graphics processor that fails twice takes the model with it, which the next try loads", async ({ page }) => {
  await download(page);
  await paste(page, "Ana: LOST");
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.getByRole("alert")).toContainText("The graphics processor failed.");
  await paste(page, "Ana: hello");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(done(page)).toHaveText("The summary is ready.");
});

test("no room left: says what to do", async ({ page }) => {
  await download(page);
  await paste(page, "Ana: QUOTA");
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.getByRole("alert")).toContainText("Free some space");
});
