// Importing chats. The engine's tests cover the formats; these cover what the page does with the result.
import { expect, type Page, paste, showChats, test } from "./fixture";

const today = new Date();
const day = (ago: number): string => {
  const date = new Date(today.getFullYear(), today.getMonth(), today.getDate() - ago, 12);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T12:00:00`;
};
const timed = [
  ...Array.from({ length: 60 }, (_, i) => `[${day(400 - i)}] Ana: old ${i}`),
  `[${day(5)}] Ben: last week`,
  `[${day(1)}] Ana: yesterday`,
  `[${day(0)}] Ben: today`,
].join("\n");

async function open(page: Page): Promise<void> {
  await showChats(page);
  await page.getByRole("button", { name: "Import a chat" }).click();
}

const choose = (page: Page, name: string, text: string) =>
  page.locator("input[type=file]").setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(text) });

test("a file is read, and only the part that is wanted is taken", async ({ page }) => {
  await open(page);
  await choose(page, "WhatsApp Chat with Family.txt", timed);
  await expect(page.getByText("63 messages found")).toBeVisible();
  for (const [range, count] of [
    ["The last 50 messages", 50],
    ["Since yesterday", 2],
    ["Since today", 1],
    ["Since a week ago", 3],
  ] as const) {
    await page.getByLabel("Which part").selectOption(range);
    await expect(page.getByRole("button", { name: `Use ${count} message${count === 1 ? "" : "s"}` })).toBeEnabled();
  }
  await page.getByLabel("Which part").selectOption("Since a date…");
  await page.getByLabel("Since", { exact: true }).fill(day(1).slice(0, 10));
  await page.getByRole("button", { name: "Use 2 messages" }).click();
  await expect(page.locator(".bubble")).toHaveCount(2);
  await expect(page.locator("conversation-view time").first()).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Family");
});

test("ambiguous dates are told and can be corrected", async ({ page }) => {
  await open(page);
  await choose(page, "chat.txt", "[2024-02-01T10:00:00] Ana: AMBIGUOUS\n[2024-02-01T10:01:00] Ben: yes");
  await expect(page.getByText("more than one way")).toBeVisible();
  await page.getByLabel("Dates are").selectOption("month, day, year");
  await expect(page.getByText("more than one way")).toBeHidden();
  await expect(page.getByLabel("Dates are")).toHaveValue("month-first");
});

test("of several chats in a file, one is chosen", async ({ page }) => {
  await open(page);
  await choose(page, "result.json", "Ana: SEVERAL\nBen: hello");
  await page.getByLabel("This file has several chats").selectOption("Family (2)");
  await expect(page.getByRole("button", { name: "Use 2 messages" })).toBeVisible();
  await page.getByLabel("Which chat").selectOption("Work (1)");
  await page.getByRole("button", { name: "Use 1 message" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Work");
});

test("a file without a chat is refused in words, and another can be tried", async ({ page }) => {
  await open(page);
  await choose(page, "photo.txt", "nothing");
  await expect(page.getByRole("alert")).toContainText("the conversation is empty");
  await page.getByLabel("Paste a chat").fill("Ana: hello");
  await page.getByRole("button", { name: "Read the text" }).click();
  await expect(page.getByRole("alert")).toBeHidden();
  await expect(page.getByText("1 message found")).toBeVisible();
});

test("a file can be dropped", async ({ page }) => {
  await open(page);
  const data = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["Ana: dropped"], "chat.txt", { type: "text/plain" }));
    return transfer;
  });
  await page.locator(".drop").dispatchEvent("drop", { dataTransfer: data });
  await page.getByRole("button", { name: "Use 1 message" }).click();
  await expect(page.getByRole("log")).toContainText("dropped");
});

test("hostile names and messages stay text, also in the preview", async ({ page }) => {
  await open(page);
  await page.getByLabel("Paste a chat").fill("<img src=x onerror=1>: <b>bold</b>");
  await page.getByRole("button", { name: "Read the text" }).click();
  await expect(page.locator("import-dialog ol")).toContainText("<b>bold</b>");
  await expect(page.locator("import-dialog img")).toHaveCount(0);
});

test("what another app shares arrives in the dialog, once, without a server", async ({ page, context }) => {
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await context.setOffline(true);
  await page.evaluate(() => {
    const form = Object.assign(document.createElement("form"), {
      method: "POST",
      action: "./share",
      enctype: "multipart/form-data",
    });
    const input = Object.assign(document.createElement("input"), { type: "file", name: "chat" });
    const transfer = new DataTransfer();
    transfer.items.add(
      new File(["Ana: shared with the app\nBen: indeed"], "WhatsApp Chat.txt", { type: "text/plain" }),
    );
    input.files = transfer.files;
    form.append(input);
    document.body.append(form);
    form.submit();
  });
  await expect(page.getByText("2 messages found")).toBeVisible();
  await page.getByRole("button", { name: "Use 2 messages" }).click();
  await expect(page.getByRole("log")).toContainText("shared with the app");
  expect(new URL(page.url()).hash).toBe("");
  await page.reload();
  await expect(page.getByText("2 messages found")).toBeHidden();
});

test("pasting replaces what was open", async ({ page }) => {
  await paste(page, "Ana: first");
  await paste(page, "Ana: second\nBen: third");
  await expect(page.locator(".bubble")).toHaveCount(2);
});
