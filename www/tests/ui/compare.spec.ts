// Comparing methods: on a chat, on random examples, stopped, and saved.
import { readFileSync } from "node:fs";
import { done, download, expect, type Page, paste, show, test } from "./fixture";

const start = (page: Page) => page.locator("compare-view").getByRole("button", { name: "Compare", exact: true });

test("compares all methods that can be used, in a table and in charts", async ({ page }) => {
  await download(page);
  await show(page, "Compare");
  await expect(page.getByLabel(/^Joint expert/)).toBeDisabled();
  await start(page).click();
  await expect(page.getByRole("progressbar")).toBeVisible();
  await expect(done(page)).toHaveText("The comparison is ready.");
  const rows = page.locator("compare-view tbody tr");
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(1)).toHaveText(/Projection merge\s*7\.6\s*5\.2\s*10\.0\s*51\.2\s*24\.1\s*47\.3\s*1\s*0\.15/);
  await expect(
    page.getByRole("img", { name: /^Bar chart: Time \(s\) by method: Zero-shot 7\.6; Projection merge 7\.6/ }),
  ).toBeVisible();
  await expect(page.getByRole("img", { name: /^Bar chart: ROUGE by method/ })).toBeVisible();
  await expect(
    page.getByText(
      "Memory: 400 MB (WASM) and 290 MB (GPU) with the model loaded, 412 MB (WASM) and 290 MB (GPU) at most.",
    ),
  ).toBeVisible();
});

test("runs on random examples, with mean and spread, and saves every run", async ({ page }) => {
  await download(page);
  await show(page, "Compare");
  await page.getByLabel("Two-step").uncheck();
  await page.getByLabel("On random examples").check();
  await page.getByLabel("Number of examples").fill("3");
  await page.getByLabel("Number of examples").blur();
  await start(page).click();
  await expect(done(page)).toHaveText("The comparison is ready.", { timeout: 30_000 });
  await expect(page.locator("compare-view tbody tr")).toHaveCount(2);
  await expect(page.locator("compare-view tbody tr").first()).toContainText("7.6 ± 0.0");
  const [csv] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save as CSV" }).click(),
  ]);
  const lines = readFileSync(await csv.path(), "utf8")
    .trim()
    .split("\r\n");
  expect(lines).toHaveLength(1 + 2 * 3);
  expect(lines[0]).toMatch(/^chat,method,form,from,language,total_ms,/);
  const [json] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save as JSON" }).click(),
  ]);
  const saved = JSON.parse(readFileSync(await json.path(), "utf8"));
  expect(saved).toMatchObject({
    model: "gemma-3-270m-64k",
    form: "gist",
    from: "es",
    to: "en",
    idleBytes: { wasm: 4e8, gpu: 2.9e8 },
    peakBytes: { wasm: 412e6, gpu: 2.9e8 },
  });
  expect(saved.runs).toHaveLength(6);
  for (const { chat } of saved.runs) expect(chat).toMatch(/^eval-es/);
});

test("takes no more random examples than there are in the chat's language", async ({ page }) => {
  await show(page, "Compare");
  await page.getByLabel("On random examples").check();
  const count = page.getByLabel("Number of examples");
  await expect(count).toHaveAttribute("max", "40");
  await count.fill("100");
  await count.blur();
  await expect(count).toHaveValue("40");
});

test("can be stopped, and shows what there is", async ({ page }) => {
  await download(page);
  await paste(page, "Ana: SLOW");
  await show(page, "Compare");
  await start(page).click();
  await expect(page.locator("compare-view blockquote")).toContainText("Frank");
  await page.locator("compare-view").getByRole("button", { name: "Stop", exact: true }).click();
  await expect(done(page)).toHaveText("Stopped after 0 summaries.");
  await expect(start(page)).toBeEnabled();
});

test("is what Summarize does in comparative mode", async ({ page }) => {
  await download(page);
  await paste(page, "Ana: hello");
  await show(page, "Settings");
  await page.getByLabel("Mode").selectOption("compare");
  await show(page, "Chat");
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(done(page)).toHaveText("The comparison is ready.");
  await expect(page.getByText("ROUGE needs a summary by a person")).toBeVisible();
});
