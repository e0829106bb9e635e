// models/catalog.json for the scripts of this folder and the build of the page: which adapters a model takes, and where
// the files lie on this machine.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../models");
/** Folder of what pkg-scripts/models and pkg-scripts/baked have fetched and made. */
export const cache = process.env.POCKET_GIST_MODELS ?? join(homedir(), ".cache/pocket-gist");

export function readCatalog(file = process.env.POCKET_GIST_CATALOG ?? join(folder, "catalog.json")) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** The id that adapters of `model` name as their base: its own, or that of the model whose adapters it takes. */
export function baseOf(model) {
  return model.base ?? model.id;
}

/** Those of `entries`, adapters or default methods, that are for `model`. */
export function ofModel(entries, model) {
  return entries.filter(({ base }) => base === baseOf(model));
}

/** The file of an adapter: in the repository, or where pkg-scripts/baked has put it. */
export function adapterFile({ method, path, sha256 }) {
  return method === "baked" ? join(cache, "baked", `${sha256}.safetensors`) : join(folder, path);
}
