#!/usr/bin/env node
// Writes the sample summaries that the page shows before a model is downloaded, with the real engine:
//
//     cargo build --release && node pkg-scripts/samples.mjs [COUNT]
//
// They are those of the first examples (default 8), one for each language that the default model's catalog entries can write.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const method = "projection";
const program = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "release/gist");
const { models, adapters } = JSON.parse(readFileSync(join(root, "models/catalog.json"), "utf8"));
const model = models[0];
const languages = adapters
  .filter((adapter) => adapter.base === (model.adapters_of ?? model.id) && adapter.method === method)
  .map(({ to }) => to);
const lines = readFileSync(join(root, "models/dialogues/val.jsonl"), "utf8").trim().split("\n");

const texts = {};
for (const { id, turns } of lines.slice(0, Number(process.argv[2] ?? 8)).map((line) => JSON.parse(line))) {
  const chat = turns.map(({ speaker, text }) => `${speaker}: ${text}`).join("\n");
  texts[id] = {};
  for (const to of languages) {
    const answer = execFileSync(
      program,
      ["summarize", "-", "--to", to, "--method", method, "--model", model.id, "--json"],
      { input: chat, encoding: "utf8", cwd: root },
    );
    texts[id][to] = JSON.parse(answer).text.trim();
    console.log(`${id} ${to}: ${texts[id][to]}`);
  }
}
writeFileSync(
  join(root, "www/src/app/state/samples.json"),
  `${JSON.stringify({ model: model.name, method, texts }, null, 2)}
`,
);
