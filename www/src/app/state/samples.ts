// Sample summaries, shown before a model is downloaded. pkg-scripts/samples.mjs makes them with the real engine.
import type { Method } from "../../protocol";
import file from "./samples.json";
import { blank, type Summary } from "./summary";

interface Samples {
  model: string;
  method: Method;
  texts: Record<string, Record<string, string> | undefined>;
}

const samples = file as Samples;

export const sampleModel = samples.model;

/** The sample for an example in `language`, if there is one. */
export function sampleOf(example: string | null, language: string): Summary | null {
  const text = example === null ? undefined : samples.texts[example]?.[language];
  return text === undefined ? null : { ...blank(language, samples.method), running: false, text, sample: true };
}
