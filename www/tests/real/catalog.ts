// Facts of the catalog, as the page shows them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { megabytes } from "../../src/ui/format";

interface Catalog {
  models: { id: string; bytes: number; base?: string }[];
  adapters: { base: string; bytes: number }[];
}

const catalog = JSON.parse(readFileSync(join(import.meta.dirname, "../../../models/catalog.json"), "utf8")) as Catalog;

/** The size of a model with all its adapters. */
export function size(id: string): string {
  const model = catalog.models.find((model) => model.id === id);
  if (!model) throw new Error(`the catalog has no model ${id}`);
  const adapters = catalog.adapters.filter(({ base }) => base === (model.base ?? id));
  return megabytes(adapters.reduce((sum, { bytes }) => sum + bytes, model.bytes));
}
