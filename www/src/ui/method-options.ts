// The methods as options of a list; those that cannot be used say why.
import { html, type TemplateResult } from "lit";
import type { MethodStatus } from "../protocol";

export function methodOptions(methods: readonly MethodStatus[], chosen: string): TemplateResult[] {
  return methods.map(
    ({ method, name, unavailable }) =>
      html`<option value=${method} ?disabled=${unavailable !== undefined} .selected=${method === chosen}>${unavailable === undefined ? name : `${name} (${unavailable})`}</option>`,
  );
}
