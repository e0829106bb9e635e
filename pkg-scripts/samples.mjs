#!/usr/bin/env node
// Writes the sample summaries that the page shows before a model is downloaded, with the real engine:
//
//     cargo build --release && node pkg-scripts/samples.mjs [COUNT]
//
// They are those of the first examples of each language (default 8) by the default model: in the languages for which
// the catalog names a default method, and in the chat's own where the catalog has a summarization LoRA for that.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ofModel, readCatalog } from "./catalog.mjs";

const root = join(import.meta.dirname, "..");
const dialogues = join(root, "models/dialogues");
const count = Number(process.argv[2] ?? 8);
const program = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "release/gist");
const { models, adapters, default_methods = [] } = readCatalog();
const model = models[0];

/** The method for each language that chats in `lang` are summarised in. */
function methodsFor(lang) {
  const isSummarizer = ({ method, task, from }) =>
    method === "lora" && task === "summarize" && [from].flat().includes(lang);
  const own = ofModel(adapters, model).some(isSummarizer) ? [[lang, "primary"]] : [];
  const defaults = ofModel(default_methods, model).filter(({ from }) => from === lang);
  return new Map([...own, ...defaults.map(({ to, method }) => [to, method])]);
}

function summarize(chat, from, to, method) {
  const options = ["--from", from, "--to", to, "--method", method, "--model", model.id, "--json"];
  const answer = execFileSync(program, ["summarize", "-", ...options], { input: chat, encoding: "utf8", cwd: root });
  return JSON.parse(answer).text.trim();
}

const samples = {};
for (const file of readdirSync(dialogues).filter((name) => /^val(-\w+)?\.jsonl$/.test(name))) {
  const lines = readFileSync(join(dialogues, file), "utf8").trim().split("\n").slice(0, count);
  for (const { id, lang = "en", turns } of lines.map((line) => JSON.parse(line))) {
    const chat = turns.map(({ speaker, text }) => `${speaker}: ${text}`).join("\n");
    const texts = {};
    for (const [to, method] of methodsFor(lang)) {
      const text = summarize(chat, lang, to, method);
      texts[to] = { method, text };
      console.log(`${id} ${to} ${method}: ${text}`);
    }
    if (Object.keys(texts).length > 0) samples[id] = { from: lang, texts };
  }
}
writeFileSync(
  join(root, "www/src/app/state/samples.json"),
  `${JSON.stringify({ model: model.name, samples }, null, 2)}\n`,
);
