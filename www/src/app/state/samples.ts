// Sample summaries, shown before a model is downloaded. pkg-scripts/samples.mjs makes them with the real engine.
import file from "./samples.json";
import { blank, type Summary } from "./summary";

const samples: { model: string; method: string; texts: Record<string, Record<string, string> | undefined> } = file;

export const sampleModel = samples.model;

/** The sample for an example in `language`, if there is one. */
export function sampleOf(example: string | null, language: string): Summary | null {
  const text = example === null ? undefined : samples.texts[example]?.[language];
  return text === undefined ? null : { ...blank(language, samples.method), running: false, text, sample: true };
}
