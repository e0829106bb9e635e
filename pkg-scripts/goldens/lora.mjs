// What llama.cpp computes with GGUF LoRAs that `gist export` wrote, for crate/tests/adapters.rs:
// crate/tests/goldens/lora.json.
//
//     npm install --no-save --prefix pkg-scripts/goldens && node pkg-scripts/goldens/lora.mjs
//
// Gemma with its shipped adapter, and a synthetic llama model, whose query and key rows are in another order, with one
// that PEFT made. Each golden has the ids of a prompt and the 50 most probable next tokens with their
// log-probabilities. llama.cpp rounds activations to 8 bits in the way of the processor it runs on: on
// another one Gemma's differ by up to 0.33 for unlikely tokens, with a divergence of 0.012, and are as far
// from those of transformers.
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getLlama } from "node-llama-cpp";

const root = fileURLToPath(new URL("../../", import.meta.url));
const models = process.env.POCKET_GIST_MODELS ?? join(homedir(), ".cache/pocket-gist");
const folder = await mkdtemp(join(tmpdir(), "lora-"));
const gist = (...parts) => execFileSync("cargo", ["run", "--quiet", "--release", "--", ...parts], { cwd: root });

const tiny = join(folder, "tiny-llama-f32.gguf");
const exported = join(folder, "adapter.gguf");
gist("synth", "tiny-llama-f32", "--out", tiny);
gist("export", "crate/tests/goldens/peft/tiny-llama-f32-one", "--base", tiny, "--out", exported);
const prompts = JSON.parse(await readFile(join(root, "crate/tests/goldens/prompts.json"), "utf8"));
const cases = [
  {
    model: "gemma-3-270m",
    file: join(models, "gemma-3-270m-q4_k_m.gguf"),
    lora: join(root, "models/adapters/gemma-3-270m/summarize/adapter.gguf"),
    tokens: prompts["gemma-3-270m"][2],
  },
  {
    model: "tiny-llama-f32",
    file: tiny,
    lora: exported,
    tokens: Array.from({ length: 40 }, (_, i) => (i * 7919 + 13) % 260),
  },
];

const llama = await getLlama({ gpu: false, logLevel: "error" });
const goldens = [];
for (const { model: id, file, lora, tokens } of cases) {
  const model = await llama.loadModel({ modelPath: file });
  const context = await model.createContext({
    contextSize: 1024,
    lora: { adapters: [{ filePath: lora, scale: 1 }] },
  });
  const sequence = context.getSequence();
  const input = tokens.map((token, i) =>
    i + 1 < tokens.length ? token : [token, { generateNext: { probabilities: true } }],
  );
  const [{ next }] = (await sequence.controlledEvaluate(input)).filter((result) => result !== undefined);
  const top = [...next.probabilities.entries()]
    .slice(0, 50)
    .map(([token, probability]) => [token, Number(Math.log(probability).toFixed(5))]);
  console.log(id, tokens.length, top.slice(0, 3));
  goldens.push({ model: id, tokens, top });
  await context.dispose();
  await model.dispose();
}
const lines = goldens.map((golden) => JSON.stringify(golden)).join(",\n");
await writeFile(join(root, "crate/tests/goldens/lora.json"), `[\n${lines}\n]\n`);
await rm(folder, { recursive: true });
process.exit(0);
