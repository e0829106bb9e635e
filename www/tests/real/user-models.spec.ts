// Adds models and adapters with the real engine: tiny random models, and once the real one from a file. A second server
// stands in for Hugging Face. The browser resolves huggingface.co to it, so that names, redirects, ranges and the
// content security policy are as in reality.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, expect, type Page, test } from "@playwright/test";
import { serve } from "../../../pkg-scripts/serve.mjs";
import { launch } from "../chromium";
import { callStore, storedChunks } from "../store";
import { size } from "./catalog";
import { program } from "./native";

test.describe.configure({ mode: "serial" });

const root = join(import.meta.dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "pocket-gist-own-"));
const file = (name: string): string => join(folder, name);
const peft = (name: string): string => join(root, "crate/tests/goldens/peft", name);
const letter = "Dear reader, this is not a model.";
const chat = "Ana: Dinner at 8?\nBen: Make it 9, the train is late.";

let site: Awaited<ReturnType<typeof serve>>;
let hub: Server;
let context: BrowserContext;
let page: Page;
/** Requests to other hosts, and errors. */
let outside: string[] = [];
const trouble: string[] = [];
/** The starts of the ranges requested from the hub, and whether it stalls after its first 5 MB. */
const ranges: number[] = [];
let stalls = true;

/** Hugging Face's stand-in: a file's address redirects to another host, which sends ranges. */
function openHub(): Server {
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=huggingface.co",
      "-keyout",
      file("key.pem"),
      "-out",
      file("cert.pem"),
    ],
    { stdio: "ignore" },
  );
  const bytes = readFileSync(file("gemma.gguf"));
  return createServer(
    { key: readFileSync(file("key.pem")), cert: readFileSync(file("cert.pem")) },
    (request, response) => {
      const headers = { "access-control-allow-origin": "*", "accept-ranges": "bytes" };
      const where = `${request.headers.host}${request.url}`;
      if (where === "huggingface.co/tiny/gemma/resolve/main/gemma.gguf")
        return response.writeHead(302, { ...headers, location: "https://cdn.hf.co/gemma" }).end();
      if (where === "huggingface.co/tiny/gemma/resolve/main/letter.gguf")
        return response.writeHead(200, { ...headers, "content-length": letter.length }).end(letter);
      if (where !== "cdn.hf.co/gemma") return response.writeHead(404, headers).end();
      const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      ranges.push(first);
      response.writeHead(first > 0 ? 206 : 200, {
        ...headers,
        "content-length": bytes.length - first,
        ...(first > 0 && { "content-range": `bytes ${first}-${bytes.length - 1}/${bytes.length}` }),
      });
      if (stalls) return void response.write(bytes.subarray(first, 5_000_000));
      response.end(bytes.subarray(first));
    },
  );
}

/** The command line's summary with the same model and adapters. */
function native(model: string, args: string[]): string {
  return JSON.parse(
    execFileSync(
      program,
      ["summarize", "-", "--from", "en", "--model", file(model), "--max-tokens", "24", "--json", ...args],
      { encoding: "utf8", input: chat },
    ),
  ).text.trim();
}

async function visit(): Promise<void> {
  const { port } = hub.address() as AddressInfo;
  const hosts = ["huggingface.co", "*.hf.co"].map((name) => `MAP ${name} localhost:${port}`).join(",");
  context = await chromium.launchPersistentContext(file("profile"), {
    ...launch,
    args: [...launch.args, `--host-resolver-rules=${hosts}`, "--ignore-certificate-errors", "--no-proxy-server"],
    viewport: { width: 1280, height: 900 },
  });
  context.on("request", (request) => {
    if (!request.url().startsWith(site.url)) outside.push(request.url());
  });
  context.on("weberror", (error) => trouble.push(error.error().message));
  page = context.pages()[0] ?? (await context.newPage());
  // The browser logs a missing file as an error; the page reports it too.
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("404")) trouble.push(message.text());
  });
  await page.goto(site.url);
}

test.beforeAll(async () => {
  const gist = (...args: string[]) => execFileSync(program, args, { stdio: "ignore" });
  gist("synth", "tiny-gemma3-f32", "--out", file("gemma.gguf"));
  // In f32: where activations are rounded to 8 bits, the text of a random model depends on the processor.
  gist("synth", "tiny-llama-f32", "--out", file("llama.gguf"));
  gist("export", peft("tiny-gemma3-f32-two"), "--base", file("gemma.gguf"), "--out", file("two.gguf"));
  site = await serve(join(root, "www/dist"));
  hub = openHub();
  await new Promise<void>((resolve) => hub.listen(0, "localhost", resolve));
  await visit();
});

