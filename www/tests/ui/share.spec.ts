// Links: examples by name, the user's text only on request, and links from strangers.
import { deflateRawSync } from "node:zlib";
import { draftHolds, expect, type Page, paste, test } from "./fixture";

const packed = (value: unknown): string =>
  deflateRawSync(Buffer.from(typeof value === "string" ? value : JSON.stringify(value))).toString("base64url");
const link = (page: Page) => page.locator("#link");

test("the link of an example names it and holds no text; it opens elsewhere with its settings", async ({
  page,
  context,
  site,
}) => {
  await page.getByRole("button", { name: "Share this chat" }).click();
  await expect(page.getByRole("img", { name: "QR code of the link" })).toBeVisible();
  await expect(link(page)).toHaveValue(`${site.url}#v=1&d=eval-es-039`); // nothing was chosen
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await page.locator("#to").selectOption("fr");
  await page.getByRole("button", { name: "Share this chat" }).click();
  const url = await link(page).inputValue();
  expect(url).toBe(`${site.url}#v=1&d=eval-es-039&t=translate&l=fr`);
  const other = await context.newPage();
  await other.goto(url.replace("eval-es-039", "eval-081"));
  await expect(other.getByRole("heading", { level: 1 })).toHaveText("Mother and the aubergine emoji");
  expect(await other.evaluate(() => JSON.parse(localStorage.getItem("pocket-gist.settings") ?? "{}").to)).toBe("fr");
});

test("own text is in a link only after it was asked for, and makes the round trip", async ({
  page,
  browser,
  context,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await paste(page, "Ana: Grüße & <b>mehr</b>\nBen: שלום 🍆");
  await page.getByRole("button", { name: "Share this chat" }).click();
  await expect(page.getByText("anyone who has the link can read it")).toBeVisible();
  await expect(link(page)).toHaveCount(0);
  await page.getByLabel("Include the chat in the link").check();
  await page.getByRole("button", { name: "Copy the link" }).click();
  const url = await page.evaluate(() => navigator.clipboard.readText());
  expect(url).toMatch(/#v=1&c=[\w-]+/);
  expect(new URL(url).search).toBe("");
  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(url);
  await expect(stranger.getByText("Anyone may have written it")).toBeVisible();
  await expect(stranger.locator(".bubble").nth(0)).toContainText("Grüße & <b>mehr</b>");
  await expect(stranger.locator(".bubble").nth(1)).toContainText("שלום 🍆");
  await expect(stranger.locator(".bubble b")).toHaveCount(0);
  expect(new URL(stranger.url()).hash).toBe("");
  await stranger.context().close();
  // The user is asked again each time.
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await page.getByRole("button", { name: "Share this chat" }).click();
  await expect(page.getByLabel("Include the chat in the link")).not.toBeChecked();
});

const bad: [string, string, RegExp][] = [
  ["of another version", "v=2&d=eval-266", /another version/],
  ["that is cut off", `v=1&c=${packed({ title: "", messages: [["Ana", "hello"]] }).slice(0, -6)}`, /damaged/],
  ["that is no deflate", "v=1&c=AAAA", /damaged/],
  ["that is no base64", "v=1&c=%25%25", /damaged/],
  ["whose JSON is something else", `v=1&c=${packed({ messages: [{ sender: 1 }] })}`, /damaged/],
  ["without a chat", "v=1&m=projection", /damaged/],
  ["of an unknown example", "v=1&d=no-such", /does not have/],
  ["that unpacks to too much", `v=1&c=${packed("0".repeat(3 << 20))}`, /too large/],
  ["with a strange method", "v=1&d=eval-266&m=%3Cscript%3E", /damaged/],
];
for (const [what, fragment, message] of bad) {
  test(`a link ${what} is refused in words, and the page works on`, async ({ page, site }) => {
    await page.goto(`${site.url}#${fragment}`);
    await expect(page.getByRole("alert")).toContainText(message);
    await expect(page.getByRole("log")).toContainText("la mudanza es el sábado");
    await page.getByRole("alert").getByRole("button", { name: "Close", exact: true }).click();
    await expect(page.getByRole("alert")).toBeHidden();
  });
}

/** Keeps the page from reading the examples in `language` until `mend` is called in it. */
async function withoutExamples(page: Page, language: string): Promise<void> {
  await page.addInitScript((language) => {
    const { fetch } = globalThis;
    let mended = false;
    const mend = (): void => {
      mended = true;
    };
    const broken: typeof fetch = (input, init) =>
      !mended && String(input).includes(`val-${language}`) ? Promise.reject(new Error("no file")) : fetch(input, init);
    Object.assign(globalThis, { fetch: broken, mend });
  }, language);
}

test("a file of examples that cannot be read breaks no other link, and is read again", async ({ page, site }) => {
  await withoutExamples(page, "fr");
  await page.goto(site.url);
  await expect(page.getByRole("alert")).toContainText("no file");
  await page.goto("about:blank");
  await page.goto(`${site.url}#v=1&d=eval-de-039`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Band rehearsal and gig mishap");
  await page.goto("about:blank");
  await page.goto(`${site.url}#v=1&d=eval-fr-039`);
  await expect(page.getByRole("alert")).toContainText("no file");
  await expect(page.getByRole("log")).toContainText("la mudanza es el sábado");
  await page.evaluate(() => (globalThis as unknown as { mend: () => void }).mend());
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Snow clearing and parking in Montreal");
});

test("the user's own chat is restored though the examples cannot be read", async ({ page, site }) => {
  await paste(page, "Ana: mine");
  await draftHolds(page, "mine");
  await withoutExamples(page, "es");
  await page.goto(site.url);
  await expect(page.getByRole("log")).toContainText("mine");
});

test("a long chat has no QR code, and says so", async ({ page }) => {
  const text = Array.from({ length: 900 }, (_, i) => `Ana ${i % 9}: ${Math.sin(i).toString(36)}`).join("\n");
  await paste(page, text);
  await page.getByRole("button", { name: "Share this chat" }).click();
  await page.getByLabel("Include the chat in the link").check();
  await expect(page.getByText("too long for a QR code")).toBeVisible();
});

test("a link is handed to the system's share sheet where there is one", async ({ page, site }) => {
  await page.addInitScript(() => {
    Object.defineProperty(navigator, "share", {
      value: async (data: ShareData) => {
        Object.assign(globalThis, { shared: data });
      },
    });
  });
  await page.goto(site.url);
  await page.getByRole("button", { name: "Share this chat" }).click();
  await page.getByRole("button", { name: "Share the link" }).click();
  expect(await page.evaluate(() => (globalThis as unknown as { shared: ShareData }).shared.url)).toMatch(
    /#v=1&d=eval-es-039/,
  );
});
