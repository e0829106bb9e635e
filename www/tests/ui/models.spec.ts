// Managing models and adapters.
import { done, download, draftHolds, expect, paste, show, summarize, test } from "./fixture";

test("a paused download resumes, and both views show it", async ({ page }) => {
  await show(page, "Models");
  const card = page.locator("[data-model=gemma-3-270m-64k]");
  await expect(card.getByText("Fits this device.")).toBeVisible();
  await page.evaluate(() => new BroadcastChannel("fake").postMessage("hold"));
  await card.getByRole("button", { name: "Download 114 MB" }).click();
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
  await expect(page.locator("[data-model=gemma-3-270m-64k]").getByText("On this device.")).toBeVisible();
  page.once("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByRole("button", { name: "Download 114 MB" })).toBeVisible();
  await show(page, "Chat");
  await expect(page.getByRole("button", { name: "Summarize" })).toBeDisabled();
});

test("everything is deleted: models, the chat, the settings", async ({ page, site }) => {
  await download(page);
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Message", { exact: true }).fill("private");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await draftHolds(page, "private");
  await show(page, "Settings");
  await page.getByLabel("Colours").selectOption("dark");
  await show(page, "Models");
  page.once("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Delete everything" }).click();
  await expect(done(page)).toHaveText("Everything has been deleted.");
  await expect(page.getByRole("button", { name: "Download 114 MB" })).toBeVisible();
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

test("files of earlier versions are told of, and deleted", async ({ page }) => {
  await show(page, "Models");
  await expect(page.getByText("41 MB of these are files of earlier versions")).toBeVisible();
  await page.getByRole("button", { name: "Delete the old files" }).click();
  await expect(page.getByText("files of earlier versions")).toHaveCount(0);
});

const gguf = (name: string) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from("GGUF") });

test("a model of one's own is copied, can be stopped and goes on, is used and deleted", async ({ page }) => {
  await show(page, "Models");
  const field = page.locator("add-model-card input[type=file]");
  await field.setInputFiles({ ...gguf("notes.txt") });
  await expect(page.getByRole("alert")).toContainText("notes.txt: this is not a GGUF file");
  await field.setInputFiles(gguf("SLOW.gguf"));
  await expect(page.getByRole("progressbar", { name: "Copying SLOW.gguf" })).toBeVisible();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  const card = page.locator("[data-model='file:1']");
  await expect(card).toContainText(/[\d.]+ MB copied so far\. Choose the same file again to continue\./);
  await page.locator("add-model-card .drop").evaluate((drop) => {
    const data = new DataTransfer();
    data.items.add(new File(["GGUF"], "mine.gguf"));
    drop.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true, composed: true }));
  });
  await expect(card.getByText("In use")).toBeVisible();
  await expect(card).toContainText("local file");
  await show(page, "Chat");
  await expect(page.getByRole("button", { name: "Summarize" })).toBeEnabled();
  await show(page, "Models");
  page.once("dialog", (dialog) => dialog.accept());
  await card.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(card).toHaveCount(0);
});

test("an address that is none is refused in words", async ({ page }) => {
  await show(page, "Models");
  await page.getByLabel("Or download from Hugging Face").fill("owner/repository");
  await page.getByLabel("Or download from Hugging Face").press("Enter");
  await expect(page.getByRole("alert")).toContainText("owner/repository: this names no .gguf file");
});

