// The choice between CPU and GPU: the user's, or the faster one by a benchmark on this device. Benchmarks are stored
// for each model and run again when the browser's version changes.
import type { Backend } from "../../protocol";

/** Estimated time of a usual summary on each backend, in milliseconds; both null where there is no GPU to try. */
export interface Benchmark {
  cpuMs: number | null;
  gpuMs: number | null;
  /** Why the GPU cannot be used; null if it can. */
  noGpu: string | null;
}

/** Where the model runs, and why. */
export interface Placement {
  /** Name of the GPU; null for the CPU. */
  gpu: string | null;
  reason: "chosen" | "benchmark" | "noGpu";
  benchmark: Benchmark | null;
  /** Why the GPU cannot be used; null if it can. */
  noGpu: string | null;
}

/** The name that version 0.1 gave it. */
const KEY = "pocket-gist.trials";

interface StoredBenchmark extends Benchmark {
  browser: string;
}

function storedBenchmarks(): Record<string, StoredBenchmark> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, StoredBenchmark>;
  } catch {
    return {}; // no storage or no JSON: the benchmark is run again
  }
}

/** Returns the stored benchmark of `model`, or runs one by `run` and stores it. */
export async function benchmarkOf(model: string, run: () => Promise<Benchmark>): Promise<Benchmark> {
  const known = storedBenchmarks()[model];
  if (known?.browser === navigator.userAgent) return known;
  const benchmark = await run();
  try {
    localStorage.setItem(
      KEY,
      JSON.stringify({ ...storedBenchmarks(), [model]: { ...benchmark, browser: navigator.userAgent } }),
    );
  } catch {
    // Without storage the benchmark lasts for this visit.
  }
  return benchmark;
}

export function forgetBenchmarks(): void {
  localStorage.removeItem(KEY);
}

export const isFaster = ({ cpuMs, gpuMs }: Benchmark): boolean => gpuMs !== null && (cpuMs === null || gpuMs <= cpuMs);

/** The backend that the address asks for instead of the setting's, as in `?backend=cpu`. */
export function fromAddress(search: string): Backend | null {
  const wanted = new URLSearchParams(search).get("backend");
  return wanted === "cpu" || wanted === "gpu" || wanted === "auto" ? wanted : null;
}
