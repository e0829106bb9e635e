// Mean and standard deviation of a few measurements.
export interface Spread {
  mean: number;
  /** Sample standard deviation; 0 for a single value. */
  deviation: number;
  count: number;
}

export function spread(values: readonly number[]): Spread | null {
  const count = values.length;
  if (count === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : 0, count };
}
