// Token ids of the prompts of logprobs.py, as llama.cpp gives them: crate/tests/goldens/prompts.json.
//
//     npm install --no-save --prefix pkg-scripts/goldens && node pkg-scripts/goldens/prompts.mjs
import { readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { getLlama } from "node-llama-cpp";

const folder = process.env.POCKET_GIST_MODELS ?? join(homedir(), ".cache/pocket-gist");
const dialogues = (await readFile(new URL("../../models/dialogues/val.jsonl", import.meta.url), "utf8"))
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const chat = (dialogue) => dialogue.turns.map(({ speaker, text }) => `${speaker}: ${text}`).join("\n");
const instruction = "Summarize the following text and translate it from English to Spanish.";
const models = {
  "gemma-3-270m": {
    file: "gemma-3-270m-q4_k_m.gguf",
    bos: "<bos>",
    frame: (text) => `<start_of_turn>user\n${instruction}\n\n${text}<end_of_turn>\n<start_of_turn>model\n`,
  },
  "smollm2-135m": {
    file: "smollm2-135m-instruct-q4_1.gguf",
    bos: "",
    frame: (text) => `<|im_start|>user\n${instruction}\n\n${text}<|im_end|>\n<|im_start|>assistant\n`,
  },
};
// Natural text of several kinds; the last one is longer than Gemma's window of 512.
const texts = (frame) => [
  "The old lighthouse on the cape had been dark for thirty years when the new keeper arrived with her two",
  "Ayer fuimos al mercado a comprar fruta, pero cuando llegamos ya habían cerrado, así que",
  frame(chat(dialogues[0])),
  "To bake the bread you need 500 g of flour, 350 ml of water, 10 g of salt and 7 g of yeast. First, mix the flour and",
  `${dialogues.slice(1, 7).map(chat).join("\n\n")}\n\nIn short, the six conversations are about`,
];

const llama = await getLlama({ gpu: false, logLevel: "error" });
const prompts = {};
for (const [id, { file, bos, frame }] of Object.entries(models)) {
  const model = await llama.loadModel({ modelPath: join(folder, file), vocabOnly: true });
  prompts[id] = texts(frame).map((text) => [...model.tokenize(bos + text, true)]);
  console.log(
    id,
    prompts[id].map((tokens) => tokens.length),
  );
}
await writeFile(new URL("../../crate/tests/goldens/prompts.json", import.meta.url), `${JSON.stringify(prompts)}\n`);
process.exit(0);
