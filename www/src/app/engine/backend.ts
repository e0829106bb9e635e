// The choice between CPU and GPU: the user's, or the faster one by a trial on this device. Trials are stored for each
// model and made again when the browser's version changes.
import type { Backend } from "../../protocol";

/** Estimated time of a usual summary on each backend, in milliseconds; both null where there is no GPU to try. */
export interface Trial {
  cpuMs: number | null;
  gpuMs: number | null;
  /** Why the GPU cannot be used; null if it can. */
  noGpu: string | null;
}

/** Where the model runs, and why. */
export interface Placement {
  /** Name of the GPU; null for the CPU. */
  gpu: string | null;
  reason: "chosen" | "trial" | "noGpu";
  trial: Trial | null;
  /** Why the GPU cannot be used; null if it can. */
  noGpu: string | null;
}

const KEY = "pocket-gist.trials";

interface StoredTrial extends Trial {
  browser: string;
}

function storedTrials(): Record<string, StoredTrial> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, StoredTrial>;
  } catch {
    return {}; // no storage or no JSON: the trial is made again
  }
}

/** Returns the stored trial of `model`, or makes one by `make` and stores it. */
export async function trialOf(model: string, make: () => Promise<Trial>): Promise<Trial> {
  const known = storedTrials()[model];
  if (known?.browser === navigator.userAgent) return known;
  const trial = await make();
  try {
    localStorage.setItem(
      KEY,
      JSON.stringify({ ...storedTrials(), [model]: { ...trial, browser: navigator.userAgent } }),
    );
  } catch {
    // Without storage the trial lasts for this visit.
  }
  return trial;
}

export function forgetTrials(): void {
  localStorage.removeItem(KEY);
}

export const isFaster = ({ cpuMs, gpuMs }: Trial): boolean => gpuMs !== null && (cpuMs === null || gpuMs <= cpuMs);

/** The backend that the address asks for instead of the setting's, as in `?backend=cpu`. */
export function fromAddress(search: string): Backend | null {
  const wanted = new URLSearchParams(search).get("backend");
  return wanted === "cpu" || wanted === "gpu" || wanted === "auto" ? wanted : null;
}
