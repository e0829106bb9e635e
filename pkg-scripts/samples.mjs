#!/usr/bin/env node
// Writes the sample summaries that the page shows before a model is downloaded, with the real engine:
//
//     cargo build --release && node pkg-scripts/samples.mjs [COUNT]
//
// They are those of the first examples of each language (default 8), by the default method of each direction that the
// catalog names for the default model.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const dialogues = join(root, "models/dialogues");
const count = Number(process.argv[2] ?? 8);
const program = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "release/gist");
const { models, default_methods = [] } = JSON.parse(readFileSync(join(root, "models/catalog.json"), "utf8"));
const model = models[0];

const samples = {};
for (const file of readdirSync(dialogues).filter((name) => /^val(-\w+)?\.jsonl$/.test(name))) {
  const lines = readFileSync(join(dialogues, file), "utf8").trim().split("\n").slice(0, count);
  for (const { id, lang = "en", turns } of lines.map((line) => JSON.parse(line))) {
    const chat = turns.map(({ speaker, text }) => `${speaker}: ${text}`).join("\n");
    for (const { to, method } of default_methods.filter(({ base, from }) => base === (model.base ?? model.id) && from === lang)) {
      const languages = ["--from", lang, "--to", to];
      const answer = execFileSync(
        program,
        ["summarize", "-", ...languages, "--method", method, "--model", model.id, "--json"],
        { input: chat, encoding: "utf8", cwd: root },
      );
      const text = JSON.parse(answer).text.trim();
      samples[id] = { ...samples[id], [to]: { method, text } };
      console.log(`${id} ${to} ${method}: ${text}`);
    }
  }
}
writeFileSync(
  join(root, "www/src/app/state/samples.json"),
  `${JSON.stringify({ model: model.name, samples }, null, 2)}
`,
);
