// Compares the models and adapters of a built page with the catalog, byte for byte: verify.mjs FOLDER
//
// What a host cannot serve is found here too: GitHub Pages takes sites of 1 GB.
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ofModel, readCatalog } from "./catalog.mjs";

const PAGES_LIMIT = 1e9;

const folder = process.argv[2];
if (!folder) throw new Error("verify: which folder? verify.mjs FOLDER");
const published = join(folder, "models");
const catalog = readCatalog();
const built = readCatalog(join(published, "catalog.json"));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

function equal(what, found, expected) {
  if (found === expected) return;
  console.error(`verify: ${what} is ${found} instead of ${expected}; build again`);
  process.exit(1);
}

for (const model of catalog.models) {
  const [source] = built.models.find(({ id }) => id === model.id).sources;
  if (source.kind !== "shards") continue; // it comes from elsewhere
  const manifest = JSON.parse(await readFile(join(published, source.manifest), "utf8"));
  const pieces = join(published, source.manifest, "..");
  const whole = createHash("sha256");
  let bytes = 0;
  for (const { path, sha256: expected } of manifest.shards) {
    const piece = await readFile(join(pieces, path));
    equal(`the hash of ${model.id}/${path}`, sha256(piece), expected);
    whole.update(piece);
    bytes += piece.length;
  }
  const hash = whole.digest("hex");
  equal(`the hash of the manifest of ${model.id}`, manifest.sha256, hash);
  equal(`the length in the manifest of ${model.id}`, manifest.bytes, bytes);
  if (model.sha256) equal(`the hash of ${model.id}`, hash, model.sha256);
  else console.log(`verify: the catalog has no hash of ${model.id}, so it could not be compared`);
  if (model.bytes) equal(`the length of ${model.id}`, bytes, model.bytes);
  console.log(`verify: ${model.id} is the catalog's, in ${manifest.shards.length} pieces`);

  const adapters = ofModel(catalog.adapters, model);
  for (const { id, path, sha256: expected } of adapters) {
    equal(`the hash of ${id}`, sha256(await readFile(join(published, path))), expected);
  }
  console.log(`verify: its ${adapters.length} adapters are the catalog's`);
}

let total = 0;
for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
  if (entry.isFile()) total += (await stat(join(entry.parentPath, entry.name))).size;
}
console.log(`verify: the page with its models has ${(total / 1e6).toFixed(0)} MB`);
if (total > PAGES_LIMIT) console.log(`verify: GitHub Pages takes ${PAGES_LIMIT / 1e9} GB; name fewer models there`);
