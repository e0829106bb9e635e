// Token ids of awkward strings as llama.cpp gives them, for crate/tests/tokens.rs.
//
//     npm install --no-save --prefix pkg-scripts/goldens && node pkg-scripts/goldens/tokens.mjs
//
// Special tokens are parsed; no begin token is added.
import { writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { getLlama } from "node-llama-cpp";

const folder = process.env.POCKET_GIST_MODELS ?? join(homedir(), ".cache/pocket-gist");
const models = {
  "gemma-3-270m": "gemma-3-270m-q4_k_m.gguf",
  "smollm2-135m": "smollm2-135m-instruct-q4_1.gguf",
};
const texts = [
  "Hello, world!",
  " leading space",
  "   three leading spaces",
  "trailing space ",
  "two  spaces   three    four",
  "\ttab\t\ttabs",
  "line\nbreak",
  "two\n\nbreaks\n\n\nthree",
  "\n",
  "\n".repeat(40),
  " \n \n  \n",
  "carriage\r\nreturn\r",
  "Amanda: I baked cookies. Do you want some?\nJerry: Sure!",
  "don't I'LL we've they'd it's 'quoted'",
  "naïve café, coöperate — “quotes” … ¿qué?",
  "e\u0301 composed \u00e9 a\u0308\u0304",
  "Straße, Größe, œuvre, garçon, mañana, señor",
  "👋🏼 😀😃 👨‍👩‍👧‍👦 🏳️‍🌈",
  "日本語のテキストです。",
  "你好，世界！今天天气怎么样？",
  "안녕하세요 세계",
  "مرحبا بالعالم",
  "नमस्ते दुनिया",
  "สวัสดีชาวโลก",
  "0 1 12 123 1234 12345 3.14159 1,000,000 ½ ²",
  "at 12:30 on 2024-01-05, call +44 20 7946 0958",
  'fn main() { println!("{}", x[0] += 1); } // comment',
  "<end_of_turn>",
  "<start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n",
  "<|im_start|>user\nHi<|im_end|>\n",
  "a<bos>b<eos>c<unk>d<|endoftext|>e",
  "<b>bold</b> <table><tr> & &amp; <not_a_token>",
  "\u00a0non\u00a0breaking \u202f\u200bspaces\u2003",
  "\u0000\u0001\u001b[0m\u007f",
  "a".repeat(300),
  "!?!?!?......-----_____=====",
  "https://example.org/a?b=c&d=%20#e",
  "ALLCAPS CamelCase snake_case kebab-case",
  "\ufeffbyte order mark \ufffd \ue000",
  "ab\u0e33 \u{1f1e9}\u{1f1ea} \u{10ffff}",
  "",
];

const llama = await getLlama({ gpu: false, logLevel: "error" });
const goldens = {};
for (const [id, file] of Object.entries(models)) {
  const model = await llama.loadModel({ modelPath: join(folder, file), vocabOnly: true });
  // "trimLeadingSpace" would hide what llama.cpp itself does.
  goldens[id] = texts.map((text) => ({ text, tokens: [...model.tokenize(text, true)] }));
  await model.dispose();
}
const lines = Object.entries(goldens).map(
  ([id, cases]) => `${JSON.stringify(id)}: [\n${cases.map((one) => JSON.stringify(one)).join(",\n")}\n]`,
);
await writeFile(new URL("../../crate/tests/goldens/tokens.json", import.meta.url), `{\n${lines.join(",\n")}\n}\n`);
process.exit(0);