test.afterAll(async () => {
  await context?.close();
  for (const server of [site.server, hub]) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

const show = (tab: string) => page.getByRole("navigation").getByRole("button", { name: tab }).click();
const openModel = (path: string) => page.locator("add-model-card input[type=file]").setInputFiles(path);
const card = (id: string) => page.locator(`models-view [data-model*="${id}"]`);
const dialog = () => page.getByRole("dialog", { name: /^Add an adapter to/ });
const chunks = () => storedChunks(page);

/** Gives files to the dialog and returns the text shown about them. */
async function offer(label: "Choose files" | "Choose a folder", paths: string | string[]): Promise<void> {
  if (!(await dialog().isVisible())) await page.getByRole("button", { name: "Add an adapter" }).click();
  await dialog().getByLabel(label).setInputFiles(paths);
}

/** Adds the adapter that was given to the dialog. */
async function add(task: string, to?: string): Promise<void> {
  await dialog().getByLabel("What was it trained for?").selectOption(task);
  if (to) await dialog().getByLabel("Language of the result").selectOption(to);
  await dialog().getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog()).toBeHidden();
}

/** Summarises the open chat. */
async function summarize(to: string, method: string): Promise<string> {
  await show("Chat");
  await page.locator("action-bar #to").selectOption(to);
  await page.locator("action-bar #method").selectOption(method);
  await page.getByRole("button", { name: "Summarize" }).click();
  await expect(page.locator("gist-app .frame > [role=status]")).toHaveText("The summary is ready.", {
    timeout: 60_000,
  });
  const text = (await page.locator("summary-card .text").textContent())?.trim() ?? "";
  await show("Models");
  return text;
}

test("what is no model that runs here is refused by name, and nothing of it is kept", async () => {
  const llama = readFileSync(file("llama.gguf"));
  const at = llama.indexOf("llama");
  const cases: [string, Buffer, RegExp][] = [
    ["letter.gguf", Buffer.from(letter), /letter\.gguf: this is not a GGUF file/],
    [
      "mamba.gguf",
      Buffer.concat([llama.subarray(0, at), Buffer.from("mamba"), llama.subarray(at + 5)]),
      /architecture mamba is not supported/,
    ],
    ["lora.gguf", readFileSync(file("two.gguf")), /this is an adapter, not a base model/],
    ["half.gguf", llama.subarray(0, llama.length / 2), /the file is truncated/],
  ];
  await show("Models");
  for (const [name, bytes, why] of cases) {
    writeFileSync(file(name), bytes);
    await openModel(file(name));
    await expect(page.getByRole("alert")).toContainText(why);
  }
  expect(await chunks()).toBe(0);
  await expect(page.locator("models-view [data-model]")).toHaveCount(3);
});

test("a model from a file is listed, runs and is deleted", async () => {
  await openModel(file("llama.gguf"));
  await expect(card("file:").getByText("In use")).toBeVisible();
  await expect(card("file:")).toContainText("tiny-llama-f32");
  await expect(card("file:")).toContainText("local file");
  await show("Settings");
  await page.getByLabel("Maximum length (tokens)").fill("24");
  await page.getByLabel("Maximum length (tokens)").press("Tab");
  await page.evaluate(() => {
    location.hash = "import";
  });
  await page.getByLabel("Paste a chat").fill(chat);
  await page.getByRole("button", { name: "Read the text" }).click();
  await page.getByRole("button", { name: "Use 2 messages" }).click();
  await show("Chat");
  await page.locator("action-bar #from").selectOption("en"); // two messages may be too few to tell
  expect(await summarize("en", "zero-shot")).toBe(native("llama.gguf", ["--to", "en", "--method", "zero-shot"]));
  page.once("dialog", (question) => question.accept());
  await card("file:").getByRole("button", { name: "Delete", exact: true }).click();
  await expect(card("file:")).toHaveCount(0);
  expect(await chunks()).toBe(0);
  expect(outside).toEqual([]);
});

test("a model from an address is fetched only on request, pauses, goes on and is known by its hash", async () => {
  const field = page.getByLabel("Or download from Hugging Face");
  for (const [address, why] of [
    ["https://example.com/a/b/resolve/main/m.gguf", /models are fetched from huggingface\.co only/],
    [
      "tiny/gemma/none.gguf",
      /there is no such file, or it may be fetched only by those who are signed in \(HTTP 404\)/,
    ],
    ["tiny/gemma/letter.gguf", /letter\.gguf: this is not a GGUF file/],
  ] as const) {
    await field.fill(address);
    expect(outside.filter((url) => url.includes(address.split("/").at(-1) ?? ""))).toEqual([]);
    await field.press("Enter");
    await expect(page.getByRole("alert")).toContainText(why);
  }
  expect(await chunks()).toBe(0);

  await field.fill("https://huggingface.co/tiny/gemma/blob/main/gemma.gguf?download=true");
  await field.press("Enter");
  const model = card("/gemma.gguf");
  await expect(model).toContainText("tiny-gemma3-f32");
  await expect(model.getByRole("button", { name: "Pause download" })).toBeVisible();
  await expect(model).toContainText("from Hugging Face, added by you");
  await model.getByRole("button", { name: "Pause download" }).click();
  stalls = false;
  ranges.length = 0;
  await model.getByRole("button", { name: "Resume at 4.2 MB" }).click();
  await expect(model.getByText("In use")).toBeVisible();
  expect(ranges).toEqual([4 << 20]);
  expect(new Set(outside.map((url) => new URL(url).host))).toEqual(new Set(["huggingface.co", "cdn.hf.co"]));
  const address = "https://huggingface.co/tiny/gemma/resolve/main/gemma.gguf";
  const record = (await callStore(page, "pocket-gist", "files", "get", address)) as { sha256: string };
  const real = execFileSync(
    "python3",
    [
      "-c",
      "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())",
      file("gemma.gguf"),
    ],
    { encoding: "utf8" },
  );
  expect(record.sha256).toBe(real.trim());
  outside = [];
});

test("adapters that do not fit, or are none, are refused in words", async () => {
  mkdirSync(file("dora"));
  const config = JSON.parse(readFileSync(join(peft("tiny-gemma3-f32-one"), "adapter_config.json"), "utf8"));
  writeFileSync(file("dora/adapter_config.json"), JSON.stringify({ ...config, use_dora: true }));
  writeFileSync(
    file("dora/adapter_model.safetensors"),
    readFileSync(join(peft("tiny-gemma3-f32-one"), "adapter_model.safetensors")),
  );
  const shipped = (name: string): string => join(root, "models/adapters/gemma-3-270m", name);
  for (const [label, paths, why] of [
    ["Choose files", join(root, "README.md"), /there is no adapter among these files/],
    ["Choose files", file("letter.gguf"), /adapter letter: this is not a GGUF file/],
    ["Choose files", file("gemma.gguf"), /of type model with adapter type none, not a LoRA/],
    ["Choose files", file("dora/adapter_config.json"), /needs adapter_model\.safetensors beside it/],
    ["Choose a folder", file("dora"), /adapter dora: it uses DoRA, which is not supported/],
    ["Choose files", shipped("summarize/adapter.gguf"), /where the model needs|but the model has 4 layers/],
    [
      "Choose files",
      shipped("summarize+translate-es/projection.safetensors"),
      /which this model needs; use a file made for this model/,
    ],
  ] as const) {
    await offer(label, paths);
    await expect(dialog().getByRole("alert")).toContainText(why);
  }
  // Its shapes fit any model, so only adding it shows that it was made for another one.
  await offer("Choose files", shipped("summarize+translate-es/lorahub.json"));
  await expect(dialog()).toContainText("fits this model");
  await dialog().getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog().getByRole("alert")).toContainText("was made for a base whose tensors have sha256");
  await dialog().getByRole("button", { name: "Close", exact: true }).click();
});

