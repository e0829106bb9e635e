// Facts of the catalog, as the page shows them.
import { baseOf, ofModel, readCatalog } from "../../../pkg-scripts/catalog.mjs";
import { megabytes } from "../../src/ui/format";

/** The size of a model with the baked projection of a direction: what a first visit downloads. */
export function size(id: string, from: string, to: string): string {
  const { adapters, models } = readCatalog();
  const model = models.find((model) => model.id === id);
  if (!model) throw new Error(`the catalog has no model ${id}`);
  const isBaked = (file: (typeof adapters)[number]): boolean =>
    file.method === "baked" && file.task === "summarize-translate" && file.from === from && file.to === to;
  const baked = ofModel(adapters, model).find(isBaked);
  if (!baked) throw new Error(`the catalog has no baked projection from ${from} to ${to} for ${baseOf(model)}`);
  return megabytes(model.bytes + baked.bytes);
}
