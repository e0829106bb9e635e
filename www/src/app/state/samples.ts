// Sample summaries, shown before a model is downloaded. pkg-scripts/samples.mjs makes them with the real engine.
import type { Method } from "../../protocol";
import file from "./samples.json";
import { blank, type Summary } from "./summary";

interface Samples {
  /** Name of the model that wrote them. */
  model: string;
  /** Summaries by the id of the example and their language. */
  samples: Record<string, Record<string, { method: Method; text: string }> | undefined>;
}

const { model, samples } = file as Samples;

export const sampleModel = model;

/** The sample for the example `example`, which is in `from`, in the language `to`, if there is one. */
export function sampleOf(example: string | null, from: string, to: string): Summary | null {
  const found = example === null ? undefined : samples[example]?.[to];
  return found === undefined ? null : { ...blank(from, to), running: false, text: found.text, sample: true };
}