test("a folder, a file, a zip and a projection are added, used and kept", async () => {
  await offer("Choose a folder", peft("tiny-gemma3-f32-one"));
  await expect(dialog()).toContainText("tiny-gemma3-f32-one (LoRA) fits this model.");
  await add("summarize");
  await offer("Choose files", file("two.gguf"));
  await add("translate", "es");
  const adapters = ["--primary", peft("tiny-gemma3-f32-one"), "--secondary", file("two.gguf")];
  expect(await summarize("es", "concat")).toBe(native("gemma.gguf", ["--to", "es", "--method", "concat", ...adapters]));

  // A projection for the tiny model's four shapes. All values of P1 and P2 are the same small number.
  const shapes: [number, number][] = [
    [256, 256],
    [256, 64],
    [256, 512],
    [512, 256],
  ];
  const header: Record<string, unknown> = {};
  const values: Buffer[] = [];
  let offset = 0;
  for (const [k, d] of shapes)
    for (const [name, shape] of [
      ["P1", [4, d]],
      ["P2", [d, 4]],
    ] as const) {
      header[`${k}x${d}.${name}`] = { dtype: "F32", shape, data_offsets: [offset, offset + 16 * d] };
      offset += 16 * d;
      values.push(Buffer.from(new Float32Array(4 * d).fill(0.02).buffer));
    }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(json.length);
  writeFileSync(file("mine.safetensors"), Buffer.concat([length, json, ...values]));
  await offer("Choose files", file("mine.safetensors"));
  await expect(dialog()).toContainText("mine (Projection merge) fits this model.");
  await dialog().getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog()).toBeHidden();
  const projected = await summarize("es", "projection");
  expect(projected).toBe(
    native("gemma.gguf", [
      "--to",
      "es",
      "--method",
      "projection",
      ...adapters,
      "--correction",
      file("mine.safetensors"),
    ]),
  );

  execFileSync("python3", ["-m", "zipfile", "-c", file("joint.zip"), peft("tiny-gemma3-f32-two")]);
  await offer("Choose files", file("joint.zip"));
  await add("summarize-translate", "fr");
  await expect(card("/gemma.gguf").getByRole("listitem")).toHaveCount(4);

  await context.close();
  await visit();
  await show("Models");
  await expect(card("/gemma.gguf").getByText("In use")).toBeVisible();
  await expect(card("/gemma.gguf").getByRole("listitem")).toHaveCount(4);
  await show("Chat");
  await expect(page.locator("action-bar #method option[value=projection]")).toBeAttached();
  expect(await summarize("es", "projection")).toBe(projected);
  page.once("dialog", (question) => question.accept());
  await page.getByRole("button", { name: "Delete the adapter mine" }).click();
  await expect(card("/gemma.gguf").getByRole("listitem")).toHaveCount(3);
  await show("Chat");
  await expect(page.locator("action-bar #method option[value=projection]")).toBeDisabled();
  expect(outside).toEqual([]);
  expect(trouble).toEqual([]);
});

