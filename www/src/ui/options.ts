// The options of drop-down lists.
import { html, type TemplateResult } from "lit";
import { messages } from "../i18n";
import type { MethodStatus } from "../protocol";
import { language, megabytes } from "./format";

/** One option for each pair of a value and its label. */
export function options<T>(pairs: readonly (readonly [value: T, label: string])[], chosen: T): TemplateResult[] {
  return pairs.map(([value, label]) => html`<option value=${value} .selected=${value === chosen}>${label}</option>`);
}

/** One option for each language, the chosen one among them in any case. */
export function languageOptions(codes: readonly string[], chosen: string): TemplateResult[] {
  const all = chosen === "" || codes.includes(chosen) ? codes : [chosen, ...codes];
  return options(
    all.map((code) => [code, language(code)]),
    chosen,
  );
}

/** One option for each method, with the size of its download. Those not to be had are disabled and say why. */
export function methodOptions(methods: readonly MethodStatus[], chosen: string): TemplateResult[] {
  return methods.map(({ method, name, unavailable, missing }) => {
    const note = missing === undefined ? unavailable : messages().summary.more(megabytes(missing));
    return html`<option
      value=${method}
      ?disabled=${unavailable !== undefined && missing === undefined}
      .selected=${method === chosen}
    >${note === undefined ? name : `${name} (${note})`}</option>`;
  });
}
