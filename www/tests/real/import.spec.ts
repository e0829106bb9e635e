// Imports every export format with the real engine, without a model: from the file picker, and shared by another app
// through the service worker.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { serve } from "../../../pkg-scripts/serve.mjs";

const folder = mkdtempSync(join(tmpdir(), "pocket-gist-import-"));
test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A zip of one file, as messengers write it. */
function zip(name: string, member: string, text: string): Buffer {
  writeFileSync(join(folder, member), text);
  execFileSync("python3", ["-m", "zipfile", "-c", join(folder, name), member], { cwd: folder });
  return readFileSync(join(folder, name));
}

const telegram = {
  name: "Family",
  type: "personal_chat",
  id: 1,
  messages: [
    { id: 1, type: "message", date: "2025-01-15T10:30:00", from: "Ana", text: "Dinner at 8?" },
    { id: 2, type: "service", date: "2025-01-15T10:31:00", actor: "Ana", action: "phone_call" },
    {
      id: 3,
      type: "message",
      date: "2025-01-15T10:32:00",
      from: "Ben",
      text: ["See ", { type: "link", text: "https://example.com" }],
    },
  ],
};

/** File, type, content, the dialog's text about it, and the messages of the imported chat. */
const exports: [name: string, type: string, bytes: Buffer, found: string, says: string][] = [
  [
    "WhatsApp Chat with Family.txt",
    "text/plain",
    Buffer.from(
      "28/3/2025, 9:29 p.\u00a0m. - Ana: Dinner at 8?\n28/3/2025, 9:30 p.\u00a0m. - Ben: <Multimedia omitido>\n",
    ),
    "2 messages found (WhatsApp).",
    "[media]",
  ],
  [
    "WhatsApp Chat - Family.zip",
    "application/zip",
    zip(
      "family.zip",
      "_chat.txt",
      "\u200e[24.12.19, 11:23:01] Ana: Dinner at 8?\n[24.12.19, 11:24:00] Ben: Make it 9,\nthe train is late\n",
    ),
    "2 messages found (WhatsApp).",
    "the train is late",
  ],
  [
    "result.json",
    "application/json",
    Buffer.from(JSON.stringify(telegram)),
    "2 messages found (Telegram).",
    "See https://example.com",
  ],
  [
    "signal.txt",
    "text/plain",
    Buffer.from("[2019-05-29, 15:04] Ana: Dinner at 8?\n[2019-05-29, 15:06] Ben: Make it 9\n"),
    "2 messages found (Signal).",
    "Make it 9",
  ],
  [
    "chat.txt",
    "text/plain",
    Buffer.from("#Person1#: Dinner at 8?\n#Person2#: Make it 9\n"),
    "2 messages found (Name: text).",
    "Make it 9",
  ],
];

/** Shares a file with the app as the system does, by posting a form to the address in the manifest. */
async function share(page: Page, name: string, type: string, bytes: Buffer): Promise<void> {
  await page.evaluate(
    ({ name, type, data }) => {
      const form = Object.assign(document.createElement("form"), {
        method: "POST",
        action: "./share",
        enctype: "multipart/form-data",
      });
      const input = Object.assign(document.createElement("input"), { type: "file", name: "chat" });
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type }));
      input.files = transfer.files;
      form.append(input);
      document.body.append(form);
      form.submit();
    },
    { name, type, data: bytes.toString("base64") },
  );
}

test("each format comes in from a file and from another app, and a link carries it on", async ({ page, context }) => {
  const site = await serve(new URL("../../dist", import.meta.url).pathname, { base: "/a/project/" });
  const trouble: string[] = [];
  context.on("request", (request) => {
    if (!request.url().startsWith(site.url)) trouble.push(request.url());
  });
  context.on("weberror", (error) => trouble.push(error.error().message));
  page.on("console", (message) => {
    if (message.type() === "error") trouble.push(message.text());
  });
  await page.goto(site.url);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  for (const [name, type, bytes, found, says] of exports) {
    for (const way of ["file", "share"]) {
      if (way === "file") {
        await page.getByRole("button", { name: "All chats" }).click();
        await page.getByRole("button", { name: "Import a chat" }).click();
        await page.locator("import-dialog input[type=file]").setInputFiles({ name, mimeType: type, buffer: bytes });
      } else await share(page, name, type, bytes);
      await expect(page.getByRole("dialog", { name: "Import a chat" }), `${name} by ${way}`).toContainText(found);
      await page.getByRole("button", { name: "Use 2 messages" }).click();
      await expect(page.getByRole("log"), `${name} by ${way}`).toContainText(says);
      await expect(page.locator(".bubble")).toHaveCount(2);
    }
  }
  await page.getByRole("button", { name: "Share this chat" }).click();
  await page.getByLabel("Include the chat in the link").check();
  const link = await page.locator("#link").inputValue();
  expect(link).toMatch(/\/a\/project\/#v=1&/);
  const guest = await context.newPage();
  await guest.goto(link);
  await expect(guest.getByText("Anyone may have written it")).toBeVisible();
  await expect(guest.getByRole("log")).toContainText("Make it 9");
  expect(trouble).toEqual([]);
  site.server.closeAllConnections();
  site.server.close();
});
