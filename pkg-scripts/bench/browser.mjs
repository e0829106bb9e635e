#!/usr/bin/env node
// Speed of the page beside wllama in the same Chromium on the same files and prompt, one thread, no WebGPU, in turn:
//
//     pkg-scripts/build gemma-3-270m-64k gemma-3-270m smollm2-135m
//     node pkg-scripts/bench/browser.mjs [ROUNDS] [--alone]
//
// The page's figures are those it shows. wllama's are llama.cpp's own timings. With --alone there is no wllama: models
// are compared with each other, by the median of the rounds, the lowest and the highest. Each model has a profile of
// its own, so that no other one was in its memory.
import { execFileSync } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { serve } from "../serve.mjs";

const root = join(import.meta.dirname, "../..");
const cache = process.env.POCKET_GIST_MODELS ?? join(homedir(), ".cache/pocket-gist");
const { chromium } = createRequire(join(root, "www/package.json"))("@playwright/test");
const { values, positionals } = parseArgs({ options: { alone: { type: "boolean" } }, allowPositionals: true });
const alone = values.alone ?? false;
const rounds = Number(positionals[0] ?? 3);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`browser: ${positionals[0]} is not a number of rounds`);
const names = ["gemma-3-270m-64k", "gemma-3-270m", "smollm2-135m"];
const catalog = JSON.parse(readFileSync(join(root, "models/catalog.json"), "utf8"));
const dialogue = JSON.parse(readFileSync(join(root, "models/dialogues/val.jsonl"), "utf8").split("\n")[0]);
const chat = dialogue.turns.map(({ speaker, text }) => `${speaker}: ${text}`).join("\n");

const modules = join(import.meta.dirname, "node_modules");
if (!alone && !existsSync(modules))
  execFileSync("npm", ["ci", "--silent", "--prefix", import.meta.dirname], { stdio: "inherit" });

// wllama starts its worker from a blob, which the page's policy forbids: it gets pages of its own.
const site = await serve(join(root, "www/dist"), {
  async intercept(name, _request, response) {
    if (!name.startsWith("wllama/")) return false;
    const file =
      name === "wllama/"
        ? null
        : name.endsWith(".gguf")
          ? join(cache, name.slice(7))
          : join(modules, "@wllama/wllama/esm", name.slice(7));
    const type = !file
      ? "text/html"
      : file.endsWith(".js")
        ? "text/javascript"
        : file.endsWith(".wasm")
          ? "application/wasm"
          : "application/octet-stream";
    response.writeHead(200, { "content-type": type, ...(file && { "content-length": statSync(file).size }) });
    if (file) createReadStream(file).pipe(response);
    else response.end("<!doctype html><title>wllama</title>");
    return true;
  },
});
const profiles = mkdtempSync(join(tmpdir(), "pocket-gist-bench-"));
const args = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const browsers = new Map();
for (const name of names) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  browsers.set(name, await chromium.launchPersistentContext(join(profiles, name), { executablePath, args }));
}

async function ours(name) {
  const page = await browsers.get(name).newPage();
  await page.goto(site.url);
  await page.getByRole("button", { name: "Models" }).click();
  const card = page.locator(`[data-model="${name}"]`);
  await card.waitFor();
  const fetchOrUse = card.getByRole("button", { name: /^(Download|Resume|Use)/ });
  if ((await fetchOrUse.count()) > 0) await fetchOrUse.click();
  await card.getByText("In use").waitFor({ timeout: 120_000 });
  await page.goto(`${site.url}#v=1&d=${dialogue.id}&m=zero-shot`);
  await page.locator("#method option[value=zero-shot]").waitFor({ state: "attached", timeout: 120_000 });
  await page.getByRole("button", { name: "Summarize" }).click();
  await page.getByText("The summary is ready.").waitFor({ timeout: 120_000, state: "attached" });
  const text = await page.locator("metrics-list dl").innerText();
  const figure = (label) => Number(new RegExp(`${label}\\s+([\\d.]+)`).exec(text)[1]);
  await page.close();
  return { prefill: figure("Prefill"), decode: figure("Decode"), memory: figure("WASM memory") };
}

async function wllama(name) {
  const model = catalog.models.find(({ id }) => id === name);
  const frame =
    model.template?.prompt ?? "<|im_start|>user\n{instruction}\n\n{text}<|im_end|>\n<|im_start|>assistant\n";
  const prompt = frame.replace("{instruction}", "Summarize the following text.").replace("{text}", chat);
  const page = await browsers.get(name).newPage();
  await page.goto(`${site.url}wllama/`);
  const result = await page.evaluate(
    async ({ base, file, prompt }) => {
      const { Wllama } = await import(`${base}wllama/index.js`);
      const engine = new Wllama({ default: `${base}wllama/wasm/wllama.wasm` }, { suppressNativeLog: true });
      const blob = await (await fetch(`${base}wllama/${file}`)).blob();
      await engine.loadModel([blob], { n_threads: 1, n_ctx: 2048, n_gpu_layers: 0 });
      let timings;
      await engine.createCompletion({
        prompt,
        max_tokens: 48,
        temperature: 0,
        stream: true,
        onData: (data) => {
          timings = data.timings ?? timings;
        },
      });
      return { timings, threads: engine.getNumThreads() };
    },
    { base: site.url, file: model.file, prompt },
  );
  await page.close();
  if (result.threads !== 1) throw new Error(`wllama used ${result.threads} threads`);
  return { prefill: result.timings.prompt_per_second, decode: result.timings.predicted_per_second };
}

/** Compares the models with each other. */
async function compareModels() {
  console.log(`one thread, medians of ${rounds} rounds, tokens/s and MB\n`);
  console.log("| model | prefill | decode | WebAssembly memory |\n|---|---|---|---|");
  const figures = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) for (const name of names) figures.get(name).push(await ours(name));
  for (const [name, found] of figures) {
    const cells = ["prefill", "decode", "memory"].map((key) => {
      const values = found.map((figure) => figure[key]).sort((one, other) => one - other);
      return `${values[values.length >> 1]} [${values[0]}, ${values.at(-1)}]`;
    });
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
}

async function compareWithWllama() {
  console.log(`one thread, best of ${rounds} rounds, tokens/s\n`);
  console.log("| model | | Pocket Gist | wllama | ratio |\n|---|---|---|---|---|");
  for (const name of names) {
    const best = { ours: {}, wllama: {} };
    for (let round = 0; round < rounds; round++) {
      for (const [who, figures] of [
        ["ours", await ours(name)],
        ["wllama", await wllama(name)],
      ]) {
        for (const [key, value] of Object.entries(figures)) best[who][key] = Math.max(best[who][key] ?? 0, value);
      }
    }
    for (const key of ["prefill", "decode"]) {
      const [a, b] = [best.ours[key], best.wllama[key]];
      console.log(`| ${name} | ${key} | ${a.toFixed(1)} | ${b.toFixed(1)} | ${(a / b).toFixed(2)} |`);
    }
  }
  console.log(`\nWebAssembly memory with ${names[0]}, at its peak: ${(await ours(names[0])).memory} MB`);
}

try {
  for (const name of names) await ours(name); // the first visit downloads
  await (alone ? compareModels() : compareWithWllama());
} finally {
  for (const browser of browsers.values()) await browser.close();
  site.server.closeAllConnections();
  site.server.close();
  rmSync(profiles, { recursive: true, force: true });
}
