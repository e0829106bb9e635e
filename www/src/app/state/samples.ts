// Sample summaries, shown before a model is downloaded. pkg-scripts/samples.mjs makes them with the real engine.
import file from "#samples";
import type { Method } from "../../protocol";
import { blank, type Summary } from "./summary";

/** The samples of one example. */
export interface Sample {
  /** Language of the chat. */
  from: string;
  /** Summaries by their language. */
  texts: Record<string, { method: Method; text: string } | undefined>;
}

/** Samples by the id of the example. */
export type Samples = Record<string, Sample | undefined>;

export const samples: Samples = file.samples as Samples;

/** Name of the model that wrote them. */
export const sampleModel: string = file.model;

/** The sample for the example `example` in the language `to`, if there is one. */
export function sampleOf(example: string | null, to: string): Summary | null {
  const sample = example === null ? undefined : samples[example];
  const found = sample?.texts[to];
  if (!sample || !found) return null;
  return { ...blank(sample.from, to, "gist"), running: false, text: found.text, sample: true };
}