test("an adapter is added with what it is for, and deleted", async ({ page }) => {
  await download(page);
  await show(page, "Models");
  await page.getByRole("button", { name: "Add an adapter" }).click();
  const dialog = page.getByRole("dialog", { name: "Add an adapter to Gemma 3 270M" });
  await dialog
    .getByLabel("Choose files")
    .setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no") });
  await expect(dialog.getByRole("alert")).toContainText("there is no adapter among these files");
  await dialog.locator(".drop").evaluate((drop) => {
    const data = new DataTransfer();
    for (const name of ["adapter_config.json", "adapter_model.safetensors"]) data.items.add(new File(["{}"], name));
    drop.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true, composed: true }));
  });
  await expect(dialog).toContainText("mine (LoRA) fits this model.");
  await expect(dialog.getByLabel("Language of the text")).toBeVisible();
  await expect(dialog.getByLabel("Language of the result")).toHaveCount(0);
  await dialog.getByLabel("What was it trained for?").selectOption("Translate");
  await expect(dialog.getByLabel("Language of the text")).toHaveValue("es");
  await dialog.getByLabel("Language of the result").selectOption("German");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog).toBeHidden();
  const card = page.locator("[data-model=gemma-3-270m-64k]");
  await expect(card.getByRole("listitem")).toContainText("Translate, Spanish → German · 8 MB");
  await show(page, "Chat");
  await expect(page.getByLabel("Summary in", { exact: true }).locator("option[value=de]")).toBeAttached();
  await show(page, "Models");
  page.once("dialog", (question) => question.accept());
  await card.getByRole("button", { name: /^Delete the adapter/ }).click();
  await expect(card.getByRole("listitem")).toHaveCount(0);
  await show(page, "Chat");
  await expect(page.getByLabel("Summary in", { exact: true }).locator("option[value=de]")).toHaveCount(0);
});

test("a summarization adapter is asked for its language, and chats in that can then be read", async ({ page }) => {
  await download(page);
  await paste(page, "Ana: ciao");
  await expect(page.getByText("There is no adapter for chats in Italian yet.")).toBeVisible();
  await show(page, "Models");
  await page.getByRole("button", { name: "Add an adapter" }).click();
  const dialog = page.getByRole("dialog", { name: "Add an adapter to Gemma 3 270M" });
  await dialog
    .getByLabel("Choose files")
    .setInputFiles({ name: "adapter_config.json", mimeType: "application/json", buffer: Buffer.from("{}") });
  await expect(dialog.getByLabel("Language of the text")).toHaveValue("it");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.locator("[data-model=gemma-3-270m-64k]").getByRole("listitem")).toContainText(
    "Summarize, Italian · 8 MB",
  );
  await show(page, "Chat");
  await expect(
    page.getByText("There is no adapter from Italian to English yet; the summary is in Italian."),
  ).toBeVisible();
  await summarize(page);
  await expect(page.locator("summary-card .text")).toHaveAttribute("lang", "it");
});

test("an adapter that two models share is deleted on either card, and the loaded model loses it", async ({ page }) => {
  await download(page);
  await show(page, "Models");
  await page.locator("add-model-card input[type=file]").setInputFiles(gguf("gemma-3-270m-q4_k_m.gguf"));
  const loaded = page.locator('[data-model="gemma-3-270m"]');
  await expect(loaded.getByText("In use")).toBeVisible();
  await page.getByRole("button", { name: "Add an adapter" }).click();
  const dialog = page.getByRole("dialog", { name: "Add an adapter to Gemma 3 270M" });
  await dialog
    .getByLabel("Choose files")
    .setInputFiles({ name: "adapter_config.json", mimeType: "application/json", buffer: Buffer.from("{}") });
  await dialog.getByLabel("What was it trained for?").selectOption("Translate");
  await dialog.getByLabel("Language of the result").selectOption("German");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(loaded.getByRole("listitem")).toHaveCount(1);
  await show(page, "Chat");
  const german = page.getByLabel("Summary in", { exact: true }).locator("option[value=de]");
  await expect(german).toBeAttached();
  await show(page, "Models");
  page.once("dialog", (question) => question.accept());
  await page
    .locator("[data-model=gemma-3-270m-64k]")
    .getByRole("button", { name: /^Delete the adapter/ })
    .click();
  await expect(loaded.getByRole("listitem")).toHaveCount(0);
  await show(page, "Chat");
  await expect(page.getByLabel("Summary in", { exact: true }).getByRole("option")).toHaveText([
    "Spanish",
    "English",
    "French",
  ]);
});
