// Speed of llama.cpp on one model, as JSON: node llama.mjs MODEL PROMPT_TOKENS TOKENS THREADS [vulkan]
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../goldens/package.json", import.meta.url));
const { getLlama } = await import(pathToFileURL(require.resolve("node-llama-cpp")));
const [modelPath, ...numbers] = process.argv.slice(2);
const [promptTokens, tokens, threads] = numbers.map(Number);
const gpu = process.argv[6] ?? false;

const llama = await getLlama({ gpu, build: "never", logLevel: "error", maxThreads: threads });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize: 512, batchSize: 512, threads });
const sequence = context.getSequence();
const vocabulary = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
// The ids that `gist bench` uses.
const prompt = Array.from(
  { length: promptTokens },
  (_, i) => Math.floor(vocabulary / 2) + ((i * 7919) % Math.floor(vocabulary / 4)),
);

let [prefill, decode] = [0, 0];
for (let repeat = 0; repeat < 3; repeat++) {
  await sequence.clearHistory();
  let started = performance.now();
  await sequence.evaluateWithoutGeneratingNewTokens(prompt);
  prefill = Math.max(prefill, (promptTokens / (performance.now() - started)) * 1e3);

  started = performance.now();
  let count = 0;
  for await (const _ of sequence.evaluate([prompt[0]], { temperature: 0, yieldEogToken: true })) {
    if (++count === tokens) break;
  }
  decode = Math.max(decode, (count / (performance.now() - started)) * 1e3);
}
console.log(JSON.stringify({ prefill_tok_s: prefill, decode_tok_s: decode }));
process.exit(0);
