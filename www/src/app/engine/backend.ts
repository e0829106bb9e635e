// Where the model runs: what the reader chose, or what a trial on this device found to be faster. Trials are remembered
// for each model, until the browser is another version.
import type { Backend } from "../../protocol";

/** How long a summary of usual length would take, in milliseconds. Where there is no GPU to try, neither is known. */
export interface Trial {
  cpuMs: number | null;
  gpuMs: number | null;
  /** Why the GPU cannot be used. */
  noGpu: string | null;
}

/** Where the model runs, and why. */
export interface Placement {
  /** The GPU; null for the processor. */
  gpu: string | null;
  reason: "chosen" | "trial" | "noGpu";
  trial: Trial | null;
  /** Why the GPU is not used, where it cannot be. */
  noGpu: string | null;
}

const KEY = "pocket-gist.trials";

interface Remembered extends Trial {
  browser: string;
}

function remembered(): Record<string, Remembered> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, Remembered>;
  } catch {
    return {}; // no storage, or not JSON: the trial is made again
  }
}

/** The trial of `model` on this device: the one that is remembered, or else what `make` finds. */
export async function trialOf(model: string, make: () => Promise<Trial>): Promise<Trial> {
  const known = remembered()[model];
  if (known?.browser === navigator.userAgent) return known;
  const trial = await make();
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...remembered(), [model]: { ...trial, browser: navigator.userAgent } }));
  } catch {
    // Without storage it holds for this visit.
  }
  return trial;
}

export function forgetTrials(): void {
  localStorage.removeItem(KEY);
}

export const isFaster = ({ cpuMs, gpuMs }: Trial): boolean => gpuMs !== null && (cpuMs === null || gpuMs <= cpuMs);

/** What the address asks for, in place of the setting: `?backend=cpu`, `?backend=gpu` or `?backend=auto`. */
export function fromAddress(search: string): Backend | null {
  const wanted = new URLSearchParams(search).get("backend");
  return wanted === "cpu" || wanted === "gpu" || wanted === "auto" ? wanted : null;
}