test("the catalog's models share their adapters, and one that no host has comes from a file", async () => {
  await show("Models");
  const trimmed = page.locator("models-view [data-model=gemma-3-270m-64k]");
  const whole = page.locator("models-view [data-model=gemma-3-270m]");
  const remove = async (model: typeof whole): Promise<void> => {
    page.once("dialog", (question) => question.accept());
    await model.getByRole("button", { name: "Delete", exact: true }).click();
  };
  const models = process.env.POCKET_GIST_MODELS ?? join(homedir(), ".cache/pocket-gist");
  const real = join(models, "gemma-3-270m-q4_k_m.gguf");
  const before = await chunks();
  await expect(whole).toHaveCount(0);
  await openModel(real);
  const progress = page.locator("add-model-card progress");
  await expect
    .poll(() => progress.evaluate((bar: HTMLProgressElement) => bar.position), { timeout: 60_000 })
    .toBeGreaterThan(0.6);
  await page.locator("add-model-card").getByRole("button", { name: "Stop" }).click();
  await expect(whole).toContainText(/Choose the same file again/);
  const kept = await chunks();
  expect(kept).toBeGreaterThan(before + 10);
  await openModel(real);
  await expect(whole.getByText("In use")).toBeVisible({ timeout: 120_000 });
  const pieces = 61;
  expect(await chunks()).toBe(before + pieces);
  // For the open chat it takes a baked projection, which the other model then need not fetch again.
  await show("Chat");
  await page.getByRole("button", { name: "Download 1 MB", exact: true }).click();
  await expect(page.getByRole("button", { name: "Summarize" })).toBeEnabled();
  await show("Models");
  expect(await chunks()).toBe(before + pieces + 1);
  await trimmed.getByRole("button", { name: "Download 114 MB" }).click();
  await expect(trimmed.getByText("In use")).toBeVisible({ timeout: 120_000 });
  expect(await chunks()).toBe(before + pieces + 1 + 28);
  await remove(whole);
  await expect(whole).toHaveCount(0);
  expect(await chunks()).toBe(before + 1 + 28);
  await expect(trimmed.getByText("In use")).toBeVisible();
  await page.reload();
  await expect(page.locator("action-bar #method option[value=projection]")).toBeEnabled({ timeout: 60_000 });
  await show("Models");
  await remove(trimmed);
  await expect(trimmed.getByRole("button", { name: `Download ${size("gemma-3-270m-64k", "en", "es")}` })).toBeVisible();
  expect(await chunks()).toBe(before);
  expect(outside).toEqual([]);
  expect(trouble).toEqual([]);
});
