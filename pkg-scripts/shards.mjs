// Cuts model files into pieces that any static host serves: shards.mjs FOLDER MODEL…
//
// Writes FOLDER/models/MODEL/{manifest.json,000.bin,…} from the files that pkg-scripts/models fetched.
import { createHash } from "node:crypto";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cache, readCatalog } from "./catalog.mjs";

const CHUNK_BYTES = 4 << 20; // as in crate/src/catalog/mod.rs, which refuses any other

const [folder, ...names] = process.argv.slice(2);
const catalog = readCatalog();

for (const name of names) {
  const model = catalog.models.find(({ id }) => id === name);
  if (!model) throw new Error(`shards: there is no model ${name} in the catalog`);
  const out = join(folder, "models", name);
  await mkdir(out, { recursive: true });
  const file = await open(join(cache, model.file));
  const { size } = await file.stat();
  const whole = createHash("sha256");
  const shards = [];
  for (let start = 0; start < size; start += CHUNK_BYTES) {
    const piece = Buffer.alloc(Math.min(CHUNK_BYTES, size - start));
    await file.read(piece, 0, piece.length, start);
    whole.update(piece);
    const path = `${String(shards.length).padStart(3, "0")}.bin`;
    shards.push({ path, sha256: createHash("sha256").update(piece).digest("hex") });
    await writeFile(join(out, path), piece);
  }
  await file.close();
  const manifest = { bytes: size, sha256: whole.digest("hex"), chunk_bytes: CHUNK_BYTES, shards };
  await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, null, 1));
  console.log(`shards: ${out} has ${shards.length} pieces`);
}
