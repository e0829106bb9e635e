// Compresses the built page and says what a first visit transfers without the model: compress.mjs FOLDER
//
// Writes FILE.br beside each file that gets smaller; serve.mjs sends it to browsers that take
// it. Fails above the limit.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";

const LIMIT = 2.5e6;
const COMPRESSED = new Set([".html", ".js", ".css", ".json", ".jsonl", ".wasm", ".webmanifest", ".svg"]);

const folder = process.argv[2];
if (!folder) throw new Error("compress: which folder? compress.mjs FOLDER");
const compress = promisify(brotliCompress);

/** What a first visit fetches: all of the page, of the models the catalog. Screenshots are for the browser's install
 * dialog. */
const isInitial = (name) =>
  !name.endsWith(".br") &&
  !name.startsWith("screenshots/") &&
  (!name.startsWith("models/") || name === "models/catalog.json");

let total = 0;
for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  const name = path.slice(join(folder, "/").length);
  if (!entry.isFile() || !isInitial(name)) continue;
  const bytes = await readFile(path);
  let size = bytes.length;
  if (COMPRESSED.has(extname(name))) {
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    };
    const compressed = await compress(bytes, { params });
    await writeFile(`${path}.br`, compressed);
    size = compressed.length;
  }
  total += size;
  if (size > 50_000) console.log(`compress: ${name} ${bytes.length} -> ${size}`);
}
console.log(`compress: a first visit transfers ${(total / 1e6).toFixed(2)} MB without the model`);
if (total > LIMIT) {
  console.error(`compress: that is more than ${LIMIT / 1e6} MB; make the page smaller, or raise LIMIT with a reason`);
  process.exit(1);
}
